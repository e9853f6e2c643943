"""The gate before the API: who may ask, how much they may send, and how slowly."""

from __future__ import annotations

import asyncio
import logging
import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.server.api.access import Access
from rag.server.api.problems import ProblemError, Problems
from rag.server.logs import place_of
from rag.server.options import ServerSettings

logger = logging.getLogger(__name__)

_JSON = re.compile(r"\s*application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_GUARDED = re.compile(r"/(v1|mcp)(/|$)")
# The rest of the request is not read, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class ClientGoneError(Exception):
    """The client has left, or reads nothing any more."""


class ApiGate:
    """Lets through what may come in, its body read whole within a size and a time.

    Args:
        app: The API behind.
        access: Decides who may ask.
        problems: Writes refusals.
        options: Sizes and times.
        country: Whose crisis lines a refusal carries where nothing else is known.
    """

    def __init__(
        self, app: ASGIApp, *, access: Access, problems: Problems, options: ServerSettings, country: str
    ) -> None:
        self._app = app
        self._access = access
        self._problems = problems
        self._options = options
        self._country = country

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; nothing that breaks behind gets past."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        sender = _Sender(send, self._options.send_seconds)
        try:
            self._admit(scope)
            body = await self._body(scope, receive)
            await self._app(scope, _replaying(body, receive), sender)
        except ProblemError as problem:
            await self._refuse(problem, scope, receive, sender)
        except ClientGoneError:
            return
        except Exception as error:
            # The message of an error may quote a question, so only its type and place are logged.
            logger.error("request failed: %s", place_of(error))
            await self._refuse(ProblemError("failed"), scope, receive, sender)

    async def _refuse(self, problem: ProblemError, scope: Scope, receive: Receive, sender: _Sender) -> None:
        if sender.started:
            return  # without its end the server closes the connection
        scope["state"]["problem"] = problem.code
        await self._problems.response(problem, scope["state"], scope["path"])(scope, receive, sender)

    def _admit(self, scope: Scope) -> None:
        state = scope["state"]
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("country", [""])[-1]
        state["country"] = asked if re.fullmatch(r"[A-Za-z]{2,3}", asked) else self._country
        if _GUARDED.match(scope["path"]):
            caller = self._access.caller(scope)
            state["caller"], state["site"] = caller, caller.site.label
            if not asked and caller.site.country:
                state["country"] = caller.site.country
            # A page can send other types to any address without asking whether it may.
            if scope["method"] == "POST" and not _JSON.fullmatch(Headers(scope=scope).get("content-type", "")):
                raise ProblemError("not-json")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """Read the whole body.

        Raises:
            ProblemError: it is larger or slower than is allowed, whatever its headers say.
        """
        limit = 0 if scope["method"] in _BODILESS else self._options.max_body_bytes
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal():
            raise ProblemError("bad-request", headers=_CLOSE)
        if int(length[:20]) > limit:
            raise ProblemError("too-large", headers=_CLOSE)
        try:
            async with asyncio.timeout(self._options.request_seconds):
                return await _read(receive, limit)
        except TimeoutError:
            raise ProblemError("too-slow", headers=_CLOSE) from None


async def _read(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > limit:
            raise ProblemError("too-large", headers=_CLOSE)
        if not message.get("more_body"):
            return bytes(body)


class _Sender:
    """Sends, and gives up on a client that reads nothing."""

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except (TimeoutError, OSError):
            raise ClientGoneError from None


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that brings the body that was read, and then what follows it."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
