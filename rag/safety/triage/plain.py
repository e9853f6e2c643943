"""Makes a message plain before phrases are looked for.

People in distress type without apostrophes, with slips, slang and disguises. Everything
that only changes how a word looks is undone here, so that the lexicon stays readable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from rapidfuzz.distance import OSA

_QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "´": "'", "`": "'", "＇": "'", "…": ". ", "—": ", ", "–": ", "})
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s", "!": "i"})
_DISGUISED = re.compile(r"(?=[a-z0-9@$!*]*[a-z])(?=[a-z]*[0-9@$!*])[a-z@$!0-9*]{3,}")
# Names and units that truly hold digits.
_REAL_DIGITS = re.compile(
    r"^(7-?ohm?|5-?htp?\w*|cyp\w+|\d+\w{0,3}|b12|d3|omega3|covid19|mp3|k2|h2o|g6pd|[a-z]+\d{2,4})$"
)
_SENTENCE = re.compile(r"[^.!?\n;]+[.!?\n;]*")
_SPACED_LETTERS = re.compile(r"(?<![a-z])(?:[a-z][ .\-_]{1,3}){3,}[a-z](?![a-z])")
_STARRED = (
    ("s*icid", "suicid"),
    ("su*cid", "suicid"),
    ("sui*id", "suicid"),
    ("k*ll", "kill"),
    ("d*e", "die"),
    ("k!ll", "kill"),
)


class PlainText:
    """Turns messages into plain sentences.

    Args:
        words: Patterns of whole words and what they are read as.
        joined: Phrases written without blanks.
        spelling: Words whose near misspellings are read as them.
    """

    def __init__(self, words: Mapping[str, str], joined: Sequence[str], spelling: Sequence[str]) -> None:
        self._words = [(re.compile(rf"(?<![\w'])(?:{pattern})(?![\w'])"), word) for pattern, word in words.items()]
        self._joined = re.compile("|".join(re.escape(phrase) for phrase in joined)) if joined else None
        self._spelling = tuple(spelling)

    def sentences(self, message: str) -> list[tuple[str, bool]]:
        """Return the plain sentences of `message`, and whether each is a question."""
        folded = _fold(message)
        found = []
        for part in _SENTENCE.findall(folded):
            plain = self._plain(part)
            if plain:
                found.append((plain, "?" in part))
        return found

    def _plain(self, sentence: str) -> str:
        text = _SPACED_LETTERS.sub(lambda m: re.sub(r"[ .\-_]", "", m.group()) + " ", sentence)
        text = " ".join(_undisguise(token) for token in text.split())
        text = re.sub(r"(?<=\w)-(?=\w)", " ", text)
        text = text.replace(",", " , ").replace(":", " , ").replace("(", " , ").replace(")", " , ")
        text = re.sub(r"[^\w\s,'/@]", " ", text)
        text = re.sub(r"(?<!\w)'|'(?!\w)", " ", text)
        text = " ".join(self._respell(token) for token in text.split())
        for pattern, word in self._words:
            text = pattern.sub(word, text)
        if self._joined:
            text = self._joined.sub(_part, text)
        return " ".join(text.replace("'s ", " ").replace("'", "").split()).strip(" ,")

    def _respell(self, token: str) -> str:
        if len(token) < 6 or token in self._spelling or not token.isalpha():
            return token
        for word in self._spelling:
            allowed = 1 if len(word) < 8 else 2
            near = token[0] == word[0] and abs(len(token) - len(word)) <= allowed and token[-1] == word[-1]
            if near and OSA.distance(token, word, score_cutoff=allowed) <= allowed:
                return word
        return token


def _fold(text: str) -> str:
    """Lower case without accents, invisible characters or drawn-out letters."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    kept = "".join(c for c in folded if c in "\n\t" or unicodedata.category(c)[0] != "C")
    bare = "".join(c for c in unicodedata.normalize("NFD", kept) if not unicodedata.combining(c)).lower()
    bare = re.sub(r"[¿¡\"“”«»]", " ", bare)
    return re.sub(r"([a-z])\1{2,}", _drawn_out, bare)


def _drawn_out(match: re.Match[str]) -> str:
    """`diiiie` is read as `die`; of the letters often doubled in English, two are kept."""
    letter = match.group(1)
    return letter * 2 if letter in "lso" else letter


def _undisguise(token: str) -> str:
    core = token.strip(".,!?;:'\"()")
    for starred, word in _STARRED:
        token = token.replace(starred, word)
    if not _DISGUISED.fullmatch(core) or _REAL_DIGITS.match(core):
        return token
    return core.translate(_LEET).replace("*", "i") if re.search(r"[a-z]", core) else token


_PARTS = ("kill", "my", "self", "myself", "want", "wanna", "to", "die", "end", "life", "hurt", "dont", "live", "alive")
_PART = re.compile("(" + "|".join(sorted(_PARTS, key=len, reverse=True)) + ")")


def _part(match: re.Match[str]) -> str:
    """Put the blanks back into a joined phrase."""
    words = " ".join(_PART.findall(match.group()))
    return f" {words} ".replace("wanna", "want to").replace("dont", "do not").replace("  ", " ")
