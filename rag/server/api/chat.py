"""`POST /v1/chat`: one answer, whole or as it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from rag.server.api.asking import Asked, answer_events, checked_state, reply_of, whole_answer
from rag.server.api.context import Api, ApiParts, Asking, problems_of
from rag.server.api.events import EventStream, event, with_first
from rag.server.api.models import ChatReply, ChatRequest, SourcesEvent, StatusEvent
from rag.server.api.problems import ProblemError

router = APIRouter(tags=["chat"])

_STREAM = "text/event-stream"
_DESCRIBED = {
    200: {
        "description": "The checked answer; with `Accept: text/event-stream` the events of docs/api.md",
        "content": {_STREAM: {}},
    },
    **problems_of(406, 409, 415, 503, 504),
}


@router.post("/v1/chat", response_model=ChatReply, responses=_DESCRIBED)
async def chat(asked: ChatRequest, request: Request, api: ApiParts, caller: Asking) -> Response:
    """Answer a question from vetted, cited evidence."""
    streamed = wants_events(request)
    if asked.country is not None:
        request.state.country = asked.country
    state = checked_state(api, asked.conversation, asked.history, caller.site)
    question = Asked(
        interface="chat",
        site=caller.site,
        question=asked.question,
        country=api.country(asked.country, caller.site),
        history=asked.history,
        state=state,
    )
    if not streamed:
        reply = reply_of(api, question, await whole_answer(api, question))
        return JSONResponse(reply.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
    events = _events(api, question, request)
    # A refusal before the first event is an ordinary problem with its status.
    return EventStream(with_first(await anext(events), events))


def wants_events(request: Request) -> bool:
    """Tell whether events are asked for rather than JSON.

    Raises:
        ProblemError: neither is accepted.
    """
    accepted = request.headers.get("accept", "*/*").lower()
    if _STREAM in accepted:
        return True
    if not any(kind in accepted for kind in ("application/json", "application/*", "*/*", "application/problem+json")):
        raise ProblemError("not-acceptable")
    return False


async def _events(api: Api, asked: Asked, request: Request) -> AsyncIterator[bytes]:
    started = False
    messages = api.library.messages
    index = 0
    try:
        async with aclosing(answer_events(api, asked)) as events:
            async for step in events:
                if step.kind == "status":
                    key = f"page.conversation.status.{step.status}"
                    text = messages.text(key) if messages.has(key) else None
                    yield event("status", StatusEvent(stage=step.status, text=text))
                elif step.kind == "statement" and step.statement is not None:
                    yield event("statement", {"index": index, **step.statement.model_dump(mode="json")})
                    index += 1
                elif step.kind == "done" and step.answer is not None:
                    reply = reply_of(api, asked, step.answer)
                    for notice in (*reply.notices, *reply.degraded):
                        yield event("notice", notice)
                    yield event("sources", SourcesEvent(citations=reply.citations))
                    yield event("done", reply)
                started = True
    except ProblemError as problem:
        if not started:
            raise
        request.state.problem = problem.code
        yield event("error", api.problems.body(problem, request.state.request_id, request.state.country))
