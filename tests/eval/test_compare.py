"""Two runs side by side: what rose, what fell, which cases changed."""

from __future__ import annotations

import pytest
from made_reports import failure, report

from eval.compare import beyond_chance, compare, difference_interval
from eval.results import Metric, RunReport
from eval.stats import Share


def metric(value: float, low: float, high: float, unit: str = "share") -> Metric:
    return Metric(name="m", value=value, low=low, high=high, n=100, unit=unit)


def shared(good: int, total: int) -> Metric:
    share = Share("m", good, total)
    low, high = share.interval
    return Metric(name="m", value=share.value, low=low, high=high, n=total)


def test_a_run_beside_itself_has_not_changed():
    run = report(failures=(failure("a"),))
    found = compare(run, run)
    assert {change.movement for change in found.changes} == {"unclear"}
    assert not (found.gates or found.failing or found.passing or found.otherwise or found.fingerprints)
    assert found.same_cases


def test_a_clear_fall_is_worse_and_its_mirror_better():
    good, bad = report(good=198), report(good=150)
    assert [change.new.name for change in compare(good, bad).moved("worse")] == ["crisis_recall"]
    assert [change.new.name for change in compare(bad, good).moved("better")] == ["crisis_recall"]


def test_one_case_of_two_hundred_is_within_chance():
    assert compare(report(good=196), report(good=195)).moved("worse", "better") == ()


def test_a_figure_that_must_stay_low_is_worse_when_it_rises():
    (change,) = compare(report(), report(unknown=2)).moved("worse")
    assert (change.new.name, change.difference) == ("unknown_keys", 2)


def test_a_figure_without_a_gate_has_only_changed():
    def bare(run: RunReport) -> RunReport:
        return run.model_copy(update={"gates": ()})

    (change,) = compare(bare(report(good=198)), bare(report(good=150))).moved("changed")
    assert change.new.name == "crisis_recall"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (metric(0.5, 0.4, 0.6), metric(0.55, 0.45, 0.65), False),
        (metric(0.5, 0.4, 0.6), metric(0.7, 0.61, 0.79), True),
        (metric(0.9, 0.83, 0.95), metric(1, 0.96, 1), True),
        (metric(3, 3, 3, "count"), metric(3, 3, 3, "count"), False),
        (metric(3, 3, 3, "count"), metric(4, 4, 4, "count"), True),
        (metric(0.5, 0.4, 0.6), metric(4, 4, 4, "count"), False),
    ],
)
def test_difference_beyond_chance(old, new, expected):
    assert beyond_chance(old, new) is expected
    assert beyond_chance(new, old) is expected


@pytest.mark.parametrize(
    ("new", "old", "low", "high"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((5, 56), (0, 29), -0.0381, 0.1926)],
)
def test_the_interval_of_a_difference_is_the_published_one(new, old, low, high):
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10.
    found = difference_interval(shared(*old), shared(*new))
    assert found == pytest.approx((low, high), abs=6e-5)


def test_cases_that_changed_are_named():
    old = report(failures=(failure("gone"), failure("stays"), failure("other", said="This.")))
    new = report(failures=(failure("stays"), failure("other", said="That."), failure("fresh")))
    found = compare(old, new)
    assert [change.id for change in found.failing] == ["fresh"]
    assert [change.id for change in found.passing] == ["gone"]
    assert [(change.id, change.suite) for change in found.otherwise] == [("other", "crisis")]


def test_no_case_passes_when_the_runs_asked_other_questions():
    old = report(failures=(failure("gone"),))
    for new in (
        report(partial=True),
        report(split="dev"),
        report(fingerprints={**old.fingerprints, "data": "other"}),
    ):
        found = compare(old, new)
        assert not found.same_cases
        assert found.passing == ()


def test_a_case_without_a_reply_has_not_passed():
    old, new = report(failures=(failure("gone"),)), report()
    crisis = new.suites[0].model_copy(update={"errors": ("gone: the target is away",)})
    assert compare(old, new.model_copy(update={"suites": (crisis, *new.suites[1:])})).passing == ()


def test_gates_and_fingerprints_that_moved_are_named():
    found = compare(
        report(good=198), report(good=150, fingerprints={**report().fingerprints, "corpus": "fedcba9876543210"})
    )
    (gate,) = found.gates
    assert (gate.new.metric, gate.old.passed, gate.new.passed) == ("crisis_recall", True, False)
    assert found.fingerprints == {"corpus": ("0123456789abcdef", "fedcba9876543210")}


def test_a_suite_that_only_one_run_has_is_left_out():
    new = report(failures=(failure("fresh"),))
    found = compare(report(suites=report().suites[1:]), new)
    assert {change.suite for change in found.changes} == {"grounding"}
    assert found.failing == ()
