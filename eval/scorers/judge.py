"""Reads what a judge model wrote, and adds up its runs; the model itself is asked by `eval.judge`.

A judgement that cannot be read is an error: it is counted, and stands in no other figure.
A missing or garbled judgement is never taken for a good or a bad one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.cases import Case
from eval.results import Mark
from eval.targets import UNKNOWN, Reply
from rag.records import Record

JUDGED = "judged"
BEST = 3
_STATES = frozenset(("finding", "correction", UNKNOWN))
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


class Judgement(Record):
    """One run of the judge on one reply.

    Attributes:
        faithful: Share of stating sentences that the passages support; None where there was nothing to judge.
        helpful: From 0 to 1.
        reason: In the judge's words.
        error: Why there is no judgement; the rest then means nothing.
    """

    faithful: float | None = None
    helpful: float | None = None
    reason: str = ""
    error: str = ""


class _Written(BaseModel):
    """What the judge is asked to write."""

    model_config = ConfigDict(strict=True)

    unsupported: list[int]
    helpful: int = Field(ge=0, le=BEST)
    reason: str = Field(default="", max_length=2000)


def read_judgement(text: str, reply: Reply) -> Judgement:
    """Read what the judge wrote about a reply; anything but the JSON asked for is an error."""
    found = _OBJECT.search(text)
    if found is None:
        return Judgement(error="the judge wrote no JSON object")
    try:
        written = _Written.model_validate(json.loads(found.group()))
    except (ValueError, RecursionError, ValidationError) as error:
        return Judgement(error=f"the judge's JSON cannot be used ({type(error).__name__})")
    named = set(written.unsupported)
    if not named <= set(range(1, len(reply.sentences) + 1)):
        return Judgement(error="the judge named a sentence that is not there")
    # An outside target does not say which of its sentences state something; all of them count then.
    stating = {number for number, sentence in enumerate(reply.sentences, 1) if sentence.kind in _STATES}
    grounded = stating and any(cite.passage for cite in reply.citations)
    return Judgement(
        faithful=1 - len(named & stating) / len(stating) if grounded else None,
        helpful=written.helpful / BEST,
        reason=written.reason,
    )


def judged(case: Case, replies: Sequence[Reply]) -> Iterable[Mark]:
    """Add up the runs of the judge on the last reply of a case."""
    runs = [Judgement.model_validate(run) for run in (replies[-1].trace.get(JUDGED, ()) if replies else ())]
    errors = [run.error for run in runs if run.error]
    if runs:
        yield Mark(
            metric="judge_errors", hits=len(errors), of=len(runs), unit="count", why="; ".join(sorted(set(errors)))
        )
    yield from _agreed("judge_faithful", [run.faithful for run in runs], _doubts(runs))
    yield from _agreed("judge_helpful", [run.helpful for run in runs])
    for number, run in enumerate(runs, 1):
        if run.faithful is not None:
            yield Mark(metric="judge_faithful_by_run", hits=run.faithful, unit="mean", group=f"run {number}")


def _agreed(metric: str, values: Sequence[float | None], why: str = "") -> Iterable[Mark]:
    """Return the mean of the runs that gave a value, and how far they lie apart."""
    given = [value for value in values if value is not None]
    if given:
        yield Mark(metric=metric, hits=fmean(given), unit="mean", why=why)
    if len(given) > 1:
        yield Mark(metric=f"{metric}_spread", hits=max(given) - min(given), unit="mean")


def _doubts(runs: Sequence[Judgement]) -> str:
    """Return what the judge found unsupported, where most of its runs found something."""
    given = [run for run in runs if run.faithful is not None]
    doubting = [run for run in given if run.faithful != 1]
    return doubting[0].reason or "unsupported" if len(doubting) * 2 > len(given) else ""
