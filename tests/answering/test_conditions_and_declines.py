"""Notes that evidence needs beside it, and replies that decline."""

from __future__ import annotations

import re

import pytest

from rag.answering import declines
from rag.answering.citing import Citer, Draft
from rag.answering.conditions import condition_notes, with_condition_notes
from rag.answering.relevance import WordRelevance
from rag.records import Section, SourceKind, StatementKind
from rag.safety.requests import has_amount_to_take


def draft_of(passage, text=None):
    return Draft(text or "Something was seen.", Section.EVIDENCE, StatementKind.FINDING, (passage,))


@pytest.fixture(scope="module")
def case(library):
    return next(key for key in library.passages if library.source_of(key).kind is SourceKind.CASE_REPORT)


def test_a_case_report_is_not_shown_without_saying_how_little_it_says(library, case):
    note = library.messages.text("attribute.case_note")
    assert [draft.text for draft in condition_notes(library, [draft_of(case)], "liver")] == [note]
    limited = [draft_of(case), draft_of(case, "One case cannot show how often.")]
    assert condition_notes(library, limited, "liver") == []


def test_the_note_stands_with_the_evidence_and_not_after_the_practical_part(library, case):
    care = Draft("See a doctor.", Section.ABOUT_YOU, StatementKind.CARE)
    noted = with_condition_notes(library, [draft_of(case), care], "liver")
    assert [draft.section for draft in noted] == [Section.EVIDENCE, Section.EVIDENCE, Section.ABOUT_YOU]


def test_studies_of_leaf_are_not_applied_to_extracts_or_depression(library):
    leaf = next(key for key, passage in library.passages.items() if passage.source_id in library.conditions.leaf_only)
    note = library.messages.text("attribute.leaf_note")
    for question in ("are kratom extracts safe", "7-OH", "7-hydroxymitragynine tablets", "i am depressed, is it ok"):
        assert note in [draft.text for draft in condition_notes(library, [draft_of(leaf)], question)], question
    assert note not in [draft.text for draft in condition_notes(library, [draft_of(leaf)], "what do studies say")]


def test_nothing_shown_needs_no_note(library):
    assert condition_notes(library, [], "are extracts safe") == []


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("reasons", [(), ("taper-plan",)])
@pytest.mark.parametrize("question", ["how many grams for 70 kg", "how much zoloft should i take", "17 g of red?"])
def test_declining_an_amount_gives_none(library, understanding, reasons, again, question):
    brief = declines.dose_brief(library, reasons)
    drafts = declines.decline_dose(library, brief, understanding.read(question), again=again)
    citer = Citer(library)
    assert all(citer.statement(draft) for draft in drafts)
    assert not any(has_amount_to_take(draft.text) for draft in drafts)
    assert not re.search(r"\b(?:70|17)\b", " ".join(draft.text for draft in drafts))


def test_a_plan_for_cutting_down_has_a_brief_of_its_own(library):
    assert declines.dose_brief(library, ("taper-plan",)) is not declines.dose_brief(library, ())


def test_another_subject_is_declined_with_what_can_be_asked(library):
    out, can = declines.out_of_scope(library)
    assert out.kind is can.kind is StatementKind.META
    assert library.messages.texts("examples")[0] in can.text


def test_shared_rare_words_make_a_text_relevant():
    relevance = WordRelevance(["kratom liver injury", "kratom sleep", "kratom law"]).to("kratom and the liver")
    assert relevance("liver") > relevance("kratom") > relevance("law") == 0.0
    assert relevance("the liver of kratom users") == pytest.approx(1.0)
    assert WordRelevance([]).to("x")("x") == 0.0
