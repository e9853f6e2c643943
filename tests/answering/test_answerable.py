"""Whether what was found answers, from weights that can be read here."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from retrieval.fakes import fake_vectors, sertraline, tiny_library

from rag.answering.answerable import HEADS, WEIGHTS, Answerability, standalone
from rag.answering.mentions import MedicineNames
from rag.answering.understand import Understanding
from rag.retrieval import Found, Hit

ZERO_HEAD = {"weights": [0.0] * 384, "bias": 0.0}
WORDS = {"bias": 2.0, "threshold": 0.5, "weights": {"uncovered_share": -4.0}}
STORED = json.loads(WEIGHTS.read_text(encoding="utf-8"))
SIMPLE = {**STORED, "on_topic": ZERO_HEAD, "covered": ZERO_HEAD, "words": WORDS, "full": WORDS}
LIVER = Found((Hit("about-liver", 1.0, 0.9, 5.0),), (Hit("liver#1", 1.0, 0.8, 5.0),))
NOTHING = Found((), ())


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tiny_library(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def tiny_names():
    return MedicineNames({"sertraline": sertraline()}, ["liver", "kratom"])


def judge(library, names, question, found, weights=SIMPLE, embed=None):
    understood = Understanding(names).read(question)
    return Answerability(library, names, embed, weights).judge(question, understood, found)


def test_words_that_were_found_are_covered(library, tiny_names):
    judged = judge(library, tiny_names, "can kratom mean liver injury", LIVER)
    assert judged.answerable
    assert judged.missing == ()
    assert judged.threshold == 0.5


def test_a_word_found_nowhere_is_named(library, tiny_names):
    judged = judge(library, tiny_names, "can kratom mean hedgehogs injury", LIVER)
    assert judged.missing == ("hedgehogs",)
    assert judged.probability < judge(library, tiny_names, "can kratom mean liver injury", LIVER).probability


def test_a_specific_word_missing_from_the_best_hits_counts_more_than_a_common_one(library, tiny_names):
    def missing(question):
        understood = Understanding(tiny_names).read(question)
        return Answerability(library, tiny_names).features(question, understood, LIVER)[0]["missing_in_best"]

    assert missing("liver injury") == 0.0
    assert 0.0 < missing("liver injury hedgehogs") < missing("hedgehogs") == 1.0


def test_nothing_found_covers_nothing(library, tiny_names):
    assert not judge(library, tiny_names, "can kratom mean hedgehogs injury", NOTHING).answerable


def test_a_medicine_of_the_register_is_not_a_missing_word(library, tiny_names):
    assert judge(library, tiny_names, "zolof and kratom", LIVER).missing == ()


@pytest.mark.parametrize("bias", [-1000.0, -3.0, 0.0, 3.0, 1000.0])
def test_the_probability_is_the_logistic_of_the_score(library, tiny_names, bias):
    weights = {**SIMPLE, "words": {"bias": bias, "threshold": 0.5, "weights": {}}}
    judged = judge(library, tiny_names, "liver", LIVER, weights)
    assert judged.probability == pytest.approx(1 / (1 + math.exp(-max(min(bias, 40), -40))), abs=1e-4)
    assert judged.answerable is (judged.probability >= 0.5)


def test_the_heads_judge_where_there_is_a_model(library, tiny_names):
    vector = fake_vectors(["liver"])[0]
    weights = {**SIMPLE, "on_topic": {"weights": (10 * vector).tolist(), "bias": 0.0}}
    on, off = (judge(library, tiny_names, text, LIVER, weights, fake_vectors).on_topic for text in ("liver", "pizza"))
    assert on > 0.99
    assert off < 0.9


def test_the_answer_is_the_same_twice(library, tiny_names):
    one, two = (
        judge(library, tiny_names, "can kratom mean hedgehogs injury", LIVER, None, fake_vectors) for _ in range(2)
    )
    assert one == two


def test_a_model_that_fails_is_not_taken_for_a_yes(library, tiny_names):
    def broken(_texts):
        raise RuntimeError("no model")

    with pytest.raises(RuntimeError, match="no model"):
        judge(library, tiny_names, "liver", LIVER, SIMPLE, broken)


def test_the_stored_weights_fit_the_code(library, tiny_names):
    features, _ = Answerability(library, tiny_names).features("liver", Understanding(tiny_names).read("liver"), LIVER)
    for name in HEADS:
        assert np.isfinite(STORED[name]["weights"]).all() and len(STORED[name]["weights"]) == 384
    assert set(STORED["words"]["weights"]) <= set(features)
    assert set(STORED["full"]["weights"]) <= set(features) | set(HEADS)
    assert all(0.0 < STORED[model]["threshold"] < 1.0 for model in ("words", "full"))
    assert all(math.isfinite(value) for value in features.values())


def test_a_follow_up_is_judged_with_what_it_leans_on(tiny_names):
    reader = Understanding(tiny_names)
    assert standalone("why?", reader.read("why?", ["does zoloft hurt the liver"])) != "why?"
    assert standalone("liver injury", reader.read("liver injury")) == "liver injury"
