"""What a person at the help-desk receives, and nothing else: the preview shows the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rag.library import Library
from rag.records import Passage
from rag.server.api.context import HandOverCase
from rag.server.api.models import Reason
from rag.server.sessions import Level, Turn


class Part(BaseModel):
    """Base of the parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Cited(Part):
    """A citation mark of one reply: `[1]` in its text is number 1 here."""

    number: int
    passage_id: str
    source_id: str


class Said(Part):
    """One turn: what the person wrote, or what the assistant replied."""

    role: Literal["user", "assistant"]
    text: str
    citations: tuple[Cited, ...] = ()


class CitedPassage(Part):
    """A passage that was cited, in the words of our note."""

    id: str
    text: str


class CitedSource(Part):
    """A source that was cited, once, with the passages that were."""

    id: str
    title: str
    organization: str | None
    year: int | None
    kind: str
    url: str
    passages: tuple[CitedPassage, ...]


class Package(Part):
    """A hand-over. All of it is plain text; show it as text, never as HTML.

    Attributes:
        version: Of this form.
        site: Id of the site it comes from.
        reason: Why it was handed over.
        risk_level: The highest triage level of the conversation, as the server signed it.
        country: Of the person, as chosen for the crisis lines.
        contact: How the person wants to be reached; not checked.
        note: What the person adds.
        context: What the page said about where they are; not checked.
        conversation: The turns, oldest first.
        sources: The cited sources.
        fingerprint: Identifies the corpus that was answered from.
    """

    version: Literal[1] = 1
    site: str
    reason: Reason
    risk_level: Level
    country: str
    contact: str | None
    note: str | None
    context: Mapping[str, str]
    conversation: tuple[Said, ...]
    sources: tuple[CitedSource, ...]
    fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """Return it as it is previewed and sent."""
        return self.model_dump(mode="json")

    def body(self) -> bytes:
        """Return the bytes that are sent; the same package always gives the same bytes."""
        return json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":")).encode()


def pack(case: HandOverCase, library: Library, max_turns: int) -> Package:
    """Put together what would be sent.

    Args:
        case: What is to be handed over.
        library: The corpus, for the cited sources.
        max_turns: How many of the newest turns a signature covers; older ones anyone may have altered.
    """
    turns = case.turns[-max_turns:]
    return Package(
        site=case.site.label,
        reason=case.reason,
        risk_level=case.level,
        country=case.country,
        contact=case.contact or None,
        note=case.note or None,
        context=dict(case.context),
        conversation=tuple(_said(turn, library) for turn in turns),
        sources=tuple(_sources((passage for turn in turns for passage in turn.citations), library)),
        fingerprint=library.fingerprint,
    )


def _said(turn: Turn, library: Library) -> Said:
    # A passage of another state of the corpus may be gone; its mark then stands alone.
    cited = [
        Cited(number=number, passage_id=passage.id, source_id=passage.source_id)
        for number, passage in enumerate(map(library.passages.get, turn.citations), start=1)
        if passage is not None
    ]
    return Said(role=turn.role, text=turn.content, citations=tuple(cited))


def _sources(passage_ids: Iterable[str], library: Library) -> Iterable[CitedSource]:
    by_source: dict[str, list[Passage]] = {}
    for passage_id in dict.fromkeys(passage_ids):
        passage = library.passages.get(passage_id)
        if passage is not None:
            by_source.setdefault(passage.source_id, []).append(passage)
    for source_id, passages in by_source.items():
        source = library.sources[source_id]
        yield CitedSource(
            id=source.id,
            title=source.title,
            organization=source.organization,
            year=source.year,
            kind=source.kind,
            url=source.url,
            passages=tuple(CitedPassage(id=passage.id, text=passage.text) for passage in passages),
        )
