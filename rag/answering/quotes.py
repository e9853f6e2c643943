"""Finds the words of a passage that carry a statement.

A quote is one to three neighbouring sentences of the passage, letter for letter:
the shortest run that carries the statement's figures and most of its words.
Quotes are always selected from the passage, never generated.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.answering.facts import missing_numbers, read_facts
from rag.text import content_terms, split_sentences

_LONGEST_RUN = 3
# A figure matters more than a word, and a further sentence must earn its place.
_NUMBER_WEIGHT = 3.0
_NAME_WEIGHT = 1.5
_SENTENCE_COST = 0.12


@dataclass(frozen=True)
class Quote:
    """A run of sentences of a passage and how much of the statement it carries (0 to 1)."""

    text: str
    coverage: float


def locate_quote(statement: str, passage: str) -> Quote:
    """Return the run of sentences in `passage` that best carries `statement`.

    Deterministic: of equally good runs the shorter, then the earlier, is taken.

    Args:
        statement: A sentence that cites the passage.
        passage: The text of the passage; must not be empty.

    Returns:
        A quote that is a substring of `passage`.
    """
    spans = _sentence_spans(passage)
    wanted = _weights(statement)
    total = sum(wanted.values()) or 1.0
    carried = [_carried(wanted, passage[start:end]) for start, end in spans]
    best: tuple[float, int, int] | None = None
    for length in range(1, min(_LONGEST_RUN, len(spans)) + 1):
        for first in range(len(spans) - length + 1):
            covered = set().union(*carried[first : first + length])
            score = sum(wanted[item] for item in covered) / total - _SENTENCE_COST * (length - 1)
            if best is None or score > best[0] + 1e-9:
                best = (score, first, length)
    if best is None:
        return Quote(passage, 0.0)
    _, first, length = best
    covered = set().union(*carried[first : first + length])
    text = passage[spans[first][0] : spans[first + length - 1][1]]
    return Quote(text, sum(wanted[item] for item in covered) / total)


def widen_for_numbers(statement: str, quotes: list[str], passages: list[str]) -> list[str]:
    """Return the quotes, the first one that helps widened to its passage when a figure is outside all.

    A statement may rest on several passages, so a figure need stand in only one of
    the quotes.
    """
    missing = missing_numbers(statement, " ".join(quotes))
    for index, passage in enumerate(passages):
        if missing and missing_numbers(statement, " ".join([*quotes, passage])) < missing:
            quotes = [passage if i == index else quote for i, quote in enumerate(quotes)]
            missing = missing_numbers(statement, " ".join(quotes))
    return quotes


def _sentence_spans(passage: str) -> list[tuple[int, int]]:
    spans, position = [], 0
    for sentence in split_sentences(passage):
        start = passage.index(sentence, position)
        position = start + len(sentence)
        spans.append((start, position))
    return spans or [(0, len(passage))]


def _weights(statement: str) -> dict[str, float]:
    facts = read_facts(statement)
    weights: dict[str, float] = {f"#{number}": _NUMBER_WEIGHT for number in facts.numbers}
    weights |= {f"#{number}": 1.0 for number in facts.counts - facts.numbers}
    names = {term for name in facts.names for term in content_terms(name)}
    for term in content_terms(statement):
        if not term.isdigit():
            weights[term] = _NAME_WEIGHT if term in names else 1.0
    return weights


def _carried(wanted: dict[str, float], sentence: str) -> set[str]:
    facts = read_facts(sentence)
    stated = facts.numbers | facts.counts
    present = {f"#{number}" for number in stated} | {f"#{number.rstrip('%')}" for number in stated}
    present |= set(content_terms(sentence))
    return wanted.keys() & present
