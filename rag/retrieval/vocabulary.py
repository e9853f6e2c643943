"""The words people use and the words the evidence uses: synonyms, aliases, spelling.

Search terms of a text are its stemmed words plus what they stand for, so that
`zoloft`, `sertraline` and `sertaline` all meet the same passages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag.errors import CorpusError, Problem
from rag.library import Library
from rag.library.reading import UnreadableError, parse_yaml, read_text
from rag.records import Medicine
from rag.retrieval.units import brief_answer
from rag.text import Tokenizer, stem, words

ALIASES_FILE = "aliases.yaml"
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_SHORTEST = 5  # shorter words have too many neighbours to guess at
_LONGEST = 24
_LONG = 9  # from this length on, two slips are forgiven
_ENDINGS = ("s", "es", "ies", "d", "ed", "ied", "ing", "ly", "er", "ers", "est", "ness", "ful", "less", "able")
_MOST_GUESSES = 24  # a pasted page of nonsense must not cost seconds


class Vocabulary:
    """Maps what people write to search terms.

    Args:
        aliases: Word or phrase -> the plain words it stands for.
        medicines: Their brand and slang names stand for the generic name.
        texts: Edited texts, whose words are spelled right and left alone.
        known: Further correctly spelled words, which are left alone.
        subjects: Texts that name subjects; misspelt words are mended to words of
            these, to names of medicines and to meanings of aliases, and to no others.
            (Everyday words mend too much: "ingested" is not "injected".)
    """

    def __init__(
        self,
        *,
        aliases: Mapping[str, str] | None = None,
        medicines: Iterable[Medicine] = (),
        texts: Iterable[str] = (),
        known: Iterable[str] = (),
        subjects: Iterable[str] = (),
    ) -> None:
        plain = {" ".join(words(name)): tuple(words(meaning)) for name, meaning in (aliases or {}).items()}
        names = _medicine_names(medicines)
        synonyms = {**names, **plain}
        self._phrases = {name: meaning for name, meaning in synonyms.items() if " " in name}
        self._tokenizer = Tokenizer({name: meaning for name, meaning in synonyms.items() if " " not in name})
        self._phrase = _any_of(self._phrases)
        self._counts = Counter(word for text in texts for word in words(text))
        targets = {word for text in subjects for word in words(text)}
        for name, generic in names.items():
            targets.update((*name.split(), *generic))
        targets.update(word for meaning in plain.values() for word in meaning)
        common = set(known)
        # Without a list of common words many a short word would look like a slip.
        self._shortest = _SHORTEST if common else _LONG
        self._targets = sorted(word for word in targets if word.isalpha() and _SHORTEST <= len(word) <= _LONGEST)
        self._known = targets | set(self._counts) | common
        self._known.update(word for name in plain for word in name.split())
        self._guess = lru_cache(maxsize=4096)(self._closest)

    def terms(self, text: str) -> list[str]:
        """Return the stemmed search terms of `text`, with those its names and phrases stand for."""
        terms = self._tokenizer(text)
        if self._phrase is not None:
            for match in self._phrase.finditer(" ".join(words(text))):
                terms.extend(stem(word) for word in self._phrases[match.group()])
        return terms

    def correct(self, text: str) -> str:
        """Return `text` with misspelt words replaced by the word of the corpus they resemble."""
        left = _MOST_GUESSES

        def mend(match: re.Match[str]) -> str:
            nonlocal left
            word = match.group()
            if left <= 0 or self._is_known(word.lower()):
                return word
            left -= 1
            return self._guess(word.lower()) or word

        return _WORD.sub(mend, text)

    def _is_known(self, word: str) -> bool:
        plain = word.removesuffix("'s").replace("'", "")
        if not self._shortest <= len(plain) <= _LONGEST or len(plain) != len(word.removesuffix("'s")):
            return True  # too short, too long or a contraction: nothing to mend
        return any(form in self._known for form in _base_forms(plain))

    def _closest(self, word: str) -> str | None:
        """Return the most frequent of the nearest words, the first by alphabet among equals."""
        allowed = 2 if len(word) >= _LONG else 1
        found = process.extract(word, self._targets, scorer=OSA.distance, score_cutoff=allowed, limit=None)
        near = [(int(distance), -self._counts[target], target) for target, distance, _ in found]
        # Two slips and another first letter are more likely another word.
        near = [item for item in near if item[0] < 2 or item[2][0] == word[0]]
        return min(near)[2] if near else None


def library_vocabulary(library: Library, known_words: Path | None = None) -> Vocabulary:
    """Build the vocabulary of a corpus.

    Args:
        library: The corpus; `aliases.yaml` beside it is read when there is one.
        known_words: A list of common words, one a line, that are never corrected:
            the vocabulary file of the embedding model serves.

    Raises:
        CorpusError: `aliases.yaml` cannot be read.
    """
    # The ways of asking are left out: they hold misspellings on purpose.
    passages, briefs = library.passages.values(), library.briefs.values()
    titles = [*(passage.heading for passage in passages), *(brief.title for brief in briefs)]
    texts = [*titles, *(passage.text for passage in passages), *(brief_answer(brief) for brief in briefs)]
    return Vocabulary(
        aliases=read_aliases(library.corpus_dir / ALIASES_FILE),
        medicines=library.medicines.values(),
        texts=texts,
        known=_read_words(known_words),
        subjects=titles,
    )


def read_aliases(path: Path) -> dict[str, str]:
    """Read `word or phrase: what it stands for` lines; no file means no aliases.

    Raises:
        CorpusError: the file is not a mapping of texts.
    """
    if not path.exists():
        return {}
    try:
        tree: Any = parse_yaml(read_text(path), path.name)
    except UnreadableError as error:
        raise CorpusError([error.problem]) from None
    tree = {} if tree is None else tree
    if not isinstance(tree, dict) or not all(isinstance(part, str) for item in tree.items() for part in item):
        raise CorpusError([Problem(path.name, 1, "not a list of 'alias: meaning' texts", "quote both sides")])
    return dict(tree)


def _base_forms(word: str) -> list[str]:
    """Return the word and what it may be an ending of, plainly: a stemmer cuts `adderal` to `adder`."""
    forms = [word]
    for ending in _ENDINGS:
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3:
            forms += [base, base + "e", base + "y"]
            if base[-1] == base[-2]:
                forms.append(base[:-1])
    return forms


def _read_words(path: Path | None) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").split() if path else []
    except (OSError, UnicodeDecodeError):
        return []
    return [line for line in lines if line.isalpha() and len(line) >= _SHORTEST]


def _medicine_names(medicines: Iterable[Medicine]) -> dict[str, tuple[str, ...]]:
    """Return brand and slang names with the generic name; a name of two medicines is left out."""
    meanings: dict[str, set[str]] = {}
    for medicine in medicines:
        unclear = {" ".join(words(name)) for name in medicine.ambiguous}
        for name in (*medicine.brands, *medicine.slang):
            key = " ".join(words(name))
            if key and key not in unclear:
                meanings.setdefault(key, set()).add(medicine.name)
    return {name: tuple(words(generics.pop())) for name, generics in sorted(meanings.items()) if len(generics) == 1}


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for any of the phrases as whole words, the longest first."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)") if longest_first else None
