"""Which medicines and drugs a text names, by any brand, generic, slang or misspelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag.records import Medicine
from rag.text import words

KRATOM = "kratom"
_LONGEST_NAME = 4
# An everyday word such as "bars" or "k" counts as a drug only after a word like these.
_TAKING = frozenset(
    "take taking takes took taken on with mix mixing mixed some of and plus or use using used uses have having had by"
    " try tried trying quit quitting stop stopping off between from combine combining start started".split()
)


@dataclass(frozen=True)
class Mention:
    """A medicine that a text names, and the words it was named by."""

    medicine: Medicine
    named_as: str


class MedicineNames:
    """Finds medicines in text.

    Args:
        medicines: The register, by id.
        vocabulary: Folded words that are never a misspelling, such as those of the corpus.
    """

    def __init__(self, medicines: Mapping[str, Medicine], vocabulary: Iterable[str] = ()) -> None:
        self._medicines = medicines
        self._names: dict[tuple[str, ...], str] = {}
        self._ambiguous: set[tuple[str, ...]] = set()
        for medicine in medicines.values():
            for name in (medicine.name, *medicine.brands, *medicine.slang):
                self._names.setdefault(_key(name), medicine.id)
            self._ambiguous.update(_key(name) for name in medicine.ambiguous)
        for key in self._ambiguous:
            owner = next((m.id for m in medicines.values() if key in {_key(n) for n in m.ambiguous}), None)
            if owner is not None:
                self._names.setdefault(key, owner)
        self._names.pop((), None)
        self._spelled = sorted(
            {key[0] for key in self._names if len(key) == 1 and len(key[0]) >= 5} - self._flat_ambiguous()
        )
        self._known = frozenset(vocabulary)

    def _flat_ambiguous(self) -> set[str]:
        return {key[0] for key in self._ambiguous if len(key) == 1}

    def ids(self, text: str) -> frozenset[str]:
        """Return the ids of the medicines named in `text`."""
        return frozenset(mention.medicine.id for mention in self.find(text))

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return each medicine named in `text` once, in order of first mention."""
        tokens = _key(text)
        found: dict[str, Mention] = {}
        position = 0
        while position < len(tokens):
            length, medicine_id, named_as = self._at(tokens, position)
            if medicine_id is not None and medicine_id not in found:
                found[medicine_id] = Mention(self._medicines[medicine_id], named_as)
            position += max(length, 1)
        return tuple(found.values())

    def _at(self, tokens: Sequence[str], position: int) -> tuple[int, str | None, str]:
        """Return the longest name that starts at `position`: its length, medicine and words."""
        for length in range(min(_LONGEST_NAME, len(tokens) - position), 0, -1):
            key = tuple(tokens[position : position + length])
            medicine_id = self._names.get(key) or self._names.get((*key[:-1], _singular(key[-1])))
            if medicine_id is not None and (key not in self._ambiguous or self._is_taken(tokens, position)):
                return length, medicine_id, " ".join(key)
        guess = self._misspelt(tokens[position])
        return (1, self._names[(guess,)], tokens[position]) if guess else (1, None, "")

    @staticmethod
    def _is_taken(tokens: Sequence[str], position: int) -> bool:
        return bool(_TAKING.intersection(tokens[max(position - 2, 0) : position]))

    def _misspelt(self, word: str) -> str | None:
        """Return the name that `word` is a near miss of: one slip in a short word, two in a long one."""
        if len(word) < 5 or word in self._known or not word.isalpha():
            return None
        allowed = 1 if len(word) < 8 else 2
        match = process.extractOne(word, self._spelled, scorer=OSA.distance, score_cutoff=allowed)
        if match is None or match[0][0] != word[0]:
            return None
        return str(match[0])


def _key(name: str) -> tuple[str, ...]:
    """Return the words a name is found by; "Zoloft's" is Zoloft."""
    return tuple(word.removesuffix("'s") for word in words(name))


def _singular(word: str) -> str:
    return re.sub(r"(?<=[a-z]{3})s$", "", word)
