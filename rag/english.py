"""How common an English word is: to leave real words alone, and to notice rare ones."""

from __future__ import annotations

import math
from functools import lru_cache

from spellchecker import SpellChecker


@lru_cache(maxsize=1)
def _frequencies() -> dict[str, int]:
    """Load the word counts of the spelling package: about 160,000 correctly spelled words."""
    return dict(SpellChecker(language="en").word_frequency.dictionary)


def is_english(word: str) -> bool:
    """Tell whether a lower-case word is a correctly spelled English word."""
    return word in _frequencies()


def english_words() -> frozenset[str]:
    """Return every known English word, lower-case."""
    return frozenset(_frequencies())


def rarity(word: str) -> float:
    """Return how rare a lower-case word is: 0 for "the", about 0.6 for "gout", 1 for an unknown word."""
    count = _frequencies().get(word, 0)
    if count == 0:
        return 1.0
    most = math.log(80_000_000)
    return round(1.0 - math.log(count) / most, 4)
