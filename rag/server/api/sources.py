"""The vetted sources, and search over them; what a widget needs to know; ratings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from rag.answering.country import lines_for
from rag.records import SourceKind
from rag.retrieval import Found
from rag.server.api.context import Api, ApiParts, CountryCode, Reading, problems_of
from rag.server.api.models import (
    FeedbackReply,
    FeedbackRequest,
    FoundBrief,
    FoundPassage,
    SearchReply,
    SiteHandOver,
    SiteReply,
    SourcePassage,
    SourceReply,
    SourcesReply,
)
from rag.server.api.problems import ProblemError
from rag.server.limits import AnswerTimeoutError, BusyError
from rag.server.lines import countries

router = APIRouter(tags=["evidence"], responses=problems_of())


@router.get("/v1/site")
async def site(api: ApiParts, caller: Reading) -> SiteReply:
    """Return what a widget needs before the first question."""
    here, messages = caller.site, api.library.messages
    kind = api.handover_kind(here)
    return SiteReply(
        id=here.id,
        name=here.name or messages.text("page.name"),
        greeting=here.greeting or messages.text("page.intro.title"),
        country=api.country(None, here),
        countries=countries(api.library.crisis_lines),
        max_question_chars=api.settings.max_question_chars,
        max_history_turns=api.settings.max_history_turns,
        handover=SiteHandOver(available=kind is not None, kind=kind),
        crisis_lines=api.library.crisis_lines,
        fingerprint=api.library.fingerprint,
    )


@router.get("/v1/sources")
async def sources(
    api: ApiParts,
    caller: Reading,
    kind: SourceKind | None = None,
    topic: Annotated[str | None, Query(max_length=100)] = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SourcesReply:
    """List the vetted sources."""
    chosen = [
        source.id
        for source in api.library.sources.values()
        if (kind is None or source.kind is kind) and (topic is None or topic in source.topics)
    ]
    cards = tuple(api.cards.card(source_id) for source_id in chosen[offset : offset + limit])
    return SourcesReply(sources=cards, total=len(chosen), fingerprint=api.library.fingerprint)


@router.get("/v1/sources/{source_id}")
async def source(
    api: ApiParts, caller: Reading, source_id: Annotated[str, Path(min_length=1, max_length=200)]
) -> SourceReply:
    """Return one source with its passages."""
    if source_id not in api.library.sources:
        raise ProblemError("not-found")
    passages = (passage for passage in api.library.passages.values() if passage.source_id == source_id)
    return SourceReply(
        source=api.cards.card(source_id),
        passages=tuple(SourcePassage(id=p.id, heading=p.heading, text=p.text) for p in passages),
        fingerprint=api.library.fingerprint,
    )


@router.get("/v1/search", responses=problems_of(503, 504))
async def search(
    api: ApiParts,
    caller: Reading,
    q: Annotated[str, Query(min_length=1, max_length=2000, description="Words or a question.")],
    limit: Annotated[int, Query(ge=1, le=20)] = 8,
    country: CountryCode = None,
) -> SearchReply:
    """Find passages and reviewed answers; this does not judge whether they answer a question."""
    return await search_reply(api, q, limit, api.country(country, caller.site))


@router.post("/v1/feedback", status_code=202, responses=problems_of(415))
async def feedback(given: FeedbackRequest, api: ApiParts, caller: Reading) -> FeedbackReply:
    """Count a rating. Nothing but the count is kept."""
    behaviour = given.behaviour.value if given.behaviour else None
    api.metrics.feedback(caller.site.label, given.rating, given.reason, behaviour)
    return FeedbackReply()


async def search_reply(api: Api, query: str, limit: int, country: str) -> SearchReply:
    """Search, and show crisis lines where the words sound like danger.

    Raises:
        ProblemError: there is no free place, or it took too long.
    """

    def work() -> tuple[Found, bool]:
        return api.search.search(query, k_briefs=min(limit, 8), k_passages=limit), api.sounds_dangerous(query)

    try:
        found, dangerous = await api.pool.call(work)
    except BusyError:
        raise ProblemError("busy", retry_after=5) from None
    except AnswerTimeoutError:
        raise ProblemError("timed-out") from None
    library = api.library
    passages = [(hit, library.passages[hit.id]) for hit in found.passages]
    return SearchReply(
        passages=tuple(
            FoundPassage(
                passage_id=passage.id,
                heading=passage.heading,
                text=passage.text,
                score=round(hit.score, 4),
                source=api.cards.card(passage.source_id),
            )
            for hit, passage in passages
        ),
        briefs=tuple(
            FoundBrief(id=hit.id, title=library.briefs[hit.id].title, score=round(hit.score, 4)) for hit in found.briefs
        ),
        degraded=api.degraded(found.degraded),
        crisis_lines=lines_for(library.crisis_lines, country) if dangerous else (),
        fingerprint=library.fingerprint,
    )
