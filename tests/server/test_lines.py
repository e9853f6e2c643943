from __future__ import annotations

import pytest

from rag.library import Library
from rag.server.lines import INTERNATIONAL, countries, lines_of, linked_numbers, phone_pieces, text_pieces


def links(pieces):
    return [piece.href for piece in pieces if piece.href]


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("988", ["tel:988"]),
        ("988, then press 1", ["tel:988"]),
        ("116 123", ["tel:116123"]),
        ("1-800-662-4357 (1-800-662-HELP); TTY 1-800-487-4889", ["tel:18006624357", "tel:18004874889"]),
        ("14416 or 1-800-891-4416", ["tel:14416", "tel:18008914416"]),
        ("0800 111 0 111, 0800 111 0 222 or 116 123", ["tel:08001110111", "tel:08001110222", "tel:116123"]),
        ("+65 6669 1771", ["tel:+6566691771"]),
        ("15", ["tel:15"]),
        ("", []),
    ],
)
def test_phone_numbers_become_links(phone, expected):
    pieces = list(phone_pieces(phone))
    assert links(pieces) == expected
    assert "".join(piece.text for piece in pieces) == phone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("838255", ["sms:838255"]),
        ("Text HOME to 741741", ["sms:741741?&body=HOME"]),
        ("988 (text AYUDA to 988 for Spanish)", ["sms:988"]),
        ("SMS 31393", ["sms:31393"]),
        ("WhatsApp +65 6669 1771", []),
    ],
)
def test_text_numbers_become_links_with_their_keyword(text, expected):
    assert links(text_pieces(text)) == expected


def test_every_phone_number_of_the_register_can_be_dialled(library: Library):
    for line in library.crisis_lines:
        if line.phone:
            assert links(phone_pieces(line.phone)), line.id


def test_a_sentence_links_only_numbers_of_the_lines_given(library: Library):
    american = [line for line in library.crisis_lines if line.country == "US"]
    found = list(linked_numbers("Call or text 988, or 911 now; 988 of 2,988 did in 2023.", american))
    assert links(found) == ["tel:988", "tel:911", "tel:988"]
    french = [line for line in library.crisis_lines if line.country == "FR"]
    assert links(linked_numbers("Wait 15 minutes, or call 3114.", french)) == ["tel:3114"]


def test_the_emergency_number_comes_first_and_the_international_lines_last(library: Library):
    assert countries(library.crisis_lines)[-1] == INTERNATIONAL
    for country in countries(library.crisis_lines):
        kinds = [entry.line.kind for entry in lines_of(country, library.crisis_lines)]
        if "emergency" in kinds:
            assert kinds[0] == "emergency", country
