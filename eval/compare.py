"""What rose and what fell between two runs, and which cases changed.

Two figures differ when the interval of their difference leaves out zero (Newcombe 1998,
method 10, from the two intervals in the reports). It treats the runs as if each had asked
other people, which is on the careful side where both asked the same cases.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from eval.results import Failure, GateResult, Metric, RunReport, SuiteResult
from rag.records import Record

Movement = Literal["better", "worse", "changed", "unclear"]
"""`changed` is a clear difference of a figure that no gate says the good direction of."""

MetricKey = tuple[str, str, str]


class Change(Record):
    """One figure in both runs."""

    suite: str
    old: Metric
    new: Metric
    movement: Movement

    @property
    def difference(self) -> float:
        """The new value less the old one."""
        return self.new.value - self.old.value


class CaseChange(Record):
    """A case that fails in one run and not in the other, or in both with another reply."""

    suite: str
    id: str
    old: Failure | None
    new: Failure | None


class GateChange(Record):
    """A gate that holds in one run and not in the other."""

    old: GateResult
    new: GateResult


class Comparison(Record):
    """A run beside an earlier one.

    Attributes:
        old_created: When the earlier run was.
        old_target: What it measured.
        changes: Each figure that both runs have.
        gates: The gates that moved.
        failing: Cases that fail now and did not.
        passing: Cases that failed and do not now; empty unless both runs asked the same cases.
        otherwise: Cases that fail in both, with another last reply.
        same_cases: Whether both runs asked all of the same data.
        fingerprints: What differs in what was measured: old and new by name.
    """

    old_created: str
    old_target: str
    changes: tuple[Change, ...] = ()
    gates: tuple[GateChange, ...] = ()
    failing: tuple[CaseChange, ...] = ()
    passing: tuple[CaseChange, ...] = ()
    otherwise: tuple[CaseChange, ...] = ()
    same_cases: bool = True
    fingerprints: Mapping[str, tuple[str, str]] = {}

    def moved(self, *movements: Movement) -> tuple[Change, ...]:
        """Return the changes of these kinds over all cases together, groups left out."""
        return tuple(change for change in self.changes if change.movement in movements and not change.new.group)


def compare(old: RunReport, new: RunReport) -> Comparison:
    """Compare a run with an earlier one; suites that only one of them has are left out."""
    pairs = [(before, after) for after in new.suites if (before := _measured(old, after)) is not None]
    same = _same_cases(old, new)
    failing, passing, otherwise = _case_changes(pairs, same)
    return Comparison(
        old_created=old.created,
        old_target=old.target,
        changes=changes_between(pairs, (*old.gates, *new.gates)),
        gates=tuple(_gate_changes(old, new)),
        failing=failing,
        passing=passing,
        otherwise=otherwise,
        same_cases=same,
        fingerprints={
            name: (old.fingerprints.get(name, ""), new.fingerprints.get(name, ""))
            for name in sorted({*old.fingerprints, *new.fingerprints})
            if old.fingerprints.get(name) != new.fingerprints.get(name)
        },
    )


def changes_between(
    pairs: Iterable[tuple[SuiteResult, SuiteResult]], gates: Iterable[GateResult]
) -> tuple[Change, ...]:
    """Return each figure that both results of a pair have, with how it moved from the first to the second."""
    directions = {(gate.suite, gate.metric): gate.direction for gate in gates}
    return tuple(
        Change(suite=new.name, old=before, new=after, movement=movement(before, after, directions, new.name))
        for old, new in pairs
        for after in new.metrics
        if (before := old.metric(after.name, after.group)) is not None
    )


def movement(old: Metric, new: Metric, directions: Mapping[tuple[str, str], str], suite: str) -> Movement:
    """Tell whether a figure moved by more than chance can explain, and whether that is good."""
    if not beyond_chance(old, new):
        return "unclear"
    direction = directions.get((suite, new.name))
    if direction is None:
        return "changed"
    return "better" if (new.value > old.value) == (direction == "at_least") else "worse"


def beyond_chance(old: Metric, new: Metric) -> bool:
    """Tell whether the interval of the difference leaves out zero; counts differ when they differ."""
    if old.unit != new.unit or not old.n or not new.n:
        return False
    low, high = difference_interval(old, new)
    return low > 0 or high < 0


def difference_interval(old: Metric, new: Metric) -> tuple[float, float]:
    """Return the 95 % interval of the new value less the old one, from the intervals of both."""
    difference = new.value - old.value
    down = math.hypot(new.value - new.low, old.high - old.value)
    up = math.hypot(new.high - new.value, old.value - old.low)
    return difference - down, difference + up


def _measured(old: RunReport, after: SuiteResult) -> SuiteResult | None:
    """Return the earlier result of a suite when both runs measured it."""
    before = old.suite(after.name)
    return None if before is None or before.skipped or after.skipped else before


def _same_cases(old: RunReport, new: RunReport) -> bool:
    same_data = old.fingerprints.get("data") == new.fingerprints.get("data") and old.split == new.split
    return same_data and not old.partial and not new.partial


def _gate_changes(old: RunReport, new: RunReport) -> Iterable[GateChange]:
    before = {(gate.suite, gate.metric, gate.group): gate for gate in old.gates}
    for gate in new.gates:
        earlier = before.get((gate.suite, gate.metric, gate.group))
        if earlier is not None and earlier.passed != gate.passed:
            yield GateChange(old=earlier, new=gate)


def _case_changes(
    pairs: Iterable[tuple[SuiteResult, SuiteResult]], same_cases: bool
) -> tuple[tuple[CaseChange, ...], tuple[CaseChange, ...], tuple[CaseChange, ...]]:
    """Return the cases newly failing, no longer failing, and failing otherwise than before."""
    failing, passing, otherwise = [], [], []
    for old, new in pairs:
        before = {failure.id: failure for failure in old.failures}
        after = {failure.id: failure for failure in new.failures}
        for key, failure in after.items():
            change = CaseChange(suite=new.name, id=key, old=before.get(key), new=failure)
            if change.old is None:
                failing.append(change)
            elif _last_line(change.old) != _last_line(failure):
                otherwise.append(change)
        if same_cases:
            gone = [key for key in before if key not in after and not _unanswered(new, key)]
            passing += [CaseChange(suite=new.name, id=key, old=before[key], new=None) for key in gone]
    return tuple(failing), tuple(passing), tuple(otherwise)


def _unanswered(suite: SuiteResult, key: str) -> bool:
    """Tell whether a case is among those without a reply; an error names the case first."""
    return any(error.split(":")[0].strip() == key for error in suite.errors)


def _last_line(failure: Failure) -> str:
    return failure.transcript[-1].text if failure.transcript else ""
