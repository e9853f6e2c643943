import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.errors import IndexUnavailableError
from rag.retrieval import Searcher, build_index, open_index, store
from rag.retrieval.units import PASSAGES


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def chroma_server(folder, port):
    command = [
        Path(sys.executable).parent / "chroma",
        "run",
        "--path",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def test_a_server_is_built_on_lost_and_found_again(library, settings, embedder, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_RETRY_AFTER", 0.2)
    port = free_port()
    remote = settings.model_copy(update={"chroma_url": f"http://127.0.0.1:{port}"})
    with chroma_server(tmp_path / "chroma", port):
        searcher = Searcher.open(library, remote, embedder=embedder)
        before = searcher.search("restless legs")
        assert before.degraded == () and before.passages[0].id == "sleep#1"
        assert not list(remote.index_dir.rglob("*.sqlite3"))
        index = open_index(library, remote)
        assert index.store.count(PASSAGES) == 10
        index.store.close()
    gone = searcher.search("restless legs")
    assert gone.degraded == ("store-unreachable",)
    assert (gone.briefs, gone.passages) == (before.briefs, before.passages)
    # A start without the server works too: the vectors are here.
    late = Searcher.open(library, remote, embedder=embedder)
    assert late.search("restless legs").degraded == ("store-unreachable",)
    time.sleep(0.3)
    with chroma_server(tmp_path / "chroma", port):
        for opened in (searcher, late):
            deadline = time.monotonic() + 10
            while opened.search("restless legs").degraded and time.monotonic() < deadline:
                time.sleep(0.2)
            assert opened.search("restless legs") == before
    for opened in (searcher, late):
        opened.close()


def test_a_build_without_its_server_says_so(library, settings, embedder):
    remote = settings.model_copy(update={"chroma_url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(IndexUnavailableError, match="Chroma"):
        build_index(library, remote, embedder=embedder)
    searcher = Searcher.open(library, remote, embedder=embedder)
    assert searcher.degraded == ("index-in-memory",)


def test_a_server_that_hangs_costs_a_bounded_wait(embedder):
    hung = store.ChromaStore(lambda: time.sleep(2), "prefix", timeout=0.3)
    start = time.monotonic()
    for _ in range(5):
        with pytest.raises(store.StoreUnavailableError):
            hung.nearest(PASSAGES, embedder(["x"])[0], 1)
    assert time.monotonic() - start < 1.5
    hung.close()
