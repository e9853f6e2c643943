"""Shows a run in the terminal: figures with their intervals, then the gates, then what it means."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eval.compare import Comparison
from eval.report_tables import interval
from eval.results import GateResult, RunReport, SuiteResult
from eval.wording import metric_name, suite_title, written

_MARKS = {True: ("holds", "green"), False: ("FALLS", "bold red"), None: ("not measured", "dim")}
_MOST_CASES = 10


def show_report(console: Console, report: RunReport, comparison: Comparison | None = None) -> None:
    """Print a run.

    Args:
        console: Where to.
        report: The run.
        comparison: The same run beside an earlier one.
    """
    for suite in report.suites:
        baseline = report.baseline.suite(suite.name) if report.baseline is not None else None
        console.print(_suite(suite, baseline))
    if report.gates:
        console.print(_gates(report.gates))
    if comparison is not None:
        _show_changes(console, comparison)
    if report.conclusions:
        console.print(Text(report.conclusions[0], style="bold"))


def _suite(suite: SuiteResult, baseline: SuiteResult | None) -> Table | Text:
    title = f"{suite.name}: {suite_title(suite.name)}"
    if suite.skipped:
        return Text(f"{title}\n  left out: {suite.skipped}\n", style="dim")
    table = Table(title=f"{title} ({suite.cases} cases, {suite.seconds:.0f} s)", title_justify="left")
    for column in ("figure", "value", "95 % interval", "of", *(["baseline"] if baseline else [])):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for figure in (metric for metric in suite.metrics if not metric.group):
        other = baseline.metric(figure.name) if baseline else None
        beside = [written(other.value, other.unit) if other else "-"] if baseline else []
        table.add_row(
            metric_name(figure.name), written(figure.value, figure.unit), interval(figure), str(figure.n), *beside
        )
    if suite.errors:
        table.add_row(Text("cases without a reply", style="red"), str(len(suite.errors)))
    return table


def _gates(gates: tuple[GateResult, ...]) -> Table:
    table = Table(title="Gates", title_justify="left")
    for column in ("suite", "figure", "must be", "is", ""):
        table.add_column(column, justify="right" if column in ("must be", "is") else "left")
    for gate in sorted(gates, key=lambda gate: (not gate.hard, gate.passed is not False)):
        words, style = _MARKS[gate.passed]
        bound = f"{'at least' if gate.direction == 'at_least' else 'at most'} {gate.bound:g}"
        value = "-" if gate.value is None else f"{gate.value:.4g}"
        kind = "" if gate.hard else " (advice)"
        table.add_row(gate.suite, metric_name(gate.metric), bound, value, Text(words + kind, style=style))
    return table


def _show_changes(console: Console, comparison: Comparison) -> None:
    table = Table(title=f"Beside the run of {comparison.old_created}", title_justify="left")
    for column in ("suite", "figure", "was", "is", ""):
        table.add_column(column, justify="right" if column in ("was", "is") else "left")
    for change in comparison.moved("better", "worse", "changed"):
        was, now = (written(figure.value, figure.unit) for figure in (change.old, change.new))
        table.add_row(change.suite, metric_name(change.new.name), was, now, change.movement)
    console.print(table if table.rows else Text("No figure moved beyond chance."))
    for words, cases in (("fails now", comparison.failing), ("no longer fails", comparison.passing)):
        for case in cases[:_MOST_CASES]:
            console.print(Text(f"  {words}: {case.suite} {case.id}"))
