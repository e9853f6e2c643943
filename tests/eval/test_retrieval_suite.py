import json

import pytest
from planted import Scripted, case

from eval.cases import Case
from eval.results import summarise
from eval.retrieval import SUITE, measure_folder, search
from eval.scorers.retrieval import RANKING, found
from eval.targets import Product, Ranking, Reply
from rag.settings import Settings


class Searching(Product):
    """The product with a search that always finds the same."""

    def __init__(self, assistant, briefs, passages=("p#1",)):
        super().__init__(assistant)
        self.found = Ranking(briefs=(tuple(briefs),), passages=(tuple(passages),))

    def search(self, question, history=(), *, depth=10):
        return self.found


def figures(relevant, *briefs, passages=((),)):
    ranking = Ranking(briefs=briefs, passages=passages if len(passages) == len(briefs) else ((),) * len(briefs))
    reply = Reply(text="", trace={RANKING: ranking.model_dump(mode="json")})
    return {m.name: m.value for m in summarise([("", mark) for mark in found(case(relevant=relevant), [reply])])}


def test_the_measures_by_hand():
    got = figures({"briefs": ["a"], "passages": []}, ("x", "a"))
    assert got == {
        "found_first": 0, "found_in_5": 1, "briefs_mrr": 0.5, "briefs_recall_at_10": 1,
        "briefs_ndcg_at_10": pytest.approx(0.6309, abs=1e-4),
    }  # fmt: skip


def test_a_passage_answers_as_well_as_a_brief():
    got = figures({"briefs": ["a"], "passages": ["p#1"]}, ("x",), passages=(("p#1",),))
    assert got["found_first"] == 1 and got["passages_mrr"] == 1 and got["briefs_mrr"] == 0


def test_sixth_place_is_not_among_the_first_five():
    got = figures({"briefs": ["a"], "passages": []}, ("1", "2", "3", "4", "5", "a"))
    assert got["found_in_5"] == 0 and got["briefs_recall_at_10"] == 1


def test_each_question_of_a_message_must_be_found():
    topics = {"topics": [{"briefs": ["a"], "passages": []}, {"briefs": ["b"], "passages": []}]}
    assert figures(topics, ("x", "y"), ("a",), ("b",))["found_first"] == 1
    assert figures(topics, ("x", "y"), ("a",), ("x", "b"))["found_first"] == 0
    missed = figures(topics, ("x", "y"), ("a",), ("x",))
    assert missed["found_in_5"] == 0 and set(missed) == {"found_first", "found_in_5"}


def test_a_miss_names_what_should_have_been_found():
    ranking = Ranking(briefs=(("x",),), passages=((),))
    reply = Reply(text="", trace={RANKING: ranking.model_dump(mode="json")})
    whys = [mark.why for mark in found(case(relevant={"briefs": ["a"]}), [reply]) if mark.why]
    assert whys == ["not among those found: a"]


@pytest.mark.parametrize(("brief", "fallen"), [("a", set()), ("b", {"found_in_5"})])
def test_a_search_that_finds_something_else_fells_its_gate(brief, fallen, library, run_one):
    cases = [Case(id="c", turns=("q",), fields={"relevant": {"briefs": ["a"], "passages": []}})]
    report = run_one(SUITE, Searching(Scripted(library), [brief]), cases)
    assert {gate.metric for gate in report.fallen} == fallen


def test_other_targets_are_left_out_with_the_reason(library, run_one):
    class Outside:
        name, abilities, fingerprints = "outside", frozenset(), {}

    report = run_one(SUITE, Outside(), [Case(id="c", turns=("q",), fields={"relevant": {"briefs": ["a"]}})])
    assert "search" in report.suites[0].skipped and report.gates == ()
    assert search(case(), Outside())[0].error


def test_a_beir_folder_is_measured_with_intervals(tmp_path, monkeypatch):
    documents = {"1": "Liver injury after kratom.", "2": "Restless legs and bad sleep.", "3": "A shop may not sell it."}
    rows = [json.dumps({"_id": key, "text": text}) for key, text in documents.items()]
    (tmp_path / "corpus.jsonl").write_text("\n".join(rows))
    queries = {"a": "restless legs", "b": "what shops sell", "c": "liver"}
    (tmp_path / "queries.jsonl").write_text("\n".join(json.dumps({"_id": k, "text": t}) for k, t in queries.items()))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("a\t2\t1\nb\t3\t1\nc\t2\t1\n")
    monkeypatch.setattr("eval.retrieval.Settings", lambda: Settings(use_model=False))
    result = measure_folder(tmp_path, lambda *_: None)
    mrr, model = result.metric("mrr"), result.metric("with_model")
    assert result.cases == 3 and mrr.n == 3 and mrr.value == pytest.approx(2 / 3) and mrr.low < mrr.value < mrr.high
    assert model.value == 0
