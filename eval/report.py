"""Turns a run into one self-contained HTML page for people who decide.

    html = render_report(report, compare(earlier, report))

The page asks nothing of the network, runs no script, and escapes every value: what a
hostile chatbot wrote is shown as it is and does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from eval import report_tables as tables
from eval.compare import CaseChange, Comparison
from eval.conclusions import Conclusions, conclude
from eval.plots import Bar, Point, histogram, interval_bars, trade_off
from eval.report_tables import Table
from eval.results import CurvePoint, Failure, Line, RunReport, SuiteResult
from eval.wording import metric_name, suite_title, target_name, when, wording, written

TEMPLATES = Path(__file__).parent / "templates"
# More cases in full would make a file that no browser opens quickly; `report.json` has every one.
MOST_CASES = 60


@dataclass(frozen=True)
class Pictured:
    """A picture and the table with the same figures."""

    plot: Markup | None
    table: Table


@dataclass(frozen=True)
class ShownSuite:
    """A suite as the page shows it."""

    title: str
    text: str
    byline: str
    skipped: str
    plot: Markup | None
    table: Table
    groups: Table | None
    errors: tuple[str, ...]


@dataclass(frozen=True)
class ShownCase:
    """A case in full."""

    title: str
    group: str
    why: str
    transcript: tuple[Line, ...]
    trace: str
    before: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the template writes."""

    target: str
    created: str
    split: str
    style: Markup
    conclusions: Conclusions
    plain: tuple[tuple[str, tuple[str, ...]], ...]
    gates: tuple[Table, ...]
    suites: tuple[ShownSuite, ...]
    curves: tuple[Pictured, ...]
    worst: Pictured
    latency: Pictured | None
    baseline: Table | None
    baseline_name: str
    changes: Table | None
    changed_cases: tuple[tuple[str, tuple[ShownCase, ...]], ...]
    cases: tuple[ShownCase, ...]
    cases_said: str
    fingerprints: Table

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """The parts that this page has, as anchors and names."""
        names = wording().node("contents")
        shown = {
            "requirements": bool(self.gates),
            "trade-off": bool(self.curves),
            "worst-kinds": bool(self.worst.table.rows),
            "speed": self.latency is not None,
            "baseline": self.baseline is not None,
            "changes": self.changes is not None,
        }
        return tuple((key, name) for key, name in names.items() if shown.get(key, True))


def render_report(report: RunReport, comparison: Comparison | None = None) -> str:
    """Return the page of a run.

    Args:
        report: The run.
        comparison: The same run beside an earlier one, from `eval.compare.compare`.
    """
    html = _template().render(page=_page(report, comparison))
    return html.encode("utf-8", "replace").decode("utf-8")  # half a character from a target must not stop the report


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html.j2")


def _page(report: RunReport, comparison: Comparison | None) -> Page:
    conclusions = conclude(report, comparison)
    failures = _worst_first(report)
    return Page(
        target=target_name(report.target),
        created=when(report.created),
        split=report.split,
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        conclusions=conclusions,
        plain=_plain(conclusions),
        gates=tuple(found for hard in (True, False) if (found := tables.gates_table(report, hard=hard)).rows),
        suites=tuple(_suite(report, suite, f"suite-{number}") for number, suite in enumerate(report.suites, 1)),
        curves=tuple(
            _curve(report, f"curve-{number}", name, points)
            for number, (name, points) in enumerate(report.curves.items(), 1)
            if points
        ),
        worst=_worst(report),
        latency=_latency(report),
        baseline=None if report.baseline is None else tables.baseline_table(report, report.baseline),
        baseline_name="" if report.baseline is None else target_name(report.baseline.target),
        changes=None if comparison is None else tables.changes_table(comparison),
        changed_cases=() if comparison is None else tuple(_changed_cases(comparison)),
        cases=tuple(_case(suite, failure) for suite, failure in failures[:MOST_CASES]),
        cases_said=wording().text(
            "cases.all" if len(failures) <= MOST_CASES else "cases.some", shown=MOST_CASES, all=f"{len(failures):,}"
        ),
        fingerprints=tables.fingerprints_table(report.fingerprints),
    )


def _plain(conclusions: Conclusions) -> tuple[tuple[str, tuple[str, ...]], ...]:
    parts = ("fell", "measured", "certainty", "beside", "limits")
    found = [(wording().text(f"headings.{part}"), getattr(conclusions, part)) for part in parts]
    return tuple((heading, sentences) for heading, sentences in found if sentences)


