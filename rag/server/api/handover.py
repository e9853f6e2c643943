"""`POST /v1/handover`: what a person at the help-desk would receive, and sending it with consent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import JSONResponse, Response

from rag.server.api.asking import checked_state
from rag.server.api.context import ApiParts, HandingOver, HandOverCase, problems_of
from rag.server.api.models import FieldError, HandOverReply, HandOverRequest
from rag.server.api.problems import ProblemError

router = APIRouter(tags=["hand-over"], responses=problems_of(409, 415))

_ACCEPTED = {"queued": 202}


@router.post("/v1/handover", response_model=HandOverReply, responses={202: {"model": HandOverReply}})
async def hand_over(
    asked: HandOverRequest,
    request: Request,
    api: ApiParts,
    caller: HandingOver,
    idempotency_key: Annotated[str, Header(max_length=100, pattern=r"^([A-Za-z0-9_-]{8,100})?$")] = "",
) -> Response:
    """Show what would be sent, or send it."""
    if asked.country is not None:
        request.state.country = asked.country
    if api.handover is None or api.handover_kind(caller.site) is None:
        raise ProblemError("handover-not-configured")
    if not asked.preview and not asked.consent:
        raise ProblemError("invalid", errors=(FieldError(field="consent", message="must be true to send"),))
    state = checked_state(api, asked.conversation, asked.history, caller.site)
    case = HandOverCase(
        site=caller.site,
        turns=asked.history,
        level=state.highest,
        reason=asked.reason,
        country=api.country(asked.country, caller.site),
        contact=asked.contact,
        note=asked.note,
        context=asked.context,
        idempotency_key=idempotency_key or None,
        request_id=request.state.request_id,
    )
    reply = await (api.handover.preview(case) if asked.preview else api.handover.send(case))
    if not asked.preview:
        api.metrics.handovers.labels(caller.site.label, reply.status).inc()
    return JSONResponse(
        reply.model_dump(mode="json"), _ACCEPTED.get(reply.status, 200), headers={"Cache-Control": "no-store"}
    )
