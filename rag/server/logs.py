"""Structured logs: one line for each request, with its id, and never what a person wrote."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")

_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
# Libraries that log addresses, bodies or URLs at these levels.
_QUIET = ("httpx", "httpx2", "mcp", "uvicorn.access", "asyncio", "multipart")

Observer = Callable[[str, str, int, float], None]


class JsonLines(logging.Formatter):
    """One JSON object a line. Of an exception only its type and place: its message may quote a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": REQUEST_ID.get(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = place_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class TextLines(logging.Formatter):
    """The same for reading at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        fields = " ".join(f"{key}={value}" for key, value in getattr(record, "fields", {}).items())
        error = place_of(record.exc_info[1]) if record.exc_info and record.exc_info[1] is not None else ""
        parts = (self.formatTime(record), record.levelname, REQUEST_ID.get(), record.name, record.getMessage())
        return " ".join(part for part in (*parts, fields, error) if part)


def configure_logging(level: str, form: str) -> None:
    """Send all logs of this process to standard error in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def place_of(error: BaseException) -> str:
    """Return the type of an error and where it was raised, without its message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "unknown" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"


class RequestLog:
    """Gives each request its id, logs how it went, and tells the metrics.

    Args:
        app: The application behind.
        observe: Takes method, route, status and seconds.
        tracing: Whether to record an OpenTelemetry span for each request.
    """

    def __init__(self, app: ASGIApp, observe: Observer, *, tracing: bool = False) -> None:
        self._app = app
        self._observe = observe
        self._span = _spans() if tracing else _no_span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else f"r_{secrets.token_hex(8)}"
        scope.setdefault("state", {})["request_id"] = request_id
        token = REQUEST_ID.set(request_id)
        start, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            with self._span(scope["method"]) as span:
                await self._app(scope, receive, sending)
                if span is not None:
                    span.set_attributes({"http.route": route_of(scope), "http.response.status_code": status})
        finally:
            self._report(scope, status, time.perf_counter() - start)
            REQUEST_ID.reset(token)

    def _report(self, scope: Scope, status: int, seconds: float) -> None:
        route, state = route_of(scope), scope["state"]
        self._observe(scope["method"], route, status, seconds)
        fields = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "site": state.get("site", "-"),
            "code": state.get("problem", "-"),
        }
        logger.info("request", extra={"fields": fields})


def route_of(scope: Scope) -> str:
    """Return the pattern of the route, such as `/v1/sources/{source_id}`; never the path that was asked for."""
    return str(getattr(scope.get("route"), "path", None) or scope.get("state", {}).get("route", "other"))


def _no_span(_name: str) -> AbstractContextManager[Any]:
    return nullcontext()


def _spans() -> Callable[[str], AbstractContextManager[Any]]:
    """Return what starts a span; the ready-made middlewares would record addresses and search words."""
    try:
        from opentelemetry import trace
    except ImportError:
        logger.warning("KRATOM_EVIDENCE_TRACING is on, but opentelemetry-api is not installed; no spans are recorded")
        return _no_span
    tracer = trace.get_tracer("kratom-evidence")

    def span(name: str) -> AbstractContextManager[Any]:
        # An exception's message may quote a person.
        return tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)

    return span
