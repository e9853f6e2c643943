import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import CorpusError
from rag.retrieval.vocabulary import Vocabulary, library_vocabulary, read_aliases

from .fakes import sertraline

VOCABULARY = Vocabulary(
    aliases={"wds": "withdrawal", "smoke shop": "retail store"},
    medicines=[sertraline()],
    texts=["kratom withdrawal symptoms and depression", "people injected it"],
    known=["ingested", "weekend"],
    subjects=["Kratom withdrawal symptoms", "Depression"],
)


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("sertaline", "sertraline"),
        ("Zoloftt?", "zoloft?"),
        ("kratm withdrawl", "kratom withdrawal"),
        ("depresion symtoms", "depression symptoms"),
    ],
)
def test_slips_are_mended(written, mended):
    assert VOCABULARY.correct(written) == mended


@pytest.mark.parametrize("right", ["ingested", "weekends", "it's", "7-OH", "CYP2D6", "wds", "cat", "Kratom", ""])
def test_right_and_short_words_are_left_alone(right):
    assert VOCABULARY.correct(right) == right


def test_everyday_words_of_the_texts_are_no_targets():
    assert VOCABULARY.correct("injectet") == "injectet"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_correcting_any_text_is_safe_and_repeatable(text):
    once = VOCABULARY.correct(text)
    assert VOCABULARY.correct(text) == once
    assert len(VOCABULARY.terms(text)) < 10 * len(text) + 10


def test_brand_slang_and_alias_stand_for_the_plain_word():
    assert "sertralin" in VOCABULARY.terms("is Zoloft ok")
    assert "sertralin" in VOCABULARY.terms("zolo")
    assert "withdraw" in VOCABULARY.terms("wds day 2")
    assert {"retail", "store"} <= set(VOCABULARY.terms("from the smoke shop"))


def test_an_ambiguous_name_stands_for_nothing():
    assert "sertralin" not in VOCABULARY.terms("happy blues")


def test_a_page_of_nonsense_costs_little():
    text = " ".join(f"qzx{chr(97 + n % 26) * 5}vk" for n in range(4000))
    assert VOCABULARY.correct(text) == text


def test_a_broken_alias_file_is_named(tmp_path):
    path = tmp_path / "aliases.yaml"
    path.write_text("- a\n- b\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"aliases\.yaml"):
        read_aliases(path)
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"aliases\.yaml"):
        read_aliases(path)


def test_no_alias_file_means_no_aliases(tmp_path, library):
    assert read_aliases(tmp_path / "none.yaml") == {}
    assert library_vocabulary(library, tmp_path / "none.txt").correct("sertraaline") == "sertraline"
