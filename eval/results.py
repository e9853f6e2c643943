"""What a run measured: the records behind `report.json`, and how marks add up to metrics.

A scorer looks at one case and its replies and returns `Mark`s. A mark says how one
metric did on that case. The marks of all cases add up by their unit:

    share   hits of all tries, with a 95 % Wilson interval     Mark("dose_declined", hits=1)
    count   how often something happened that should not       Mark("unknown_keys", hits=0, unit="count")
    mean    the mean over cases, with a 95 % interval          Mark("citation_recall", hits=0.9, unit="mean")

`why` is set when, and only when, the mark is a failure that somebody should look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import Field, ValidationError

from eval.stats import Share
from rag.errors import KratomEvidenceError
from rag.records import Record

Unit = Literal["share", "count", "mean"]
_Z95 = 1.959964


class Mark(Record):
    """How one metric did on one case.

    Attributes:
        metric: Its name, as in `gates.toml`.
        hits: What was reached; between 0 and `of` for a share.
        of: Out of how many tries.
        unit: How marks add up, see above.
        group: The kind of case; empty for the group of the case.
        why: What went wrong, in a sentence; empty when nothing did.
    """

    metric: str
    hits: float
    of: int = 1
    unit: Unit = "share"
    group: str = ""
    why: str = ""


class Metric(Record):
    """One figure of a suite; `group` is empty for all cases together."""

    name: str
    value: float
    low: float
    high: float
    n: int
    unit: Unit = "share"
    group: str = ""


class Line(Record):
    """One turn of a transcript."""

    role: Literal["user", "assistant"]
    text: str


class Failure(Record):
    """A case that did not do as it should, with all that is needed to see why."""

    id: str
    group: str
    why: str
    metrics: tuple[str, ...] = ()
    transcript: tuple[Line, ...] = ()
    trace: Mapping[str, Any] = Field(default_factory=dict)


class SuiteResult(Record):
    """What one suite measured.

    Attributes:
        name: Its name.
        cases: How many cases were asked.
        seconds: How long it took.
        metrics: All figures, groups after totals.
        failures: Every case with a failure.
        errors: Cases the target did not answer at all; they are in no figure.
        skipped: Why nothing was measured; empty when it was.
        fingerprint: Identifies data, target and settings; the same one means the same result.
    """

    name: str
    cases: int = 0
    seconds: float = 0.0
    metrics: tuple[Metric, ...] = ()
    failures: tuple[Failure, ...] = ()
    errors: tuple[str, ...] = ()
    skipped: str = ""
    fingerprint: str = ""

    def metric(self, name: str, group: str = "") -> Metric | None:
        """Return a figure, or None when it was not measured."""
        return next((m for m in self.metrics if m.name == name and m.group == group), None)


class GateResult(Record):
    """Whether a gate held; `passed` is None when its metric was not measured."""

    suite: str
    metric: str
    direction: Literal["at_least", "at_most"]
    bound: float
    hard: bool
    why: str
    group: str = ""
    value: float | None = None
    passed: bool | None = None


class CurvePoint(Record):
    """One threshold of a trade-off curve."""

    threshold: float
    recall: float
    false_alarms: float


class Latency(Record):
    """Milliseconds for one reply."""

    p50: float = 0.0
    p95: float = 0.0
    values: tuple[float, ...] = ()


class RunReport(Record):
    """Everything one run measured; `report.json` is this record.

    Attributes:
        created: When, in UTC, ISO 8601.
        fingerprints: Identify corpus, index, data, settings and versions.
        target: What was measured.
        split: dev, test or all.
        partial: Whether only some cases were run (`--limit`, `--sample-id`); its gates say little.
        baseline: The same suites on a plain system, for comparison.
        conclusions: Sentences that a reader who is no engineer can act on.
    """

    created: str
    fingerprints: Mapping[str, str] = Field(default_factory=dict)
    target: str
    split: str = "all"
    partial: bool = False
    suites: tuple[SuiteResult, ...] = ()
    gates: tuple[GateResult, ...] = ()
    curves: Mapping[str, tuple[CurvePoint, ...]] = Field(default_factory=dict)
    latency: Latency = Latency()
    baseline: RunReport | None = None
    conclusions: tuple[str, ...] = ()

    def suite(self, name: str) -> SuiteResult | None:
        """Return the result of a suite, or None when it was not run."""
        return next((suite for suite in self.suites if suite.name == name), None)

    @property
    def fallen(self) -> tuple[GateResult, ...]:
        """The hard gates that do not hold."""
        return tuple(gate for gate in self.gates if gate.hard and gate.passed is False)


class ReportError(KratomEvidenceError):
    """A `report.json` cannot be read."""


def read_report(path: Path) -> RunReport:
    """Read a `report.json`.

    Raises:
        ReportError: it is missing, or not a report of this version.
    """
    try:
        return RunReport.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ReportError(
            f"{path} is not a report that can be compared ({type(error).__name__}); "
            "give the report.json that an earlier 'kratom-evidence eval' wrote"
        ) from None


def summarise(marks: Sequence[tuple[str, Mark]]) -> tuple[Metric, ...]:
    """Add up marks to metrics: each for all cases, then for each group.

    Args:
        marks: Each mark with the group of its case.
    """
    totals: dict[tuple[str, str], list[Mark]] = {}
    for group, mark in marks:
        for name in ("", mark.group or group) if (mark.group or group) else ("",):
            totals.setdefault((mark.metric, name), []).append(mark)
    figures = [_metric(name, group, found) for (name, group), found in totals.items()]
    return tuple(sorted(figures, key=lambda figure: figure.group != ""))


def _metric(name: str, group: str, marks: Sequence[Mark]) -> Metric:
    unit = marks[0].unit
    hits, tries = sum(mark.hits for mark in marks), sum(mark.of for mark in marks)
    if unit == "share":
        share = Share(name, round(hits), tries)
        low, high = share.interval
        return Metric(name=name, value=share.value, low=low, high=high, n=tries, unit=unit, group=group)
    if unit == "count":
        return Metric(name=name, value=hits, low=hits, high=hits, n=tries, unit=unit, group=group)
    values = [mark.hits for mark in marks]
    half = _Z95 * stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
    mean = fmean(values)
    low, high = mean - half, mean + half
    if all(0 <= value <= 1 for value in values):  # a measure between 0 and 1 has its interval there too
        low, high = max(0.0, low), min(1.0, high)
    return Metric(name=name, value=mean, low=low, high=high, n=len(values), unit=unit, group=group)
