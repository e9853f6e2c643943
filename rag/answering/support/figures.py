"""Do figures and medicines stand by the same words as in the evidence?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rag.answering.facts import missing_numbers, read_facts
from rag.answering.support.carriers import Pair
from rag.answering.support.reading import GENERIC, Token, families, family, near

Names = Callable[[str], frozenset[str]]

_REACH = 7
_FAR = 6
_LINKS = frozenset("of from by with to for on".split())
_UNITS = {word: name for name, listed in families("unit_classes").items() for word in listed}
_MARGIN = 1.15
_ENDS = frozenset("more less fewer in of for with at from by on".split())
_CLEAR = 1.25
_KRATOM = "kratom"
_ENTITIES = family("entities")


def units(pair: Pair) -> Iterator[str]:
    """A figure must have the unit it has in the evidence."""
    stated: dict[str, set[str]] = {}
    shares: dict[str, set[bool]] = {}
    for sentence in pair.sentences:
        for index, token in enumerate(sentence):
            stated.setdefault(number(token), set()).add(_unit(sentence, index, reach=_FAR))
            shares.setdefault(number(token), set()).add(_kind(sentence, token) == "share")
    for index, token in enumerate(pair.statement):
        own, unit = number(token), _unit(pair.statement, index)
        if not own or own not in stated:
            continue
        if unit and unit not in stated[own]:
            yield f"unit not in evidence: {token.word} {unit}"
        if (_kind(pair.statement, token) == "share") not in shares[own]:
            yield f"a share in one and a count in the other: {token.word}"
    yield from _measures(pair)


def _measures(pair: Pair) -> Iterator[str]:
    """Notice days where the evidence has weeks, with a figure or without."""
    measures = {_UNITS.get(t.word) for t in pair.sentences_words} & _MEASURES
    for token in pair.statement:
        unit = _UNITS.get(token.word, "")
        if unit in _MEASURES - {"day", "year"} and unit not in measures:
            yield f"unit not in evidence: {token.word}"
        elif token.word in ("days", "years") and unit not in measures:
            yield f"unit not in evidence: {token.word}"


def figures(pair: Pair) -> Iterator[str]:
    """A figure must stand by the words it stands by in the evidence, not by another figure's."""
    values = {value: t for t in pair.statement if (value := number(t))}
    scores = {value: _places(pair, token) for value, token in values.items()}
    for value, found in scores.items():
        ours = found.get(value)
        for rival, score in found.items() if ours is not None else ():
            if rival == value or score <= (ours or 0.0) * _MARGIN + 0.02:
                continue
            if rival in scores:
                straight = (ours or 0.0) + scores[rival].get(rival, 0.0)
                if score + scores[rival].get(value, 0.0) <= straight * _MARGIN:
                    continue
            yield f"another figure stands by these words: {value}"


def _places(pair: Pair, token: Token) -> dict[str, float]:
    """Return how well the words around a figure fit those around each figure of its kind in the evidence."""
    around, kind = _around(pair.statement, token), _kind(pair.statement, token)
    scores: dict[str, float] = {}
    for sentence in pair.carriers:
        for other in sentence:
            if number(other) and _alike(kind, _kind(sentence, other)):
                beside = _around(sentence, other)
                overlap = sum(weight * beside.get(word, 0.0) for word, weight in around.items())
                scores[number(other)] = max(scores.get(number(other), 0.0), overlap)
    return scores


def _around(sentence: Sequence[Token], token: Token) -> dict[str, float]:
    """Return the words a figure belongs to: those behind it, up to the next figure; in brackets those before it."""
    end = next((t.place for t in sentence[token.place + 1 :] if number(t)), len(sentence))
    before, after = (1.0, 0.3) if token.bracketed else (0.3, 1.0)
    if _kind(sentence, token) == "calendar":
        return near(sentence, token, _REACH)
    kept = tuple(sentence[:end])
    return near(kept, token, _REACH, before=before, after=after)


