"""Cleaning, sentences and tokens hold for any text at all."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag.text import Tokenizer, clean_input, content_terms, is_stop_word, split_sentences, stem, words

# Every kind of character, with those that hide, turn the direction or cannot be encoded much more often than in life.
ANY_CHARACTER = st.one_of(
    st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]),
    st.sampled_from(
        "\u200b\u200c\u200d\u2060\ufeff\u202e\u2066\u2069\u00ad\x00\x07\x1b\x7f\ud800\ue000\n\t  '’´e\u0301"
    ),
)
ANY_TEXT = st.text(ANY_CHARACTER, max_size=200)
SINGLE_LETTERS = re.compile(r"(?:(?<![^\W_])[^\W_][\s.]+){2}[^\W_](?![^\W_])")
PROSE = st.text(st.sampled_from("abc AB 12 .!?\"')(\n\t,;:-e.g. Dr. U.S. p.m."), max_size=120)


@given(ANY_TEXT, st.integers(min_value=1, max_value=150))
def test_cleaned_text_has_nothing_hidden_in_it_and_keeps_to_its_length(text, limit):
    cleaned, _ = clean_input(text, max_chars=limit)
    assert len(cleaned) <= limit
    assert cleaned == cleaned.strip()
    hidden = [c for c in cleaned if unicodedata.category(c).startswith("C") and c != "\n"]
    assert not hidden


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text):
    once, _ = clean_input(text, max_chars=400)
    # These have tests of their own below.
    assume(not SINGLE_LETTERS.search(once) and unicodedata.is_normalized("NFKC", once))
    assert clean_input(once, max_chars=400) == (once, False)


@given(ANY_TEXT, st.integers(min_value=1, max_value=50))
def test_a_cut_is_reported(text, limit):
    whole, _ = clean_input(text, max_chars=10_000)
    cleaned, was_cut = clean_input(text, max_chars=limit)
    assert was_cut or cleaned == whole


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  is\tkratom \r\n safe ? ", "is kratom safe ?"),
        ("first\n \n\n second", "first\n\nsecond"),
        ("kra\u200btom", "kratom"),
        ("\u202eevil\u202c text\u2069", "evil text"),
        ("ｋｒａｔｏｍ", "kratom"),
        ("don’t", "don't"),
        ("don‘t “quote”", 'don\'t "quote"'),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("", ""),
        ("\u200b\u2060\ufeff", ""),
    ],
)
def test_cleaning_by_example(typed, cleaned):
    assert clean_input(typed, max_chars=400) == (cleaned, False)


def test_an_acute_accent_typed_as_an_apostrophe_becomes_one():
    assert clean_input("I don´t want", max_chars=100)[0] == "I don't want"


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("k r a t o m", "kratom"),
        ("is k.r.a.t.o.m safe", "is kratom safe"),
        ("krаtоm", "kratom"),
        ("i took a tea", "i took a tea"),
        ("vitamin B or C", "vitamin B or C"),
        ("Москва", "Москва"),
    ],
)
def test_words_made_to_look_otherwise_are_read_as_meant(typed, cleaned):
    assert clean_input(typed, max_chars=400) == (cleaned, False)


@pytest.mark.parametrize("typed", ["k  r  a  t  o  m", "k\tr\ta\tt\to\tm"])
def test_letters_further_apart_are_joined_too(typed):
    assert clean_input(typed, max_chars=400)[0] == "kratom"


def test_a_huge_paste_is_cut_without_being_read_whole():
    cleaned, was_cut = clean_input("kratom " * 5_000_000, max_chars=4000)
    assert was_cut
    assert len(cleaned) <= 4000


@given(st.one_of(PROSE, ANY_TEXT))
def test_sentences_stand_in_the_text_in_order_and_lose_nothing(text):
    position = 0
    for sentence in split_sentences(text):
        assert sentence and sentence == sentence.strip()
        position = text.index(sentence, position) + len(sentence)
    joined = "".join(split_sentences(text))
    assert "".join(joined.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("It rose 2.5 percent. Then it fell.", ["It rose 2.5 percent.", "Then it fell."]),
        ("Dr. Smith wrote it. He is gone.", ["Dr. Smith wrote it.", "He is gone."]),
        ("See e.g. Smith 2020. It is long.", ["See e.g. Smith 2020.", "It is long."]),
        ("In the U.S. Congress it failed.", ["In the U.S. Congress it failed."]),
        ("Try St. John's wort? No!", ["Try St. John's wort?", "No!"]),
        ('She said "stop." He did.', ['She said "stop."', "He did."]),
        ("no capital follows. so one sentence", ["no capital follows. so one sentence"]),
        ("one\n\ntwo", ["one", "two"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_by_example(text, sentences):
    assert split_sentences(text) == sentences


NAMES = {
    "7-OH": ["7-OH", "7 oh", "7OH", "7-hydroxymitragynine", "7 hydroxymitragynine", "7-hydroxy"],
    "5-HT1A": ["5-HT1A", "5HT1A", "5 ht1a", "5-ht 1a"],
    "CYP2D6": ["CYP2D6", "cyp 2d6", "cyp-2D6"],
    "St John's wort": ["St John's wort", "st. john’s wort", "St Johns Wort", "SJW", "st john wort"],
    "omega-3": ["omega-3", "Omega 3", "omega-3s"],
    "PHQ-9": ["PHQ-9", "phq 9", "PHQ9"],
}
AROUND = st.lists(
    st.sampled_from(["does", "mixing", "kratom", "with", "and", "?", ",", "(", ")", ".", "\n"]), max_size=5
)


@pytest.mark.parametrize(("name", "forms"), NAMES.items())
def test_a_name_is_one_term_however_it_is_written(name, forms):
    terms = {tuple(Tokenizer()(form)) for form in forms}
    assert len(terms) == 1, f"{name}: {terms}"
    assert len(terms.pop()) == 1


@pytest.mark.parametrize("text", ["e\u200d\u0301", "a\u00ad\u0301"])
def test_what_hides_between_a_letter_and_its_accent_is_gone_at_once(text):
    once, _ = clean_input(text, max_chars=10)
    assert clean_input(once, max_chars=10)[0] == once


@pytest.mark.parametrize(
    ("typeset", "plain"), [("7\u2011OH", "7-OH"), ("5\u2010HT1A", "5-HT1A"), ("PHQ\u20139", "PHQ-9")]
)
def test_a_typeset_hyphen_is_a_hyphen(typeset, plain):
    assert Tokenizer()(typeset) == Tokenizer()(plain)


def test_names_that_look_alike_stay_apart():
    terms = [Tokenizer()(forms[0])[0] for forms in NAMES.values()]
    assert len(set(terms)) == len(terms)
    assert Tokenizer()("5-HT1A") != Tokenizer()("5-HT2A")
    assert Tokenizer()("CYP2D6") != Tokenizer()("CYP3A4")
    assert Tokenizer()("mitragynine")[0] not in Tokenizer()("7-hydroxymitragynine")


@given(AROUND, st.sampled_from([form for forms in NAMES.values() for form in forms]), AROUND)
def test_a_name_survives_whatever_stands_around_it(before, form, after):
    sentence = " ".join([*before, form, *after])
    assert Tokenizer()(form)[0] in Tokenizer()(sentence)


@given(ANY_TEXT)
def test_tokens_never_fail_and_are_the_same_twice(text):
    terms = Tokenizer({"zoloft": ["sertraline"]})(text)
    assert terms == Tokenizer({"zoloft": ["sertraline"]})(text)
    assert all(terms)
    assert [stem(word) for word in words(text) if not is_stop_word(word)] == content_terms(text)


def test_synonyms_are_added_beside_the_word():
    assert Tokenizer({"zoloft": ["sertraline"]})("Zoloft!") == [stem("zoloft"), stem("sertraline")]
