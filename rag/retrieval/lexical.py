"""BM25 over search terms, for words that embeddings blur: names, receptors, numbers."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

# The library logs each build at DEBUG whatever the level of the program.
logging.getLogger("bm25s").setLevel(logging.WARNING)

K1 = 1.5
B = 0.75


class LexicalIndex:
    """Scores every document of a small collection against query terms (BM25, Lucene form).

    Args:
        documents: The search terms of each document.
    """

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._size = len(documents)
        self._vocabulary = {term for document in documents for term in document}
        self._bm25 = bm25s.BM25(k1=K1, b=B, method="lucene", dtype="float64")
        if self._vocabulary:
            self._bm25.index([list(document) for document in documents], show_progress=False)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """Return the score of each document, 0 where no term occurs; a repeated term counts once."""
        found = [term for term in dict.fromkeys(terms) if term in self._vocabulary]
        if not found:
            return np.zeros(self._size)
        return np.asarray(self._bm25.get_scores(found), dtype=np.float64)
