"""Deterministic checks that a statement says no more than the words it cites.

None of these checks proves that a sentence is right; each catches a way in which
sentences go wrong, and names what it found. The statement is compared with the
sentences of the evidence that carry it (`rag.answering.support`). What cannot be
matched counts as unsupported, so honest sentences in words of their own are lost too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rag.answering.facts import missing_numbers
from rag.answering.quotes import locate_quote
from rag.answering.support import certainty, content, direction, figures, scope
from rag.answering.support.carriers import Pair, pair
from rag.answering.support.content import Vectors
from rag.answering.support.figures import Names
from rag.text import content_terms

Check = Callable[[Pair], Iterable[str]]

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
_LEAST_COVERAGE = 0.35

CHECKS: Mapping[str, Check] = {
    "direction": direction.directions,
    "comparison": direction.comparisons,
    "negation": direction.negations,
    "certainty": certainty.certainty,
    "superlative": certainty.superlatives,
    "quantity": certainty.quantities,
    "hedge": certainty.hedges,
    "attribution": certainty.attributions,
    "assertion": certainty.assertions,
    "population": scope.groups,
    "animals": scope.beyond_people,
    "design": scope.designs,
    "limit": scope.limits,
    "untested": scope.untested,
    "unit": figures.units,
    "figure": figures.figures,
    "words": content.new_words,
    "name": content.names_of,
    "advice": content.advice,
}
"""Each check by name; one that cannot be carried out raises, and its caller withholds the sentence."""


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


def check_support(
    statement: str,
    quotes: str,
    evidence: str,
    names: Names,
    *,
    beside: str = "",
    population: str = "",
    embed: Vectors | None = None,
    checks: Mapping[str, Check] = CHECKS,
) -> Support:
    """Check a sentence that nobody has reviewed, such as one written by a model.

    Args:
        statement: The sentence.
        quotes: The words it is shown with.
        evidence: The whole cited passages.
        names: Returns the ids of the medicines and drugs named in a text.
        beside: What else a reader sees of them: headings, years, samples. It may name, and carries nothing.
        population: In whom the cited sources studied it: humans, animals, in-vitro; empty where they differ.
        embed: Turns texts into unit vectors; without it only words are compared.
        checks: The checks to make besides those of facts and coverage.
    """
    reasons = list(check_facts(statement, f"{evidence} {beside}", names, counts=True))
    coverage = max(locate_quote(statement, quotes).coverage, shared_terms(statement, quotes))
    if coverage < _LEAST_COVERAGE:
        reasons.append(f"too few of its words in the evidence: {coverage:.2f}")
    if _is_verbatim(statement, evidence):
        return Support(not reasons, tuple(reasons))
    compared = pair(statement, evidence, beside, population)
    reasons += figures.subjects(compared, names)
    reasons += figures.links(compared, names)
    for check in checks.values():
        reasons += check(compared)
    if embed is not None:
        reasons += content.likeness(compared, embed)
    return Support(not reasons, tuple(dict.fromkeys(reasons)))


def _is_verbatim(statement: str, evidence: str) -> bool:
    """Tell whether the statement stands in the evidence letter for letter, from a sentence's beginning to an end."""
    text = statement.strip()
    start = evidence.find(text) if text.endswith((".", "?", "!")) else -1
    return start == 0 or (start > 1 and evidence[start - 2 : start] in (". ", "? ", "! "))


def shared_terms(statement: str, evidence: str) -> float:
    """Return the share of the statement's content words that stand in `evidence`, 0 to 1."""
    wanted = set(content_terms(statement))
    return len(wanted & set(content_terms(evidence))) / len(wanted) if wanted else 0.0
