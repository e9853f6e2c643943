"""A server that follows the HTTP contract, and a site of another origin that embeds the widget."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp

from rag.library import Library
from rag.server.sites import Site, Sites
from rag.server.widget import widget_router
from rag.settings import Settings

from .fakes import HOSTILE, FakeAssistant

HOST_POLICY = (
    "default-src 'none'; script-src {server}; connect-src {server}; frame-src {server}; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass
class Stub:
    """What the stub was sent, and how it is to behave."""

    library: Library
    origins: set[str] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)
    handed: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    greeting: str = "Ask us about kratom and depression."
    # A problem to answer the next question with, how many seconds before each event, and where to break off.
    problem: tuple[int, dict[str, Any]] | None = None
    pause: float = 0.0
    break_after: int | None = None
    handover_status: str = "delivered"
    handover_available: bool = True

    def __post_init__(self) -> None:
        self.assistant = FakeAssistant(self.library)

    def reset(self) -> None:
        self.asked.clear()
        self.handed.clear()
        self.requests.clear()
        self.problem, self.pause, self.break_after = None, 0.0, None
        self.handover_status, self.handover_available = "delivered", True
        self.greeting = "Ask us about kratom and depression."

    def lines(self, country: str | None = None) -> list[dict[str, Any]]:
        lines = [line for line in self.library.crisis_lines if country in (None, line.country)]
        return [line.model_dump(mode="json") for line in lines]

    def site(self) -> dict[str, Any]:
        return {
            "id": "help-desk",
            "name": "Help desk",
            "greeting": self.greeting,
            "country": "US",
            "countries": sorted({line.country for line in self.library.crisis_lines}),
            "max_question_chars": 4000,
            "max_history_turns": 40,
            "handover": {"available": self.handover_available, "kind": "webhook"},
            "crisis_lines": self.lines(),
            "fingerprint": self.library.fingerprint,
        }

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        *_, last = self.assistant.stream(body["question"], body["history"], body["country"])
        answer = last.answer.model_dump(mode="json", exclude={"trace"})
        level = answer["triage"] if answer["triage"] in ("crisis", "emergency") else "none"
        turns = [{"role": "user", "content": body["question"], "citations": []}]
        turns.append({"role": "assistant", "content": answer["text"], "citations": ["x#1"]})
        offered = level != "none" or "person" in body["question"]
        return {
            **answer,
            "id": "a_1",
            "degraded": [],
            "highest_triage": level,
            "handover": {"available": True, "offered": offered, "reason": level if level != "none" else "asked"},
            "turns": turns,
            "conversation": f"signed-{len(body['history']) + 2}",
        }

    def events(self, body: dict[str, Any]) -> Iterator[str]:
        yield ": open\n\n"
        yield event("status", {"stage": "searching", "text": "Looking ..."})
        reply = self.reply(body)
        for index, statement in enumerate(reply["statements"]):
            time.sleep(self.pause)
            if index == self.break_after:
                return
            yield event("statement", {"index": index, **statement})
        for notice in reply["notices"]:
            yield event("notice", notice)
        yield event("sources", {"citations": reply["citations"]})
        yield event("done", reply)


def event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def problem(status: int, code: str, **more: Any) -> JSONResponse:
    told = {"type": f"/docs#{code}", "status": status, "code": code, "crisis_lines": [], **more}
    return JSONResponse(told, status, media_type="application/problem+json")


def stub_app(stub: Stub, settings: Settings) -> FastAPI:
    app = FastAPI()
    sites = Sites([Site(id="help-desk", origins=tuple(stub.origins))])
    app.include_router(widget_router(stub.library, settings, sites))

    app.middleware("http")(partial(checked, stub))

    @app.get("/v1/site")
    def site() -> dict[str, Any]:
        return stub.site()

    @app.post("/v1/chat")
    def chat(body: dict[str, Any]) -> Response:
        stub.asked.append(body)
        if stub.problem:
            (status, told), stub.problem = stub.problem, None
            return problem(status, **told)
        if "break" in body["question"]:
            return problem(500, "failed")
        return StreamingResponse(stub.events(body), media_type="text/event-stream")

    @app.post("/v1/handover")
    def handover(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        stub.handed.append({**body, "key": request.headers.get("idempotency-key")})
        turns = [
            {
                "role": turn["role"],
                "text": turn["content"],
                "citations": [{"number": 1, "passage_id": name, "source_id": "x"} for name in turn["citations"]],
            }
            for turn in body["history"]
        ]
        payload = {
            "version": 1,
            "site": "help-desk",
            "reason": body["reason"],
            "risk_level": "crisis",
            "country": body["country"],
            "contact": body.get("contact"),
            "note": body.get("note"),
            "context": body.get("context", {}),
            "conversation": turns,
            "sources": [{"id": "x", "title": HOSTILE, "organization": None, "year": 2020, "passages": []}],
        }
        status = "preview" if body["preview"] else stub.handover_status
        mail = "mailto:help@example.org?subject=Help" if status == "mail" else None
        return {
            "status": status,
            "reference": "h_1",
            "text": "",
            "mailto": mail,
            "payload": payload,
            "crisis_lines": [],
        }

    return app


async def checked(stub: Stub, request: Request, call_next: Any) -> Response:
    own = str(request.base_url).rstrip("/")
    origin = request.headers.get("origin", own)
    stub.requests.append((request.url.path, dict(request.headers)))
    if request.url.path.startswith("/v1") and origin not in {own, *stub.origins}:
        return problem(403, "origin-not-allowed")
    answer = PlainTextResponse("") if request.method == "OPTIONS" else await call_next(request)
    if origin in stub.origins:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Headers"] = "content-type, idempotency-key"
    return answer


def host_app(server: str, policy: str = HOST_POLICY) -> FastAPI:
    """A site of its own; `/?element=...` says what stands in its page."""
    app = FastAPI()

    @app.get("/")
    def page(element: str = "", script: bool = True) -> Response:
        loaded = f'<script src="{server}/widget.js" defer></script>' if script else ""
        head = f'<title>Shop</title><meta name="viewport" content="width=device-width">{loaded}'
        main = f'<h1>A shop</h1><p><a href="#x">A link of the shop</a></p>{element}'
        body = f'<!doctype html><html lang="en"><head>{head}</head><body><main>{main}</main></body></html>'
        headers = {"Content-Security-Policy": policy.format(server=server), "Referrer-Policy": "no-referrer"}
        return Response(body, media_type="text/html", headers=headers)

    return app


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextmanager
def serving(app: ASGIApp, port: int) -> Iterator[str]:
    """Serve an application on a port of this machine."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)
