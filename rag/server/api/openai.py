"""The same assistant for OpenAI clients: `POST /v1/chat/completions` and `GET /v1/models`.

Only the turns whose role is `user` are read; system messages, tools and sampling options
change nothing. Citations stand in the text as `[1]` and, with places, in the annotations.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.responses import JSONResponse, Response

from rag.answering.plain import plain_text
from rag.records import Answer, Citation, Statement
from rag.server.api.asking import Asked, answer_events, whole_answer
from rag.server.api.context import Api, ApiParts, Asking, Reading, problems_of
from rag.server.api.events import EventStream, event, with_first
from rag.server.api.models import LONGEST_QUESTION, MOST_TURNS, FieldError
from rag.server.api.problems import ProblemError, remember_country
from rag.server.sessions import Turn
from rag.server.turns import AnswerEvent

router = APIRouter(tags=["openai"])

MODEL = "kratom-evidence"
_MARK = re.compile(r"\[(\d{1,3})\]")
_FROM_USER: JsonDict = {"type": "object", "properties": {"role": {"const": "user"}}, "required": ["role"]}
# No language model counts tokens here.
_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class Part(BaseModel):
    """A part of a message; only text is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = Field(max_length=50)
    text: str | None = Field(None, max_length=LONGEST_QUESTION)


Text = Annotated[str, Field(max_length=LONGEST_QUESTION)]
Parts = Annotated[tuple[Part, ...], Field(max_length=50)]


class CompletionMessage(BaseModel):
    """A message as OpenAI clients send it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | Parts | None = None

    @property
    def text(self) -> str:
        """The text of the message, from all its parts."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.text)


class StreamOptions(BaseModel):
    """What goes with a stream."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    include_usage: bool | None = None


class CompletionRequest(BaseModel):
    """A request as OpenAI clients send it; options that mean nothing here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str = Field(MODEL, max_length=200)
    messages: tuple[CompletionMessage, ...] = Field(
        min_length=1, max_length=MOST_TURNS, json_schema_extra={"contains": _FROM_USER}
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    metadata: dict[str, str] | None = Field(None, description="`country`: whose crisis lines are shown.")


@router.get("/v1/models", responses=problems_of())
async def models(caller: Reading) -> dict[str, Any]:
    """List the one model there is."""
    return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}


@router.post(
    "/v1/chat/completions",
    response_model=dict[str, Any],
    responses={
        200: {"description": "A chat completion", "content": {"text/event-stream": {}}},
        **problems_of(415, 503, 504),
    },
)
async def completions(asked: CompletionRequest, request: Request, api: ApiParts, caller: Asking) -> Response:
    """Answer the last message of the user."""
    remember_country(request, {"metadata": asked.metadata})
    country = (asked.metadata or {}).get("country")
    known = country if country and re.fullmatch(r"[A-Za-z]{2,3}", country) else None
    question, history = _conversation(asked.messages)
    put = Asked("openai", caller.site, question, api.country(known, caller.site), history)
    head = {"id": f"chatcmpl-{secrets.token_urlsafe(12)}", "created": int(time.time()), "model": MODEL}
    if asked.stream:
        wants_usage = asked.stream_options is not None and bool(asked.stream_options.include_usage)
        chunks = _stream(api, put, head, wants_usage)
        return EventStream(with_first(await anext(chunks), chunks))
    answer = await whole_answer(api, put)
    text = answer_text(api, answer)
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": _annotations(text, answer)}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    body = {**head, "object": "chat.completion", "choices": [choice], "usage": _USAGE, "evidence": _evidence(answer)}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _conversation(messages: Sequence[CompletionMessage]) -> tuple[str, tuple[Turn, ...]]:
    """Return the last message of the user and the turns before it."""
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise ProblemError("invalid", errors=(FieldError(field="messages", message="needs a message of the user"),))
    turns = [
        Turn(role="user" if message.role == "user" else "assistant", content=message.text[:LONGEST_QUESTION])
        for message in messages[:last]
        if message.role in ("user", "assistant")
    ]
    return messages[last].text, tuple(turns)


def answer_text(api: Api, answer: Answer) -> str:
    """Return the answer with its sources below, for clients that show nothing but text."""
    text = plain_text(answer.statements, answer.notices, api.library.messages)
    if not answer.citations:
        return text
    heading = api.library.messages.text("page.conversation.sources")
    lines = [f"[{c.number}] {c.source.title}. “{c.quote}” {c.source.url}" for c in answer.citations]
    return "\n\n".join((text, "\n".join((f"{heading}:", *lines))))


def _annotations(text: str, answer: Answer) -> list[dict[str, Any]]:
    """Return a URL citation for each mark in the text."""
    cited = {citation.number: citation for citation in answer.citations}
    marks = [(mark, cited[int(mark[1])]) for mark in _MARK.finditer(text) if int(mark[1]) in cited]
    return [_annotation(mark.start(), mark.end(), citation) for mark, citation in marks]


def _annotation(start: int, end: int, citation: Citation) -> dict[str, Any]:
    place = {"start_index": start, "end_index": end, "title": citation.source.title, "url": citation.source.url}
    return {"type": "url_citation", "url_citation": place}


def _evidence(answer: Answer) -> dict[str, Any]:
    """Return what OpenAI's form has no place for."""
    names = {"behaviour", "verdict", "citations", "crisis_lines", "triage", "suggestions", "fingerprint"}
    return answer.model_dump(mode="json", include=names)


class _Chunks:
    """Writes a completion in chunks."""

    def __init__(self, api: Api, head: Mapping[str, Any]) -> None:
        self._api = api
        self._head = head
        self._sent = ""
        self._statements: list[Statement] = []

    def opening(self) -> bytes:
        """Return the chunk that comes first."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def of(self, step: AnswerEvent) -> Iterator[bytes]:
        """Yield the chunks for one event."""
        if step.kind == "statement" and step.statement is not None:
            self._statements.append(step.statement)
            text = plain_text(self._statements, (), self._api.library.messages)
            yield self._content(text.removeprefix(self._sent))
        elif step.kind == "done" and step.answer is not None:
            text = answer_text(self._api, step.answer)
            # Where the answer differs from what was streamed, the whole answer follows.
            yield self._content(text.removeprefix(self._sent) if text.startswith(self._sent) else f"\n\n{text}")
            annotations = _annotations(self._sent, step.answer)
            yield self._chunk({"annotations": annotations}, evidence=_evidence(step.answer))
            yield self._chunk({}, "stop")

    def usage(self) -> bytes:
        """Return the chunk that tells the usage."""
        return event(None, {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE})

    def _content(self, piece: str) -> bytes:
        self._sent += piece
        return self._chunk({"content": piece})

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return event(None, {**self._head, "object": "chat.completion.chunk", "choices": [choice], **more})


async def _stream(api: Api, asked: Asked, head: Mapping[str, Any], wants_usage: bool) -> AsyncIterator[bytes]:
    chunks, started = _Chunks(api, head), False
    try:
        async with aclosing(answer_events(api, asked)) as events:
            async for step in events:
                if not started:
                    started = True
                    yield chunks.opening()
                for chunk in chunks.of(step):
                    yield chunk
    except ProblemError as problem:
        if not started:
            raise
        body = api.problems.body(problem, str(head["id"]), asked.country).model_dump(mode="json")
        yield event(None, {"error": {"message": body["detail"], "type": problem.code, "code": problem.code}, **body})
        return
    if wants_usage:
        yield chunks.usage()
    yield event(None, "[DONE]")
