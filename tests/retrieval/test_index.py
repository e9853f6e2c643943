import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexUnavailableError, KratomEvidenceError
from rag.retrieval import Searcher, artefact, build_index, index_status, open_index
from rag.retrieval import build as building
from rag.retrieval.units import ASKS, PASSAGES, SENTENCES, collect_units

from .fakes import FakeEmbedder, tiny_library

TESTS = Path(__file__).resolve().parent.parent
SLOW_BUILD = """
import sys, time
from pathlib import Path
from rag.retrieval import build_index
from rag.settings import Settings
from retrieval.fakes import FakeEmbedder, tiny_library

def wait(step, done, total):
    if step == sys.argv[3]:
        print("reached", flush=True)
        time.sleep(60)

library = tiny_library(sys.argv[1], more={"new": ("New note", "A new note on caffeine.")})
build_index(library, Settings(index_dir=Path(sys.argv[2])), progress=wait, embedder=FakeEmbedder())
"""


def folders(settings):
    return sorted(path.name for path in settings.index_dir.glob("index-*"))


def test_build_then_open_then_nothing_to_do(library, settings, embedder):
    steps = []
    info = build_index(
        library, settings, extra={"claims": ["it is safe"]}, progress=lambda *s: steps.append(s), embedder=embedder
    )
    assert info.groups == {PASSAGES: 10, ASKS: 15, SENTENCES: 14, "claims": 1}
    assert {step for step, _, _ in steps} == {"embed", "store", "check"}
    assert index_status(library, settings, extra={"claims": ["it is safe"]})[0] == "ready"
    before = embedder.embedded
    again = build_index(library, settings, extra={"claims": ["it is safe"]}, embedder=embedder)
    assert again.key == info.key and embedder.embedded == before


def test_only_changed_texts_are_embedded_again(library, settings, embedder):
    build_index(library, settings, embedder=embedder)
    changed = tiny_library(library.corpus_dir, more={"new": ("New note", "A new note on caffeine.")})
    assert index_status(changed, settings)[0] == "stale"
    fresh = FakeEmbedder()
    info = build_index(changed, settings, embedder=fresh)
    assert 0 < fresh.embedded == info.embedded < 10
    assert index_status(changed, settings)[0] == "ready"


def test_two_fresh_builds_are_equal_to_the_bit(library, settings, tmp_path):
    other = settings.model_copy(update={"index_dir": tmp_path / "other"})
    build_index(library, settings, embedder=FakeEmbedder())
    build_index(library, other, embedder=FakeEmbedder())
    one, two = open_index(library, settings), open_index(library, other)
    for name in one.groups:
        assert one.groups[name].ids == two.groups[name].ids
        assert one.groups[name].vectors.tobytes() == two.groups[name].vectors.tobytes()
    vector = one.groups[ASKS].vectors[3]
    assert one.store.nearest(ASKS, vector, 15) == two.store.nearest(ASKS, vector, 15)


def test_the_store_finds_what_exact_search_finds(library, settings, embedder):
    build_index(library, settings, embedder=embedder)
    index = open_index(library, settings)
    for vector in index.groups[ASKS].vectors:
        near, exact = index.store.nearest(PASSAGES, vector, 5), index.exact.nearest(PASSAGES, vector, 5)
        rows = [index.groups[PASSAGES].ids.index(key) for key in near]
        best = [index.groups[PASSAGES].ids.index(key) for key in exact]
        scores = index.groups[PASSAGES].vectors @ vector
        np.testing.assert_allclose(scores[rows], scores[best], atol=1e-5)


@pytest.mark.parametrize("step", ["embed", "store"])
def test_a_killed_build_leaves_the_old_index_working(library, settings, embedder, step):
    build_index(library, settings, embedder=embedder)
    old = folders(settings)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_BUILD, str(library.corpus_dir), str(settings.index_dir), step],
        stdout=subprocess.PIPE,
        env=environment,
    )
    with process:
        assert process.stdout.readline() == b"reached\n"
        process.send_signal(signal.SIGKILL)
    if step == "store":
        assert len(folders(settings)) == len(old) + 1
    assert open_index(library, settings).store.count(PASSAGES) == 10
    build_index(library, settings, embedder=embedder)
    assert folders(settings) == old


