"""The checkable facts of a sentence: numbers with their units, and names.

Two texts that state the same figure rarely write it alike ("two thirds", "2/3";
"12,5 %", "12.5 percent"). Facts are compared in one canonical form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from rag.text import fold

_NUMBER_WORDS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "hundred": 100, "thousand": 1000, "twice": 2, "doubled": 2, "double": 2, "dozen": 12,
}  # fmt: skip
_TENS = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-(one|two|three|four|five|six|seven|eight|nine)\b"
)
_NUMBER = re.compile(r"(?<![a-z0-9.])(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+(?!\d)|\d+)(?:\.\d+)?")
# Digits that are part of a name, after folding.
_NAMED_DIGITS = re.compile(
    r"\b(?:7hydroxymitragynine|5ht\w*|cyp\w+|omega3|phq\d+|covid-?19)\b|(?<![\d,.])(?:988|911)(?![\d,])"
)
_WORD = re.compile(r"[a-z]+")
_PERCENT = re.compile(r"^\s*(?:%|percent|per cent)")
# "28.3 versus 8.6 percent": the first number is a percentage too.
_SHARED_PERCENT = re.compile(r"^\s*(?:versus|vs\.?|and|to|or|against)\s+\d+(?:\.\d+)?\s*(?:%|percent|per cent)")
# "agitation (18.6 percent), fast heartbeat (16.9)": so is a number alone in brackets after one.
_LISTED_PERCENT = re.compile(r"\(\s*\d+(?:\.\d+)?\s*(?:%|percent|per cent)\s*\)")
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b(?:[A-Z][a-z]+(?:-[A-Z][a-z]+)?|[A-Z]{2,}[a-z]?\d*)\b")


@dataclass(frozen=True)
class Facts:
    """What a text states.

    Attributes:
        numbers: Written in digits, canonical: `"65%"`, `"2798"`.
        counts: Written as words, as digits: `"2"` for "two" or "twice".
        names: Capitalised words inside sentences, lower-cased.
    """

    numbers: frozenset[str]
    counts: frozenset[str]
    names: frozenset[str]


def read_facts(text: str) -> Facts:
    """Return the facts of `text`."""
    return Facts(
        numbers=frozenset(_numbers(text)),
        counts=frozenset(_number_words(text)),
        names=frozenset(match.group().lower() for match in _NAME.finditer(text)),
    )


def missing_numbers(statement: str, evidence: str, *, counts: bool = False) -> frozenset[str]:
    """Return the numbers of `statement` that `evidence` does not state in any form.

    A percentage must be a percentage there too; a plain number may be either. A
    number given with fewer decimals than the evidence has is the same number.

    Args:
        statement: The sentence to check.
        evidence: The text it should rest on.
        counts: Also require numbers written as words. A reviewed sentence may count
            what its sources list ("two case reports"); a model's sentence may not.
    """
    found, facts = read_facts(evidence), read_facts(statement)
    stated = found.numbers | found.counts
    wanted = facts.numbers | (facts.counts if counts else frozenset())
    return frozenset(number for number in wanted if not _is_stated(number, stated))


def _is_stated(number: str, stated: frozenset[str]) -> bool:
    percent = number.endswith("%")
    for other in stated:
        if percent and not other.endswith("%"):
            continue
        exact, given = other.rstrip("%"), number.rstrip("%")
        decimals = len(given.partition(".")[2])
        if exact == given or (decimals < len(exact.partition(".")[2]) and _rounded(exact, decimals) == given):
            return True
    return False


def _numbers(text: str) -> list[str]:
    folded = _NAMED_DIGITS.sub(" ", fold(text))
    folded = _TENS.sub(lambda m: str(_NUMBER_WORDS[m.group(1)] + _units(m.group(2))), folded)
    found = []
    for match in _NUMBER.finditer(folded):
        value = match.group().replace(",", "").replace(" ", "")
        canonical = value.rstrip("0").rstrip(".") if "." in value else value
        found.append(canonical + ("%" if _is_percentage(folded, match) else ""))
    return found


def _number_words(text: str) -> list[str]:
    return [str(_NUMBER_WORDS[word]) for word in _WORD.findall(fold(text)) if word in _NUMBER_WORDS]


def _is_percentage(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() :]
    if _PERCENT.match(after) or _SHARED_PERCENT.match(after):
        return True
    bracketed = text[: match.start()].endswith("(") and after.startswith(")")
    return bracketed and _LISTED_PERCENT.search(text, 0, match.start()) is not None


def _units(word: str) -> int:
    return 1 if word == "one" else _NUMBER_WORDS[word]


def _rounded(number: str, decimals: int) -> str:
    """Round as people do, halves up."""
    return str(Decimal(number).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
