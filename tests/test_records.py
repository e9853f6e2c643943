"""Records refuse to be built wrong, and cannot be changed afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rag.errors import UncitedStatementError, UnverifiedQuoteError
from rag.records import (
    Answer,
    Behaviour,
    Citation,
    Message,
    Section,
    SourceCard,
    SourceKind,
    Statement,
    StatementKind,
)

PASSAGE = "A survey asked 2,798 people. Most said that it helped. It had no comparison group."


def card(**changes):
    fields = {
        "id": "survey",
        "title": "A survey",
        "authors": ("Writer A",),
        "organization": None,
        "year": 2020,
        "venue": None,
        "url": "https://example.org",
        "doi": None,
        "kind": SourceKind.CROSS_SECTIONAL,
        "evidence_label": "survey",
        "population": "humans",
        "sample": None,
        "conflicts": None,
        "confidence": "high",
        "limits": "It cannot show cause and effect.",
    }
    return SourceCard(**{**fields, **changes})


def citation(quote="Most said that it helped.", passage=PASSAGE, number=1):
    return Citation(number=number, passage_id="survey#1", quote=quote, heading="Found", passage=passage, source=card())


@pytest.mark.parametrize("kind", [StatementKind.FINDING, StatementKind.CORRECTION])
def test_a_finding_without_a_citation_cannot_exist(kind):
    with pytest.raises(UncitedStatementError, match="verified citation"):
        Statement(text="Most felt better.", section=Section.EVIDENCE, kind=kind)
    assert Statement(text="Most felt better.", section=Section.EVIDENCE, kind=kind, citations=(citation(),)).citations


@pytest.mark.parametrize("kind", [StatementKind.CARE, StatementKind.HELP, StatementKind.META])
def test_other_statements_need_no_citation(kind):
    assert Statement(text="See a doctor.", section=Section.ABOUT_YOU, kind=kind).citations == ()


@pytest.mark.parametrize(
    "quote",
    [
        "Most said that it cured them.",
        "most said that it helped.",
        "Most said  that it helped.",
        "Most said that it helped. It had a comparison group.",
        PASSAGE + " ",
    ],
)
def test_a_quote_must_stand_in_its_passage_letter_for_letter(quote):
    with pytest.raises(UnverifiedQuoteError, match="survey#1"):
        citation(quote)


def test_an_empty_quote_is_refused():
    with pytest.raises(ValidationError):
        citation("")


@given(st.data())
def test_any_part_of_a_passage_may_be_quoted(data):
    start = data.draw(st.integers(0, len(PASSAGE) - 1))
    end = data.draw(st.integers(start + 1, len(PASSAGE)))
    assert citation(PASSAGE[start:end]).quote in PASSAGE


@given(st.text(min_size=1, max_size=40))
def test_nothing_else_may_be_quoted(quote):
    if quote in PASSAGE:
        assert citation(quote).quote == quote
        return
    with pytest.raises(UnverifiedQuoteError):
        citation(quote)


def answer():
    found = Statement(
        text="Most felt better.", section=Section.EVIDENCE, kind=StatementKind.FINDING, citations=(citation(),)
    )
    return Answer(
        behaviour=Behaviour.ANSWER,
        text="Most felt better. [1]",
        statements=(found,),
        citations=found.citations,
        fingerprint="0" * 16,
    )


def test_records_are_frozen_all_the_way_down():
    made = answer()
    with pytest.raises(ValidationError, match="frozen"):
        made.text = "Everyone is cured."
    with pytest.raises(ValidationError, match="frozen"):
        made.statements[0].text = "Everyone is cured."
    with pytest.raises(ValidationError, match="frozen"):
        made.citations[0].quote = "Everyone"
    assert isinstance(made.statements, tuple) and isinstance(made.statements[0].citations, tuple)


def test_unknown_fields_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        card(colour="red")


def test_an_answer_survives_json():
    made = answer()
    assert Answer.model_validate_json(made.model_dump_json()) == made


def test_a_forged_quote_does_not_survive_json():
    text = answer().model_dump_json().replace("Most said that it helped.", "Most said that it cured.", 1)
    with pytest.raises((ValidationError, UnverifiedQuoteError)):
        Answer.model_validate_json(text)


@pytest.mark.parametrize("role", ["system", "tool", "developer", "", "User"])
def test_a_message_is_of_the_person_or_of_the_assistant(role):
    with pytest.raises(ValidationError):
        Message(role=role, content="hello")