@pytest.mark.parametrize(
    "damage",
    ["vectors.npy", "hashes.npy", "manifest.json", "chroma.sqlite3", "data_level0.bin", "header.bin", "current.json"],
)
@pytest.mark.parametrize("content", [b"", b"\x00garbage" * 50])
def test_damage_is_found_at_open_and_mended(library, settings, embedder, damage, content):
    build_index(library, settings, embedder=embedder)
    found = list(settings.index_dir.rglob(damage))
    assert found
    for path in found:
        path.write_bytes(content)
    with pytest.raises(IndexUnavailableError):
        open_index(library, settings)
    assert index_status(library, settings)[0] in {"damaged", "missing"}
    searcher = Searcher.open(library, settings, embedder=embedder)
    assert searcher.degraded == ()
    assert searcher.search("liver injury").briefs[0].id == "about-liver"


def test_damage_that_only_chroma_sees_is_found_by_the_first_search_and_mended_at_the_next_start(
    library, settings, embedder
):
    info = build_index(library, settings, embedder=embedder)
    with sqlite3.connect(info.folder / "chroma" / "chroma.sqlite3") as database:
        database.execute("DELETE FROM collections")
    searcher = Searcher.open(library, settings, embedder=embedder)
    found = searcher.search("liver injury")
    assert found.briefs[0].id == "about-liver"
    assert "store-unreachable" in found.degraded
    searcher.close()
    again = Searcher.open(library, settings, embedder=embedder)
    assert again.search("liver injury").degraded == ()


def test_a_result_that_fails_its_check_is_not_used(library, settings, embedder, monkeypatch):
    build_index(library, settings, embedder=embedder)
    before = folders(settings)
    changed = tiny_library(library.corpus_dir, more={"new": ("New note", "A new note on caffeine.")})
    with monkeypatch.context() as patch:
        patch.setattr(building.ChromaStore, "nearest", lambda *_: ["liver#2"])
        with pytest.raises(IndexUnavailableError, match="does not find itself"):
            build_index(changed, settings, embedder=embedder)
    assert folders(settings) == before
    assert index_status(library, settings)[0] == "ready"


def test_a_folder_that_cannot_be_written_means_an_index_in_memory(library, settings, embedder, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("in the way", encoding="utf-8")
    blocked = settings.model_copy(update={"index_dir": blocker / "index"})
    with pytest.raises(IndexUnavailableError, match="cannot be written"):
        build_index(library, blocked, embedder=embedder)
    searcher = Searcher.open(library, blocked, embedder=embedder)
    assert searcher.degraded == ("index-in-memory",)
    assert searcher.search("restless legs").passages[0].id == "sleep#1"


def test_vectors_serve_when_the_store_can_be_neither_opened_nor_mended(library, settings, embedder, monkeypatch):
    build_index(library, settings, embedder=embedder)
    for path in settings.index_dir.rglob("data_level0.bin"):
        path.write_bytes(b"damage")

    def refuse(*args):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(artefact, "new_folder", refuse)
    searcher = Searcher.open(library, settings, embedder=embedder)
    assert searcher.degraded == ("store-unreachable",)
    assert searcher.search("liver injury").briefs[0].dense > 0.5


def test_old_indexes_go_but_the_one_before_stays(library, settings, embedder):
    for number in range(4):
        more = {"new": ("New note", f"Version {number} of it.")}
        build_index(tiny_library(library.corpus_dir, more=more), settings, embedder=embedder)
    assert len(folders(settings)) <= 3
    pointer = json.loads((settings.index_dir / artefact.POINTER).read_text(encoding="utf-8"))
    assert {pointer["current"], pointer["previous"]} <= set(folders(settings))


def test_a_pointer_out_of_the_folder_is_not_followed(library, settings, embedder, tmp_path):
    build_index(library, settings, embedder=embedder)
    (settings.index_dir / artefact.POINTER).write_text('{"current": "../elsewhere"}', encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    assert artefact.current_folder(settings.index_dir) is None


def test_a_second_writer_waits_and_then_finds_the_index(library, settings):
    from concurrent.futures import ThreadPoolExecutor

    slow = [FakeEmbedder(delay=0.3), FakeEmbedder(delay=0.3)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda e: build_index(library, settings, embedder=e), slow))
    assert len({info.key for info in done}) == 1
    assert min(e.embedded for e in slow) == 0


def test_reserved_names_of_groups_are_refused(library):
    with pytest.raises(KratomEvidenceError, match="sentences"):
        collect_units(library, {"sentences": []})
