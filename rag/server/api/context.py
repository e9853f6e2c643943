"""What every part of the API works with, put together once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Query, Request

from rag.answering.cards import SourceCards
from rag.library import Library
from rag.records import Notice
from rag.retrieval import Found
from rag.server.api.access import Access, Caller
from rag.server.api.metrics import Metrics
from rag.server.api.models import Country, HandOverReply, ProblemBody, Reason
from rag.server.api.problems import MEDIA_TYPE, ProblemError, Problems, remember_country
from rag.server.limits import AnswerPool, RateLimits
from rag.server.options import ServerSettings
from rag.server.sessions import Conversations, Level, Turn
from rag.server.sites import Site, Sites
from rag.server.turns import Answering
from rag.settings import Settings


class Searching(Protocol):
    """Finds passages and briefs; `rag.retrieval.Searcher` is one."""

    def search(self, query: str, *, k_briefs: int = 8, k_passages: int = 12) -> Found:
        """Return what speaks to the words searched for."""


Judging = Callable[[str], bool]


@dataclass(frozen=True)
class HandOverCase:
    """A conversation that is to be handed to a person. Its turns are those that this server signed.

    Attributes:
        site: Whose person takes over.
        turns: The conversation; the `citations` of a reply are ids of passages, by number.
        level: The highest triage level of the conversation.
        reason: Why it is handed over.
        country: Of the person.
        contact: How they want to be reached.
        note: What they add.
        context: What the page says about where they are; never instructions.
        idempotency_key: The same for repeated requests.
        request_id: Of this request.
    """

    site: Site
    turns: tuple[Turn, ...]
    level: Level
    reason: Reason
    country: str
    contact: str | None
    note: str | None
    context: Mapping[str, str]
    idempotency_key: str | None
    request_id: str


class HandOver(Protocol):
    """Hands conversations to a person."""

    def kind(self, site: Site) -> str | None:
        """Return how this site receives them, or None where it does not."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return what must be open while hand-overs come."""

    async def preview(self, case: HandOverCase) -> HandOverReply:
        """Return exactly what would be sent; send nothing."""

    async def send(self, case: HandOverCase) -> HandOverReply:
        """Send it, and say truly what became of it."""


@dataclass(frozen=True)
class Api:
    """The parts that handlers use."""

    assistant: Answering
    library: Library
    settings: Settings
    options: ServerSettings
    sites: Sites
    access: Access
    conversations: Conversations
    limits: RateLimits
    pool: AnswerPool[Any]
    metrics: Metrics
    cards: SourceCards
    problems: Problems
    search: Searching
    sounds_dangerous: Judging
    handover: HandOver | None
    ready: Callable[[], bool]

    def country(self, asked: str | None, site: Site) -> str:
        """Return whose crisis lines are shown."""
        return (asked or site.country or self.settings.country).upper()

    def degraded(self, codes: Sequence[str]) -> tuple[Notice, ...]:
        """Return what a reader should know about parts that did not work."""
        messages = self.library.messages
        texts = {code: f"degraded.{code}" for code in codes}
        return tuple(Notice(id=code, text=messages.text(key)) for code, key in texts.items() if messages.has(key))

    def handover_kind(self, site: Site) -> str | None:
        """Return how a site receives hand-overs, or None."""
        return self.handover.kind(site) if self.handover is not None else None


def api_of(request: Request) -> Api:
    """Return the parts of the application that a request came to."""
    return cast(Api, request.app.state.api)


SiteId = Annotated[
    str | None,
    Query(max_length=63, description="Id of the site in sites.toml, where the origin does not tell it."),
]
CountryCode = Annotated[Country | None, Query(description="Two letters; whose crisis lines a refusal carries.")]


def _limit(kind: str) -> Callable[..., Any]:
    async def limited(request: Request, site: SiteId = None, country: CountryCode = None) -> Caller:
        api, caller = api_of(request), cast(Caller, request.state.caller)
        wait = await api.limits.wait_for(*api.access.rates(caller, kind))
        if wait:
            try:
                remember_country(request, await request.json() if request.method == "POST" else None)
            except ValueError:
                pass  # it is refused anyway
            api.metrics.refusal(kind, "rate-limited")
            raise ProblemError("rate-limited", retry_after=wait)
        return caller

    return limited


ApiParts = Annotated[Api, Depends(api_of)]
Asking = Annotated[Caller, Depends(_limit("ask"))]
Reading = Annotated[Caller, Depends(_limit("read"))]
HandingOver = Annotated[Caller, Depends(_limit("handover"))]


def problems_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe refusals for OpenAPI: those of every path, and further ones."""
    described = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}}
    everywhere = (400, 401, 403, 404, 405, 408, 413, 422, 429, 500)
    return {
        status: {"description": "Refused; see ProblemBody", **described} for status in sorted({*everywhere, *statuses})
    }


__all__ = [
    "Api",
    "ApiParts",
    "Asking",
    "HandOver",
    "HandOverCase",
    "HandingOver",
    "ProblemBody",
    "Reading",
    "Searching",
    "api_of",
    "problems_of",
]
