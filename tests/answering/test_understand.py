"""Follow-ups, medicines carried along, several questions in one message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.understand import Understanding


def ids(understood):
    return {mention.medicine.id for mention in understood.mentions}


def terms(understood):
    return set(understood.queries[0].lower().replace("?", " ").replace("(", " ").replace(")", " ").split())


@pytest.mark.parametrize(
    ("question", "earlier", "wanted"),
    [
        ("and for how long?", ["how does kratom withdrawal feel"], {"withdrawal", "kratom"}),
        ("why?", ["is kratom addictive?"], {"addictive"}),
        ("is that dangerous", ["can kratom hurt the liver?"], {"liver"}),
        ("how common is it?", ["kratom seizures"], {"seizures"}),
        ("tell me more", ["does exercise help depression"], {"exercise", "depression"}),
        ("and then?", ["is kratom addictive?", "ok", "why?"], {"addictive"}),
    ],
)
def test_a_follow_up_is_joined_with_its_subject(understanding, question, earlier, wanted):
    read = understanding.read(question, earlier)
    assert read.follow_up
    assert wanted <= terms(read)


def test_the_words_a_follow_up_was_joined_with_are_told(understanding):
    read = understanding.read("and what does it feel like?", ["how long does kratom withdrawal last?"])
    assert read.contexts == ("how long does kratom withdrawal last?",)
    assert read.queries[0].endswith(read.contexts[0])
    alone = understanding.read("is kratom addictive, and is it legal?", [])
    assert len(alone.contexts) == len(alone.queries) and not any(alone.contexts)


def test_what_is_asked_together_needs_no_earlier_question(understanding):
    read = understanding.read("can I take the two together", ["i take sertraline", "does kratom affect sleep?"])
    assert "sleep" not in read.queries[0] and {"sertraline", "kratom"} <= ids(read)


@pytest.mark.parametrize(
    ("question", "earlier"),
    [
        ("does exercise help depression?", ["can i take kratom with zoloft?"]),
        ("is kratom legal in Texas and do shops need a licence?", ["how does withdrawal feel"]),
        ("is kratom addictive?", []),
    ],
)
def test_a_question_that_stands_alone_is_left_alone(understanding, question, earlier):
    read = understanding.read(question, earlier)
    assert not read.follow_up
    assert read.queries[0] == question


def test_as_well_as_is_a_comparison(understanding):
    question = "can cbt treat depression as well as medicine does?"
    assert understanding.read(question, ["kratom liver"]).queries[0] == question


@pytest.mark.parametrize(
    ("question", "earlier", "medicines"),
    [
        ("can i have some at the weekend", ["i take 100 mg zoloft since march"], {"sertraline"}),
        ("is it safe with my meds?", ["i'm on lexapro", "i use kratom for sleep"], {"escitalopram", "kratom"}),
        ("is it safe with kratom?", ["my doctor gave me zoloft"], {"sertraline", "kratom"}),
        ("can they be combined?", ["i take zoloft", "and kratom"], {"sertraline", "kratom"}),
        ("what about prozac?", ["can i take kratom with zoloft?"], {"fluoxetine", "kratom"}),
    ],
)
def test_medicines_named_before_are_carried_along(understanding, question, earlier, medicines):
    read = understanding.read(question, earlier)
    assert medicines <= ids(read)
    assert read.mixing


def test_a_medicine_is_not_carried_into_another_subject(understanding):
    assert ids(understanding.read("does exercise help depression?", ["can i take kratom with zoloft?"])) == set()


@pytest.mark.parametrize(
    ("question", "generic"),
    [
        ("can i take zoloft with kratom", "sertraline"),
        ("is prozak ok with it", "fluoxetine"),
        ("lexpro and kratom", "escitalopram"),
    ],
)
def test_a_brand_or_slip_is_searched_by_its_generic_name(understanding, question, generic):
    assert generic in terms(understanding.read(question))


def test_the_spelling_of_other_words_is_mended_where_it_can_be(names):
    mended = Understanding(names, lambda text: text.replace("witdrawal", "withdrawal"))
    assert "withdrawal" in terms(mended.read("how long is kratom witdrawal"))


@pytest.mark.parametrize(
    ("question", "mixing"),
    [
        ("kratom lamictal", True),
        ("can i drink beer after taking kratom", True),
        ("does zoloft interact with kratom", True),
        ("can i take kratom instead of zoloft", False),
        ("is kratom better than prozac", False),
        ("is kratom addictive", False),
        ("does zoloft cause weight gain", False),
    ],
)
def test_taking_together_is_told_from_comparing(understanding, question, mixing):
    assert understanding.read(question).mixing is mixing


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("does kratom hurt the liver and is it legal in texas?", 2),
        ("is zoloft safe with kratom? also what does withdrawal feel like? and how do i tell my doctor?", 3),
        ("is kratom addictive? does it help depression?", 2),
        ("is kratom addictive?", 1),
        ("i feel low and tired and sad, is that depression?", 1),
        ("", 1),
    ],
)
def test_several_questions_are_told_apart(understanding, question, parts):
    read = understanding.read(question)
    assert len(read.parts) == parts
    assert len(read.queries) == (1 if parts == 1 else parts + 1)


def test_a_part_without_a_subject_gets_it_from_the_message(understanding):
    read = understanding.read("does kratom hurt the liver and is it legal in texas?")
    assert "kratom" in read.queries[2]


def test_this_stuff_is_kratom(understanding):
    assert ids(understanding.read("what is this stuff doing to me")) == {"kratom"}


def test_kratom_is_known_by_any_of_its_names(understanding):
    assert understanding.names_kratom(["hello", "is mitragyna speciosa legal"])
    assert understanding.names_kratom(["7-OH tablets"])
    assert not understanding.names_kratom(["i take zoloft", ""])


@given(st.text(max_size=150), st.lists(st.text(max_size=60), max_size=3))
def test_any_message_can_be_read(understanding, question, earlier):
    read = understanding.read(question, earlier)
    assert read == understanding.read(question, earlier)
    assert 1 <= len(read.queries) <= 7
    assert len(read.queries) == (1 if len(read.parts) == 1 else len(read.parts) + 1)
