"""A text read for comparison: words in canonical form, with their clause and whether they are negated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from rag.text import fold, is_stop_word, stem

LEXICON: Mapping[str, Any] = json.loads(
    files("rag.answering.support").joinpath("lexicon.json").read_text(encoding="utf-8")
)

_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?![a-z0-9])|[a-z0-9_]+(?:'[a-z]+)?|[%.,;:()!?]")
_SPLITTING = frozenset("; : . ! ?".split())
_CONJUNCTIONS = frozenset(
    "but although though whereas while however because so which unless if who since yet whether".split()
)
_JOINED = (["and"], ["or"], ["not"])
_RELATIVE = frozenset({"which", "who", "because"})
_NEGATORS = frozenset(
    "no not none never neither nor without cannot nobody nothing hardly lack lacks lacked lacking unable"
    " instead".split()
)
# How many words a negation reaches at most.
_SCOPE = 9
_SHORT_SCOPE = 4
# "... and was rated": what follows is said anew.
_VERBS = frozenset("is are was were has had did does that to".split())
_NUMBER = re.compile(r"^\d")


@dataclass(frozen=True)
class Token:
    """One word.

    Attributes:
        word: As written, folded.
        canon: The one form of it and its synonyms.
        place: Its position among the words.
        clause: The number of its clause.
        negated: Whether a negation reaches it.
        content: Whether it carries meaning of its own, and is no number.
        negator: Whether it is a word such as "not".
        bracketed: Whether it stands in brackets.
    """

    word: str
    canon: str
    place: int
    clause: int
    negated: bool
    content: bool
    negator: bool = False
    bracketed: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return bool(_NUMBER.match(self.word))


@lru_cache(maxsize=4096)
def read(text: str) -> tuple[Token, ...]:
    """Return the words of `text`, in order."""
    tokens: list[Token] = []
    clause = left = 0
    depth = 0
    aside = False  # inside ", which ...,"
    raw = _TOKEN.findall(fold(text).replace("-", " "))
    for index, word in enumerate(raw):
        aside = aside or word == "despite" or (word in _RELATIVE and raw[index - 1 : index] == [","])
        if word in _SPLITTING or (word == "," and (aside or raw[index + 1 : index + 2] in _JOINED)):
            # "did not test X, or Y": the negation goes on.
            clause, left = clause + 1, left if raw[index + 1 : index + 2] == ["or"] else 0
            aside = False
            continue
        depth = max(depth + (word == "(") - (word == ")"), 0)
        word = "percent" if word == "%" else word
        if not word[0].isalnum():
            continue
        if word in _CONJUNCTIONS and tokens:
            clause += 1
            # "does not show whether", "not known if": the negation goes on.
            left = left if word in ("whether", "if", "which") else 0
        if word == "and" and raw[index + 1 : index + 2] and raw[index + 1] in _VERBS:
            left = 0
        failing = word.startswith("fail") and raw[index + 1 : index + 2] == ["to"]
        negator = word in _NEGATORS or word.endswith("n't") or failing
        digit = bool(_NUMBER.match(word))
        content = not digit and not negator and (not is_stop_word(word) or word in _KEPT)
        tokens.append(
            Token(word, canonical(word), len(tokens), clause, left > 0 and not negator, content, negator, depth > 0)
        )
        if negator:
            left = _SHORT_SCOPE if word == "without" else _SCOPE
        elif left:
            left -= 1
    return tuple(tokens)


def family(name: str) -> frozenset[str]:
    """Return the words of a list of the lexicon."""
    return frozenset(str(LEXICON[name]).split())


def families(name: str) -> dict[str, frozenset[str]]:
    """Return the named lists of a part of the lexicon."""
    return {key: frozenset(value.split()) for key, value in LEXICON[name].items()}


@lru_cache(maxsize=65536)
def canonical(word: str) -> str:
    """Return the one form of a folded word and its synonyms."""
    plain = word.removesuffix("'s")
    return _SYNONYMS.get(plain) or _SYNONYMS.get(stem(plain)) or stem(plain)


def contents(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the canonical content words."""
    return frozenset(token.canon for token in tokens if token.content)


def telling(tokens: Iterable[Token]) -> frozenset[str]:
    """Return the canonical content words without those that any sentence on research has."""
    return contents(tokens) - GENERIC


def near(
    tokens: Sequence[Token], token: Token, reach: int, *, before: float = 1.0, after: float = 1.0
) -> dict[str, float]:
    """Return the telling words of the same clause near `token`, each with how near it is, 1 down to 0.

    Args:
        tokens: The sentence.
        token: One of its words.
        reach: How many words to each side are near.
        before: What a word before counts.
        after: What a word after counts.
    """
    weights: dict[str, float] = {}
    for other in tokens[max(token.place - reach, 0) : token.place + reach + 1]:
        distance = abs(other.place - token.place)
        if distance and other.content and other.clause == token.clause and other.canon not in GENERIC:
            weight = (before if other.place < token.place else after) / (1 + 0.25 * distance)
            weights[other.canon] = max(weights.get(other.canon, 0.0), weight)
    return weights


_KEPT = frozenset("such same".split())
_SYNONYMS: dict[str, str] = {}
for _canon, _words in LEXICON["same"].items():
    for _word in _words.split():
        _SYNONYMS.setdefault(_word, _canon)
GENERIC = frozenset(canonical(word) for word in LEXICON["generic"].split())
