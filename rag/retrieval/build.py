"""Builds, opens and inspects the search index."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock, Timeout

from rag.errors import IndexUnavailableError
from rag.library import Library
from rag.retrieval import artefact
from rag.retrieval.embeddings import MODEL_ID, Embedder, Progress, Vectors, embed_all, load_embedder
from rag.retrieval.index import Index, IndexInfo, assemble, sizes
from rag.retrieval.store import (
    ChromaStore,
    StoreUnavailableError,
    embedded_store,
    server_store,
)
from rag.retrieval.units import SEARCHED, Groups, collect_units, index_key, text_hash
from rag.settings import Settings

State = Literal["ready", "missing", "stale", "damaged"]
_LOCK_SECONDS = 600.0
_PROBES = 40  # units of each group that must find themselves before an index is used


def build_index(
    library: Library,
    settings: Settings,
    *,
    extra: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
) -> IndexInfo:
    """Build the index, or keep the one that is there when nothing changed.

    Args:
        library: The corpus.
        settings: `index_dir`, `chroma_url`, `build_threads` and the model's settings.
        extra: More groups of texts to embed, by name.
        progress: Called with a step's name, how much is done and of how much.
        embedder: Used instead of the pinned model, in tests.

    Raises:
        IndexUnavailableError: the folder cannot be written, another build does not
            end, the Chroma server is away, or the result does not pass its check.
        ModelUnavailableError: the embedding model cannot be used.
    """
    groups = collect_units(library, extra or {})
    root = settings.index_dir
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / artefact.LOCK, timeout=_LOCK_SECONDS):
            artefact.remove_leftovers(root)
            try:
                index = _open_groups(library, settings, groups, thorough=True)
                index.store.close()
                return index.info
            except IndexUnavailableError:
                return _write(library, settings, groups, progress, embedder)
    except Timeout:
        raise IndexUnavailableError(f"another build of {root} has not ended; try again when it has") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise IndexUnavailableError(
            f"the index folder {root} cannot be written ({reason}); set KRATOM_EVIDENCE_INDEX_DIR to one that can"
        ) from error


def open_index(library: Library, settings: Settings, *, extra: Mapping[str, Sequence[str]] | None = None) -> Index:
    """Open the index of this corpus and check its files; Chroma itself is opened by the first search.

    Raises:
        IndexUnavailableError: there is none, it is of another corpus, or it is damaged.
    """
    return _open_groups(library, settings, collect_units(library, extra or {}), thorough=False)


def index_status(
    library: Library, settings: Settings, *, extra: Mapping[str, Sequence[str]] | None = None
) -> tuple[State, str]:
    """Tell the state of the index, and in words what that means."""
    groups = collect_units(library, extra or {})
    folder = artefact.current_folder(settings.index_dir)
    if folder is None:
        return "missing", f"no index in {settings.index_dir}; the next start builds it"
    try:
        if artefact.read_manifest(folder).key != index_key(groups):
            return "stale", "the corpus has changed since; the next start embeds what changed"
        index = _open_groups(library, settings, groups, thorough=True)
    except IndexUnavailableError as error:
        return "damaged", f"{error}; the next start rebuilds it"
    index.store.close()
    held = ", ".join(f"{size} {name}" for name, size in index.info.groups.items())
    return "ready", f"{held}; corpus {index.info.fingerprint}"


def open_vectors(library: Library, settings: Settings, groups: Groups) -> Index:
    """Open the vectors alone and search them exactly, when the store beside them cannot be opened or mended.

    Raises:
        IndexUnavailableError: there are none of this corpus, or they are damaged.
    """
    folder = artefact.current_folder(settings.index_dir)
    if folder is None:
        raise IndexUnavailableError("there is no index")
    manifest = artefact.read_manifest(folder)
    damaged = {artefact.VECTORS, artefact.HASHES} & set(artefact.damaged_files(folder, manifest))
    if manifest.key != index_key(groups) or damaged:
        raise IndexUnavailableError("the index is of another corpus, or damaged")
    vectors, _ = artefact.read_vectors(folder)
    info = IndexInfo(manifest.key, library.fingerprint, folder, sizes(groups), reused=len(vectors))
    return assemble(info, groups, vectors, None)


def index_in_memory(groups: Groups, embedder: Embedder, fingerprint: str, progress: Progress | None = None) -> Index:
    """Embed everything and keep it in memory, for when nothing can be written."""
    units = [unit for part in groups.values() for unit in part]
    vectors = embed_all(embedder, [unit.text for unit in units], progress)
    info = IndexInfo(index_key(groups), fingerprint, None, sizes(groups), embedded=len(units))
    return assemble(info, groups, vectors, None)


def _write(
    library: Library, settings: Settings, groups: Groups, progress: Progress | None, embedder: Embedder | None
) -> IndexInfo:
    root, key = settings.index_dir, index_key(groups)
    vectors, hashes, embedded = _embed(settings, groups, progress, embedder)
    folder = artefact.new_folder(root, key)
    store: ChromaStore | None = None
    try:
        artefact.write_vectors(folder, vectors, hashes)
        info = IndexInfo(key, library.fingerprint, folder, sizes(groups), embedded, len(vectors) - embedded)
        store = _store(settings, folder, key)
        index = assemble(info, groups, vectors, store)
        for number, name in enumerate(SEARCHED):
            store.write(name, index.groups[name].ids, index.groups[name].vectors)
            _progress(progress, "store", number + 1, len(SEARCHED))
        _check(index)
        # Closing first makes Chroma write what it holds, so that the hashes are of the final files.
        store.close()
        artefact.write_manifest(folder, key=key, fingerprint=library.fingerprint, model=MODEL_ID, groups=sizes(groups))
    except BaseException:
        if store is not None:
            store.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    artefact.point_to(root, folder)
    _progress(progress, "check", 1, 1)
    return info


def _embed(
    settings: Settings, groups: Groups, progress: Progress | None, embedder: Embedder | None
) -> tuple[Vectors, list[bytes], int]:
    """Return vectors and text hashes of all units in order, and how many texts were embedded."""
    texts = [unit.text for part in groups.values() for unit in part]
    hashes = [text_hash(text) for text in texts]
    known = _vectors_by_hash(settings.index_dir)
    missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
    if missing:
        worker = embedder or load_embedder(settings, threads=settings.build_threads)
        fresh = embed_all(worker, list(missing.values()), progress)
        known.update(zip(missing, fresh, strict=True))
    return np.vstack([known[key] for key in hashes]), hashes, len(missing)


def _vectors_by_hash(root: Path) -> dict[bytes, Vectors]:
    """Return the vectors of the current index by the hash of their text; none if it cannot be trusted."""
    folder = artefact.current_folder(root)
    with suppress(IndexUnavailableError):
        if folder is not None:
            manifest = artefact.read_manifest(folder)
            damaged = {artefact.VECTORS, artefact.HASHES} & set(artefact.damaged_files(folder, manifest))
            if manifest.model == MODEL_ID and not damaged:
                vectors, hashes = artefact.read_vectors(folder)
                return {row.tobytes(): vector for row, vector in zip(hashes, vectors, strict=True)}
    return {}


def _open_groups(library: Library, settings: Settings, groups: Groups, *, thorough: bool) -> Index:
    folder = artefact.current_folder(settings.index_dir)
    if folder is None:
        raise IndexUnavailableError("there is no index yet")
    manifest = artefact.read_manifest(folder)
    key = index_key(groups)
    if manifest.key != key:
        raise IndexUnavailableError("the index is of another corpus")
    damaged = artefact.damaged_files(folder, manifest)
    if damaged:
        raise IndexUnavailableError(f"the index is damaged: {', '.join(damaged)}")
    vectors, _ = artefact.read_vectors(folder)
    if len(vectors) != sum(len(part) for part in groups.values()):
        raise IndexUnavailableError("the index does not hold every text")
    info = IndexInfo(key, library.fingerprint, folder, sizes(groups), reused=len(vectors))
    store = _store(settings, folder, key)
    index = assemble(info, groups, vectors, store)
    server = settings.chroma_url is not None
    if not server and not artefact.database_is_sound(folder):
        raise IndexUnavailableError("the vector store is damaged")
    if thorough or server:
        _check_store(index, store, away_is_fine=server and not thorough)
    return index


def _check_store(index: Index, store: ChromaStore, *, away_is_fine: bool) -> None:
    """Check that the store answers and holds what it should.

    For answering, a server that is away is no damage: exact search stands in until it
    is back. For building it is, because nothing could be written.
    """
    try:
        stored = {name: store.count(name) for name in SEARCHED}
        wrong = [name for name, size in stored.items() if size != len(index.groups[name].ids)]
        if not wrong:
            _check(index, probes=2)
    except StoreUnavailableError as error:
        if away_is_fine and not _collection_missing(error):
            return
        store.close()
        raise IndexUnavailableError(f"the vector store is damaged or incomplete ({error})") from error
    except IndexUnavailableError:
        store.close()
        raise
    if wrong:
        store.close()
        raise IndexUnavailableError(f"the vector store is incomplete: {', '.join(wrong)}")


def _collection_missing(error: StoreUnavailableError) -> bool:
    return type(error.__cause__).__name__ == "NotFoundError"


def _check(index: Index, probes: int = _PROBES) -> None:
    """Check by self-retrieval: a sample of the units of each group must find themselves, or a twin."""
    for name in SEARCHED:
        group = index.groups[name]
        if not np.allclose(np.linalg.norm(group.vectors, axis=1), 1.0, atol=1e-3):
            raise IndexUnavailableError(f"some vectors of {name} are not of unit length")
        rows = {key: row for row, key in enumerate(group.ids)}
        for row in range(0, len(group.ids), max(1, len(group.ids) // probes)):
            found = index.store.nearest(name, group.vectors[row], 1)
            # Equal texts have equal vectors, and any of them is right.
            if not found or float(group.vectors[rows[found[0]]] @ group.vectors[row]) < 0.9999:
                raise IndexUnavailableError(f"the unit {group.ids[row]} does not find itself")


def _store(settings: Settings, folder: Path, key: str) -> ChromaStore:
    prefix = f"kratom-evidence-{key}"
    if settings.chroma_url is not None:
        return server_store(settings.chroma_url, prefix)
    return embedded_store(folder / artefact.CHROMA, prefix, failed=lambda: artefact.mark_broken(folder))


def _progress(progress: Progress | None, step: str, done: int, total: int) -> None:
    if progress:
        progress(step, done, total)
