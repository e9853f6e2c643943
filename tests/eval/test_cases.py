import json

import pytest

from eval.cases import CaseError, chosen, load_cases
from eval.scope import SUITE as SCOPE
from eval.suites import NAMES, UnknownSuiteError, find_suites

GOOD = {"id": "a", "split": "dev", "question": "is it addictive?", "expected": "answer"}


def file(tmp_path, *rows):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_line_becomes_a_case(tmp_path):
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]
    (case,) = SCOPE.load(file(tmp_path, GOOD | {"history": history, "group": "g", "country": "GB"}))
    assert (case.id, case.split, case.group, case.country) == ("a", "dev", "g", "GB")
    assert case.question == "is it addictive?" and case.turns == ("is it addictive?",)
    assert [turn.content for turn in case.history] == ["hi", "Hello."]
    assert case.fields == {"expected": "answer"} and case.place == "mine.jsonl:1"


def test_turns_in_place_of_a_question(tmp_path):
    row = {"id": "a", "turns": ["one", "two"], "expected": "answer"}
    (case,) = SCOPE.load(file(tmp_path, row))
    assert case.turns == ("one", "two") and case.question == "two" and case.split == "test"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("not json", "not JSON"),
        ({**GOOD, "expected": "maybe"}, "'maybe' is not one of"),
        ({key: value for key, value in GOOD.items() if key != "expected"}, "'expected' is a required property"),
        ({**GOOD, "spilt": "dev"}, "'spilt' was unexpected"),
        ({**GOOD, "question": ""}, "question"),
        ({**GOOD, "turns": ["both"]}, "the line"),
        ({**GOOD, "country": "gb"}, "two capital letters"),
        ({**GOOD, "history": [{"role": "system", "content": "x"}]}, "history.0"),
        ([], "is not of type 'object'"),
    ],
)
def test_a_broken_line_is_named_with_how_to_mend_it(tmp_path, line, told):
    with pytest.raises(CaseError) as raised:
        SCOPE.load(file(tmp_path, GOOD | {"id": "first"}, "", line))
    words = str(raised.value)
    assert "mine.jsonl:3:" in words and told in words and "scope.schema.json" in words


def test_every_broken_line_is_told_at_once(tmp_path):
    with pytest.raises(CaseError, match="12 line") as raised:
        SCOPE.load(file(tmp_path, *["x"] * 12))
    assert "2 more" in str(raised.value)


def test_an_id_used_twice_is_named_with_its_first_place(tmp_path):
    with pytest.raises(CaseError, match=r"mine.jsonl:2: the id 'a' is used before \(mine.jsonl:1\)"):
        SCOPE.load(file(tmp_path, GOOD, GOOD))


def test_a_missing_and_an_empty_file_are_told(tmp_path):
    with pytest.raises(CaseError, match="cannot be read"):
        SCOPE.load(tmp_path / "none.jsonl")
    with pytest.raises(CaseError, match="no case"):
        SCOPE.load(file(tmp_path))


def test_what_a_reader_leaves_out_is_no_case(tmp_path):
    path = file(tmp_path, GOOD, GOOD | {"id": "b"})
    cases = load_cases((path,), "scope", lambda row, place: None if row["id"] == "a" else SCOPE.read(row, place))
    assert [case.id for case in cases] == ["b"]


def test_choosing_by_split_limit_and_id(tmp_path):
    rows = [GOOD | {"id": str(i), "split": ("dev", "test", "train")[i % 3]} for i in range(30)]
    cases = SCOPE.load(file(tmp_path, *rows))
    assert {case.split for case in chosen(cases)} == {"dev", "test"}
    assert len(chosen(cases, split="dev")) == 10
    spread = chosen(cases, split="dev", limit=4)
    assert len(spread) == 4 and spread[0].id == "0" and int(spread[-1].id) > 15
    assert [case.id for case in chosen(cases, split="dev", ids=("2", "4"))] == ["2", "4"]


@pytest.mark.parametrize("name", ["retrieval", "grounding", "scope"])
def test_the_data_of_each_suite_passes_its_schema(name):
    (suite,) = find_suites([name])
    cases = suite.load()
    assert len(cases) > 400 and {case.split for case in cases} == {"dev", "test"}


def test_an_unknown_suite_is_told_which_there_are():
    with pytest.raises(UnknownSuiteError, match="grounding"):
        find_suites(["grunding"])
    assert len(set(NAMES)) == len(NAMES)
