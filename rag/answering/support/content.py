"""Is a statement made of its evidence: no new words, names, advice, or other subject?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rag.answering.support.carriers import Pair
from rag.answering.support.reading import GENERIC, canonical
from rag.text import fold, split_sentences

Vectors = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)(?<![\w-])[A-Z][\w'-]*")
_ADVICE = re.compile(
    r"\b(?:you|your|yours|yourself|i|we|our|my|let's|please)\b|^(?:stop|take|use|try|switch|avoid|ask|consider|start|"
    r"begin|buy|mix|swap|skip|quit|keep|do|don't|never|always|remember|note|ignore|disregard|visit|click|see|call)\b",
    re.I,
)
_DUTY = frozenset("should must ought recommend recommends recommended need needs".split())
_SHORT = re.compile(r"\b[A-Z]{2,6}\b")
_SMALL = frozenset("and of the for on in".split())
_LEAST_LIKENESS = 0.4


def new_words(pair: Pair) -> Iterator[str]:
    """Every word of meaning must stand in the evidence, in some form; any sentence on research may have a few more."""
    held = _held(pair)
    own = [t for t in pair.statement if t.content]
    told = [t for t in own if t.canon not in GENERIC]
    new = [t for t in told if not _known(t.canon, held)]
    if new:
        yield f"words not in evidence: {' '.join(t.word for t in new)}"
    carried = {t.canon for t in pair.carried} | (held - {t.canon for s in pair.sentences for t in s})
    if told and sum(t.canon in carried for t in told) < 0.6 * len(told):
        yield "too few of its words in any one part of the evidence"
    if not told:
        yield "says nothing that can be checked"


def names_of(pair: Pair) -> Iterator[str]:
    """Proper names must stand in the evidence."""
    held = _held(pair)
    for match in _NAME.finditer(pair.text):
        plain = fold(match.group()).replace("-", " ")
        parts = [canonical(part) for part in re.findall(r"[a-z0-9_]+", plain.replace("'s", ""))]
        if any(not _known(part, held) for part in parts):
            yield f"name not in evidence: {match.group()}"


def _held(pair: Pair) -> set[str]:
    """Return the words of the evidence, with what its abbreviations stand for and those of its names."""
    words = [t for sentence in pair.sentences for t in sentence]
    held = {t.canon for t in words}
    wanted = {short.lower() for short in _SHORT.findall(pair.text)}
    held |= {letters for letters, _ in _initials([t.word for t in words]) if letters in wanted}
    short = {letters.lower() for letters in _SHORT.findall(pair.evidence)}
    for letters, named in _initials([t.word for t in pair.statement]):
        if letters in short:
            held |= {canonical(word) for word in named}
    return held


def _initials(words: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each run of two to six words and its initial letters, small words left out or not."""
    kept = [word for word in words if word not in _SMALL]
    for size in range(2, 7):
        for start in range(len(kept) - size + 1):
            run = kept[start : start + size]
            yield "".join(word[0] for word in run), run


def _known(part: str, held: set[str]) -> bool:
    """Tell whether a name stands in the evidence; "Malaysian" is Malaysia's."""
    return part in held or part in GENERIC or (len(part) > 5 and any(word[:6] == part[:6] for word in held))


def advice(pair: Pair) -> Iterator[str]:
    """A finding tells what was found; it does not speak to the reader or say what to do."""
    if _ADVICE.search(pair.text):
        yield "speaks to the reader"
    carried = {t.word for t in pair.carried}
    for token in pair.statement:
        if token.word in _DUTY and token.word not in carried:
            yield f"says what to do: {token.word}"


def likeness(pair: Pair, embed: Vectors) -> Iterator[str]:
    """The meaning must be near that of a part of the evidence; similarity cannot tell more than that."""
    vectors = embed([pair.text, *split_sentences(pair.evidence)])
    best = float(np.max(vectors[1:] @ vectors[0]))
    if not best >= _LEAST_LIKENESS:
        yield f"its meaning is far from the evidence: {best:.2f}"
