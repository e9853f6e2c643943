"""What is taken from a brief or a passage, and in what order."""

from __future__ import annotations

import pytest

from rag.answering import compose
from rag.answering.citing import Draft
from rag.library.conditions import Contradiction
from rag.records import BriefPoint, BriefSentence, Passage, Section, StatementKind
from rag.text import split_sentences

POINTS = {
    "short_answer": ["Nobody has tested it. [a#1]"],
    "evidence": ["A survey found one thing. [a#1]", "Rats slept badly for days. [b#1]", "A trial is under way. [c#1]"],
    "unknowns": ["How often it happens is not known. [a#1]", "Nobody has studied sleep in rats. [b#1]"],
    "about_you": ["Please see a doctor first. Bring the packet along. Ask about sleep. Rest well today."],
}


def points(texts):
    made = []
    for text in texts:
        plain, _, mark = text.partition(" [")
        made.append(BriefPoint(sentences=(BriefSentence(text=plain, passages=(mark.rstrip("]"),) if mark else ()),)))
    return tuple(made)


@pytest.fixture
def brief(library):
    return next(iter(library.briefs.values())).model_copy(update={name: points(t) for name, t in POINTS.items()})


def about(word):
    return lambda text: 1.0 if word in text.lower() else 0.0


def texts(drafts):
    return [draft.text for draft in drafts]


def test_the_evidence_that_matters_stays_when_there_is_little_room(brief):
    assert texts(compose.evidence(brief, about("rats"), words=5, least=1)) == ["Rats slept badly for days."]
    assert texts(compose.evidence(brief, about("trial"), words=5, least=1)) == ["A trial is under way."]


def test_what_is_kept_stays_in_the_order_of_the_brief(brief):
    kept = texts(compose.evidence(brief, about("trial"), words=10, least=2))
    assert kept == ["A survey found one thing.", "A trial is under way."]
    assert len(compose.evidence(brief, compose.no_preference, words=500)) == 3


def test_at_least_so_many_points_are_given_however_long(brief):
    assert len(compose.evidence(brief, compose.no_preference, words=0, least=2)) == 2
    assert len(compose.evidence(brief, compose.no_preference, words=0, least=0)) == 0


def test_unknowns_and_short_answer_are_cited(brief):
    assert texts(compose.unknowns(brief, about("rats"), words=6)) == ["Nobody has studied sleep in rats."]
    drafts = compose.short_answer(brief) + compose.unknowns(brief, compose.no_preference, words=99)
    assert all(draft.kind is StatementKind.FINDING and draft.passages for draft in drafts)


def test_the_first_practical_sentence_is_always_there(brief):
    kept = compose.about_you(brief, about("sleep"), most=2)
    assert texts(kept) == ["Please see a doctor first.", "Ask about sleep."]
    assert all(draft.kind is StatementKind.CARE and draft.section is Section.ABOUT_YOU for draft in kept)


def test_a_brief_without_practical_sentences_gives_none(brief):
    assert compose.about_you(brief.model_copy(update={"about_you": ()}), about("x")) == []


def passage(text, number=1):
    return Passage(id=f"p#{number}", source_id="p", heading="Found", text=text)


def test_a_finding_keeps_the_sentence_that_limits_it():
    text = "A survey asked 10 users. Most slept well. It cannot show why. Shops were open."
    drafts = compose.from_passages([passage(text)], {"p#1": [0.1, 0.9, 0.0, 0.0]}, words=100)
    assert texts(drafts) == ["Most slept well.", "It cannot show why."] or "It cannot show why." in texts(drafts)
    assert "Most slept well." in texts(drafts)


def test_a_sentence_that_leans_on_another_brings_it_along():
    text = "Mitragynine was given to rats. They slept less."
    assert texts(compose.from_passages([passage(text)], {"p#1": [0.0, 1.0]}, words=100)) == split_sentences(text)


def test_what_is_taken_is_verbatim_and_quoted_as_it_stands():
    text = "One case was seen. It was mild. Nobody knows why, and it is not clear."
    for draft in compose.from_passages([passage(text)], {}, words=100):
        assert draft.text in text
        assert draft.quote == draft.text
        assert draft.kind is StatementKind.FINDING


def test_at_most_so_many_passages_within_the_length():
    many = [passage(f"Finding number {n} is about the same length as others.", n) for n in range(1, 9)]
    assert len(compose.from_passages(many, {}, words=1000, most=3)) == 3
    assert len(compose.from_passages(many, {}, words=12, most=3)) == 1
    assert compose.from_passages([], {}, words=100) == []


def test_the_other_side_of_a_disagreement_is_shown(brief):
    sides = [{"says": "one", "passages": ["a#1"]}, {"says": "other", "passages": ["b#1"]}]
    contradiction = Contradiction.model_validate({"id": "x", "about": "sleep", "sides": sides})
    one_side = [Draft("A survey found one thing.", Section.EVIDENCE, StatementKind.FINDING, ("a#1",))]
    assert texts(compose.with_other_sides(brief, one_side, [contradiction])) == ["Rats slept badly for days."]
    both = [*one_side, Draft("Rats slept badly for days.", Section.EVIDENCE, StatementKind.FINDING, ("b#1",))]
    assert compose.with_other_sides(brief, both, [contradiction]) == []
    assert compose.with_other_sides(brief, [], [contradiction]) == []


@pytest.mark.parametrize(
    ("text", "limiting"),
    [
        ("It cannot show cause and effect.", True),
        ("There was no comparison group and no control.", True),
        ("It is not known how often.", True),
        ("Most users slept well.", False),
    ],
)
def test_limiting_sentences(text, limiting):
    assert compose.is_limiting(text) is limiting


def test_every_brief_gives_an_answer_of_a_bearable_length(library):
    for brief in library.briefs.values():
        short = compose.short_answer(brief)
        assert short, brief.id
        drafts = [*short, *compose.evidence(brief, compose.no_preference, words=110)]
        assert compose.words_in(drafts) <= 260, brief.id
        assert all(draft.passages for draft in drafts if draft.kind is StatementKind.FINDING)
