"""A quote is always words of the passage, and the right ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.facts import missing_numbers
from rag.answering.quotes import locate_quote, widen_for_numbers
from rag.text import content_terms, split_sentences

PASSAGE = (
    "A 2020 survey asked 2,798 kratom users in the United States. Most said that it helped their mood. "
    "It had no comparison group, so it cannot show cause and effect. Of those asked, 19.4 percent had side effects."
)
DISTINCT = ["liver", "sleep", "survey", "mice", "trial", "court", "nausea", "pharmacist", "withdrawal", "caffeine"]


@given(st.text(max_size=80), st.text(min_size=1, max_size=200))
def test_a_quote_is_part_of_any_passage(statement, passage):
    quote = locate_quote(statement, passage)
    assert quote.text and quote.text in passage
    assert 0.0 <= quote.coverage <= 1.0 + 1e-9
    assert locate_quote(statement, passage) == quote


@given(st.data())
def test_a_sentence_with_words_of_its_own_is_found(data):
    groups = data.draw(st.permutations(DISTINCT))
    sentences = [
        f"{first.capitalize()} came before {second}." for first, second in zip(groups[::2], groups[1::2], strict=True)
    ]
    wanted = data.draw(st.sampled_from(sentences))
    quote = locate_quote(wanted, " ".join(sentences))
    assert quote.text == wanted
    assert quote.coverage == pytest.approx(1.0)


def test_every_sentence_of_the_corpus_is_found_in_its_passage(library):
    for passage in library.passages.values():
        for sentence in split_sentences(passage.text):
            quote = locate_quote(sentence, passage.text)
            assert quote.text in passage.text
            # A sentence of a few common words may also be carried by another one that holds them all.
            assert sentence in quote.text or set(content_terms(sentence)) <= set(content_terms(quote.text)), passage.id


@pytest.mark.parametrize(
    ("statement", "quote"),
    [
        ("Most felt that their mood was helped.", "Most said that it helped their mood."),
        ("About 19 percent had side effects.", "Of those asked, 19.4 percent had side effects."),
        ("There was no comparison group.", "It had no comparison group, so it cannot show cause and effect."),
        ("2798 users took part.", "A 2020 survey asked 2,798 kratom users in the United States."),
    ],
)
def test_the_shortest_run_that_carries_a_statement(statement, quote):
    assert locate_quote(statement, PASSAGE).text == quote


def test_a_statement_of_two_sentences_gets_both():
    quote = locate_quote("A survey of 2,798 users found that most said it helped their mood.", PASSAGE)
    assert quote.text.startswith("A 2020 survey") and quote.text.endswith("helped their mood.")


def test_nothing_in_common_has_no_coverage():
    assert locate_quote("Zebras gallop.", PASSAGE).coverage == 0.0


def test_quotes_are_widened_until_the_figures_are_in_them():
    quotes = ["Most said that it helped their mood.", "It came from shops."]
    widened = widen_for_numbers("Of 2,798 users, most said so.", quotes, [PASSAGE, "It came from shops."])
    assert widened == [PASSAGE, "It came from shops."]
    assert not missing_numbers("2,798", " ".join(widened))
    assert widen_for_numbers("Most said so.", quotes, [PASSAGE, "x"]) == quotes
    assert widen_for_numbers("Of 77 users", quotes, [PASSAGE, "x"]) == quotes
