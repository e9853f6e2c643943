"""Plain conclusions of a run: may it go live, what fell, on how many cases, and how sure that is.

Every sentence is chosen here from the figures; the sentences themselves stand in
`eval/templates/wording.yaml`. Nothing is concluded from an unfinished run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.compare import Change, Comparison, Movement, changes_between
from eval.results import GateResult, Metric, RunReport, Unit
from eval.stats import Share
from eval.suites import NAMES
from eval.wording import metric_name, suite_title, target_name, when, wording, written

State = Literal["passed", "fallen", "unsure"]

# Fewer tries than the first cannot carry a verdict; fewer than the second leave a wide interval, and that is said.
TOO_FEW, FEW = 30, 100
# More cases without a reply than this, and the figures are about the rest only.
MOST_UNANSWERED = 0.02
_SHOWN = 3
_ADVISORY = ("judge",)


@dataclass(frozen=True)
class Conclusions:
    """What a reader who is no engineer needs, in reading order.

    Attributes:
        state: How the verdict is coloured.
        word: May it go live.
        verdict: Why.
        fell: What was missed, requirements that must hold first.
        measured: What was asked, and how much.
        certainty: How far the figures can be trusted.
        beside: A baseline and an earlier run, where there are any.
        limits: What no run of these suites can say.
    """

    state: State
    word: str
    verdict: str
    fell: tuple[str, ...]
    measured: tuple[str, ...]
    certainty: tuple[str, ...]
    beside: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it as plain sentences, as `report.json` keeps them."""
        opening = f"{self.word}. {self.verdict}"
        return (opening, *self.fell, *self.measured, *self.certainty, *self.beside, *self.limits)


def conclude(report: RunReport, comparison: Comparison | None = None) -> Conclusions:
    """Draw the conclusions of a run.

    Args:
        report: The run.
        comparison: The same run beside an earlier one.
    """
    kind, state = _verdict(report)
    words = wording()
    hard = [gate for gate in report.gates if gate.hard]
    values = {
        "target": target_name(report.target),
        "hard": len(hard),
        "fallen": len(report.fallen),
        "unmeasured": sum(gate.passed is None for gate in hard),
        "few": len(_on_few(report)),
        "fewest": TOO_FEW,
        "missing": ", ".join(suite_title(name) for name in _not_measured(report)),
        "errors": _errors(report),
        "cases": _cases(report),
    }
    return Conclusions(
        state=state,
        word=words.text(f"verdict.{kind}.word"),
        verdict=words.text(f"verdict.{kind}.text", **values),
        fell=tuple(_fell(report)),
        measured=tuple(_measured(report)),
        certainty=tuple(_certainty(report)),
        beside=(*_beside_baseline(report), *_beside_earlier(comparison)),
        limits=words.texts("limits"),
    )


def metric_of(report: RunReport, gate: GateResult) -> Metric | None:
    """Return the figure that a gate looks at."""
    suite = report.suite(gate.suite)
    return None if suite is None else suite.metric(gate.metric, gate.group)


def fault_interval(metric: Metric) -> tuple[float, float]:
    """Return the interval that certainty is read from; a count of faults becomes the share of tries with one."""
    if metric.unit != "count":
        return metric.low, metric.high
    return Share(metric.name, min(round(metric.value), metric.n), metric.n).interval


def _verdict(report: RunReport) -> tuple[str, State]:
    hard = [gate for gate in report.gates if gate.hard]
    if report.fallen:
        return "fallen", "fallen"
    if not hard:
        return "no_gates", "unsure"
    if report.partial:
        return "partial", "unsure"
    if _errors(report) > MOST_UNANSWERED * max(_cases(report), 1):
        return "unanswered", "unsure"
    if any(gate.passed is None for gate in hard):
        return "unmeasured", "unsure"
    if _not_measured(report):
        return "suites_missing", "unsure"
    return ("few", "unsure") if _on_few(report) else ("passed", "passed")


def _not_measured(report: RunReport) -> list[str]:
    """Return the deciding suites that were not run, or were skipped because the target does not show enough."""
    done = {suite.name for suite in report.suites if not suite.skipped}
    return [name for name in NAMES if name not in done and name not in _ADVISORY]


def _on_few(report: RunReport) -> list[GateResult]:
    hard = [(gate, metric_of(report, gate)) for gate in report.gates if gate.hard]
    return [gate for gate, metric in hard if metric is not None and metric.n < TOO_FEW]


def _cases(report: RunReport) -> int:
    return sum(suite.cases for suite in report.suites)


def _errors(report: RunReport) -> int:
    return sum(len(suite.errors) for suite in report.suites)


def _fell(report: RunReport) -> Iterable[str]:
    missed = [gate for gate in report.gates if gate.passed is False]
    for gate in sorted(missed, key=lambda gate: not gate.hard):
        kind = "unmeasured" if gate.value is None else "hard" if gate.hard else "advisory"
        yield wording().text(f"fell.{kind}", **_gate_values(report, gate)) + f" {gate.why}"
    for gate in report.gates:
        if gate.hard and gate.passed is None:
            yield wording().text("fell.unmeasured", **_gate_values(report, gate))
    if not missed:
        yield wording().text("fell.none")


def _gate_values(report: RunReport, gate: GateResult) -> dict[str, str]:
    metric = metric_of(report, gate)
    unit: Unit = metric.unit if metric is not None else "mean"
    name = metric_name(gate.metric) + (f", {gate.group}" if gate.group else "")
    return {
        "metric": name[:1].upper() + name[1:],
        "suite": suite_title(gate.suite),
        "value": "" if gate.value is None else written(gate.value, unit),
        "direction": wording().text(f"direction.{gate.direction}"),
        "bound": f"{gate.bound:g}" if metric is None else written(gate.bound, unit),
    }


