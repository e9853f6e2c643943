import pytest

from eval.gates import GateFileError, check_gates, read_gates
from eval.results import Mark, SuiteResult, summarise
from eval.suites import NAMES


def result(**values):
    marks = [("", Mark(metric=name, hits=value, unit="mean")) for name, value in values.items()]
    return SuiteResult(name="scope", cases=1, metrics=summarise(marks))


def gates(tmp_path, *blocks):
    path = tmp_path / "gates.toml"
    path.write_text("\n".join(f"[[gate]]\nsuite = 'scope'\nwhy = 'what it means'\n{block}" for block in blocks))
    return read_gates(path)


AT_LEAST = "metric = 'declined'\ndirection = 'at_least'\nbound = 0.95\nhard = true"
AT_MOST = "metric = 'refused'\ndirection = 'at_most'\nbound = 0.03\nhard = false"


@pytest.mark.parametrize(("declined", "refused", "passed"), [(0.95, 0.03, [True, True]), (0.94, 0.04, [False, False])])
def test_a_bound_holds_at_its_value_and_falls_beyond(tmp_path, declined, refused, passed):
    checked = check_gates(gates(tmp_path, AT_LEAST, AT_MOST), [result(declined=declined, refused=refused)])
    assert [gate.passed for gate in checked] == passed and [gate.value for gate in checked] == [declined, refused]


def test_a_figure_that_was_not_measured_fails_a_whole_run_only(tmp_path):
    found = gates(tmp_path, AT_LEAST)
    assert check_gates(found, [result(other=1.0)])[0].passed is False
    assert check_gates(found, [result(other=1.0)], partial=True)[0].passed is None


def test_suites_that_did_not_run_are_not_gated(tmp_path):
    assert check_gates(gates(tmp_path, AT_LEAST), [SuiteResult(name="scope", skipped="no labels")]) == ()
    assert check_gates(gates(tmp_path, AT_LEAST), [SuiteResult(name="crisis")]) == ()


def test_a_gate_of_one_group(tmp_path):
    (gate,) = gates(tmp_path, AT_LEAST + "\ngroup = 'finance'")
    marks = [(group, Mark(metric="declined", hits=hits)) for group, hits in (("finance", 0), ("food", 1))]
    (checked,) = check_gates([gate], [SuiteResult(name="scope", metrics=summarise(marks))])
    assert checked.value == 0.0 and checked.passed is False


@pytest.mark.parametrize("text", ["[[gate", "[[gate]]\nsuite = 'scope'", "[[gate]]\n" + AT_LEAST + "\nbund = 1"])
def test_a_broken_file_is_told(tmp_path, text):
    path = tmp_path / "gates.toml"
    path.write_text(text)
    with pytest.raises(GateFileError, match=r"gates\.toml"):
        read_gates(path)


def test_the_gates_of_the_project_are_of_its_suites_and_none_is_told_twice():
    found = read_gates()
    assert {gate.suite for gate in found} <= set(NAMES)
    assert len({(gate.suite, gate.metric, gate.group) for gate in found}) == len(found)


def test_marks_add_up_by_their_unit_for_all_and_by_group():
    marks = [
        ("a", Mark(metric="share", hits=1)),
        ("b", Mark(metric="share", hits=2, of=3)),
        ("a", Mark(metric="count", hits=2, unit="count")),
        ("a", Mark(metric="mean", hits=0.5, unit="mean")),
        ("b", Mark(metric="mean", hits=1.0, unit="mean", group="own")),
    ]
    found = {(metric.name, metric.group): metric for metric in summarise(marks)}
    assert found["share", ""].value == 0.75 and found["share", ""].n == 4 and found["share", "a"].value == 1.0
    assert 0.3 < found["share", ""].low < 0.75 < found["share", ""].high < 1
    assert found["count", ""].value == 2 and found["mean", ""].value == 0.75
    assert ("mean", "own") in found and ("mean", "b") not in found