def subjects(pair: Pair, names: Names) -> Iterator[str]:
    """A medicine must stand by the words it stands by in the evidence, not by another medicine's."""
    known = {t.word: _is_named(t, names) for t in (*pair.statement, *pair.sentences_words)}
    carried = {t.canon for t in pair.carried if known[t.word]}
    own = {t.canon for t in pair.statement if known[t.word]}
    for token in (t for t in pair.statement if known[t.word]):
        if token.canon not in carried and carried - own:
            yield f"medicine not in that part of the evidence: {token.word}"
            continue
        around = near(pair.statement, token, _REACH)
        scores: dict[str, float] = {}
        for sentence in pair.carriers:
            for other in sentence:
                if known[other.word] and not _describes(sentence, other):
                    beside = near(sentence, other, _REACH)
                    overlap = sum(w * beside.get(word, 0.0) for word, w in around.items() if word not in own)
                    scores[other.canon] = max(scores.get(other.canon, 0.0), overlap)
        ours = scores.pop(token.canon, None)
        rival = max((v for k, v in scores.items() if k not in own), default=0.0)
        if ours is not None and rival > ours * _CLEAR + 0.15:
            yield f"another medicine stands by these words: {token.word}"
        elif ours == 0 and token.word in _ENTITIES and len(around) >= 4:
            yield f"nothing of this is said of it: {token.word}"


def _is_named(token: Token, names: Names) -> bool:
    return token.content and (token.word in _ENTITIES or token.word.startswith("cyp") or bool(names(token.word)))


def links(pair: Pair, names: Names) -> Iterator[str]:
    """What is said "of" or "with" a medicine must stand near that medicine in the evidence."""
    for index, token in enumerate(pair.statement[2:], 2):
        link, noun = pair.statement[index - 1], pair.statement[index - 2]
        if link.word not in _LINKS or not noun.content or noun.canon in GENERIC or not _is_named(token, names):
            continue
        both = [s for s in pair.sentences if {noun.canon, token.canon} <= {t.canon for t in s}]
        held = any(noun.canon == t.canon for s in pair.sentences for t in s)
        if held and both and not any(_stand_together(s, noun.canon, token.canon) for s in both):
            yield f"not said of it in the evidence: {noun.word} {link.word} {token.word}"


def _stand_together(sentence: Sequence[Token], first: str, second: str) -> bool:
    places = [(t.place, t.clause) for t in sentence if t.canon == first]
    others = [(t.place, t.clause) for t in sentence if t.canon == second]
    return any(c == d and abs(a - b) <= _FAR + 2 for a, c in places for b, d in others)


def _describes(sentence: Sequence[Token], token: Token) -> bool:
    """Tell whether a name only describes the next word, as in "opioid withdrawal"."""
    after = sentence[token.place + 1 : token.place + 2]
    return token.word == "opioid" and bool(after) and after[0].content


def number(token: Token) -> str:
    """Return the figure that a word is, in digits, or nothing."""
    if token.is_number:
        return token.word.replace(",", "")
    counts = read_facts(token.word).counts
    return next(iter(counts), "")


def not_there(statement: str, evidence: str) -> frozenset[str]:
    """Return the figures of the statement, in words too, that the evidence has not."""
    return missing_numbers(statement, evidence, counts=True)


_MEASURES = frozenset("second minute hour day week month year kg lb g mg ml".split())


def _unit(sentence: Sequence[Token], index: int, reach: int = 3) -> str:
    """Return the class of what a figure counts, looked for in the next words."""
    for other in sentence[index + 1 : index + 1 + reach]:
        if other.is_number or other.clause != sentence[index].clause or other.word in _ENDS:
            return ""
        if other.word in _UNITS:
            return _UNITS[other.word]
    return ""


def _alike(kind: str, other: str) -> bool:
    return kind == other or ("" in (kind, other) and not {kind, other} & {"share", "calendar"})


def _kind(sentence: Sequence[Token], token: Token) -> str:
    """Return what kind of figure it is; only figures of a kind can be mistaken for each other."""
    after = sentence[token.place + 1].word if token.place + 1 < len(sentence) else ""
    if after == "percent":
        return "share"
    if token.is_number and len(token.word) == 4 and 1900 <= float(token.word) < 2100:
        return "calendar"
    return _unit(sentence, token.place)