def _measured(report: RunReport) -> Iterable[str]:
    words = wording()
    done = [suite for suite in report.suites if not suite.skipped]
    if not done:
        yield words.text("measured.no_cases")
    else:
        names = "; ".join(suite_title(suite.name) for suite in done)
        key = "measured.cases_one" if len(done) == 1 else "measured.cases"
        yield words.text(key, cases=f"{_cases(report):,}", count=len(done), names=names)
    for suite in report.suites:
        if suite.skipped:
            yield words.text("measured.skipped", name=suite_title(suite.name), why=suite.skipped)
    if _errors(report):
        yield words.text("measured.unanswered", errors=_errors(report), cases=f"{_cases(report):,}")
    if report.latency.values:
        yield words.text("measured.latency", p50=_time(report.latency.p50), p95=_time(report.latency.p95))
    else:
        yield words.text("measured.no_latency")


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _certainty(report: RunReport) -> Iterable[str]:
    """Say how far the figures behind hard gates can be trusted, the least certain first."""
    measured = [(gate, metric) for gate in report.gates if gate.hard and (metric := metric_of(report, gate))]
    if not measured:
        yield wording().text("certainty.unknown")
        return
    doubtful: list[tuple[int, str]] = []
    for gate, metric in measured:
        kind = certainty_of(gate, metric)
        if kind in ("few", "flawless") or (kind == "touching" and gate.passed):
            doubtful.append((metric.n, _doubt(report, gate, metric, kind)))
    doubtful.sort()
    yield from (sentence for _, sentence in doubtful[:_SHOWN])
    if len(doubtful) > _SHOWN:
        yield wording().text("certainty.more", count=len(doubtful) - _SHOWN)
    fewest = min(metric.n for _, metric in measured)
    if fewest >= FEW:
        yield wording().text("certainty.good", n=f"{fewest:,}")


def certainty_of(gate: GateResult, metric: Metric) -> Literal["few", "touching", "flawless", "good"]:
    """Tell how sure a gate is: few tries, no fault so far, an interval with the bound inside, or good."""
    low, high = fault_interval(metric)
    if metric.n < FEW:
        return "few"
    if _flawless(gate, metric):
        return "flawless"
    bound = gate.bound / metric.n if metric.unit == "count" else gate.bound
    return "touching" if low < bound < high else "good"


def _flawless(gate: GateResult, metric: Metric) -> bool:
    if metric.unit == "mean":
        return False
    return metric.value == (0 if gate.direction == "at_most" else 1)


def _doubt(report: RunReport, gate: GateResult, metric: Metric, kind: str) -> str:
    low, high = fault_interval(metric)
    shown: Unit = "mean" if metric.unit == "mean" else "share"
    faults = 1 - low if gate.direction == "at_least" else high
    per = 100 if faults >= 0.01 else 1000
    values = {"n": f"{metric.n:,}", "low": written(low, shown), "high": written(high, shown)}
    values |= {"room": str(math.ceil(faults * per)), "per": f"{per:,}"}
    return wording().text(f"certainty.{kind}", **_gate_values(report, gate), **values)


def _beside_baseline(report: RunReport) -> Iterable[str]:
    """Count the gated figures in which the target is clearly better or worse than the baseline."""
    if report.baseline is None:
        yield wording().text("baseline.none")
        return
    pairs = [(plain, suite) for suite in report.suites if (plain := report.baseline.suite(suite.name)) is not None]
    gated = {(gate.suite, gate.metric, gate.group) for gate in report.gates}
    changes = changes_between(pairs, report.gates)
    shared = [change for change in changes if (change.suite, change.new.name, change.new.group) in gated]
    yield wording().text(
        "baseline.beside",
        baseline=target_name(report.baseline.target),
        target=target_name(report.target),
        better=sum(change.movement == "better" for change in shared),
        worse=sum(change.movement == "worse" for change in shared),
        shared=len(shared),
    )
    worse = [change for change in shared if change.movement == "worse"]
    if worse:
        yield wording().text(
            "baseline.worse", baseline=target_name(report.baseline.target), metrics="; ".join(_moves(worse))
        )


def _beside_earlier(comparison: Comparison | None) -> Iterable[str]:
    if comparison is None:
        return
    words = wording()
    yield words.text("compared.title", created=when(comparison.old_created), target=target_name(comparison.old_target))
    kinds: tuple[Movement, ...] = ("worse", "better", "changed")
    for kind in kinds:
        moved = comparison.moved(kind)
        if moved:
            yield words.text(f"compared.{kind}", metrics="; ".join(_moves(moved)))
    yield words.text("compared.unclear", count=len(comparison.moved("unclear")))
    if comparison.same_cases:
        yield words.text("compared.cases", failing=len(comparison.failing), passing=len(comparison.passing))
    else:
        yield words.text("compared.cases_apart", failing=len(comparison.failing))
    if "corpus" in comparison.fingerprints:
        yield words.text("compared.corpus")


def _moves(changes: Sequence[Change]) -> list[str]:
    return [
        wording().text(
            "compared.one",
            metric=metric_name(change.new.name),
            suite=suite_title(change.suite),
            old=written(change.old.value, change.old.unit),
            new=written(change.new.value, change.new.unit),
        )
        for change in changes
    ]
