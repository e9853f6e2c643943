"""Is a statement about whom and what its evidence is about: people, animals, design, limits?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.support.carriers import Pair
from rag.answering.support.reading import Token, canonical, families, family, telling

_GROUPS = families("people_groups")
_DESIGNS = families("designs")
_ANIMALS, _LABORATORY, _SOFTENERS = family("animals"), family("laboratory"), family("softeners")
_PERSON = frozenset("person patient adult man woman child volunteer teenager student those".split())
_PEOPLE = frozenset({"humans", "not-applicable"})
_USERS = frozenset("user users".split())
_HAVING = frozenset("with having has have had".split())
_UNTESTED = frozenset("study test include part compare measure".split())
_BOUNDS = re.compile(r"\b(?:at least|at most|up to|more than|less than|fewer than|over|under|no more than)\b", re.I)
_BOUND_POLE = {"at least": 1, "more than": 1, "over": 1, "at most": -1, "up to": -1, "less than": -1}
_BOUND_POLE |= {"fewer than": -1, "under": -1, "no more than": -1}
_TERM = re.compile(r"\b(short|long)[- ]?(?:term|lasting)\b", re.I)
_CONTRAST = frozenset("but although though however".split())
_WEAKENING = frozenset("not no uncertain unclear unknown low weak limited few small disappeared".split())


def groups(pair: Pair) -> Iterator[str]:
    """The people of the statement must be the evidence's people."""
    held = {t.word for sentence in pair.sentences for t in sentence}
    near_by = {t.word for t in pair.carried}
    for name, listed in _GROUPS.items():
        own = {t.word for t in pair.statement} & listed
        if own and not held & listed:
            yield f"population not in evidence: {name}"
        elif own and name in ("adults", "children", "teenagers", "patients", "students") and not near_by & listed:
            yield f"population not in that part of the evidence: {name}"
    wanted = _afflicted(pair.statement)
    described = {word for sentence in pair.sentences for word in _afflicted(sentence)}
    for word in sorted(wanted - described):
        yield f"population not in evidence: people with {word}"


def beyond_people(pair: Pair) -> Iterator[str]:
    """What was seen in animals or in a test tube may not be told without saying so."""
    best = pair.carriers[0]
    own = {t.word for t in pair.statement}
    if own & (_ANIMALS | _LABORATORY) or (pair.population in _PEOPLE and not {t.word for t in best} & _ANIMALS):
        return
    names_people = any(_is_person(t) for t in pair.statement)
    clause = _nearest_clause(pair)
    people_too = any(_is_person(t) for t in clause) and not {t.word for t in clause} & _ANIMALS
    denied = any(t.negator for t in pair.statement)
    for listed, name in ((_ANIMALS, "animals"), (_LABORATORY - {"enzyme", "enzymes"}, "a laboratory")):
        whole = {t.word for sentence in pair.sentences for t in sentence}
        if whole & listed and not denied and not (names_people and people_too) and not _about_people(best, listed):
            yield f"does not say that it was seen in {name}"
            return


def designs(pair: Pair) -> Iterator[str]:
    """A kind of study that is named must be named in the evidence."""
    held = {t.word for sentence in pair.sentences for t in sentence if not t.negated}
    denied = {t.word for sentence in pair.sentences for t in sentence if t.negated}
    for name, listed in _DESIGNS.items():
        own = {t.word for t in pair.statement if t.word in listed and not t.negated}
        if own and not held & listed:
            yield f"kind of study not in evidence: {name}"
        mentioned = {t.word for t in pair.statement if t.word in listed and t.negated}
        if mentioned and not (denied | held) & listed:
            yield f"kind of study not in evidence: {name}"


def limits(pair: Pair) -> Iterator[str]:
    """Words such as "slightly", "short-term", "at least" and a "but not" of the evidence may not be dropped."""
    own = {t.canon for t in pair.statement}
    best = pair.carriers[0]
    for index, token in enumerate(best[:-1]):
        follows = best[index + 1]
        if token.word in _SOFTENERS and follows.content and follows.canon in own and token.canon not in own:
            yield f"a limiting word was dropped: {token.word}"
    yield from _bounds(pair)
    yield from _terms(pair)
    yield from _contrast(pair, best)


