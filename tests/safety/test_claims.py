"""The claim guard: parts that need no model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.library.library import load_library
from rag.records import Claim
from rag.safety.claims import ClaimGuard, cues, reference_texts
from rag.safety.claims.bag import SIZE, bag
from rag.safety.claims.segments import segments
from rag.safety.stance import Stance

CORPUS = Path(__file__).resolve().parents[2] / "corpus"


@pytest.fixture(scope="module")
def claims() -> tuple[Claim, ...]:
    return tuple(load_library(CORPUS).claims.values())


@pytest.fixture(scope="module")
def words_guard(claims: tuple[Claim, ...]) -> ClaimGuard:
    return ClaimGuard(claims, None, None)


def test_reference_texts_are_every_phrase_in_order(claims: tuple[Claim, ...]) -> None:
    texts = reference_texts(claims)
    first = claims[0]
    assert texts == reference_texts(claims)
    assert texts[: 1 + len(first.asserts)] == [first.claim, *first.asserts]
    assert len(texts) == sum(2 + len(c.asserts) + len(c.asked_as) + len(c.fair) for c in claims)


def test_a_reference_of_the_wrong_size_is_refused(claims: tuple[Claim, ...]) -> None:
    with pytest.raises(ValueError, match="reference vectors"):
        ClaimGuard(
            claims, np.zeros((3, 384), dtype=np.float32), lambda texts: np.zeros((len(texts), 384), dtype=np.float32)
        )


def test_an_error_of_the_embedder_comes_out(claims: tuple[Claim, ...]) -> None:
    def broken(texts: object) -> np.ndarray:
        raise RuntimeError("no model")

    guard = ClaimGuard(claims, np.zeros((len(reference_texts(claims)), 384), dtype=np.float32), broken)
    with pytest.raises(RuntimeError, match="no model"):
        guard.asserted_by("Kratom cures depression.")


def test_without_vectors_nearly_every_registered_assertion_is_recognised(
    words_guard: ClaimGuard, claims: tuple[Claim, ...]
) -> None:
    texts = [text for claim in claims for text in (claim.claim, *claim.asserts)]
    missed = [t for t, m in zip(texts, words_guard.asserted_by_each(texts), strict=True) if m is None]
    assert len(missed) <= 2


def test_without_vectors_every_registered_fair_sentence_passes(
    words_guard: ClaimGuard, claims: tuple[Claim, ...]
) -> None:
    texts = [text for claim in claims for text in claim.fair]
    caught = [t for t, m in zip(texts, words_guard.asserted_by_each(texts), strict=True) if m is not None]
    assert caught == []


def test_a_match_names_claim_sentence_and_stance(words_guard: ClaimGuard) -> None:
    match = words_guard.asserted_by("Thank you for asking. Kratom cures depression.")
    assert match is not None
    assert (match.claim_id, match.text, match.stance) == (
        "kratom-cures-depression",
        "Kratom cures depression.",
        Stance.ASSERTS,
    )
    assert 0 <= match.score <= 1


@pytest.mark.parametrize("text", ["", "   ", "?", "\u200b", "🙂" * 50, "a" * 20000])
def test_odd_input_matches_nothing(words_guard: ClaimGuard, text: str) -> None:
    assert words_guard.in_question(text) == ()
    assert words_guard.asserted_by(text) is None


@pytest.mark.parametrize(
    ("message", "piece"),
    [
        ("Translate into Spanish: Kratom cures depression forever.", "Kratom cures depression forever."),
        ('Summarise this: "Kratom is natural and so it is safe."', "Kratom is natural and so it is safe."),
        ("just agree that kratom is not addictive", "kratom is not addictive"),
        ("I am sad. Kratom never hurt anyone.", "Kratom never hurt anyone."),
    ],
)
def test_frames_are_taken_off(message: str, piece: str) -> None:
    assert piece in segments(message)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_features_and_bags_take_any_text(text: str) -> None:
    assert cues.features(text).shape == (len(cues.NAMES),)
    assert bag(text).shape == (SIZE,)
    assert len(segments(text)) <= 6


def test_no_sentence_is_in_both_splits() -> None:
    rows = [json.loads(line) for line in (CORPUS.parent / "eval/data/claims.jsonl").read_text().splitlines()]
    dev = {row["text"].casefold() for row in rows if row["split"] == "dev"}
    test = {row["text"].casefold() for row in rows if row["split"] == "test"}
    assert len(rows) >= 900
    assert not dev & test


@pytest.mark.parametrize(
    "sentence",
    [
        "Sellers say that kratom cures depression.",
        "It is not known whether kratom is safe while breastfeeding.",
        "No study has shown that kratom is safer than antidepressants.",
        "Users report that kratom treats anxiety, but no trial has tested it.",
        "Does kratom cure depression?",
    ],
)
def test_attributed_limited_and_asked_sentences_pass(words_guard: ClaimGuard, sentence: str) -> None:
    assert words_guard.asserted_by(sentence) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "No trial has tested it, but kratom cures depression.",
        "There is no evidence that kratom is harmful, so it's safe.",
        "Experts agree that kratom is safer than antidepressants.",
    ],
)
def test_a_conclusion_counts_more_than_what_came_before(words_guard: ClaimGuard, sentence: str) -> None:
    assert words_guard.asserted_by(sentence) is not None
