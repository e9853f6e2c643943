"""Measures the whole assistant on the questions in `eval/data`: what is found, cited and declined."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.stats import Share, share
from rag.answering.mentions import MedicineNames
from rag.answering.understand import Understanding
from rag.assembly import extra_texts, vocabulary
from rag.assistant import Assistant
from rag.library import load_library
from rag.records import Answer, Behaviour, StatementKind
from rag.retrieval.embeddings import Progress as IndexProgress
from rag.retrieval.retriever import Found, Searcher
from rag.safety.requests import has_amount_to_take
from rag.settings import Settings

DATA = Path(__file__).parent / "data"
Row = Mapping[str, Any]
Progress = Callable[[int, int], None]

_MARK = re.compile(r"\[(\d+)\]")
_NEVER = 10_000


def read_rows(name: str, split: str) -> list[Row]:
    """Read the rows of one split; `all` reads both."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    rows: list[Row] = [json.loads(line) for line in lines if line.strip()]
    return [row for row in rows if split == "all" or row.get("split") == split]


def gold_parts(settings: Settings, progress: IndexProgress) -> tuple[Understanding, Searcher, str]:
    """Open what `measure_gold` needs: understanding and search, without the rest of the assistant."""
    library = load_library(settings.corpus_dir)
    searcher = Searcher.open(library, settings, extra=extra_texts(library), progress=progress)
    names = MedicineNames(library.medicines, vocabulary(library))
    return Understanding(names, searcher.correct), searcher, library.fingerprint


def measure_gold(
    rows: Sequence[Row], understanding: Understanding, searcher: Searcher, progress: Progress | None = None
) -> list[Share]:
    """Measure whether the right brief or passage is found, follow-ups and two-topic messages included.

    A message with two topics counts as found when each of them is.
    """
    ranks: dict[str, list[int]] = defaultdict(list)
    for count, row in enumerate(rows, 1):
        person = [turn["content"] for turn in row["history"] if turn["role"] == "user"]
        found = searcher.search_many(list(understanding.read(row["question"], person).queries))
        topics = row["relevant"].get("topics")
        if topics:
            rank = max(min(_rank(result, topic) for result in found) for topic in topics)
        else:
            rank = _rank(found[0], row["relevant"])
        for group in ("all", row["voice"]):
            ranks[group].append(rank)
        if progress is not None:
            progress(count, len(rows))
    return [
        item
        for group, values in sorted(ranks.items())
        for item in (
            share(f"{group}: first", [rank == 0 for rank in values]),
            share(f"{group}: in the first 5", [rank < 5 for rank in values]),
        )
    ]


def _rank(found: Found, relevant: Row) -> int:
    """Return the better of the positions among briefs and among passages."""
    lists = ((found.briefs, relevant.get("briefs", ())), (found.passages, relevant.get("passages", ())))
    return min(
        (position for hits, wanted in lists for position, hit in enumerate(hits) if hit.id in wanted), default=_NEVER
    )


def measure_behaviour(assistant: Assistant, rows: Sequence[Row], progress: Progress | None = None) -> list[Share]:
    """Measure whether each message gets the kind of reply it should, and whether in-scope ones are refused."""
    right: dict[str, list[bool]] = defaultdict(list)
    refused: list[bool] = []
    for count, row in enumerate(rows, 1):
        behaviour = assistant.ask(row["question"], row["history"]).behaviour
        expected = row["expected"]
        right[expected].append(_fits(behaviour, expected))
        if expected == "answer":
            refused.append(behaviour in (Behaviour.ABSTAIN, Behaviour.OUT_OF_SCOPE, Behaviour.SMALL_TALK))
        if progress is not None:
            progress(count, len(rows))
    shares = [share(f"{expected}: right kind of reply", outcomes) for expected, outcomes in sorted(right.items())]
    return [*shares, share("answer: wrongly refused", refused)] if refused else shares


def _fits(behaviour: Behaviour, expected: str) -> bool:
    """Tell whether a reply fits; an unanswerable question may be declined in either way."""
    if expected in ("abstain", "out_of_scope"):
        return behaviour in (Behaviour.ABSTAIN, Behaviour.OUT_OF_SCOPE)
    return behaviour == expected


def measure_grounding(assistant: Assistant, rows: Sequence[Row], progress: Progress | None = None) -> list[Share]:
    """Measure on real answers that findings are cited, quotes verbatim, marks known and no amount is given."""
    cited, verbatim, known, no_amount = [], [], [], []
    for count, row in enumerate(rows, 1):
        answer = assistant.ask(row["question"], row["history"])
        for statement in answer.statements:
            if statement.kind in (StatementKind.FINDING, StatementKind.CORRECTION):
                cited.append(bool(statement.citations))
            no_amount.append(not has_amount_to_take(statement.text))
            verbatim += [
                citation.quote in assistant.library.passages[citation.passage_id].text
                for citation in statement.citations
            ]
        known.append(_marks_known(answer))
        if progress is not None:
            progress(count, len(rows))
    return [
        share("findings with a citation", cited),
        share("quotes verbatim in the cited passage", verbatim),
        share("answers with known citation marks only", known),
        share("sentences without an amount to take", no_amount),
    ]


def _marks_known(answer: Answer) -> bool:
    numbers = {citation.number for citation in answer.citations}
    return {int(mark) for mark in _MARK.findall(answer.text)} == numbers
