"""The entailment function of the grounding suite: a deterministic check in place of a language model.

ALCE asks an 11-billion-parameter inference model whether passages entail a sentence.
Here a sentence counts as supported when its numbers, medicines and populations all
stand in the passages, and at least 0.4 of its weighted words do. That is weaker than
entailment: it cannot see a reversed meaning in the same words. It is stricter where a
sentence reports that nothing was found, which no passage says. On the briefs' own
sentences it accepts 97 of 100, and 8 of 100 when each is given its neighbour's passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.answering.quotes import locate_quote, widen_for_numbers
from rag.answering.verify import check_facts, shared_terms
from rag.library import Library

if TYPE_CHECKING:
    from rag.answering.mentions import MedicineNames

_LEAST_COVERAGE = 0.4


@dataclass(frozen=True)
class Evidence:
    """A cited text as it is checked: its own words, and what stands beside them (heading, year, sample)."""

    text: str
    beside: str = ""


class Supports:
    """Tells whether passages support a sentence; remembers what it was asked.

    Args:
        library: The corpus: its passages and its register of medicines.
    """

    def __init__(self, library: Library) -> None:
        from rag.answering.mentions import MedicineNames
        from rag.assembly import vocabulary

        self.library = library
        self._names: MedicineNames = MedicineNames(library.medicines, vocabulary(library))
        self._check = lru_cache(maxsize=65536)(self._supported)

    def __call__(self, sentence: str, evidence: Sequence[Evidence]) -> bool:
        """Tell whether all the evidence together supports the sentence; none supports nothing."""
        return bool(evidence) and self._check(sentence, tuple(evidence))

    def passage(self, key: str) -> Evidence | None:
        """Return a passage of the corpus as evidence, or None when there is none of that id."""
        passage = self.library.passages.get(key)
        if passage is None:
            return None
        source = self.library.source_of(key)
        beside = f"{passage.heading}. {source.title} {source.year or ''} {source.sample or ''}"
        return Evidence(passage.text, beside)

    def _supported(self, sentence: str, evidence: tuple[Evidence, ...]) -> bool:
        texts = [item.text for item in evidence]
        everything = " ".join(f"{item.beside} {item.text}" for item in evidence)
        if check_facts(sentence, everything, self._names.ids):
            return False
        found = [locate_quote(sentence, text) for text in texts]
        quotes = widen_for_numbers(sentence, [quote.text for quote in found], texts)
        carried = max(*(quote.coverage for quote in found), shared_terms(sentence, " ".join(quotes)))
        return carried >= _LEAST_COVERAGE


@lru_cache(maxsize=1)
def corpus_supports() -> Supports:
    """Return the check over the corpus of the settings; loading it takes a second."""
    from rag.library import load_library
    from rag.settings import Settings

    return Supports(load_library(Settings().corpus_dir))
