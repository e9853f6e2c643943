"""Drafts become statements with verified quotes, numbered in order of appearance."""

from __future__ import annotations

import pytest

from rag.answering.cards import SourceCards, evidence_label
from rag.answering.citing import Citer, Draft, Numbering
from rag.answering.plain import plain_text, with_marks
from rag.answering.quotes import locate_quote
from rag.errors import UncitedStatementError, UnverifiedQuoteError
from rag.records import Notice, Section, Statement, StatementKind
from rag.text import split_sentences


@pytest.fixture(scope="module")
def citer(library):
    return Citer(library)


@pytest.fixture(scope="module")
def passages(library):
    return list(library.passages.values())


def finding(text, *ids, **changes):
    return Draft(text, Section.EVIDENCE, StatementKind.FINDING, ids, **changes)


def test_a_quote_is_located_in_each_cited_passage(citer, passages):
    one, two = passages[0], passages[5]
    statement = citer.statement(finding(split_sentences(one.text)[0], one.id, two.id))
    assert [citation.passage_id for citation in statement.citations] == [one.id, two.id]
    for citation, passage in zip(statement.citations, (one, two), strict=True):
        assert citation.quote in passage.text == citation.passage
        assert citation.source.id == passage.source_id


def test_a_draft_without_a_passage_is_no_finding(citer):
    with pytest.raises(UncitedStatementError):
        citer.statement(finding("Kratom cures depression."))


def test_a_passage_that_does_not_exist_cannot_be_cited(citer):
    with pytest.raises(KeyError):
        citer.statement(finding("Kratom cures depression.", "invented-2020#1"))


def test_a_quote_that_was_made_up_is_refused(citer, passages):
    with pytest.raises(UnverifiedQuoteError):
        citer.statement(finding("Most got better.", passages[0].id, quote="Most got better, says nobody."))


def test_passages_are_numbered_once_in_order_of_appearance(citer, passages):
    numbering = Numbering()
    first = numbering.number(citer.statement(finding("One.", passages[3].id)))
    second = numbering.number(citer.statement(finding("Two.", passages[1].id, passages[3].id)))
    assert [c.number for c in first.citations] == [1]
    assert [c.number for c in second.citations] == [2, 1]
    assert [(c.number, c.passage_id) for c in numbering.citations()] == [(1, passages[3].id), (2, passages[1].id)]


def test_every_cited_sentence_of_every_brief_gets_verified_quotes(library, citer):
    for brief in library.briefs.values():
        for point in (*brief.short_answer, *brief.evidence, *brief.unknowns):
            for sentence in point.sentences:
                statement = citer.statement(finding(sentence.text, *sentence.passages))
                assert statement.citations
                assert all(c.quote in library.passages[c.passage_id].text for c in statement.citations)


def test_every_source_has_a_card_with_its_kind_and_limits(library):
    cards = SourceCards(library)
    for source in library.sources.values():
        card = cards.card(source.id)
        assert card.limits and card.evidence_label == evidence_label(source, library.messages)
        assert card.conflicts == source.conflicts and card.sample == source.sample
        assert cards.card(source.id) is card


def test_plain_text_has_marks_headings_bullets_and_notices(library, citer, passages):
    numbering = Numbering()
    short = Statement(text="In short.", section=Section.SHORT_ANSWER, kind=StatementKind.META)
    one = numbering.number(citer.statement(finding("One.", passages[0].id)))
    two = numbering.number(citer.statement(finding("Two.", passages[0].id, passages[1].id, joins=True)))
    three = numbering.number(citer.statement(finding("Three.", passages[1].id)))
    text = plain_text([short, one, two, three], [Notice(id="n", text="Take care.")], library.messages)
    heading = library.messages.text("heading.evidence")
    assert text == f"In short.\n\n{heading}\n- One. [1] Two. [1][2]\n- Three. [2]\n\n* Take care."
    assert with_marks(short) == "In short."
    assert plain_text([], [], library.messages) == ""


def test_locating_is_the_same_through_the_citer(citer, passages):
    text = split_sentences(passages[2].text)[0]
    assert (
        citer.statement(finding(text, passages[2].id)).citations[0].quote == locate_quote(text, passages[2].text).text
    )
