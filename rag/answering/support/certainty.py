"""Is a statement as certain as its evidence: proof, cause, hedges, "users say", all or some?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from rag.answering.support.carriers import Pair
from rag.answering.support.reading import Token, contents, families, family, near, telling

_CERTAIN, _CAUSAL, _HEDGE = family("certain"), family("causal"), family("hedge")
_REPORTING, _WEAK, _LAY = family("reporting_verbs"), family("weak_reports"), family("lay")
_TOLD, _UNASSERTED, _ONE = family("told_by_people"), family("unasserted"), family("one_person")
_NO_CAUSE = re.compile(r"\b(?:cannot|not|n't|no)\b[^.;]{0,40}\b(?:prove|show|say|tell|separate)\b", re.I)
_REACH, _MARGIN = 7, 1.25
_SHOWING = frozenset("show shows showed shown demonstrate demonstrated find finds found".split())
_MAKING = frozenset("make makes made".split())
_MADE = frozenset("better worse more less ill sick depressed anxious likely safer stronger weaker".split())
_VIEWS = family("views")
_LAY_NOUNS = family("lay_nouns")
_GENERAL = frozenset("person patient case one report single".split())
_SUPERLATIVE, _AFTER_MOST = family("superlative"), family("after_most")
_QUANTIFIERS = families("quantifiers")
_SOME = frozenset("some several few many half third quarter majority".split())
_TIMES = frozenset("day days week weeks month months year years time night morning".split())


def certainty(pair: Pair) -> Iterator[str]:
    """Words of proof and of cause must stand in the evidence, denied there only where they are denied here."""
    for listed, name in (
        (_CERTAIN, "more certain than the evidence"),
        (_CAUSAL, "a cause the evidence does not state"),
    ):
        for token in pair.statement:
            if token.word in listed and not _stands(token, pair.carriers):
                yield f"{name}: {token.word}"
            elif listed is _CAUSAL and token.canon == "cause" and not token.negated and _NO_CAUSE.search(pair.evidence):
                yield f"a cause that the evidence cannot show: {token.word}"
    yield from _shown_or_made(pair)


def _shown_or_made(pair: Pair) -> Iterator[str]:
    """Notice "shows" where the evidence only says, and "makes ... worse" where it makes nothing."""
    shown = any(t.word in _SHOWING and not t.negated for t in pair.carried)
    told = any(t.word in _REPORTING for t in pair.carried)
    for token in pair.statement:
        if token.word in _SHOWING and not token.negated and told and not shown:
            yield f"more certain than the evidence: {token.word}"
    made = {t.word for t in pair.carried} & _MAKING
    for index, token in enumerate(pair.statement):
        ahead = {t.word for t in pair.statement[index + 1 : index + 7] if t.clause == token.clause}
        if token.word in _MAKING and ahead & _MADE and not made:
            yield f"a cause the evidence does not state: {token.word}"


def superlatives(pair: Pair) -> Iterator[str]:
    """Words such as "best", "only" and "most effective" must be the evidence's own."""
    carried = {token.word for token in pair.carried}
    twos = {(a.word, b.canon) for s in pair.carriers for a, b in pairwise(s)}
    for index, token in enumerate(pair.statement):
        if token.word in _SUPERLATIVE and token.word not in carried:
            yield f"superlative not in evidence: {token.word}"
        after = pair.statement[index + 1] if index + 1 < len(pair.statement) else None
        if token.word == "most" and after and after.word in _AFTER_MOST and ("most", after.canon) not in twos:
            yield f"superlative not in evidence: most {after.word}"


def quantities(pair: Pair) -> Iterator[str]:
    """Words such as "all", "most", "few" and "only" must be the evidence's, and may not be dropped."""
    for token, name in _quantified(pair.statement):
        if name == "most" and _over_half(pair):
            continue
        fits = _fits(pair, token)
        if name not in fits:
            yield f"quantity not in evidence: {token.word}"
        elif max(fits.values()) > fits[name] * _MARGIN + 0.02:
            yield f"another quantity stands by these words: {token.word}"
    own = {t.word for t in pair.statement}
    if _counts(pair.statement):
        return
    best = pair.carriers[0]
    for index, token in enumerate(best):
        dropped = token.word in _SOME or token.word == "only" or (token.word == "most" and _is_amount(best, index))
        shared = telling(t for t in best[index + 1 :] if t.clause == token.clause) & telling(pair.statement)
        if dropped and token.word not in own and not own & {"one", "single", "just", "alone"} and len(shared) >= 2:
            yield f"a limiting quantity was dropped: {token.word}"


def hedges(pair: Pair) -> Iterator[str]:
    """Words such as "may" and "suggests" in the evidence may not become a plain fact."""
    wanted = telling(pair.statement)
    for clause in _clauses(pair.carriers):
        for index, token in enumerate(clause):
            if token.word not in _HEDGE or (index and clause[index - 1].word in ("more", "less", "as")):
                continue
            shared = wanted & telling(clause[index + 1 :])
            verb = next((t.canon for t in clause[index + 1 :] if t.content), "")
            enough = len(shared) >= (1 if verb in contents(pair.statement) else 2)
            if enough and not _softened(pair.statement, shared):
                yield f"a hedge was dropped: {token.word}"


