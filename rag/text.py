"""Text handling that every room shares: cleaning input, sentences, tokens.

Nothing here knows about evidence; it only has to be dependable on hostile input.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from threading import Lock

import Stemmer

_QUOTES = str.maketrans(
    {"‘": "'", "’": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "\u2010": "-", "\u2011": "-", "\u2012": "-"}
)
# Between a letter or digit and another, a dash of the typesetter is a hyphen.
_TYPESET_HYPHEN = re.compile(r"(?<=\w)[\u2010-\u2013](?=\w)")
# Cyrillic and Greek letters that look like Latin ones; a word made to look English is read as English.
_LOOKALIKES = str.maketrans(
    "аАеЕоОрРсСхХуУіІјЈѕЅԁһНКкМТВвԛԝɡαοΟρΡυνΑΒΕΖΗΙΚΜΝΤΥΧ",
    "aAeEoOpPcCxXyYiIjJsSdhHKkMTBbqwgaoOpPuvABEZHIKMNTYX",
)
_LATIN = re.compile(r"[A-Za-z]")
_SPACED_OUT = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\t]{1,2}){2,}[^\W\d_](?![^\W_])")
_KEPT_CONTROLS = {"\n", "\t"}

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = (
    "e.g", "i.e", "etc", "vs", "dr", "mr", "mrs", "ms", "st", "no", "al", "approx", "u.s", "u.k", "fig", "p.m", "a.m",
)  # fmt: skip
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s+[\"'(\[]?[A-Z0-9])|[.!?]+[\"')\]]*\s*$|\n{2,}")
_LAST_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)$")

# Names whose punctuation carries meaning; each is one token.
_COMPOUNDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b7[\s-]*(?:o\s*h|hydroxy(?:[\s-]*mitragynine)?|hmg)\b"), " 7hydroxymitragynine "),
    (re.compile(r"\bst\.?\s*john(?:'?s)?[\s-]*wort\b|\bsjw\b"), " stjohnswort "),
    (re.compile(r"\b5[\s-]*ht[\s-]*(\d[a-f]?)\b"), r" 5ht\1 "),
    (re.compile(r"\b5[\s-]*htp\b"), " 5htp "),
    (re.compile(r"\bcyp[\s-]*(\d[a-z]\d+)\b"), r" cyp\1 "),
    (re.compile(r"\bsam[\s-]e\b"), " same_supplement "),
    (re.compile(r"\bomega[\s-]*3s?\b"), " omega3 "),
    (re.compile(r"\bphq[\s-]*(\d)\b"), r" phq\1 "),
)
# One stemmer keeps a buffer of its own, so two threads may not use it at once.
_STEMMER = Stemmer.Stemmer("english")
_STEMMER_LOCK = Lock()
_TOKEN = re.compile(r"[a-z0-9_]+(?:'[a-z]+)?")
_STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her him his how i if in into is"
    " it its just me my of on or our she should so some such than that the their them then there these they this those"
    " to was we were what when where which who why will with would you your am any because being get got im ive i'm"
    " i've it's really about also u ur r ya pls please ok okay hey hi anyone".split()
)


def clean_input(text: str, *, max_chars: int) -> tuple[str, bool]:
    """Make what a person typed safe to process.

    Compatibility forms are folded (NFKC), letters that only look Latin become Latin,
    and "s p a c e d" words are joined; control, zero-width, private and
    direction-changing characters are removed; typographic apostrophes become
    plain; runs of white space become one space (a paragraph break stays).

    Args:
        text: Anything at all.
        max_chars: Length to cut to.

    Returns:
        The cleaned text, and whether it was cut.
    """
    # Cutting first keeps a 100 MB paste from costing more than its first part.
    head = text[: max_chars * 4]
    visible = "".join(c for c in head if not _is_invisible(c)).translate(_QUOTES)
    folded = unicodedata.normalize("NFKC", visible).translate(_QUOTES)
    kept = "".join(
        c if c in _KEPT_CONTROLS or unicodedata.category(c)[0] != "C" else ("" if _is_invisible(c) else " ")
        for c in folded
    )
    kept = _SPACED_OUT.sub(lambda match: re.sub(r"[ .\t]", "", match.group()), _as_latin(kept))
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", kept))
    cleaned = "\n\n".join(part for part in paragraphs if part)
    return cleaned[:max_chars].rstrip(), len(cleaned) > max_chars or len(text) > max_chars * 4


def _as_latin(text: str) -> str:
    """Replace look-alike letters in words that are otherwise Latin; other scripts stay as they are."""
    if text.isascii() or not _LATIN.search(text):
        return text

    def plain(match: re.Match[str]) -> str:
        replaced = match.group().translate(_LOOKALIKES)
        return replaced if all(not c.isalpha() or _LATIN.match(c) for c in replaced) else match.group()

    return re.sub(r"[^\W\d_]+", plain, text)


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) == "Cf"


def split_sentences(text: str) -> list[str]:
    """Split plain English prose into sentences, in order, without losing a character of any.

    Each sentence is a substring of `text` with outer white space removed.
    Abbreviations, initials and decimals do not end a sentence.
    """
    sentences, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if _is_abbreviation(text, match):
            continue
        sentence = text[start : match.end()].strip()
        if sentence:
            sentences.append(sentence)
        start = match.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _is_abbreviation(text: str, match: re.Match[str]) -> bool:
    if match.group().rstrip("\"')]") != ".":
        return False
    word = _LAST_WORD.search(text, 0, match.start())
    if word is None or not text[match.end() :].strip():
        return False
    name = word.group(1).lower()
    return name in _ABBREVIATIONS or (len(name) == 1 and name != "i" and text[match.start() - 1].isupper())


def fold(text: str) -> str:
    """Lower-case and NFKC-fold, with plain apostrophes and one form for compound names."""
    folded = unicodedata.normalize("NFKC", _TYPESET_HYPHEN.sub("-", text)).translate(_QUOTES).lower()
    for pattern, replacement in _COMPOUNDS:
        folded = pattern.sub(replacement, folded)
    return folded


def words(text: str) -> list[str]:
    """Return folded word tokens in order, unstemmed, stop words included."""
    return _TOKEN.findall(fold(text).replace("-", " "))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the Snowball English stem of a folded word; names with digits stay whole."""
    if any(c.isdigit() for c in word) or "_" in word:
        return word
    with _STEMMER_LOCK:
        stemmed: str = _STEMMER.stemWord(word.removesuffix("'s"))
    return stemmed


class Tokenizer:
    """Turns text into search terms: compounds kept whole, synonyms unified, words stemmed.

    Args:
        synonyms: Folded word -> folded words that stand for it as well, such as
            `{"zoloft": ("sertraline",)}`. The word itself always stays.
    """

    def __init__(self, synonyms: Mapping[str, Sequence[str]] | None = None) -> None:
        self._synonyms = {word: tuple(others) for word, others in (synonyms or {}).items()}

    def __call__(self, text: str) -> list[str]:
        """Return the search terms of `text` in order, stop words left out."""
        terms: list[str] = []
        for word in words(text):
            if word in _STOP_WORDS:
                continue
            terms.append(stem(word))
            terms.extend(stem(other) for other in self._synonyms.get(word, ()))
        return terms


def is_stop_word(word: str) -> bool:
    """Tell whether a folded word is too common to search for."""
    return word in _STOP_WORDS


def content_terms(text: str) -> list[str]:
    """Return stemmed terms of `text` without stop words or synonyms."""
    return [stem(word) for word in words(text) if word not in _STOP_WORDS]
