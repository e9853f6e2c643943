"""Medicines are found by brand, generic, slang and near misses, and not in ordinary words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.english import is_english
from rag.text import words


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("can i take zoloft with kratom", ["sertraline", "kratom"]),
        ("Sertraline, Lexapro & Prozac?", ["sertraline", "escitalopram", "fluoxetine"]),
        ("sertaline", ["sertraline"]),
        ("zolft", ["sertraline"]),
        ("is prozak ok", ["fluoxetine"]),
        ("welbutrin or effexer", ["bupropion", "venlafaxine"]),
        ("gabapetin", ["gabapentin"]),
        ("kratim", ["kratom"]),
        ("7-OH", ["7-hydroxymitragynine"]),
        ("7 hydroxymitragynine", ["7-hydroxymitragynine"]),
        ("SJW, St. John’s wort", ["st-johns-wort"]),
        ("two prozacs", ["fluoxetine"]),
        ("xanax, XANAX and Xanax", ["alprazolam"]),
        ("i took some bars", ["alprazolam"]),
        ("the bars are closed", []),
        ("vitamin k", []),
        ("special k", ["ketamine"]),
        ("my cat likes the sofa", []),
        ("", []),
        ("?!", []),
    ],
)
def test_medicines_by_example(names, text, ids):
    assert [mention.medicine.id for mention in names.find(text)] == ids
    assert names.ids(text) == frozenset(ids)


@pytest.mark.parametrize(
    ("text", "found"), [("what are kratom's side effects", "kratom"), ("zoloft's label", "sertraline")]
)
def test_a_possessive_names_it_too(names, text, found):
    assert names.ids(text) == {found}


def test_every_name_in_the_register_is_found(library, names):
    for medicine in library.medicines.values():
        for name in (medicine.name, *medicine.brands):
            assert names.ids(f"can I take {name}?"), f"{medicine.id}: {name}"


def test_a_swapped_or_missing_letter_is_the_same_medicine(library, names):
    for medicine in library.medicines.values():
        name = medicine.name
        if len(name) < 8 or not name.isalpha():
            continue
        missing, swapped = name[:4] + name[5:], name[:4] + name[5] + name[4] + name[6:]
        for slip in (missing, swapped):
            if not is_english(slip):
                assert names.ids(slip), f"{slip} is {name}"


@given(st.text(max_size=120))
def test_any_text_can_be_searched(names, text):
    found = names.find(text)
    assert len({mention.medicine.id for mention in found}) == len(found)
    assert all(set(words(mention.named_as)) <= set(words(text)) for mention in found)


def test_no_medicine_is_found_in_ordinary_english(names):
    text = "He went to the station early, bought bread and a paper, and waited for the train to come in the rain."
    assert names.find(text) == ()
