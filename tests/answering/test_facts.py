"""A figure is in the evidence in some form, or it is missing."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.answering.facts import missing_numbers, read_facts

NUMERIC = st.text(st.sampled_from("0123456789.,% -()abc two percent to \n"), max_size=60)


@pytest.mark.parametrize(
    ("statement", "evidence"),
    [
        ("It helped 65 percent.", "65% said so"),
        ("It helped 65%.", "65 per cent said so"),
        ("65 of them", "65% of them"),
        ("2,798 users", "2798 users"),
        ("2798 users", "2 798 users"),
        ("1.5 times", "1.50 times"),
        ("100 people", "100.0"),
        ("9 percent", "8.6 percent"),
        ("8.6 percent", "8.64 percent"),
        ("10 to 20 percent", "10% to 20%"),
        ("12 percent", "agitation (18.6 percent), fast heartbeat (12)"),
        ("28.3%", "28.3 versus 8.6 percent"),
        ("3 cases", "three cases"),
        ("21 cases", "twenty-one cases"),
        ("7-OH binds 5-HT1A and CYP2D6", "nothing with a figure"),
        ("call 988 or 911", "nothing with a figure"),
        ("no figure", ""),
    ],
)
def test_the_same_figure_in_another_form(statement, evidence):
    assert missing_numbers(statement, evidence) == frozenset()


@pytest.mark.parametrize(
    ("statement", "evidence", "missing"),
    [
        ("66 percent", "65 percent", {"66%"}),
        ("65 percent", "65 people", {"65%"}),
        ("2,798 users", "2,789 users", {"2798"}),
        ("8.64 percent", "8.6 percent", {"8.64%"}),
        ("10 users", "1.0 and 100 users", {"10"}),
        ("5 cases", "25 cases in 15 places, 0.5 each", {"5"}),
        ("In 2021", "In 2020", {"2021"}),
        ("3 of 4", "3", {"4"}),
        ("12 cases", "", {"12"}),
    ],
)
def test_another_figure_is_missing(statement, evidence, missing):
    assert missing_numbers(statement, evidence) == missing


def test_number_words_count_only_where_asked():
    assert missing_numbers("Two cases", "cases") == frozenset()
    assert missing_numbers("Two cases", "cases", counts=True) == {"2"}
    assert missing_numbers("Two cases", "2 cases", counts=True) == frozenset()
    assert missing_numbers("Twice as many", "three times", counts=True) == {"2"}


@given(NUMERIC)
def test_nothing_is_missing_from_the_text_itself(text):
    assert missing_numbers(text, text, counts=True) == frozenset()


@given(NUMERIC, NUMERIC)
def test_more_evidence_never_makes_a_figure_missing(statement, evidence):
    more = evidence + ".\n\nOther words follow."
    assert missing_numbers(statement, more) <= missing_numbers(statement, evidence)


@given(st.integers(min_value=0, max_value=10**9))
def test_thousands_separators_make_no_difference(number):
    assume(not {"911", "988"}.intersection(f"{number:,}".split(",")))  # see the next test
    assert missing_numbers(f"of {number:,} people", f"of {number} people") == frozenset()
    assert missing_numbers(f"of {number} people", f"of {number:,} people") == frozenset()


@pytest.mark.parametrize("number", [1988, 2911])
def test_a_number_that_ends_like_a_crisis_line_is_a_number(number):
    assert missing_numbers(f"of {number:,} people", f"of {number} people") == frozenset()


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=10**6))
def test_different_whole_numbers_are_different(one, other):
    assume(one not in (911, 988))  # always taken for telephone numbers
    missing = missing_numbers(f"of {one} people", f"of {other} people")
    assert missing == (frozenset() if one == other else {str(one)})


@given(st.integers(min_value=0, max_value=100))
def test_a_share_needs_a_share(number):
    assert missing_numbers(f"{number} percent of them", f"{number} of them") == {f"{number}%"}
    assert missing_numbers(f"{number} of them", f"{number}% of them") == frozenset()


def test_a_year_before_a_number_is_not_part_of_it():
    assert missing_numbers("150 users", "In 2020 150 users took part") == frozenset()
    assert missing_numbers("in 2020", "In 2020 150 users took part") == frozenset()


def test_half_rounds_up_as_people_round():
    assert missing_numbers("13 percent", "12.5 percent") == frozenset()


def test_names_are_capitalised_words_inside_sentences():
    facts = read_facts("Researchers in Malaysia asked users. The FDA did not.")
    assert {"malaysia", "fda"} <= facts.names
    assert "researchers" not in facts.names