def _suite(report: RunReport, suite: SuiteResult, key: str) -> ShownSuite:
    title, words = suite_title(suite.name), wording()
    known = words.has(f"suites.{suite.name}.text")
    groups = tables.suite_table(suite, groups=True)
    return ShownSuite(
        title=title,
        text=words.text(f"suites.{suite.name}.text") if known else "",
        byline=words.text("cases.byline", cases=f"{suite.cases:,}", seconds=f"{suite.seconds:.0f}"),
        skipped=suite.skipped,
        plot=_suite_plot(report, suite, key, title),
        table=tables.suite_table(suite),
        groups=groups if groups.rows else None,
        errors=suite.errors,
    )


def _suite_plot(report: RunReport, suite: SuiteResult, key: str, title: str) -> Markup | None:
    gates = {gate.metric: gate for gate in report.gates if gate.suite == suite.name and not gate.group}
    bars = [
        Bar(
            metric_name(metric.name),
            metric.value,
            metric.low,
            metric.high,
            written(metric.value, metric.unit),
            bound=gates[metric.name].bound if metric.name in gates else None,
            bad=metric.name in gates and gates[metric.name].passed is False,
        )
        for metric in suite.metrics
        if not metric.group and _fits_a_bar(metric.unit, metric.low, metric.high)
    ]
    return Markup(interval_bars(f"{key}-plot", title, wording().text("plots.suite"), bars)) if bars else None


def _fits_a_bar(unit: str, low: float, high: float) -> bool:
    """Tell whether a figure is drawn from 0 to 1: shares, and means of shares."""
    return unit == "share" or (unit == "mean" and low >= 0 and high <= 1)


def _curve(report: RunReport, key: str, name: str, points: Sequence[CurvePoint]) -> Pictured:
    words, chosen = wording(), _operating_point(report, name, points)
    drawn = [Point(point.threshold, point.recall, point.false_alarms, point == chosen) for point in points]
    axes = words.node("plots.axes")
    plot = trade_off(key, suite_title(name), words.text("plots.curve"), drawn, (axes["x"], axes["y"]))
    return Pictured(Markup(plot), tables.curve_table(suite_title(name), points, chosen))


def _operating_point(report: RunReport, name: str, points: Sequence[CurvePoint]) -> CurvePoint | None:
    """Return the setting nearest to the recall that the run measured; of equal ones that with the fewest alarms."""
    suite = report.suite(name)
    recall = None if suite is None else suite.metric(f"{name}_recall")
    if recall is None:
        return None
    return min(points, key=lambda point: (abs(point.recall - recall.value), point.false_alarms))


def _worst(report: RunReport) -> Pictured:
    kinds = tables.worst_kinds(report)
    if not kinds:
        return Pictured(None, tables.kinds_table(()))
    words = wording()
    bars = [
        Bar(kind.name, kind.faults, kind.low, kind.high, written(kind.faults, "share"), bad=kind.gate.hard)
        for kind in kinds
    ]
    plot = interval_bars("worst-kinds-plot", words.text("contents.worst-kinds"), words.text("plots.groups"), bars)
    return Pictured(Markup(plot), tables.kinds_table(kinds))


def _latency(report: RunReport) -> Pictured | None:
    if not report.latency.values:
        return None
    words, marks = wording(), {"median": report.latency.p50, "95 of 100": report.latency.p95}
    plot = histogram(
        "speed-plot", words.text("contents.speed"), words.text("plots.latency"), report.latency.values, marks
    )
    return Pictured(Markup(plot), tables.latency_table(report.latency))


def _worst_first(report: RunReport) -> list[tuple[str, Failure]]:
    """Order failures by how many requirements that must hold they touch, then by how much went wrong."""
    hard = {(gate.suite, gate.metric) for gate in report.gates if gate.hard}
    found = [(suite.name, failure) for suite in report.suites for failure in suite.failures]

    def weight(item: tuple[str, Failure]) -> tuple[int, int]:
        name, failure = item
        return -sum((name, metric) in hard for metric in failure.metrics), -len(failure.metrics)

    return sorted(found, key=weight)


def _changed_cases(comparison: Comparison) -> Iterable[tuple[str, tuple[ShownCase, ...]]]:
    for part in ("failing", "passing", "otherwise"):
        changes: tuple[CaseChange, ...] = getattr(comparison, part)
        if changes:
            heading = wording().text(f"cases.{part}", count=len(changes))
            yield heading, tuple(_changed(change) for change in changes[:MOST_CASES])


def _changed(change: CaseChange) -> ShownCase:
    failure = change.new or change.old
    if failure is None:
        raise ValueError("a changed case fails in at least one run")
    before = change.old.transcript[-1].text if change.old and change.new and change.old.transcript else ""
    return _case(change.suite, failure, before)


def _case(suite: str, failure: Failure, before: str = "") -> ShownCase:
    trace = json.dumps(failure.trace, indent=2, ensure_ascii=False, default=str) if failure.trace else ""
    title = f"{suite_title(suite)}: {failure.id}"
    return ShownCase(title, failure.group, failure.why, failure.transcript, trace, before)
