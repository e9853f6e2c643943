import numpy as np
import pytest

from rag.errors import ModelUnavailableError
from rag.retrieval import Searcher, embeddings, load_embedder
from rag.retrieval.embeddings import SentenceEmbedder, model_folder
from rag.retrieval.langchain import HybridRetriever
from rag.retrieval.store import StoreUnavailableError
from rag.settings import Settings
from rag.text import split_sentences

from .fakes import FakeEmbedder


def test_the_right_brief_and_passage_come_first(searcher):
    found = searcher.search("does zolofft with kratom cause serotonin syndrome")
    assert found.briefs[0].id == "about-ssri"
    assert found.passages[0].id == "ssri#1"
    assert found.degraded == ()
    assert 0 <= found.briefs[0].score <= 1 and found.briefs[0].dense <= 1.0001 and found.briefs[0].lexical > 0


def test_same_question_same_answer(library, settings, embedder, searcher):
    again = Searcher.open(library, settings, embedder=FakeEmbedder())
    queries = ["liver", "can i sleep", "", "is it banned", "💊", "x" * 5000, "\x00"]
    assert searcher.search_many(queries) == again.search_many(queries)
    assert [searcher.search(query) for query in queries] == searcher.search_many(queries)


def test_what_a_follow_up_adds_counts_for_more_than_what_was_asked_before(searcher):
    query, context = "can it harm my sleep liver injury", "liver injury"
    plain = searcher.search_many([query])[0]
    moved = searcher.search_many([query], contexts=[context])[0]

    def lead(found):
        dense = {hit.id: hit.dense for hit in found.passages}
        return dense["sleep#1"] - dense["liver#1"]

    assert lead(moved) > lead(plain)
    assert searcher.search_many([query], contexts=[""])[0] == plain


def test_filters_keep_only_what_passes(searcher, library):
    animals = searcher.search("kratom", populations=["animals"]).passages
    assert animals and all(library.source_of(hit.id).population == "animals" for hit in animals)
    reports = searcher.search("kratom", kinds=["case-report"]).passages
    assert reports and all(library.source_of(hit.id).kind == "case-report" for hit in reports)
    law = searcher.search("kratom", topics=["law"])
    assert [hit.id for hit in law.briefs] == ["about-law"]
    assert {library.passages[hit.id].source_id for hit in law.passages} == {"law"}
    assert searcher.search("kratom", topics=["nothing"]).passages == ()


def test_vectors_of_sentences_and_groups(library, settings, embedder):
    searcher = Searcher.open(library, settings, embedder=embedder, extra={"claims": ["one", "two words"]})
    vectors = searcher.sentence_vectors(["liver#1", "none#1"])
    assert list(vectors) == ["liver#1"]
    sentences = split_sentences(library.passages["liver#1"].text)
    np.testing.assert_allclose(vectors["liver#1"], FakeEmbedder()(sentences), atol=1e-6)
    np.testing.assert_allclose(searcher.group_vectors("claims"), FakeEmbedder()(["one", "two words"]), atol=1e-6)
    assert searcher.group_vectors("none") is None


def test_without_the_model_words_alone_still_find(library, settings):
    off = settings.model_copy(update={"use_model": False})
    searcher = Searcher.open(library, off)
    found = searcher.search("liver injury")
    assert found.briefs[0].id == "about-liver" and found.briefs[0].dense == 0
    assert found.degraded == ("model-missing", "index-missing")
    assert searcher.embed is None
    assert searcher.sentence_vectors(["liver#1"]) == {} and searcher.group_vectors("x") is None


def test_a_model_that_breaks_at_the_first_question_is_left_out(library, settings, embedder, monkeypatch):
    Searcher.open(library, settings, embedder=embedder).close()

    def broken(texts):
        raise ModelUnavailableError("cannot be loaded")

    searcher = Searcher.open(library, settings, embedder=broken)
    found = searcher.search("liver injury")
    assert found.briefs[0].id == "about-liver"
    assert found.degraded == ("model-missing",)
    assert searcher.search("liver injury").degraded == ("model-missing",)


@pytest.mark.parametrize("content", [None, b"other weights"])
def test_a_missing_or_changed_model_file_is_refused_in_words(tmp_path, content):
    if content is not None:
        (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="earch is by words only"):
        load_embedder(Settings(model_dir=tmp_path), threads=1)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(embeddings, "MODEL_PACKAGE", "no_such_package_here")
    with pytest.raises(ModelUnavailableError, match="no_such_package_here"):
        load_embedder(Settings(model_dir=None), threads=1)


def test_a_change_of_one_byte_in_any_model_file_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    real = model_folder(Settings(model_dir=None))
    for name in embeddings.PINNED_FILES:
        if name == "model.safetensors":
            (folder / name).symlink_to(real / name)
        else:
            (folder / name).write_bytes((real / name).read_bytes())
    assert isinstance(load_embedder(Settings(model_dir=folder), threads=1), SentenceEmbedder)
    for name in embeddings.PINNED_FILES:
        if name == "model.safetensors":
            continue
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(kept + b" ")
        with pytest.raises(ModelUnavailableError, match=name.rpartition("/")[2]):
            load_embedder(Settings(model_dir=folder), threads=1)
        (folder / name).write_bytes(kept)


def test_the_cache_of_the_embedder_keeps_hashes_and_no_text(monkeypatch, tmp_path):
    calls = []

    class Model:
        def encode(self, texts, **options):
            calls.append(list(texts))
            return np.ones((len(texts), embeddings.DIMENSION), dtype=np.float32)

        def preprocess(self, texts):
            calls.append(list(texts))
            return texts

        def __call__(self, texts):
            return {"sentence_embedding": np.ones((len(texts), embeddings.DIMENSION), dtype=np.float32)}

    monkeypatch.setattr(embeddings, "_load_model", lambda folder: Model())
    monkeypatch.setattr(embeddings, "_CACHE_SIZE", 2)
    embedder = SentenceEmbedder(tmp_path, threads=1)
    assert embedder([]).shape == (0, embeddings.DIMENSION)
    embedder(["a private question"])
    embedder(["a private question", "two"])
    assert calls == [["a private question"], ["two"]]
    assert "private" not in repr(vars(embedder))
    embedder(["three"])
    assert len(embedder._cache) == 2
    embedder([str(n) for n in range(20)])
    assert len(calls[-1]) == 20 and len(embedder._cache) == 2


def test_the_langchain_retriever_returns_documents(searcher, library):
    documents = HybridRetriever(searcher=searcher, library=library, k=3).invoke("liver injury")
    assert documents[0].id == "liver#1"
    assert documents[0].page_content == library.passages["liver#1"].text
    assert {"source", "url", "kind", "score", "dense", "lexical", "confidence"} <= documents[0].metadata.keys()
    filtered = HybridRetriever(searcher=searcher, library=library, populations=["animals"]).invoke("kratom")
    assert {document.metadata["source"] for document in filtered} == {"mice"}


def test_a_store_that_fails_is_replaced_by_exact_search(searcher, monkeypatch):
    before = searcher.search("restless legs")

    def away(*args):
        raise StoreUnavailableError("away")

    monkeypatch.setattr(type(searcher._index.store), "nearest", away)
    found = searcher.search("restless legs")
    assert found.degraded == ("store-unreachable",)
    assert (found.briefs, found.passages) == (before.briefs, before.passages)
