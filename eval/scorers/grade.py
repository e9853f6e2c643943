"""Reading grade of English text by the Flesch-Kincaid formula (Kincaid and others 1975).

Syllables are counted by rule; on ordinary prose that is within half a grade of a count by
dictionary. Figures, addresses and citation marks are left out: they are looked at, not read.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.text import split_sentences

_WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][A-Za-z]+)*")
_SKIPPED = re.compile(r"\[\d+\]|https?://\S+|\b\w+(?:\.\w+)*\.(?:org|com|gov|net)\S*")
_VOWELS = re.compile(r"[aeiouyà-ÿ]+")
# Vowels that are written and not heard: the e of "makes", "used", "whole", "safety", "statement".
_SILENT = re.compile(
    r"(?:[^aeiouylsxzcgh]|[aeiou]l)es$|(?<![td])(?<!i)ed$|[aeiou]le$|[^aeiouyl]e$"
    r"|(?<!i)e(?=ly$|ty$)|(?<=[tvgcs])e(?=ments?$)"
)
# Vowels side by side that are two syllables: "trial", "serious", "video", "usual", "being", "idea", "suicide".
_TWO = re.compile(
    r"i[aou](?!n$|n[st]|us$)|(?<=r)iou|eo(?!u|p)|(?<!q)ua(?![lr]ly)|ying$|[eo]ing$|uou|ience"
    r"|(?<=[dr])ea$|uici|(?<=c)rea(?=t)|rea(?=ct)"
)


@lru_cache(maxsize=32768)
def syllables(word: str) -> int:
    """Return the number of syllables of an English word."""
    plain = word.lower().replace("’", "'").split("'")[0]
    if len(plain) <= 3:
        return max(1, len(_VOWELS.findall(plain)))
    count = len(_VOWELS.findall(plain)) + len(_TWO.findall(plain))
    if _SILENT.search(plain):
        count -= 1
    return max(1, count)


def word_count(text: str) -> int:
    """Return the number of words that are read."""
    return len(_WORD.findall(_SKIPPED.sub(" ", text)))


def grade_level(text: str) -> float:
    """Return the US school grade that a text asks of its reader; 0 for a text without words."""
    said = _SKIPPED.sub(" ", text)
    sentences = [found for found in map(_WORD.findall, split_sentences(said)) if found]
    spoken = [word for sentence in sentences for word in sentence]
    if not spoken:
        return 0.0
    per_sentence = len(spoken) / len(sentences)
    per_word = sum(map(syllables, spoken)) / len(spoken)
    return max(0.0, 0.39 * per_sentence + 11.8 * per_word - 15.59)
