"""Connects suites to Inspect: the solver that asks the target, and the scorers as Inspect scorers.

No model of Inspect's is used: the target answers, and `generate` is never called. The
replies are kept in the sample's store under `replies`, the marks in each score's
metadata, so that a log alone is enough to see or to score a run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.scorer import Scorer as InspectScorer
from inspect_ai.scorer import Target as InspectTarget
from inspect_ai.solver import Generate, Solver, TaskState, solver

from eval.cases import Case, Split, chosen
from eval.results import Mark
from eval.suites import Ask, Scorer, Suite
from eval.targets import Reply, Target
from rag.records import Message

REPLIES = "replies"
CASE = "case"


def suite_task(suite: Suite, *, data: str = "", split: str = "all", target: str = "product") -> Task:
    """Return the Inspect task of a suite, for `inspect eval eval/<suite>.py -T split=dev`.

    Args:
        suite: What to measure.
        data: Path of an outside data file.
        split: dev, test or all.
        target: `product`, `plain-rag`, or the address of an OpenAI-compatible chatbot.
    """
    from eval.opening import open_target  # the product, only once a task is run

    cases = chosen(suite.load(Path(data) if data else None), split=_split(split))
    return build_task(suite, cases, open_target(target))


def build_task(suite: Suite, cases: Sequence[Case], target: Target, done: Callable[[], None] = lambda: None) -> Task:
    """Return an Inspect task that asks `target` every case and scores the replies.

    Args:
        suite: Says how to ask and what to look at.
        cases: What to ask.
        target: Whom to ask.
        done: Called after each case.
    """
    samples = [
        Sample(id=case.id, input=_messages(case), metadata={CASE: case.model_dump(mode="json")}) for case in cases
    ]
    return Task(
        name=suite.name,
        display_name=suite.title,
        dataset=MemoryDataset(samples, name=suite.name),
        solver=_asking(target, suite.ask or ask_in_turn, done),
        scorer=[_inspect_scorer(function) for function in suite.scorers],
    )


def ask_in_turn(case: Case, target: Target) -> Sequence[Reply]:
    """Ask a case turn by turn; earlier turns and the target's own replies become the history."""
    history, replies = list(case.history), []
    for text in case.turns:
        reply = target.reply(text, tuple(history), case.country)
        replies.append(reply)
        if reply.error:
            break
        history += [Message(role="user", content=text), Message(role="assistant", content=reply.text)]
    return replies


def _asking(target: Target, ask: Ask, done: Callable[[], None]) -> Solver:
    # Made here, so that Inspect does not write the target into its log as an argument.
    @solver
    def ask_target() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            case = case_of(state.metadata)
            replies = await asyncio.to_thread(ask, case, target)
            state.store.set(REPLIES, [reply.model_dump(mode="json") for reply in replies])
            state.messages += [ChatMessageAssistant(content=reply.text or reply.error) for reply in replies]
            state.output.completion = replies[-1].text if replies else ""
            done()
            return state

        return solve

    return ask_target()


def case_of(metadata: dict[str, Any]) -> Case:
    """Return the case of a sample."""
    return Case.model_validate(metadata[CASE])


def replies_of(store: Any) -> tuple[Reply, ...]:
    """Return the replies kept in a sample's store."""
    return tuple(Reply.model_validate(reply) for reply in store.get(REPLIES) or ())


@cache
def _inspect_scorer(function: Scorer) -> InspectScorer:
    @scorer(metrics=[mean()], name=function.__name__)
    def wrapped() -> InspectScorer:
        async def score(state: TaskState, target: InspectTarget) -> Score:
            replies = replies_of(state.store)
            failed = next((reply.error for reply in replies if reply.error), "" if replies else "no reply")
            if failed:
                return Score(value=0.0, explanation=failed, metadata={"error": failed, "marks": []})
            return as_score(list(function(case_of(state.metadata), replies)))

        return score

    return wrapped()


def as_score(marks: Sequence[Mark]) -> Score:
    """Return marks as an Inspect score: 1 when nothing went wrong."""
    whys = [f"{mark.metric}: {mark.why}" for mark in marks if mark.why]
    return Score(
        value=0.0 if whys else 1.0,
        explanation="\n".join(whys),
        metadata={"marks": [mark.model_dump(mode="json") for mark in marks]},
    )


def _messages(case: Case) -> list[ChatMessage]:
    earlier: list[ChatMessage] = [
        ChatMessageUser(content=m.content) if m.role == "user" else ChatMessageAssistant(content=m.content)
        for m in case.history
    ]
    return [*earlier, *(ChatMessageUser(content=text) for text in case.turns)]


def _split(name: str) -> Split:
    if name not in ("dev", "test", "all"):
        raise ValueError(f"split is dev, test or all, not {name!r}")
    return name  # type: ignore[return-value]  # mypy does not narrow by membership
