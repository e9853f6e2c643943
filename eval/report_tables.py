"""The tables of the report: figures of a run as rows of written cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eval.compare import Comparison, Movement, changes_between
from eval.conclusions import certainty_of, metric_of
from eval.results import CurvePoint, GateResult, Latency, Metric, RunReport, SuiteResult
from eval.stats import Share
from eval.wording import metric_name, suite_title, target_name, wording, written

MOST_CURVE_ROWS = 12
MOST_KINDS = 10
# A kind of case with fewer tries than this says nothing about the kind.
FEWEST_OF_A_KIND = 5
_COMPACT = 4
_MOVEMENTS: tuple[Movement, ...] = ("worse", "better", "changed", "unclear")
_LOOKS = {True: "passed", False: "fallen", None: "unmeasured"}
_COLOURS = {"better": "passed", "worse": "fallen", "few": "unsure", "touching": "unsure"}


@dataclass(frozen=True)
class Column:
    """A column's name, and whether it holds figures."""

    name: str
    figure: bool = False


@dataclass(frozen=True)
class Cell:
    """What stands in a cell; `look` is passed, fallen or unsure, and colours the word beside saying it."""

    text: str
    look: str = ""


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; the first one names the row, and `note` explains it. `look` as in a cell."""

    cells: tuple[Cell, ...]
    look: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table as the template writes it; `wide` where few columns hold much."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    wide: bool = False

    @property
    def compact(self) -> bool:
        """Whether it fits on a phone as it is."""
        return len(self.columns) <= _COMPACT and not self.wide


@dataclass(frozen=True)
class Kind:
    """A kind of case and how often it goes wrong by one requirement."""

    gate: GateResult
    metric: Metric
    faults: float
    low: float
    high: float

    @property
    def name(self) -> str:
        """The kind, and what goes wrong."""
        return f"{self.metric.group}: {metric_name(self.metric.name)}"


def table(caption: str, columns: Sequence[str], rows: Iterable[Row], *, wide: bool = False) -> Table:
    """Build a table; a column whose name ends in `#` holds figures."""
    shaped = tuple(Column(name.removesuffix("#"), name.endswith("#")) for name in columns)
    return Table(caption, shaped, tuple(rows), wide)


def row(*cells: str | Cell, look: str = "", note: str = "") -> Row:
    """Build a row of a table."""
    return Row(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells), look, note)


def gates_table(report: RunReport, *, hard: bool) -> Table:
    """Return the requirements that must hold, or the advisory ones, each with its figure."""
    columns = ("Requirement", "Wanted#", "Measured#", "Range#", "Tries#", "Result", "Certainty")
    caption = wording().text("words.must_hold" if hard else "words.advisory")
    return table(caption, columns, (_gate_row(report, gate) for gate in report.gates if gate.hard == hard))


def suite_table(suite: SuiteResult, *, groups: bool = False) -> Table:
    """Return the figures of a suite over all cases together, or by kind of case."""
    metrics = [metric for metric in suite.metrics if bool(metric.group) == groups]
    if not groups:
        rows = (row(metric_name(m.name), written(m.value, m.unit), interval(m), f"{m.n:,}") for m in metrics)
        return table(f"Figures: {suite_title(suite.name)}", ("Figure", "Value#", "Range#", "Tries#"), rows)
    grouped = (
        row(m.group, metric_name(m.name), written(m.value, m.unit), interval(m), f"{m.n:,}")
        for m in sorted(metrics, key=lambda m: (m.group, m.name))
    )
    caption = f"Figures by kind of case: {suite_title(suite.name)}"
    return table(caption, ("Kind", "Figure", "Value#", "Range#", "Tries#"), grouped)


def curve_table(name: str, points: Sequence[CurvePoint], chosen: CurvePoint | None) -> Table:
    """Return some settings of a threshold, evenly spread, and always the chosen one."""
    step = max(1, -(-len(points) // MOST_CURVE_ROWS))
    kept = [point for number, point in enumerate(points) if number % step == 0 or point == chosen]
    rows = (
        row(
            f"{point.threshold:.3g}",
            written(point.recall, "share"),
            written(point.false_alarms, "share"),
            look="chosen" if point == chosen else "",
        )
        for point in kept
    )
    axes = wording().node("plots.axes")
    return table(f"Settings of the threshold: {name}", ("Threshold", f"{axes['y']}#", f"{axes['x']}#"), rows)


def latency_table(latency: Latency) -> Table:
    """Return the speed of the replies."""
    values = sorted(latency.values)
    rows = [("Half are faster than", latency.p50), ("95 of 100 are faster than", latency.p95), ("Slowest", values[-1])]
    caption = f"Time for a reply, {len(values):,} replies"
    return table(caption, ("Replies", "Milliseconds#"), (row(name, f"{value:,.0f}") for name, value in rows))


def baseline_table(report: RunReport, baseline: RunReport) -> Table:
    """Return the figures that both have, the target beside the baseline; those with a requirement come first."""
    gated = {(gate.suite, gate.metric) for gate in report.gates}
    pairs = [(plain, suite) for suite in report.suites if (plain := baseline.suite(suite.name)) is not None]
    changes = [change for change in changes_between(pairs, report.gates) if not change.new.group]
    rows = (
        row(
            metric_name(change.new.name),
            f"{written(change.new.value, change.new.unit)} ({interval(change.new)})",
            f"{written(change.old.value, change.old.unit)} ({interval(change.old)})",
            _moved(change.movement),
            note=suite_title(change.suite),
        )
        for change in sorted(changes, key=lambda change: (change.suite, change.new.name) not in gated)
    )
    name, other = target_name(report.target), target_name(baseline.target)
    return table(f"{name} beside {other}", ("Figure", f"{name}#", f"{other}#", "Difference"), rows, wide=True)


def changes_table(comparison: Comparison) -> Table:
    """Return the figures that moved clearly, then the rest."""
    changes = (change for kind in _MOVEMENTS for change in comparison.moved(kind))
    rows = (
        row(
            metric_name(change.new.name),
            written(change.old.value, change.old.unit),
            written(change.new.value, change.new.unit),
            _moved(change.movement),
            note=suite_title(change.suite),
        )
        for change in changes
    )
    return table("Figures of both runs", ("Figure", "Earlier#", "Now#", "Change"), rows)


def fingerprints_table(fingerprints: Mapping[str, str]) -> Table:
    """Return what identifies the run."""
    return table("Fingerprints", ("What", "Fingerprint"), (row(*pair) for pair in sorted(fingerprints.items())))


def worst_kinds(report: RunReport) -> tuple[Kind, ...]:
    """Return the kinds of case with most faults by the requirements' own figures, worst first."""
    found: dict[tuple[str, str, str], Kind] = {}
    for gate, suite in itertools.product(report.gates, report.suites):
        for metric in suite.metrics if suite.name == gate.suite else ():
            if metric.name == gate.metric and metric.group and metric.unit != "mean" and metric.n >= FEWEST_OF_A_KIND:
                found.setdefault((suite.name, metric.name, metric.group), _kind(gate, metric))
    faulty = [kind for kind in found.values() if kind.faults > 0]
    return tuple(sorted(faulty, key=lambda kind: -kind.faults)[:MOST_KINDS])


