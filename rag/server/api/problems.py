"""Refusals as problem details (RFC 9457), each with help for somebody in danger who meets one."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from rag.answering.country import lines_for
from rag.library import Library
from rag.server.api.models import FieldError, ProblemBody
from rag.server.logs import place_of

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Refusals that may stand between a person and an answer carry crisis lines.
_WITH_HELP = frozenset({403, 408, 409, 413, 422, 429, 500, 503, 504})


@dataclass(frozen=True)
class Kind:
    """One kind of refusal: its status, title, and what to do."""

    status: int
    title: str
    detail: str


KINDS: Mapping[str, Kind] = {
    "bad-request": Kind(400, "Not readable", "The request is not HTTP or JSON that can be read. Send one JSON object."),
    "key-required": Kind(
        401,
        "A key is needed",
        "Programs outside this machine need an API key. Send 'Authorization: Bearer KEY' with one of "
        "KRATOM_EVIDENCE_API_KEYS.",
    ),
    "origin-not-allowed": Kind(
        403,
        "This page may not ask",
        "The page that sent this is not listed. The operator can add its exact origin to sites.toml, or set "
        "KRATOM_EVIDENCE_PUBLIC_URL where it is the server's own.",
    ),
    "not-found": Kind(404, "Not found", "There is nothing here. /docs lists what there is."),
    "method-not-allowed": Kind(405, "Not this method", "This address answers to another method; see the header Allow."),
    "not-acceptable": Kind(
        406, "No common form", "Answers come as application/json or text/event-stream. Accept one of them."
    ),
    "site-unknown": Kind(404, "No such site", "The site named in 'site' is not in sites.toml. Check its id."),
    "too-slow": Kind(408, "The request came too slowly", "The request did not arrive in time. Send it again."),
    "conversation-invalid": Kind(
        409,
        "The conversation cannot be continued",
        "The turns are not those this server signed, or it is too long ago. Ask again without 'history' and "
        "'conversation' to begin anew.",
    ),
    "handover-not-configured": Kind(
        409, "No hand-over here", "This site has no person to hand over to. The operator can add one in sites.toml."
    ),
    "too-large": Kind(413, "Too large", "The request is larger than is read. Send a shorter question or history."),
    "not-json": Kind(415, "Not JSON", "Send one JSON object with 'Content-Type: application/json'."),
    "invalid": Kind(422, "A field is wrong", "A field is missing, unknown or too long; see 'errors'. Correct it."),
    "rate-limited": Kind(
        429, "Too many requests", "More was asked than is answered in this time. Wait as long as 'retry_after' says."
    ),
    "failed": Kind(
        500, "Something broke", "There is no answer to this. Try again; if it stays, tell the operator the request id."
    ),
    "busy": Kind(503, "All places are taken", "Too many questions are being answered. Try again in a few seconds."),
    "starting": Kind(503, "Starting", "The assistant is still loading. Try again in a few seconds."),
    "timed-out": Kind(504, "It took too long", "The answer took longer than is allowed. Try again."),
}
_CODES_BY_STATUS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}


@dataclass(eq=False)  # not frozen: Python sets the traceback of an exception
class ProblemError(Exception):
    """A refusal, raised anywhere in the handling of a request.

    Attributes:
        code: One of `KINDS`.
        retry_after: Seconds after which it may work.
        errors: What is wrong with which field.
        headers: Further headers of the response.
    """

    code: str
    retry_after: int | None = None
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class Problems:
    """Writes refusals.

    Args:
        library: The corpus, for crisis lines and the words above them.
        country: Whose lines are shown where a request does not say.
    """

    def __init__(self, library: Library, country: str) -> None:
        self._library = library
        self._country = country

    def body(self, error: ProblemError, request_id: str, country: str | None = None) -> ProblemBody:
        """Return the refusal as it is sent."""
        kind = KINDS[error.code]
        helps = kind.status in _WITH_HELP
        lines = lines_for(self._library.crisis_lines, (country or self._country).upper()) if helps else ()
        return ProblemBody(
            type=f"/docs#{error.code}",
            title=kind.title,
            status=kind.status,
            detail=kind.detail,
            code=error.code,
            request_id=request_id,
            retry_after=error.retry_after,
            help=self._library.messages.text("page.help.lead") if helps else None,
            crisis_lines=lines,
            errors=error.errors,
        )

    def response(self, error: ProblemError, state: Mapping[str, Any], path: str = "") -> Response:
        """Return the refusal as a response; OpenAI clients find the member `error` that they know."""
        body = self.body(error, str(state.get("request_id", "-")), state.get("country"))
        content = body.model_dump(mode="json")
        if path.startswith(("/v1/chat/completions", "/v1/models")):
            content["error"] = {"message": body.detail, "type": body.code, "code": body.code, "param": None}
        headers = {"Cache-Control": "no-store", **error.headers}
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        if body.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(content, body.status, headers, MEDIA_TYPE)

    def install(self, app: FastAPI) -> None:
        """Answer every error of an application with a problem."""

        async def on_problem(request: Request, error: Exception) -> Response:
            return self._respond(request, error if isinstance(error, ProblemError) else ProblemError("failed"))

        async def on_http(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 500
            headers = dict(getattr(error, "headers", None) or {})
            return self._respond(request, ProblemError(_CODES_BY_STATUS.get(status, "failed"), headers=headers))

        async def on_invalid(request: Request, error: Exception) -> Response:
            found = error.errors() if isinstance(error, RequestValidationError) else []
            remember_country(request, getattr(error, "body", None))
            return self._respond(request, of_validation(found))

        async def on_failure(request: Request, error: Exception) -> Response:
            # The message of an error may quote the question, so only its type and place are logged.
            logger.error("request failed: %s", place_of(error))
            return self._respond(request, ProblemError("failed"))

        app.add_exception_handler(ProblemError, on_problem)
        app.add_exception_handler(HTTPException, on_http)
        app.add_exception_handler(RequestValidationError, on_invalid)
        app.add_exception_handler(Exception, on_failure)

    def _respond(self, request: Request, error: ProblemError) -> Response:
        request.scope["state"]["problem"] = error.code
        return self.response(error, request.scope["state"], request.url.path)


def remember_country(request: Request, body: object) -> None:
    """Let a refusal show the crisis lines of the country that a request names."""
    if not isinstance(body, Mapping):
        return
    named = body.get("metadata")  # where OpenAI clients put it
    country = body.get("country") or (named.get("country") if isinstance(named, Mapping) else None)
    if isinstance(country, str) and re.fullmatch(r"[A-Za-z]{2,3}", country):
        request.state.country = country


def of_validation(errors: Sequence[Mapping[str, Any]]) -> ProblemError:
    """Return the problem for what pydantic found; what was sent is never repeated."""
    if any(error["type"] == "json_invalid" for error in errors):
        return ProblemError("bad-request")
    found = []
    for error in errors:
        place = [str(part) for part in error["loc"]]
        if len(place) > 1 and place[0] in ("body", "query", "path", "header"):
            del place[0]
        # The name of an unknown field is the sender's own text.
        if error["type"] == "extra_forbidden":
            place[-1:] = ["(unknown field)"]
        found.append(FieldError(field=".".join(place)[:200] or "body", message=_message(error)))
    return ProblemError("invalid", errors=tuple(found[:20]))


def _message(error: Mapping[str, Any]) -> str:
    """Return what is wrong without the value; messages of our own checks are ours to show."""
    return str(error["msg"])[:300]
