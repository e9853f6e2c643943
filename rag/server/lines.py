"""Crisis lines for the page: which ones a country has, and links that dial or write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from rag.records import CrisisLine

INTERNATIONAL = "INT"

# Two digits at least, so that "press 1" is not dialled; no letters or dashes around, so that the
# spelt-out form of a number ("1-800-662-HELP") is not cut in half.
_NUMBER = re.compile(r"(?<![\w-])(?<!\d[.,])\+?\d(?:[ -]?\d)+(?![\w-])")
_KEYWORD = re.compile(r"[Tt]ext (?P<word>[A-Z]{3,}) to (?P<number>\d{3,})")
# Messengers that are reached through a company's site, not by a text message.
_NOT_SMS = re.compile(r"whatsapp|signal|telegram", re.IGNORECASE)
# Numbers this short are also ordinary figures in a sentence ("15 minutes").
_SHORTEST_IN_TEXT = 3


@dataclass(frozen=True)
class Piece:
    """A stretch of text and, where it can be dialled or written to, its address."""

    text: str
    href: str | None = None


@dataclass(frozen=True)
class HelpLine:
    """A crisis line as the page shows it."""

    line: CrisisLine
    phone: tuple[Piece, ...]
    text: tuple[Piece, ...]


def help_line(line: CrisisLine) -> HelpLine:
    """Prepare one line for display."""
    return HelpLine(line, tuple(phone_pieces(line.phone or "")), tuple(text_pieces(line.text or "")))


def lines_of(country: str, lines: Iterable[CrisisLine]) -> tuple[HelpLine, ...]:
    """Return the lines of a country, the emergency number first."""
    chosen = [line for line in lines if line.country == country]
    return tuple(help_line(line) for line in sorted(chosen, key=lambda line: line.kind != "emergency"))


def countries(lines: Iterable[CrisisLine]) -> tuple[str, ...]:
    """Return the countries that have lines, in the order of the register, international last."""
    found = dict.fromkeys(line.country for line in lines)
    return (*(code for code in found if code != INTERNATIONAL), INTERNATIONAL)


def phone_pieces(text: str) -> Iterable[Piece]:
    """Split a phone field into plain text and `tel:` links."""
    return _linked(text, lambda number: "tel:" + _digits(number))


def text_pieces(text: str) -> Iterable[Piece]:
    """Split a text-message field into plain text and `sms:` links."""
    if _NOT_SMS.search(text):
        return [Piece(text)]
    keyword = _KEYWORD.match(text)
    body = f"?&body={quote(keyword['word'])}" if keyword else ""
    return _linked(text, lambda number: f"sms:{_digits(number)}{body}", first_only=True)


def linked_numbers(text: str, lines: Sequence[CrisisLine]) -> Iterable[Piece]:
    """Link the numbers of the given lines where a sentence names them."""
    known = {
        _digits(piece.text): piece.href
        for line in lines
        for piece in phone_pieces(line.phone or "")
        if piece.href and len(_digits(piece.text)) >= _SHORTEST_IN_TEXT
    }
    return _linked(text, lambda number: known.get(_digits(number)))


def _digits(number: str) -> str:
    return re.sub(r"[^\d+]", "", number)


def _linked(text: str, address: Callable[[str], str | None], first_only: bool = False) -> list[Piece]:
    """Split `text` at phone numbers; `address` maps a number to its link, or None."""
    pieces: list[Piece] = []
    end = 0
    for match in _NUMBER.finditer(text):
        href = address(match.group())
        if href is None:
            continue
        if match.start() > end:
            pieces.append(Piece(text[end : match.start()]))
        pieces.append(Piece(match.group(), href))
        end = match.end()
        if first_only:
            break
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return pieces
