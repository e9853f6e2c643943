import pytest

from rag.retrieval import Searcher
from rag.settings import Settings

from .fakes import FakeEmbedder, tiny_library


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "aliases.yaml").write_text('"wds": "withdrawal"\n"smoke shop": "retail store"\n', encoding="utf-8")
    return tiny_library(folder)


@pytest.fixture
def settings(tmp_path):
    return Settings(index_dir=tmp_path / "index", corpus_dir=tmp_path / "corpus")


@pytest.fixture
def embedder():
    return FakeEmbedder()


@pytest.fixture
def searcher(library, settings, embedder):
    opened = Searcher.open(library, settings, embedder=embedder)
    yield opened
    opened.close()
