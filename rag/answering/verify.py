"""Deterministic checks that a statement says no more than the words it cites.

A check that cannot be carried out counts as failed. None of these checks proves
that a sentence is right; each catches a way in which sentences go wrong: a figure,
medicine or population that the evidence does not name, a reversed direction, or a
certainty that the evidence does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rag.answering.facts import missing_numbers
from rag.answering.quotes import locate_quote
from rag.text import content_terms

Names = Callable[[str], frozenset[str]]

_POPULATIONS = {
    "animals": re.compile(r"\b(?:animals?|mice|mouse|rats?|dogs?|rabbits?|rodents?)\b", re.I),
    "cells": re.compile(r"\b(?:cells?|test[- ]tube|laboratory|lab|in vitro|enzymes?|receptors?)\b", re.I),
    "young people": re.compile(
        r"\b(?:teen\w*|adolescen\w*|child\w*|youth|young|under (?:age )?\d\d|student\w*|son|daughter)\b", re.I
    ),
    "pregnancy": re.compile(
        r"\b(?:pregnan\w*|newborns?|bab(?:y|ies)|infants?|prenatal|antenatal|births?|born|mothers?|perinatal)\b",
        re.I,
    ),
    "older adults": re.compile(r"\b(?:older|elderly|aged? (?:6|7)\d|65|60)\b", re.I),
    "veterans": re.compile(r"\b(?:veterans?|military|soldiers?|service members?|navy|army)\b", re.I),
}
_UP = re.compile(
    r"\b(?:more|higher|increas\w*|rais\w*|rose|rise|risen|greater|worse\w*|stronger|longer|twice|above)\b",
    re.I,
)
_DOWN = re.compile(
    r"\b(?:less|lower\w*|fewer|reduc\w*|decreas\w*|fell|fall|smaller|better|weaker|shorter|below|eas\w+)\b",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:no|not|none|never|neither|nor|without|cannot|nobody|nothing|lack\w*|fail\w*)\b|n't\b", re.I
)
_CERTAIN = re.compile(
    r"\b(?:prove[ns]?|proof|proved|cures?|cured|guarantee\w*|always|never|everyone|definitely|certainly|causes?|caused)\b",
    re.I,
)
_LEAST_COVERAGE = 0.35


@dataclass(frozen=True)
class Support:
    """Whether a statement may be shown with its citations; `reasons` names each failed check."""

    ok: bool
    reasons: tuple[str, ...] = ()


def check_facts(statement: str, evidence: str, names: Names, *, counts: bool = False) -> tuple[str, ...]:
    """Return the facts of `statement` that `evidence` does not name.

    Args:
        statement: The sentence to be shown.
        evidence: The passages it cites, with their headings and their sources' years.
        names: Returns the ids of the medicines and drugs named in a text.
        counts: Also require numbers that are written as words.
    """
    reasons = [
        f"number not in evidence: {number}" for number in sorted(missing_numbers(statement, evidence, counts=counts))
    ]
    reasons += [f"medicine not in evidence: {name}" for name in sorted(names(statement) - names(evidence))]
    reasons += [
        f"population not in evidence: {population}"
        for population, pattern in _POPULATIONS.items()
        if pattern.search(statement) and not pattern.search(evidence)
    ]
    return tuple(reasons)


def check_support(statement: str, quotes: str, evidence: str, names: Names) -> Support:
    """Check a sentence that nobody has reviewed, such as one written by a model.

    Args:
        statement: The sentence.
        quotes: The words it is shown with.
        evidence: The whole cited passages with headings and years.
        names: Returns the ids of the medicines and drugs named in a text.
    """
    reasons = list(check_facts(statement, evidence, names, counts=True))
    quote = locate_quote(statement, quotes)
    if quote.coverage < _LEAST_COVERAGE:
        reasons.append(f"too few of its words in the evidence: {quote.coverage:.2f}")
    if _opposed(statement, quote.text):
        reasons.append("the direction is not that of the evidence")
    if bool(_NEGATION.search(statement)) != bool(_NEGATION.search(quote.text)):
        reasons.append("a negation was added or dropped")
    overstated = {match.lower() for match in _CERTAIN.findall(statement)} - {
        m.lower() for m in _CERTAIN.findall(evidence)
    }
    reasons += [f"more certain than the evidence: {word}" for word in sorted(overstated)]
    return Support(not reasons, tuple(reasons))


def _opposed(statement: str, quote: str) -> bool:
    """Tell whether one says only "more" where the other says only "less"."""
    up, down = bool(_UP.search(statement)), bool(_DOWN.search(statement))
    quote_up, quote_down = bool(_UP.search(quote)), bool(_DOWN.search(quote))
    return (up and not down and quote_down and not quote_up) or (down and not up and quote_up and not quote_down)


def shared_terms(statement: str, evidence: str) -> float:
    """Return the share of the statement's content words that stand in `evidence`, 0 to 1."""
    wanted = set(content_terms(statement))
    return len(wanted & set(content_terms(evidence))) / len(wanted) if wanted else 0.0
