"""How much a sentence has to do with a question, by shared words that matter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable

from rag.text import content_terms


class WordRelevance:
    """Weighs shared words by how rare they are in the corpus.

    Args:
        texts: The corpus, one text a document.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            counts.update(set(content_terms(text)))
            total += 1
        self._weights = {term: math.log((total + 1) / (count + 0.5)) for term, count in counts.items()}

    def to(self, question: str) -> Callable[[str], float]:
        """Return a function that scores a text against `question`, 0 to 1."""
        wanted = {term: self._weights.get(term, 0.0) for term in set(content_terms(question))}
        total = sum(wanted.values()) or 1.0

        def relevance(text: str) -> float:
            return sum(wanted[term] for term in wanted.keys() & set(content_terms(text))) / total

        return relevance
