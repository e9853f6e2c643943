"""The claims suite: no unsupported claim is repeated as true, however it is asked, and fair words pass.

    inspect eval eval/claims.py -T split=test
    inspect eval eval/claims.py -T full=true

Three kinds of cases. *Pressed* conversations are made here from the register and the frames
in `eval/data/claim_frames.jsonl`, so that they grow with the register: a phrase of a claim
inside a frame ("my whole forum says ..."), some of them followed by five turns of push-back.
By default each claim is pressed a few times, phrases and frames taking turns; with `full`
every phrase meets every frame. *Asked* and *output* cases are the lines of `claims.jsonl`,
wordings that the register does not have: as messages, and as sentences of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Task, task

from eval.cases import DATA, Case
from eval.scorers import register
from eval.scorers.claims import ASKED, OUTPUT, PRESSED, WITHHELD, correction, recognition, repetition
from eval.solver import ask_in_turn, suite_task
from eval.suites import Suite
from eval.targets import Reply, Target
from rag.records import Claim

FRAMES = DATA / "claim_frames.jsonl"
_ASKED_EVERY = {"ask": 1, "neutral": 1, "assert": 3}  # as a message; as a sentence of an answer all are judged
_PHRASES = {"assert": 2, "ask": 1}  # of each claim in each split by default


@dataclass(frozen=True)
class Frames:
    """The frames of one split.

    Attributes:
        split: dev or test.
        around: Frames by what they take, a claim that is asserted or one that is asked: group and template.
        push_back: What a person says to each reply after the first.
    """

    split: str
    around: dict[str, tuple[tuple[str, str], ...]]
    push_back: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ClaimSuite(Suite):
    """The suite with its conversations made from the register; an outside file brings its own cases instead."""

    full: bool = False

    def load(self, data: Path | None = None) -> tuple[Case, ...]:
        """Load the written lines and, for the project's own data, make the pressed conversations."""
        written = tuple(case for row in super().load(data) for case in sides(row, full=self.full))
        if data is not None:
            return written
        claims = tuple(register.library().claims.values())
        made = (case for frames in read_frames() for case in pressed(claims, frames, full=self.full))
        return (*made, *written)


def read_frames(path: Path = FRAMES) -> tuple[Frames, ...]:
    """Read the frames, by split."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_of_split([row for row in rows if row["split"] == split], split) for split in ("dev", "test"))


def pressed(claims: Sequence[Claim], frames: Frames, *, full: bool) -> Iterator[Case]:
    """Yield the conversations that press each claim."""
    for number, claim in enumerate(claims):
        phrases = {"assert": (claim.claim, *claim.asserts), "ask": claim.asked_as}
        for takes, around in frames.around.items():
            few = _some_pairs(phrases[takes], around, number, _PHRASES[takes])
            pairs = _all_pairs(phrases[takes], around) if full else few
            for turn, (phrase, (group, template)) in enumerate(pairs):
                pushed = _pushed(turn, len(around), full=full, number=number, takes=takes)
                follow = frames.push_back[(number + turn) % len(frames.push_back)] if pushed else ()
                yield Case(
                    id=f"pressed-{frames.split}-{claim.id}-{takes}-{turn}",
                    split=frames.split,
                    group=group if not follow else f"{group}, pushed",
                    turns=(template.replace("{claim}", phrase), *follow),
                    fields={"side": PRESSED, "claim_id": claim.id},
                )


def sides(row: Case, *, full: bool) -> Iterator[Case]:
    """Yield what a written line is used for: as a message, as a sentence of an answer, or as a conversation."""
    kind = row.fields.get("kind")
    if kind is None:
        yield row.model_copy(update={"fields": {**row.fields, "side": PRESSED}})
        return
    every = 1 if full else _ASKED_EVERY.get(kind, 0)
    number = int("".join(filter(str.isdigit, row.id)) or 0)
    if every and number % every == 0:
        yield row.model_copy(update={"id": f"{row.id}-asked", "fields": {**row.fields, "side": ASKED}})
    if kind != "ask":
        yield row.model_copy(update={"id": f"{row.id}-output", "fields": {**row.fields, "side": OUTPUT}})


def read_line(row: Any, place: str) -> Case:
    """Make a case of a line: a sentence with its kind, or a conversation that presses a claim."""
    turns = row.get("turns") or [row["text"]]
    framed = row.get("frame", "plain") != "plain"
    return Case(
        id=row["id"],
        split=row.get("split", "test"),
        group=row.get("group") or (f"{row['kind']}, {row['frame']}" if framed else row.get("kind", "")),
        turns=tuple(turns),
        fields={key: row[key] for key in ("kind", "claim_id", "frame") if key in row},
        place=place,
    )


def ask(case: Case, target: Target) -> Sequence[Reply]:
    """Ask the target; a sentence of an answer is given to the guard instead, where the product is measured."""
    if case.fields.get("side") != OUTPUT:
        return ask_in_turn(case, target)
    if "product" not in target.abilities:
        return (Reply(text=case.question),)
    return (Reply(text=case.question, trace={WITHHELD: register.asserted(case.question)}),)


def _of_split(rows: Sequence[dict[str, Any]], split: str) -> Frames:
    around = {
        takes: tuple((row["group"], row["template"]) for row in rows if row["takes"] == takes)
        for takes in ("assert", "ask")
    }
    return Frames(split, around, tuple(tuple(row["turns"]) for row in rows if row["takes"] == "push-back"))


def _all_pairs(phrases: Sequence[str], around: Sequence[tuple[str, str]]) -> list[tuple[str, tuple[str, str]]]:
    return [(phrase, frame) for phrase in phrases for frame in around]


def _some_pairs(
    phrases: Sequence[str], around: Sequence[tuple[str, str]], number: int, most: int
) -> list[tuple[str, tuple[str, str]]]:
    """Return a few phrases, each in one frame; phrases and frames take turns from claim to claim."""
    if not phrases or not around:
        return []
    step = len(around) // 2 + 1
    return [
        (phrases[(number + turn) % len(phrases)], around[(number + turn * step) % len(around)])
        for turn in range(min(most, len(phrases)))
    ]


def _pushed(turn: int, frames: int, *, full: bool, number: int, takes: str) -> bool:
    """Tell whether five turns of push-back follow: with `full` once in every frame, else on half of the claims."""
    if full:
        return turn < frames
    return takes == "assert" and turn == 0 and number // 3 % 2 == 0


def suite(*, full: bool = False) -> ClaimSuite:
    """Return the suite; with `full` every phrase meets every frame, which takes most of an hour."""
    return ClaimSuite(
        name="claims",
        title="Never repeats an unsupported claim, and lets fair words pass",
        files=("claims.jsonl",),
        schema="claims",
        scorers=(repetition, correction, recognition),
        read=read_line,
        ask=ask,
        full=full,
    )


SUITE = suite()


@task
def claims(data: str = "", split: str = "all", target: str = "product", full: bool = False) -> Task:
    """Unsupported claims: repeated, set right, and told from what is fair."""
    return suite_task(suite(full=full), data=data, split=split, target=target)
