"""Adds up the samples of one Inspect log to the result of a suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from eval.cases import Case
from eval.results import CurvePoint, Failure, Latency, Line, Mark, SuiteResult, summarise
from eval.suites import Suite
from eval.targets import Reply
from rag.records import Record

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample

_MOST_LATENCIES = 2000
_MOST_FAILURES = 200


class Finished(Record):
    """What one suite measured, with what the report needs besides its figures."""

    result: SuiteResult
    milliseconds: tuple[float, ...] = ()
    curves: Mapping[str, tuple[CurvePoint, ...]] = Field(default_factory=dict)


@dataclass
class _Samples:
    """What the samples of one log add up to."""

    marks: list[tuple[str, Mark]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    asked: list[tuple[Case, Sequence[Reply]]] = field(default_factory=list)


def collect(suite: Suite, samples: Sequence[EvalSample]) -> Finished:
    """Add up the marks of a suite's samples, and keep the cases that failed."""
    from eval.solver import REPLIES, case_of

    found = _Samples()
    for sample in samples:
        case = case_of(sample.metadata)
        replies = tuple(Reply.model_validate(reply) for reply in sample.store.get(REPLIES, ()))
        error = next((reply.error for reply in replies if reply.error), "" if replies else "no reply")
        if error:
            found.errors.append(f"{case.id}: {error}")
            continue
        _add(found, case, replies, _marks(sample))
    asked = found.asked if suite.curves is not None else []
    curves = suite.curves(asked) if suite.curves is not None else {}
    return Finished(
        result=SuiteResult(
            name=suite.name,
            cases=len(samples),
            metrics=summarise(found.marks),
            failures=tuple(found.failures[:_MOST_FAILURES]),
            errors=tuple(found.errors),
        ),
        milliseconds=tuple(found.milliseconds),
        curves={name: tuple(points) for name, points in curves.items()},
    )


def _add(found: _Samples, case: Case, replies: Sequence[Reply], marks: Sequence[Mark]) -> None:
    found.asked.append((case, replies))
    found.marks += [(case.group, mark) for mark in marks]
    found.milliseconds += [round(reply.milliseconds, 2) for reply in replies if reply.milliseconds]
    faults = [mark for mark in marks if mark.why]
    if faults:
        found.failures.append(_failure(case, replies, faults))


def _marks(sample: EvalSample) -> list[Mark]:
    scores = (sample.scores or {}).values()
    return [Mark.model_validate(mark) for score in scores for mark in (score.metadata or {}).get("marks", ())]


def _failure(case: Case, replies: Sequence[Reply], faults: Sequence[Mark]) -> Failure:
    return Failure(
        id=case.id,
        group=case.group,
        why="; ".join(dict.fromkeys(mark.why for mark in faults)),
        metrics=tuple(dict.fromkeys(mark.metric for mark in faults)),
        transcript=tuple(_transcript(case, replies)),
        trace=replies[-1].trace,
    )


def _transcript(case: Case, replies: Sequence[Reply]) -> Iterator[Line]:
    for turn in case.history:
        yield Line(role=turn.role, text=turn.content)
    for number, text in enumerate(case.turns):
        yield Line(role="user", text=text)
        if number < len(replies):
            yield Line(role="assistant", text=replies[number].text)


def latency(values: Sequence[float]) -> Latency:
    """Return the spread of the times of all replies."""
    if not values:
        return Latency()
    p50, p95 = (round(float(value), 1) for value in np.percentile(values, (50, 95)))
    step = max(1, len(values) // _MOST_LATENCIES)
    return Latency(p50=p50, p95=p95, values=tuple(values[::step]))
