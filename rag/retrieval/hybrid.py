"""One collection searched by meaning and by words at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.retrieval.embeddings import Vectors
from rag.retrieval.fusion import Ranked, Scores, fuse, top_rows
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.store import ExactStore, StoreUnavailableError, VectorStore

_UNITS_PER_CANDIDATE = 3


class DenseUnits:
    """The vectors of a collection: one or more units for each document.

    Args:
        name: Name of the group in the stores.
        ids: Ids of the units.
        vectors: Their vectors, row by row.
        owners: For each unit, the row of its document.
        documents: How many documents there are.
        store: Finds candidates.
        exact: Finds them when the store is away.
    """

    def __init__(
        self,
        name: str,
        ids: Sequence[str],
        vectors: Vectors,
        owners: Sequence[int],
        *,
        documents: int,
        store: VectorStore,
        exact: ExactStore,
    ) -> None:
        self._name = name
        self._rows = {key: row for row, key in enumerate(ids)}
        self._vectors = vectors
        self._owners: NDArray[np.intp] = np.asarray(owners, dtype=np.intp)
        self._documents = documents
        self._centres = _centres(vectors, self._owners, documents) if len(ids) > documents else None
        self._store = store
        self._exact = exact

    def scores(self, vector: Vectors) -> tuple[Scores, Scores]:
        """Return for each document the cosine of its best unit, and the score it is ranked by.

        The second is the mean of the first and the cosine with the centre of the
        document's units: one lucky wording should not outweigh the drift of them all.
        """
        cosines = np.asarray(self._vectors @ vector, dtype=np.float64)
        best: Scores = np.full(self._documents, -1.0)
        np.maximum.at(best, self._owners, cosines)
        best = np.round(best, 6)
        if self._centres is None:
            return best, best
        centre = np.asarray(self._centres @ vector, dtype=np.float64)
        return best, np.round((best + centre) / 2, 6)

    def candidates(self, vector: Vectors, count: int) -> tuple[list[int], bool]:
        """Return documents of the nearest units, and whether the store was away."""
        # The units of one document crowd each other out of a list of the nearest.
        several = _UNITS_PER_CANDIDATE if self._centres is not None else 1
        count = min(count * several, len(self._rows))
        try:
            found, away = self._store.nearest(self._name, vector, count), False
        except StoreUnavailableError:
            found, away = self._exact.nearest(self._name, vector, count), True
        return [int(self._owners[self._rows[key]]) for key in found if key in self._rows], away


class HybridIndex:
    """Ranks the documents of a collection.

    Args:
        ids: Ids of the documents.
        terms: Search terms of each document.
        units: Their vectors, or None to rank by words alone.
    """

    def __init__(self, ids: Sequence[str], terms: Sequence[Sequence[str]], units: DenseUnits | None) -> None:
        self.ids = tuple(ids)
        self._lexical = LexicalIndex(terms)
        self._units = units

    def rank(
        self,
        vector: Vectors | None,
        terms: Sequence[str],
        *,
        candidates: int,
        dense_weight: float,
        allowed: NDArray[np.bool_] | None = None,
    ) -> tuple[list[Ranked], bool]:
        """Rank the candidates of both searches, best first.

        Args:
            vector: The embedded question, or None.
            terms: Its search terms.
            candidates: Documents taken from each search.
            dense_weight: Share of meaning in the fused score.
            allowed: Documents that pass the filters; scored exactly, because a
                filter inside Chroma costs more than scoring them all.

        Returns:
            The ranking, and whether the vector store was away.
        """
        size = len(self.ids)
        lexical = self._lexical.scores(terms)
        rows = [row for row in top_rows(lexical, candidates, allowed) if lexical[row] > 0]
        if vector is None or self._units is None or not size:
            return fuse(rows, None, lexical, dense_weight), False
        best, dense = self._units.scores(vector)
        if allowed is not None:
            near, away = top_rows(dense, candidates, allowed), False
        else:
            near, away = self._units.candidates(vector, candidates)
        return fuse([*rows, *near], dense, lexical, dense_weight, shown=best), away


def _centres(vectors: Vectors, owners: NDArray[np.intp], documents: int) -> Vectors:
    """Return the unit vector in the middle of each document's units."""
    sums = np.zeros((documents, vectors.shape[1]))
    np.add.at(sums, owners, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(lengths, 1e-9), dtype=np.float32)
