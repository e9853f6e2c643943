"""Is a message in English?

The assistant answers in English only, so a wrong "not English" is an answer
denied. English therefore wins every doubt: typos, slang and names of medicines
are no sign of another language. Other scripts decide by themselves; in the
Latin script the small words of a language decide, and lingua's letter
statistics (low-accuracy mode, built on first need) settle what they leave open.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag.safety.phrases import default_corpus_dir, read_phrases

if TYPE_CHECKING:
    from lingua import LanguageDetector

_MAX_CHARS = 1000
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_LATIN = tuple("EN ES FR DE PT IT NL MS ID TL VI PL TR SV DA NB FI RO CS".split())
_SURE, _FAIRLY_SURE = 0.9, 0.7
_ENGLISH_SHARE = 0.5
# First word of a letter's Unicode name -> language; letters that single one out come first.
_SCRIPTS = {
    "THAI": "th", "CYRILLIC": "ru", "ARABIC": "ar", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh", "HANGUL": "ko",
    "DEVANAGARI": "hi", "HEBREW": "he", "GREEK": "el", "BENGALI": "bn", "TAMIL": "ta", "LAO": "lo", "KHMER": "km",
    "MYANMAR": "my", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
_TELLING = {"uk": "іїєґ", "fa": "پچژگ", "ur": "ٹڈڑے"}


@dataclass(frozen=True)
class LanguageWords:
    """The word lists of `corpus/language.yaml`."""

    english: frozenset[str]
    names: frozenset[str]
    function_words: Mapping[str, frozenset[str]]
    alone: Mapping[str, str]


def detect(text: str, corpus_dir: Path | None = None) -> str:
    """Return the ISO 639-1 code of a message's language; "en" unless another one is certain.

    Args:
        text: The message.
        corpus_dir: The folder with `language.yaml`; by default that of the settings.
    """
    sample = unicodedata.normalize("NFC", text[:_MAX_CHARS])
    return _by_script(sample) or _by_words(sample, _read_words(corpus_dir or default_corpus_dir()))


def english_words(corpus_dir: Path) -> frozenset[str]:
    """Return the words that count as English."""
    return _read_words(corpus_dir).english


@lru_cache(maxsize=4)
def _read_words(corpus_dir: Path) -> LanguageWords:
    tree = read_phrases(corpus_dir / "language.yaml")
    return LanguageWords(
        english=frozenset(tree["english"].split()),
        names=frozenset(tree["names"].split()),
        function_words={code: frozenset(words.split()) for code, words in tree["function_words"].items()},
        alone={word: code for code, words in tree["alone"].items() for word in words.split()},
    )


def _by_script(text: str) -> str | None:
    """Return the language of the script most letters are in, or none for Latin."""
    counts: Counter[str] = Counter()
    letters = 0
    for char in text:
        if char.isalpha():
            letters += 1
            if char > "\u024f":  # beyond the Latin blocks
                counts[_SCRIPTS.get(unicodedata.name(char, "").split(" ")[0], "")] += 1
    counts.pop("", None)
    if not counts or sum(counts.values()) * 2 < letters:
        return None
    # Japanese mixes kana with Chinese characters.
    code = "ja" if counts["ja"] else counts.most_common(1)[0][0]
    if code in ("ru", "ar"):
        telling = ("uk",) if code == "ru" else ("fa", "ur")
        return next((other for other in telling if any(char in text for char in _TELLING[other])), code)
    return code


def _by_words(text: str, words: LanguageWords) -> str:
    tokens = [token for token in _WORD.findall(text.lower().replace("’", "'")) if token not in words.names]
    if not tokens:
        return "en"
    if len(tokens) == 1:
        return words.alone.get(tokens[0], "en")
    english = sum(token in words.english or token.replace("'", "") in words.english for token in tokens)
    small = {code: sum(token in listed for token in tokens) for code, listed in words.function_words.items()}
    most = max(small.values())
    if english > _ENGLISH_SHARE * len(tokens) and english >= most:
        return "en"
    return _settled(" ".join(tokens), len(tokens), english, small)


def _settled(text: str, count: int, english: int, small: Mapping[str, int]) -> str:
    """Weigh small words against English words, with the statistics of letters as the second voice."""
    most = max(small.values())
    leaders = {code for code, hits in small.items() if hits == most and hits}
    guess, confidence = _statistics(text)
    if guess in leaders and most >= 2 and most > english:
        return guess
    if most >= 2 and most >= 2 * english and 2 * most >= count:
        return next(code for code in small if code in leaders)
    agreed = guess != "en" and small.get(guess, 0) >= 1 and most > english and confidence >= _FAIRLY_SURE
    foreign = guess != "en" and not english and count >= 3 and confidence >= _SURE and not text.isascii()
    return guess if agreed or foreign else "en"


def _statistics(text: str) -> tuple[str, float]:
    best = _detector().compute_language_confidence_values(text)[0]
    return best.language.iso_code_639_1.name.lower(), best.value


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    codes = [getattr(IsoCode639_1, code) for code in _LATIN]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_low_accuracy_mode().build()
