"""Numbers of one country are not given to people of another."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.country import lines_for, localise

SOMEWHERE = "your local emergency number"
# A number that is said to be of the US is a fact about the US.
BARE_911 = re.compile(r"\b911\b(?! (?:in|or \S+ elsewhere))")


@pytest.fixture(scope="module")
def practical(library):
    points = [point for brief in library.briefs.values() for point in brief.about_you]
    return [sentence.text for point in points for sentence in point.sentences]


@pytest.fixture(scope="module")
def countries(library):
    return sorted({line.country for line in library.crisis_lines} - {"US", "INT"})


def local(library, text, country):
    return localise(text, lines_for(library.crisis_lines, country), country, SOMEWHERE)


def test_no_country_is_sent_to_the_number_of_the_us(library, practical, countries):
    for country in countries:
        own = {line.phone for line in lines_for(library.crisis_lines, country) if line.kind == "emergency"}
        for text in practical:
            shown = local(library, text, country)
            assert "911" in own or not BARE_911.search(shown), f"{country}: {shown}"
            assert local(library, shown, country) == shown


def test_in_the_us_nothing_changes(library, practical):
    assert all(local(library, text, "US") == text for text in practical)


@given(st.text(max_size=80), st.sampled_from(["GB", "DE", "XX", "", "US"]))
def test_text_without_numbers_stays(library, text, country):
    if "911" not in text and "988" not in text:
        assert local(library, text, country) == text


def test_numbers_by_example(library):
    assert local(library, "Call 911 now.", "GB") == "Call 999 now."
    assert local(library, "Call 911 now.", "DE") == "Call 112 now."
    assert local(library, "In the US, call 911 in an emergency.", "GB") == "In the US, call 911 in an emergency."
    assert "1323" in local(library, "Please call or text 988.", "TH")
    assert local(library, "Call or text 988 in the US.", "GB") == "Call or text 988 in the US."
    assert localise("Call 911 now.", (), "JP", SOMEWHERE) == f"Call {SOMEWHERE} now."


def test_a_country_without_lines_gets_the_international_ones(library):
    assert {line.country for line in lines_for(library.crisis_lines, "XX")} == {"INT"}
    assert {line.country for line in lines_for(library.crisis_lines, "GB")} == {"GB"}


def test_a_country_that_is_not_known_is_given_no_number_as_its_own(library):
    assert local(library, "Call 911 now.", "XX") == f"Call {SOMEWHERE} now."


def test_a_medical_emergency_is_for_the_ambulance(library):
    assert "995" in local(library, "Call 911 for trouble breathing.", "SG")
