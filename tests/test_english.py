"""How common words are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.english import english_words, is_english, rarity


@pytest.mark.parametrize("word", ["the", "medicine", "depression", "liver"])
def test_real_words_are_english(word):
    assert is_english(word)
    assert word in english_words()


@pytest.mark.parametrize("word", ["zolft", "kratim", "xqzv", ""])
def test_slips_are_not(word):
    assert not is_english(word)
    assert rarity(word) == 1.0


@given(st.text(max_size=20))
def test_rarity_is_a_share(word):
    assert 0.0 <= rarity(word) <= 1.0


def test_every_known_word_has_a_rarity_in_range():
    assert all(0.0 <= rarity(word) <= 1.0 for word in english_words())


def test_rarer_words_are_rarer():
    assert rarity("the") < rarity("doctor") < rarity("gout") < rarity("mitragynine")
