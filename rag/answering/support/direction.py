"""Is the direction that of the evidence: more or less, better or worse, which of two, whether or not?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rag.answering.support.carriers import Pair
from rag.answering.support.reading import GENERIC, LEXICON, Token, canonical, family, near, telling

_REACH = 7
_POLES: dict[str, list[tuple[str, int]]] = {}
for _axis, (_plus, _minus) in LEXICON["axes"].items():
    for _pole, _listed in ((1, _plus), (-1, _minus)):
        for _word in _listed.split():
            _POLES.setdefault(_word, []).append((_axis, _pole))
_BAD = family("bad_things")
# "Raised" says that something changed; "more" only compares, and does not stand for it.
_CHANGES = frozenset({"rise", "fall"})
# Words for what evidence does: "cannot prove" and "does not show" deny the same.
_PROOF = frozenset(canonical(word) for word in "show prove mean say tell establish demonstrate confirm know".split())
_COMPARATIVES = frozenset(canonical(word) for word in _POLES) | frozenset(_POLES)
_FOCUS = 3
_MOST_TURNED = 0.4
_PASSIVE = frozenset("find possibl know see avail seen known".split())
_TOPICS = (GENERIC - {"prove"}) | {"kratom", canonical("mitragynine"), canonical("effect"), canonical("evidence")}
# A statement with one of these says itself that something is missing.
_OPEN = frozenset("unknown unclear unproven untested lacking lacks missing uncertain".split())
_PREPOSITIONS = frozenset("at in for by to on after over during among".split())


def directions(pair: Pair) -> Iterator[str]:
    """Each word of direction must stand in the evidence about the same thing, and not the opposite word."""
    for token in pair.statement:
        around = near(pair.statement, token, _REACH)
        for axis, pole in _poles(token):
            same, opposite = _nearest(pair, token, axis, pole, around)
            if same is None:
                if not any((axis, pole) in _accepted(t, s) for s in pair.carriers for t in s if t.word == token.word):
                    yield f"direction not in evidence: {token.word}"
            elif opposite is not None and opposite > same + 1e-9:
                yield f"direction reversed: {token.word}"


def comparisons(pair: Pair) -> Iterator[str]:
    """What is compared with what must be as in the evidence."""
    for left, right in _compared(pair.statement):
        others = [sides for sentence in pair.carriers for sides in _compared(sentence)]
        if not others:
            yield "compares what the evidence does not compare"
            continue
        verdicts = [_swapped(left, right, *sides) for sides in others]
        if all(verdicts):
            yield "the two things compared are swapped"


def negations(pair: Pair) -> Iterator[str]:
    """What is denied must be denied in the evidence, and the other way round."""
    denied = {_proof(t.canon) for sentence in pair.carriers for t in sentence if t.negated and t.content}
    for position, token in enumerate(pair.statement):
        if not token.negator:
            continue
        focus = _focus(pair.statement, position, before=True)
        if focus and not focus & denied:
            yield f"denies what the evidence does not: {token.word} {' '.join(sorted(focus))}"
    if sum(t.negator for t in pair.statement) > sum(t.negator for t in pair.carried):
        yield "denies more than the evidence"
    yield from _dropped(pair)
    yield from _turned(pair)
    yield from _prefixed(pair)


def _dropped(pair: Pair) -> Iterator[str]:
    """Notice what the evidence denies and the statement says."""
    said = {_proof(t.canon) for t in pair.statement if t.content and not t.negated}
    also_denied = {_proof(t.canon) for t in pair.statement if t.content and t.negated}
    for sentence in pair.carriers:
        affirmed = {_proof(t.canon) for t in sentence if t.content and not t.negated}
        for position, token in enumerate(sentence):
            if not token.negator:
                continue
            dropped = (_focus(sentence, position) & said) - also_denied - (affirmed - {"prove"}) - _TOPICS
            if dropped and not {t.word for t in pair.statement} & _OPEN:
                yield f"drops a denial of the evidence: {' '.join(sorted(dropped))}"


def _poles(token: Token) -> Sequence[tuple[str, int]]:
    return _POLES.get(token.word) or _POLES.get(token.canon) or ()


def _accepted(token: Token, sentence: Sequence[Token]) -> set[tuple[str, int]]:
    """Return the directions that a word of the evidence may be given in."""
    found = set(_poles(token))
    around = {t.canon for t in sentence[max(token.place - _REACH, 0) : token.place + _REACH + 1]}
    about_bad = bool(_BAD & around)
    for axis, pole in tuple(found):
        if axis == "amount" and token.canon not in _CHANGES:
            found.add(("more", pole))
        if about_bad and axis in ("amount", "more"):
            found.add(("quality", -pole))
        if about_bad and axis == "quality":
            found |= {("amount", -pole), ("more", -pole)}
    return found


def _nearest(
    pair: Pair, token: Token, axis: str, pole: int, around: Mapping[str, float]
) -> tuple[float | None, float | None]:
    """Return how near the evidence's same and opposite words stand to what the statement speaks of."""
    best: dict[int, float | None] = {1: None, -1: None}
    for sentence in pair.carriers:
        for other in sentence:
            for sign in (1, -1):
                if not _answers(token, other, sentence, axis, pole * sign):
                    continue
                beside = near(sentence, other, _REACH)
                overlap = sum(weight * beside.get(word, 0.0) for word, weight in around.items())
                best[sign] = max(best[sign] or 0.0, overlap)
    return best[1], best[-1]