def kinds_table(kinds: Sequence[Kind]) -> Table:
    """Return the kinds of case with most faults."""
    rows = (
        row(
            kind.name,
            written(kind.faults, "share"),
            _range(kind.low, kind.high),
            f"{kind.metric.n:,}",
            note=suite_title(kind.gate.suite),
        )
        for kind in kinds
    )
    return table("Share of faults by kind of case", ("Kind", "Faults#", "Range#", "Tries#"), rows)


def interval(metric: Metric) -> str:
    """Write the range of a figure; a count has none."""
    if metric.unit == "count":
        return "counted"
    if metric.unit == "mean":
        return wording().text("words.interval", low=f"{metric.low:.2f}", high=f"{metric.high:.2f}")
    return _range(metric.low, metric.high)


def _range(low: float, high: float) -> str:
    return wording().text("words.interval", low=written(low, "share"), high=written(high, "share"))


def _kind(gate: GateResult, metric: Metric) -> Kind:
    """Turn a figure into the share of faults, whichever way it is counted."""
    if metric.unit == "count":
        share = Share(metric.name, min(round(metric.value), metric.n), metric.n)
        return Kind(gate, metric, share.value, *share.interval)
    if gate.direction == "at_most":
        return Kind(gate, metric, metric.value, metric.low, metric.high)
    return Kind(gate, metric, 1 - metric.value, 1 - metric.high, 1 - metric.low)


def _gate_row(report: RunReport, gate: GateResult) -> Row:
    words, metric = wording(), metric_of(report, gate)
    unit = "mean" if metric is None else metric.unit
    result = Cell(words.text(f"words.{_LOOKS[gate.passed]}"), _LOOKS[gate.passed].replace("unmeasured", "unsure"))
    sure = Cell("")
    if metric is not None:
        kind = certainty_of(gate, metric)
        sure = Cell(words.text(f"words.{kind}"), _COLOURS.get(kind, ""))
    bound = f"{gate.bound:g}" if metric is None else written(gate.bound, unit)
    return row(
        metric_name(gate.metric) + (f", {gate.group}" if gate.group else ""),
        f"{words.text(f'direction.{gate.direction}')} {bound}",
        "" if gate.value is None else written(gate.value, unit),
        "" if metric is None else interval(metric),
        "" if metric is None else f"{metric.n:,}",
        result,
        sure,
        look="fallen" if gate.passed is False else "",
        note=f"{suite_title(gate.suite)}. {gate.why}",
    )


def _moved(movement: Movement) -> Cell:
    return Cell(wording().text(f"words.{movement}"), _COLOURS.get(movement, ""))
