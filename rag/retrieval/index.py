"""An open index: the vectors of every group of units, and the store that searches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.retrieval.embeddings import Vectors
from rag.retrieval.store import ExactStore, VectorStore
from rag.retrieval.units import Groups


@dataclass(frozen=True)
class IndexInfo:
    """What an index holds and how it came about."""

    key: str
    fingerprint: str
    folder: Path | None
    groups: Mapping[str, int]
    embedded: int = 0
    reused: int = 0


@dataclass(frozen=True)
class Group:
    """One group of units: ids, owners and vectors, row by row."""

    ids: tuple[str, ...]
    owners: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True)
class Index:
    """An open index: exact vectors of every group, and the store that searches some of them."""

    info: IndexInfo
    groups: Mapping[str, Group]
    store: VectorStore
    exact: ExactStore


def assemble(info: IndexInfo, groups: Groups, vectors: Vectors, store: VectorStore | None) -> Index:
    """Cut the vectors of all units, in order, into groups; without a store, search them exactly."""
    parts: dict[str, Group] = {}
    start = 0
    for name, units in groups.items():
        rows = vectors[start : start + len(units)]
        parts[name] = Group(tuple(u.id for u in units), tuple(u.owner for u in units), rows)
        start += len(units)
    exact = ExactStore({name: (part.ids, part.vectors) for name, part in parts.items()})
    return Index(info=info, groups=parts, store=store or exact, exact=exact)


def sizes(groups: Groups) -> dict[str, int]:
    """Return the number of units in each group."""
    return {name: len(part) for name, part in groups.items()}