def _answers(token: Token, other: Token, sentence: Sequence[Token], axis: str, pole: int) -> bool:
    """Tell whether a word of the evidence gives the direction that `token` would need."""
    if axis in ("plenty", "often") and other.negated and not token.negated:
        return (axis, -pole) in _poles(other)  # "not enough" is too little
    if (axis, pole) in _accepted(other, sentence):
        return True
    # "Higher" may stand for "more"; "raised" may not.
    return axis == "amount" and token.canon not in _CHANGES and ("more", pole) in _poles(other)


def _compared(sentence: Sequence[Token]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Return what stands on each side of "A ... than B", "compared with B, A" and "A versus B"."""
    found = []
    for index, token in enumerate(sentence):
        before, after = sentence[:index], _object(sentence, index)
        last = sentence[index - 1].word if index else ""
        if token.word == "than" and last not in ("rather", "other"):
            found.append((telling(before), telling(after)))
        elif token.word in ("compared", "versus", "against"):
            rest = [t for t in sentence[index + 1 :] if t not in after]
            found.append((telling([*before, *rest]), telling(after)))
    return [(left - _COMPARATIVES, right - _COMPARATIVES) for left, right in found if right]


def _object(sentence: Sequence[Token], index: int) -> list[Token]:
    """Return what stands behind "than" or "compared with", up to the next preposition."""
    after: list[Token] = []
    for token in sentence[index + 1 : index + 8]:
        if token.clause != sentence[index].clause or (token.word in _PREPOSITIONS and telling(after)):
            break
        after.append(token)
    return after


def _swapped(left: frozenset[str], right: frozenset[str], left_too: frozenset[str], right_too: frozenset[str]) -> bool:
    straight = len((left - right) & left_too) + len((right - left) & right_too)
    crossed = len((left - right) & right_too) + len((right - left) & left_too)
    if not right & right_too and right & left_too:
        return True
    return crossed > straight


def _focus(sentence: Sequence[Token], position: int, *, before: bool = False) -> set[str]:
    """Return what a negation is about: the next words of meaning, and those before it ("none was found")."""
    after = [t for t in sentence[position + 1 :] if t.content and t.negated][:_FOCUS]
    last = [t for t in sentence[:position] if t.content and t.canon not in _TOPICS][-2:]
    passive = before and bool(after) and after[0].canon in _PASSIVE
    return {_proof(t.canon) for t in (*after, *(last if passive or not after else ()))}


def _proof(canon: str) -> str:
    return "prove" if canon in _PROOF else canon


def _turned(pair: Pair) -> Iterator[str]:
    """Notice a statement whose words stand in the evidence only denied, or the other way round."""
    stances: dict[str, set[bool]] = {}
    for sentence in pair.carriers:
        for token in sentence:
            stances.setdefault(token.canon, set()).add(token.negated)
    own = [t for t in pair.statement if t.content and t.canon in stances and t.canon not in _TOPICS]
    turned = [t for t in own if t.negated not in stances[t.canon]]
    if len(turned) >= 2 and len(turned) > _MOST_TURNED * len(own):
        yield f"denied in one and stated in the other: {' '.join(t.word for t in turned)}"


def _prefixed(pair: Pair) -> Iterator[str]:
    """Notice "untreatable" where the evidence says "treatable", and the other way round."""
    held = {t.word for sentence in pair.sentences for t in sentence}
    for token in pair.statement:
        if token.word in held or not token.content:
            continue
        bare = next((token.word[len(p) :] for p in ("un", "in", "non", "im") if token.word.startswith(p)), "")
        if bare in held or any(f"{prefix}{token.word}" in held for prefix in ("un", "in", "non", "im")):
            yield f"the opposite of the evidence: {token.word}"
