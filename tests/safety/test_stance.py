"""Stance is decided from the words of a sentence alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.safety.stance import Stance, contrast_tail, normalise, rejects, stance

CASES = {
    Stance.ASSERTS: (
        "This tea cures the common cold.",
        "Experts agree that the tea is the safest choice.",
        "No trial has tested the tea, but it works wonders for a cold.",
        "There is no evidence of harm, so the tea is safe.",
        "Why wait weeks for a pill when the tea helps at once?",
    ),
    Stance.DENIES: (
        "The tea is not a medicine.",
        "The tea does not cure a cold.",
        "Dependence on the tea is a myth.",
        "The tea never causes headaches.",
    ),
    Stance.ATTRIBUTES: (
        "Sellers call the tea a natural remedy.",
        "Many users say that the tea eases their cold.",
        "According to its maker, the tea is safe.",
        "The FDA says that the tea is not lawful as a supplement.",
    ),
    Stance.ASKS: (
        "Does the tea cure a cold?",
        "is the tea safe",
        "The tea is harmless, right?",
        "How long does the tea last",
    ),
    Stance.LIMITS: (
        "No trial of the tea for colds was found.",
        "Whether the tea helps is not known.",
        "The tea has not been tested in people.",
        "In mice, the tea had an effect like that of a medicine.",
        "Users say that it helps, but this has not been tested.",
        "The tea can cause nausea in some people.",
        "A survey of users cannot show that the tea works.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "sentence"), [(kind, text) for kind, texts in CASES.items() for text in texts])
def test_stance_of_plain_sentences(wanted: Stance, sentence: str) -> None:
    assert stance(sentence) is wanted


def test_the_clause_after_a_contrast_is_found() -> None:
    assert contrast_tail("No trial tested it, but it works for every cold.") == "it works for every cold."
    assert contrast_tail("It works.") is None


@given(st.text(max_size=300))
def test_any_text_gets_the_same_stance_twice(text: str) -> None:
    first = stance(text)
    assert isinstance(first, Stance)
    assert stance(text) is first


@given(st.text(alphabet="abc no,;.?!'\"but so never is the", max_size=400))
def test_long_runs_of_small_words_never_raise(text: str) -> None:
    assert isinstance(stance(text), Stance)


@pytest.mark.parametrize(
    "sentence",
    [
        "It would be wrong to say that the tea cures a cold.",
        "The claim that the tea cures a cold has not been tested.",
        "To call the tea a cure goes too far.",
    ],
)
def test_calling_a_statement_wrong_is_noticed(sentence: str) -> None:
    assert rejects(normalise(sentence))


def test_no_known_amount_is_a_limit_and_no_known_risk_is_not() -> None:
    assert stance("There is no known right amount of the tea.") is Stance.LIMITS
    assert stance("There is no known risk with the tea.") is Stance.DENIES


@pytest.mark.parametrize(
    "sentence",
    [
        "Nobody has ever died of the tea.",
        "Because harm has not been proven, the tea is safe.",
        "Drinkers are people who soon lose the ability to think.",
    ],
)
def test_light_made_of_missing_evidence_is_no_limit(sentence: str) -> None:
    assert stance(sentence) in (Stance.ASSERTS, Stance.DENIES)
