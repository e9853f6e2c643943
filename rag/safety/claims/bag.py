"""A sentence as a hashed bag of stems in which words after a negator are marked."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rag.text import stem, words

SIZE = 2048
_NEGATORS = frozenset({"not", "no", "never", "without", "nobody", "cannot"})
_REACH = 4  # words after a negator that it covers

Matrix = npt.NDArray[np.float32]


def bag(text: str) -> Matrix:
    """Return the unit-length hashed bag of stems and stem pairs of one sentence."""
    stems = _marked_stems(text)
    counts = np.zeros(SIZE, dtype=np.float32)
    for term in (*stems, *(f"{a}_{b}" for a, b in pairwise(stems))):
        counts[zlib.crc32(term.encode()) % SIZE] += 1.0
    norm = float(np.linalg.norm(counts))
    return counts / norm if norm else counts


def bags(texts: Sequence[str]) -> Matrix:
    """Return one row per text."""
    return np.stack([bag(text) for text in texts]) if texts else np.zeros((0, SIZE), dtype=np.float32)


def _marked_stems(text: str) -> list[str]:
    marked, reach = [], 0
    for word in words(text):
        if word in _NEGATORS or word.endswith("n't"):
            reach = _REACH
        base = stem(word)
        marked.append(base if reach <= 0 or word in {"not", "no"} else f"N_{base}")
        reach -= 1
    return marked
