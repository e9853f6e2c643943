import json

import pytest

from eval.beir import BeirFormatError, measure, run_beir

DOCUMENTS = {
    "1": ("Liver", "Liver injury after kratom."),
    "2": ("Sleep", "Restless legs and bad sleep."),
    "3": ("", "A shop may not sell it."),
}
QUERIES = {"1": "restless legs", "b": "what shops sell", "unjudged": "liver"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "qrels").mkdir()
    lines = [json.dumps({"_id": key, "title": title, "text": text}) for key, (title, text) in DOCUMENTS.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    lines = [json.dumps({"_id": key, "text": text}) for key, text in QUERIES.items()]
    (tmp_path / "queries.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\t2\t1\nb\t3\t1\n", encoding="utf-8")
    return tmp_path


def test_a_beir_folder_is_measured_with_progress(folder, settings, embedder):
    steps = []
    result = run_beir(folder, settings, lambda *step: steps.append(step), embedder=embedder)
    assert result["nDCG@10"] == result["R@10"] == result["RR"] == 1.0
    assert result["queries"] == 2 and result["documents"] == 3 and result["dense"] == 1
    assert steps[-1] == ("search", 2, 2)


def test_without_a_model_words_alone_are_measured(folder, settings):
    result = run_beir(folder, settings.model_copy(update={"use_model": False}))
    assert result["dense"] == 0 and result["RR"] == 1.0


def test_a_judged_query_without_results_counts_as_zero():
    assert measure({"a": {"x": 1}, "b": {"y": 1}}, {"a": {"x": 1.0}})["RR"] == 0.5


@pytest.mark.parametrize(
    ("name", "content"),
    [("corpus.jsonl", '{"_id": "1"}'), ("queries.jsonl", "not json"), ("qrels/test.tsv", "a\tb\tc\nq d 1\n")],
)
def test_a_broken_folder_is_named(folder, settings, embedder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(BeirFormatError, match=name.rpartition("/")[2]):
        run_beir(folder, settings, embedder=embedder)
    (folder / name).unlink()
    with pytest.raises(BeirFormatError, match="cannot be read"):
        run_beir(folder, settings, embedder=embedder)
