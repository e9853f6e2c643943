import math
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.fusion import fuse, spread, top_rows
from rag.retrieval.lexical import K1, B, LexicalIndex

terms = st.lists(st.sampled_from("abcdefgh"), max_size=12)


def reference_bm25(documents, query):
    """BM25 as the Lucene form is written down, term by term."""
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, score = Counter(document), 0.0
        for term in set(query):
            having = sum(term in other for other in documents)
            if not having or not counts[term]:
                continue
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
            norm = K1 * (1 - B + B * len(document) / average)
            score += idf * counts[term] / (counts[term] + norm)
        scores.append(score)
    return scores


@given(st.lists(terms, min_size=1, max_size=8), terms)
def test_scores_equal_a_plain_reference(documents, query):
    if not any(documents):
        assert not LexicalIndex(documents).scores(query).any()
        return
    np.testing.assert_allclose(
        LexicalIndex(documents).scores(query), reference_bm25(documents, query), rtol=1e-6, atol=1e-9
    )


def test_no_terms_or_unknown_terms_score_nothing():
    index = LexicalIndex([["a"], ["b"]])
    assert index.scores([]).tolist() == [0, 0]
    assert index.scores(["zzz"]).tolist() == [0, 0]
    assert LexicalIndex([]).scores(["a"]).tolist() == []


numbers = st.lists(st.floats(-1, 1, allow_nan=False), min_size=1, max_size=30)


@given(numbers, st.integers(1, 40))
def test_top_rows_are_the_best_in_order(values, count):
    scores = np.array(values)
    expected = sorted(range(len(values)), key=lambda row: (-values[row], row))[:count]
    assert top_rows(scores, count) == expected


@given(numbers, st.data())
def test_fused_scores_are_shares_and_sorted(values, data):
    size = len(values)
    lexical = np.array(data.draw(st.lists(st.floats(0, 20), min_size=size, max_size=size)))
    rows = data.draw(st.lists(st.integers(0, size - 1), max_size=size))
    ranked = fuse(rows, np.array(values), lexical, 0.7)
    assert {item.row for item in ranked} == set(rows)
    assert all(0 <= item.score <= 1 for item in ranked)
    assert [item.score for item in ranked] == sorted((item.score for item in ranked), reverse=True)


def test_without_vectors_the_order_is_that_of_words():
    ranked = fuse([0, 1, 2], None, np.array([1.0, 3.0, 2.0]), 0.7)
    assert [item.row for item in ranked] == [1, 2, 0]
    assert {item.dense for item in ranked} == {0.0}


def test_spread_holds_back_the_third_of_a_group_unless_nothing_else_is_left():
    ranked = fuse([0, 1, 2, 3], None, np.array([4.0, 3.0, 2.0, 1.0]), 0.7)
    group = {0: "a", 1: "a", 2: "a", 3: "b"}
    assert [item.row for item in spread(ranked, 3, group.__getitem__, 2)] == [0, 1, 3]
    assert [item.row for item in spread(ranked, 4, group.__getitem__, 2)] == [0, 1, 3, 2]