def untested(pair: Pair) -> Iterator[str]:
    """What the evidence says was not studied may not appear as studied."""
    own = telling(pair.statement)
    if any(t.negator for t in pair.statement):
        return
    for sentence in pair.sentences:
        verbs = [t for t in sentence if t.negated and t.canon in _UNTESTED]
        if not verbs or len(sentence) > 30:
            continue
        subject = [t for t in sentence[:4] if t.content and not t.negated and t.canon not in _UNTESTED]
        for token in subject[:1]:
            if token.canon in own and sentence not in pair.carriers and token.canon not in telling(pair.carried):
                yield f"the evidence says it was not studied: {token.word}"


def _afflicted(sentence: Sequence[Token]) -> set[str]:
    """Return what "people with ..." have, and "depressed" for "depressed people"."""
    found: set[str] = set()
    for index, token in enumerate(sentence):
        if token.canon in _PERSON or token.word in _USERS:
            ahead = sentence[index + 1 : index + 8]
            for offset, other in enumerate(ahead):
                if other.word in _HAVING and offset <= 2:
                    found |= {t.canon for t in ahead[offset + 1 : offset + 5] if t.content and t.clause == other.clause}
            if index and sentence[index - 1].canon == canonical("depressed"):
                found.add(canonical("depressed"))
    return found & _AFFLICTIONS


_AFFLICTIONS = frozenset(
    canonical(word)
    for word in "depression anxiety pain insomnia cancer diabetes bipolar psychosis schizophrenia addiction opioid ptsd"
    " adhd fibromyalgia epilepsy dementia".split()
)


def _is_person(token: Token) -> bool:
    return not token.negated and (token.canon in _PERSON or token.word in _USERS)


def _nearest_clause(pair: Pair) -> list[Token]:
    """Return the clause of the best carrier that shares most with the statement."""
    best, wanted = pair.carriers[0], telling(pair.statement)
    numbers = sorted({t.clause for t in best})
    clauses = [[t for t in best if t.clause == number] for number in numbers]
    return max(clauses, key=lambda clause: len(telling(clause) & wanted))


def _about_people(best: Sequence[Token], listed: frozenset[str]) -> bool:
    """Tell whether the carrying sentence itself speaks of people, and not of animals or tubes."""
    own = {t.word for t in best}
    return not own & listed and any(_is_person(t) for t in best)


def _bounds(pair: Pair) -> Iterator[str]:
    for match in _BOUNDS.finditer(pair.text):
        word = match.group().lower()
        stated = {_BOUND_POLE[m.group().lower()] for m in _BOUNDS.finditer(pair.evidence)}
        if _BOUND_POLE[word] not in stated:
            yield f"bound not in evidence: {word}"


def _terms(pair: Pair) -> Iterator[str]:
    own = {m.group(1).lower() for m in _TERM.finditer(pair.text)}
    stated = {m.group(1).lower() for m in _TERM.finditer(pair.evidence)}
    for term in sorted(own - stated):
        yield f"term not in evidence: {term}-term"


def _contrast(pair: Pair, best: Sequence[Token]) -> Iterator[str]:
    """A sentence that goes on "but not ..." may not be shown without a word of that."""
    if any(t.negator or t.word in _CONTRAST | _WEAKENING for t in pair.statement):
        return
    for token in best[1:]:
        if token.word not in _CONTRAST:
            continue
        tail = [t for t in best[token.place :] if t.clause == token.clause]
        head = telling(t for t in best[: token.place]) & telling(pair.statement)
        weak = any(t.word in _WEAKENING for t in tail)
        if weak and len(head) >= 2 and len(telling(tail) & telling(pair.statement)) < 2:
            yield "what limits the finding in the same sentence was dropped"
