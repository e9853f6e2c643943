"""Joins meaning and words into one ranking.

Each kind of score is scaled to 0..1 over the union of both candidate lists of a
query, then added with fixed weights. On public medical collections this beats
either search alone and reciprocal-rank fusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Ranked:
    """One row of a ranking: which document, and its scores."""

    row: int
    score: float
    dense: float
    lexical: float


def top_rows(scores: Scores, count: int, allowed: NDArray[np.bool_] | None = None) -> list[int]:
    """Return the rows with the highest scores, the lower row first among equals."""
    rows = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
    if len(rows) > count:
        cut = np.partition(scores[rows], len(rows) - count)[len(rows) - count]
        rows = rows[scores[rows] >= cut]
    order = np.lexsort((rows, -scores[rows]))
    return [int(row) for row in rows[order][:count]]


def fuse(
    rows: Sequence[int],
    dense: Scores | None,
    lexical: Scores,
    dense_weight: float,
    *,
    shown: Scores | None = None,
) -> list[Ranked]:
    """Rank the candidate `rows`, best first; the lower row first among equals.

    Args:
        rows: The union of both candidate lists.
        dense: Score by meaning of every document, or None to rank by words alone.
        lexical: BM25 of every document.
        dense_weight: Share of the score by meaning.
        shown: Cosine reported with each row, where it is not `dense` itself.
    """
    chosen = sorted(set(rows))
    if not chosen:
        return []
    fused = _scaled(lexical[chosen])
    cosines = np.zeros(len(lexical))
    if dense is not None:
        fused = dense_weight * _scaled(dense[chosen]) + (1 - dense_weight) * fused
        cosines = dense if shown is None else shown
    # Rounding makes ties of what differs only by the order of additions.
    ranked = [
        Ranked(row, round(float(score), 6), float(cosines[row]), float(lexical[row]))
        for row, score in zip(chosen, fused, strict=True)
    ]
    return sorted(ranked, key=lambda item: (-item.score, item.row))


def spread(ranked: Sequence[Ranked], count: int, group: Callable[[int], str], per_group: int) -> list[Ranked]:
    """Take `count` rows in order, at most `per_group` of one group unless nothing else is left."""
    taken: list[Ranked] = []
    held: list[Ranked] = []
    seen: dict[str, int] = {}
    for item in ranked:
        if len(taken) == count:
            break
        name = group(item.row)
        seen[name] = seen.get(name, 0) + 1
        (taken if seen[name] <= per_group else held).append(item)
    return [*taken, *held[: count - len(taken)]]


def _scaled(values: Scores) -> Scores:
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.full(len(values), 1.0 if high > 0 else 0.0)
    return np.asarray((values - low) / (high - low))
