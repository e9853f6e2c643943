"""The vector store: Chroma, embedded or as a server, behind one small interface.

A store only names the nearest units; scores are computed by the caller from the
exact vectors, so every engine gives the same numbers. Without `where` filters a
Chroma query takes about 1 ms here and with one 6 ms or more, hence a collection
for each group and no filters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import numpy as np

from rag.errors import IndexUnavailableError
from rag.retrieval.embeddings import Vectors
from rag.retrieval.fusion import top_rows

T = TypeVar("T")
# Generous, so that the graph search misses nothing in a collection of thousands; one thread
# and one order of insertion, so that two builds give the same graph.
_HNSW = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 500, "num_threads": 1}
_SERVER_TIMEOUT = 2.0  # seconds a question waits for the server before exact search takes over
_BUILD_TIMEOUT = 60.0
_RETRY_AFTER = 2.0  # seconds before an unreachable server is tried again
_COMPLETE = "complete"


class StoreUnavailableError(IndexUnavailableError):
    """The store cannot be reached or read just now."""


class VectorStore(Protocol):
    """Finds the units nearest to a vector."""

    def nearest(self, group: str, vector: Vectors, count: int) -> list[str]:
        """Return the ids of the `count` nearest units of a group, nearest first.

        Raises:
            StoreUnavailableError: the store cannot answer; another search should.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class ExactStore:
    """Exact search in memory: the reference, and the fallback when Chroma is away.

    Args:
        groups: Ids and vectors of each group, row by row.
    """

    def __init__(self, groups: Mapping[str, tuple[Sequence[str], Vectors]]) -> None:
        self._groups = groups

    def nearest(self, group: str, vector: Vectors, count: int) -> list[str]:
        """Return the ids of the `count` nearest units of a group, nearest first."""
        ids, vectors = self._groups[group]
        return [ids[row] for row in top_rows(np.asarray(vectors @ vector, dtype=np.float64), count)]

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


class ChromaStore:
    """Units in Chroma: one collection for each group, named after the index.

    Args:
        connect: Makes the client; called again after a failure.
        prefix: Beginning of the names of the collections.
        timeout: Seconds to wait for one answer; None calls without a limit,
            which is right for the embedded engine.
        failed: Called when Chroma cannot answer.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        prefix: str,
        *,
        timeout: float | None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._prefix = prefix
        self._timeout = timeout
        self._failed = failed
        self._connecting = Lock()
        self._client: Any = None
        self._collections: dict[str, Any] = {}
        self._retry_at = 0.0

    def nearest(self, group: str, vector: Vectors, count: int) -> list[str]:
        """Return the ids of the `count` nearest units of a group, nearest first.

        Raises:
            StoreUnavailableError: Chroma is away, or was a moment ago.
        """

        def query() -> list[str]:
            answer = self._collection(group).query(
                query_embeddings=[vector.tolist()], n_results=count, include=["distances"]
            )
            return [str(key) for key in answer["ids"][0]]

        return self._call(query, self._timeout)

    def count(self, group: str) -> int:
        """Return the number of units stored in a group.

        Raises:
            StoreUnavailableError: Chroma is away, or was a moment ago.
        """
        return self._call(lambda: int(self._collection(group).count()), self._timeout)

    def write(self, group: str, ids: Sequence[str], vectors: Vectors) -> None:
        """Store a group from scratch; a complete one of the same name and size is kept.

        Raises:
            StoreUnavailableError: Chroma is away.
        """
        limit = None if self._timeout is None else _BUILD_TIMEOUT
        self._call(lambda: self._write(group, ids, vectors), limit)

    def close(self) -> None:
        """Let go of files and connections."""
        client, self._client, self._collections = self._client, None, {}
        if client is not None:
            _close(client)

    def _write(self, group: str, ids: Sequence[str], vectors: Vectors) -> None:
        client, name = self._ready(), f"{self._prefix}-{group}"
        known = {item.name for item in client.list_collections()}
        if name in known:
            present = client.get_collection(name, embedding_function=None)
            if (present.metadata or {}).get(_COMPLETE) == "yes" and present.count() == len(ids):
                return
            client.delete_collection(name)
        # One flush, after the last unit: what is on disk is then whole, and reading does not change it.
        flush = {"sync_threshold": max(2, len(ids)), "batch_size": max(2, min(100, len(ids)))}
        collection = client.create_collection(
            name,
            embedding_function=None,
            configuration={"hnsw": {**_HNSW, **flush}},
            metadata={_COMPLETE: "no"},
        )
        step = min(500, int(client.get_max_batch_size()))
        for start in range(0, len(ids), step):
            collection.add(ids=list(ids[start : start + step]), embeddings=vectors[start : start + step])
        collection.modify(metadata={_COMPLETE: "yes"})

    def _ready(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _collection(self, group: str) -> Any:
        client = self._ready()
        if group not in self._collections:
            self._collections[group] = client.get_collection(f"{self._prefix}-{group}", embedding_function=None)
        return self._collections[group]

    def _call(self, work: Callable[[], T], timeout: float | None) -> T:
        if time.monotonic() < self._retry_at:
            raise StoreUnavailableError("the Chroma store did not answer a moment ago")
        try:
            return work() if timeout is None else _bounded(work, timeout)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            # The Rust engine panics with a class that is not an Exception; an away server throws many kinds.
            self.close()
            self._failed()
            self._retry_at = time.monotonic() + (0.0 if timeout is None else _RETRY_AFTER)
            raise StoreUnavailableError(f"the Chroma store cannot answer ({type(error).__name__})") from error


def embedded_store(folder: Path, prefix: str, *, failed: Callable[[], None] = lambda: None) -> ChromaStore:
    """Return the store in a folder of its own; `failed` is called when it cannot answer."""

    def connect() -> Any:
        import chromadb

        return chromadb.PersistentClient(str(folder), settings=_chroma_settings())

    return ChromaStore(connect, prefix, timeout=None, failed=failed)


def server_store(url: str, prefix: str) -> ChromaStore:
    """Return the store on a Chroma server, such as `http://chroma:8000`."""
    import chromadb  # here and not in a call, because importing it takes longer than a call may

    parts = urlsplit(url if "//" in url else f"http://{url}")

    def connect() -> Any:
        secure = parts.scheme == "https"
        return chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=_chroma_settings(),
        )

    return ChromaStore(connect, prefix, timeout=_SERVER_TIMEOUT)


def _chroma_settings() -> Any:
    from chromadb.config import Settings as ChromaSettings

    return ChromaSettings(anonymized_telemetry=False)


def _close(client: Any) -> None:
    """Close a client and, for one of a server, the connections that its own closing leaves open."""
    for part in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(part, "_server", None), "_session", None)
        if session is not None:
            _quietly(session.close)
    _quietly(client.close)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:
        return


def _bounded(work: Callable[[], T], timeout: float) -> T:
    """Return the result of `work`, or raise `TimeoutError`.

    The HTTP client waits for ever and has no public option for it. The thread is a
    daemon, so that a server that hangs does not keep this process from ending.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="chroma-call", daemon=True).start()
    return future.result(timeout)
