"""Turns records into HTML. Every value is escaped by Jinja; no HTML is written anywhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from rag.library import Library
from rag.records import Answer, Citation, CrisisLine, Section, SourceCard, Statement, StatementKind
from rag.server.lines import HelpLine, Piece, countries, help_line, lines_of, linked_numbers
from rag.settings import Settings

# What the page's script says itself, by part of the messages.
_SCRIPT_WORDS = {
    "conversation": (
        *("working", "still_working", "cleared", "copied", "copy_failed", "copy", "export_name"),
        *("pinned", "emergency_pinned"),
    ),
    "help": ("other_countries",),
    "composer": ("count", "too_long"),
    "evidence": ("empty", "none"),
}
_INITIALS = re.compile(r"\s+[A-Z][A-Z.\-]{0,4}$")


@dataclass(frozen=True)
class Quote:
    """A passage cut around the words that support a statement."""

    before: str
    marked: str
    after: str


@dataclass(frozen=True)
class Card:
    """A source card: one cited passage, with each quote that was taken from it."""

    number: int
    name: str
    byline: str
    source: SourceCard
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Mark:
    """A numbered citation mark and the quote it opens."""

    number: int
    quote: int
    name: str


@dataclass(frozen=True)
class Count:
    """How many sources of one kind an answer cites."""

    number: int
    name: str


@dataclass(frozen=True)
class Group:
    """The services of one country."""

    code: str
    name: str
    lines: tuple[HelpLine, ...]


class CitedSources:
    """Collects the citations of one answer while its statements arrive."""

    def __init__(self) -> None:
        self._citations: dict[int, Citation] = {}
        self._quotes: dict[int, list[str]] = {}

    def add(self, citation: Citation) -> int:
        """Remember a citation and return the place of its quote on the card."""
        self._citations.setdefault(citation.number, citation)
        quotes = self._quotes.setdefault(citation.number, [])
        if citation.quote not in quotes:
            quotes.append(citation.quote)
        return quotes.index(citation.quote)

    def cards(self, renderer: Renderer) -> tuple[Card, ...]:
        """Return the cards in the order of their numbers."""
        return tuple(renderer.card(self._citations[number], self._quotes[number]) for number in sorted(self._citations))


class Renderer:
    """Renders the page and its parts for one corpus.

    Args:
        library: The corpus; its messages hold the wording of the page.
        settings: Limits and the country shown first.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self.library = library
        self.settings = settings
        self.countries = countries(library.crisis_lines)
        self.corpus_date = max(source.checked for source in library.sources.values())
        self._environment = Environment(
            loader=PackageLoader("rag.server"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.tests["web_address"] = is_web_address
        self._environment.filters["bare_address"] = bare_address
        self._environment.globals.update(
            t=self.word,
            kinds=self._node("help.kinds"),
            confidence=self._node("evidence.confidence_levels"),
            corpus_date=self.corpus_date,
            fingerprint=library.fingerprint,
            reviewed=library.review.clinician is not None,
        )

    def word(self, key: str, **values: object) -> str:
        """Return fixed wording of the page."""
        return self.library.messages.text(f"page.{key}", **values)

    def has_word(self, key: str) -> bool:
        """Tell whether the page has wording for this."""
        return self.library.messages.has(f"page.{key}")

    def shell(self) -> str:
        """Return the page as it is before the first question."""
        return self._render(
            "shell.html",
            groups=self.groups(),
            country=self.country(self.settings.country),
            examples=self.library.messages.texts("page.examples"),
            limit=self.settings.max_question_chars,
            turns=self.settings.max_history_turns,
            about=self._about(),
            words=self._script_words(),
        )

    def without_script(self) -> str:
        """Return what a browser without JavaScript shows: the services, by country."""
        return self._render("noscript.html", groups=self.groups())

    def groups(self) -> tuple[Group, ...]:
        """Return the services of every country, international last."""
        names = self._node("countries")
        lines = self.library.crisis_lines
        return tuple(Group(code, names.get(code, code), lines_of(code, lines)) for code in self.countries)

    def country(self, wanted: str | None) -> str:
        """Return the country to show services of: the wanted one where it is known."""
        for code in (wanted, self.settings.country):
            if code in self.countries:
                return str(code)
        return self.countries[-1]

    def statement(self, statement: Statement, sources: CitedSources, lines: Sequence[CrisisLine]) -> str:
        """Return one statement with its citation marks; help names numbers as links."""
        no_date = self.word("evidence.no_date")
        marks = [
            Mark(citation.number, sources.add(citation), short_name(citation.source, no_date))
            for citation in statement.citations
        ]
        # A finding may hold a figure that looks like a number to dial; wording of our own does not.
        dials = statement.kind in (StatementKind.HELP, StatementKind.CARE) or statement.section is Section.HELP
        parts = linked_numbers(statement.text, lines) if dials else [Piece(statement.text)]
        return self._render("statement.html", statement=statement, marks=marks, parts=parts)

    def cards(self, sources: CitedSources) -> str:
        """Return the source cards of an answer."""
        return self._render("cards.html", cards=sources.cards(self))

    def card(self, citation: Citation, quotes: Sequence[str]) -> Card:
        """Return what the card of a citation shows."""
        source = citation.source
        parts = [citation.passage.partition(quote) for quote in quotes]
        return Card(
            number=citation.number,
            name=short_name(source, self.word("evidence.no_date")),
            byline=" · ".join(filter(None, [names(source), source.venue, str(source.year or "")])),
            source=source,
            quotes=tuple(Quote(before, marked, after) for before, marked, after in parts),
        )

    def ending(self, answer: Answer) -> str:
        """Return what follows the statements: notices, the evidence line, suggestions."""
        return self._render(
            "ending.html",
            notices=answer.notices,
            counts=self.counts(answer.citations),
            suggestions=answer.suggestions,
            missing=self._missing(answer),
            fingerprint=answer.fingerprint,
        )

    def pinned(self, lines: Sequence[CrisisLine], emergency: bool) -> str:
        """Return the lines to keep above the conversation, the most needed first."""
        kinds = self._node("pinned_kinds")["emergency" if emergency else "crisis"]
        chosen = sorted((line for line in lines if line.kind in kinds), key=lambda line: kinds.index(line.kind))
        return self._render("lines.html", lines=[help_line(line) for line in chosen or lines])

    def counts(self, citations: Sequence[Citation]) -> tuple[Count, ...]:
        """Count the cited sources by kind of evidence; none without citations."""
        kinds = {citation.source.id: citation.source.kind.value for citation in citations}
        if not kinds:
            return ()
        found = []
        for entry in self._node("evidence.kinds"):
            number = sum(kind in entry["of"] for kind in kinds.values())
            if number or entry.get("always"):
                found.append(Count(number, entry["one"] if number == 1 else entry["many"]))
        return tuple(found)

    def _missing(self, answer: Answer) -> list[str]:
        """Return what the reader should know about parts that did not work."""
        keys = [f"degraded.{code}" for code in answer.trace.degraded]
        return [self.library.messages.text(key) for key in keys if self.library.messages.has(key)]

    def _about(self) -> list[dict[str, str]]:
        review, found = self.library.review, []
        reviewed = self.word("not_reviewed")
        if review.clinician is not None:
            reviewed = self.word("about.reviewed", clinician=review.clinician, date=review.reviewed)
        for part in self._node("about.sections"):
            text = part["text"].format(sources=len(self.library.sources), review=reviewed)
            found.append({"heading": part["heading"], "text": text})
        return found

    def _script_words(self) -> dict[str, Any]:
        """Return the wording that the page's script needs."""
        words = {key: self.word(f"{part}.{key}") for part, keys in _SCRIPT_WORDS.items() for key in keys}
        return {**words, "name": self.word("name"), "pinned_kinds": self._node("pinned_kinds")}

    def _node(self, key: str) -> Any:
        return self.library.messages.node(f"page.{key}")

    def _render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(values).strip()


def names(source: SourceCard) -> str:
    """Return the authors, or the body that speaks where no person is named."""
    return ", ".join(source.authors) or (source.organization or "")


def short_name(source: SourceCard, no_date: str) -> str:
    """Return a name to find a source by, such as "Schimmel 2020"."""
    first = _INITIALS.sub("", source.authors[0]) if source.authors else (source.organization or source.title)
    return f"{first} {source.year}" if source.year else f"{first}, {no_date}"


def is_web_address(address: object) -> bool:
    """Tell whether an address may become a link: http and https only."""
    return isinstance(address, str) and urlsplit(address).scheme in {"http", "https"}


def bare_address(address: str) -> str:
    """Shorten a web address to what a person would type."""
    return re.sub(r"^https?://(www\.)?", "", address).rstrip("/")
