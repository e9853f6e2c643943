"""Gets an index for a searcher, whatever is missing, and says what is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from rag.errors import IndexUnavailableError, ModelUnavailableError
from rag.library import Library
from rag.retrieval.build import build_index, index_in_memory, open_index, open_vectors
from rag.retrieval.embeddings import Embedder, Progress
from rag.retrieval.index import Index
from rag.retrieval.units import collect_units
from rag.settings import Settings

LOG = logging.getLogger(__name__)

MODEL_MISSING = "model-missing"
INDEX_MISSING = "index-missing"
INDEX_IN_MEMORY = "index-in-memory"
STORE_UNREACHABLE = "store-unreachable"


def open_or_build(
    library: Library,
    settings: Settings,
    extra: Mapping[str, Sequence[str]],
    progress: Progress | None,
    embedder: Embedder | None,
) -> tuple[Index | None, tuple[str, ...]]:
    """Open, build, or do without, in the order of what serves best.

    Returns:
        The index, or None for search by words only; and what is missing.
    """
    try:
        return open_index(library, settings, extra=extra), ()
    except IndexUnavailableError as error:
        LOG.info("building the index: %s", error)
    try:
        build_index(library, settings, extra=extra, progress=progress, embedder=embedder)
        return open_index(library, settings, extra=extra), ()
    except (IndexUnavailableError, ModelUnavailableError) as error:
        LOG.warning("%s", error)
    units = collect_units(library, extra)
    try:
        return open_vectors(library, settings, units), (STORE_UNREACHABLE,)
    except IndexUnavailableError:
        if embedder is None:
            return None, (INDEX_MISSING,)
    try:
        return index_in_memory(units, embedder, library.fingerprint, progress), (INDEX_IN_MEMORY,)
    except ModelUnavailableError as error:
        LOG.warning("%s", error)
        return None, (MODEL_MISSING, INDEX_MISSING)