def _softened(statement: Sequence[Token], shared: frozenset[str]) -> bool:
    """Tell whether the clause that holds these words hedges, denies or says whose view it is."""
    clauses = list(_clauses([statement]))
    best = max(clauses, key=lambda clause: len(telling(clause) & shared))
    return any(t.word in _HEDGE or t.word in _WEAK or t.word == "can" or t.negator for t in best)


def attributions(pair: Pair) -> Iterator[str]:
    """What people or authors say may not become a plain fact."""
    if any(t.word in _REPORTING for t in pair.statement):
        return
    wanted = telling(pair.statement)
    for sentence in pair.carriers:
        for index, token in enumerate(sentence):
            if token.negated or not _attributes(sentence, index):
                continue
            reach = [t for t in sentence[index + 1 :] if t.clause - token.clause <= 1]
            before = [t for t in sentence[:index] if t.clause == token.clause and token.word in ("rated", "called")]
            shared = wanted & (telling(reach) | telling(before))
            if len(shared) >= 2 or (shared and len(shared) * 2 >= len(wanted)):
                yield f"who says so was dropped: {token.word}"


def assertions(pair: Pair) -> Iterator[str]:
    """What the evidence only asks, leaves open or calls a view may not be told as so; nor one case as a rule."""
    words = {t.word for t in pair.statement}
    wanted = telling(pair.statement)
    open_too = bool(words & _UNASSERTED) or any(t.negator for t in pair.statement)
    for sentence in () if open_too else pair.carriers:
        for index, token in enumerate(sentence):
            if token.word not in _UNASSERTED or (token.word == "asked" and not _asks(sentence, index)):
                continue
            reach = 0 if token.word == "despite" else 1
            shared = wanted & telling(t for t in sentence[index + 1 :] if t.clause - token.clause <= reach)
            if shared and len(shared) * 2 >= len(wanted):
                yield f"the evidence leaves it open: {token.word}"
    one = {t.word for t in pair.carriers[0]} & _ONE
    if one and not open_too and not words & _ONE and not {t.canon for t in pair.statement} & _GENERAL:
        yield "one person's case told as a rule"


def _asks(sentence: Sequence[Token], index: int) -> bool:
    return any(t.word in ("whether", "if", "how") for t in sentence[index + 1 : index + 4])


def _stands(token: Token, carriers: Sequence[Sequence[Token]]) -> bool:
    return any(
        t.canon == token.canon and t.negated == token.negated and not _is_view(sentence, t)
        for sentence in carriers
        for t in sentence
    )


def _is_view(sentence: Sequence[Token], token: Token) -> bool:
    """Tell whether a word only stands in what somebody believes, claims or asks."""
    return any(t.word in _VIEWS and t.clause in (token.clause, token.clause - 1) for t in sentence[: token.place])


def _fits(pair: Pair, token: Token) -> dict[str, float]:
    """Return how well the words around a quantity fit those around each quantity of the evidence."""
    around = near(pair.statement, token, _REACH)
    fits: dict[str, float] = {}
    for sentence in pair.carriers:
        for other, name in _quantified(sentence):
            if other.negated != token.negated:
                continue
            beside = near(sentence, other, _REACH)
            overlap = sum(weight * beside.get(word, 0.0) for word, weight in around.items())
            fits[name] = max(fits.get(name, 0.0), overlap)
    return fits


def _quantified(sentence: Sequence[Token]) -> Iterator[tuple[Token, str]]:
    for index, token in enumerate(sentence):
        after = sentence[index + 1].word if index + 1 < len(sentence) else ""
        for name, listed in _QUANTIFIERS.items():
            if token.word not in listed or (name == "all" and after in _TIMES):
                continue
            if token.word != "most" or (_is_amount(sentence, index)):
                yield token, name


def _is_amount(sentence: Sequence[Token], index: int) -> bool:
    """Tell "most users" from "most effective" and "at most"."""
    after = sentence[index + 1].word if index + 1 < len(sentence) else ""
    return after not in _AFTER_MOST and not (index and sentence[index - 1].word == "at")


def _over_half(pair: Pair) -> bool:
    words = [t.word for t in pair.carried]
    follows = pairwise(words)
    return any(w.replace(".", "").isdigit() and 50 < float(w) <= 100 and a in ("percent", "%") for w, a in follows)


def _counts(sentence: Sequence[Token]) -> bool:
    return (
        any(t.is_number for t in sentence)
        or any(True for _ in _quantified(sentence))
        or bool(_SOME & {t.word for t in sentence})
    )


def _clauses(carriers: Sequence[Sequence[Token]]) -> Iterator[list[Token]]:
    for sentence in carriers:
        for _, clause in groupby(sentence, key=lambda token: token.clause):
            yield list(clause)


def _attributes(sentence: Sequence[Token], index: int) -> bool:
    """Tell whether a word hands on what somebody says, feels or claims."""
    token = sentence[index]
    if token.word in _WEAK:
        return True
    if token.word not in _TOLD:
        return False
    if token.word not in ("reported", "said"):
        return bool({t.word for t in sentence[max(index - 2, 0) : index]} & _LAY_NOUNS)
    before = {t.word for t in sentence[max(index - 4, 0) : index]}
    return bool(before & _LAY) or any(t.is_number for t in sentence[max(index - 3, 0) : index])
