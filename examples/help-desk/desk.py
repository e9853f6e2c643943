"""A help-desk: a page with the widget, the same in a frame, and the tickets that come in.

It knows nothing of the assistant but its address and the secret they share. A real help-desk
would ask people to log in before they see tickets, and keep tickets somewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

HERE = Path(__file__).resolve().parent
LARGEST = 1_000_000
NEWEST = 200
TOLERANCE_SECONDS = 300

# As strict as a policy gets: no inline style or script, no eval, and no text that becomes markup.
POLICY = (
    "default-src 'none'; script-src {assistant}; connect-src {assistant}; frame-src {assistant}; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True)
class Ticket:
    """A conversation that was handed over."""

    reference: str
    received: str
    package: dict[str, Any]


class Desk:
    """Receives tickets and shows them.

    Args:
        assistant: Address of the assistant.
        secret: What it signs with.
    """

    def __init__(self, assistant: str, secret: str) -> None:
        self._assistant = assistant
        self._secret = secret
        self.tickets: dict[str, Ticket] = {}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.tests["web_address"] = lambda text: urlsplit(str(text)).scheme in {"http", "https"}

    async def receive(self, request: Request) -> Response:
        """Take in a hand-over: check its signature first, and act once on each."""
        body = await _read(request)
        if body is None:
            return PlainTextResponse("Too large.", 413)
        if not signed(request.headers, body, self._secret):
            return PlainTextResponse("Not signed by the assistant, or too old.", 401)
        reference = request.headers.get("idempotency-key", "")
        if reference and reference not in self.tickets:
            if len(self.tickets) >= NEWEST:
                self.tickets.pop(next(iter(self.tickets)))
            self.tickets[reference] = Ticket(reference, time.strftime("%Y-%m-%d %H:%M"), json.loads(body))
        return PlainTextResponse("Received.")

    def page(self, _request: Request) -> Response:
        """Show the help page, with the widget in its corner."""
        return self._render("page.html")

    def frame(self, _request: Request) -> Response:
        """Show the assistant in a frame."""
        return self._render("frame.html")

    def list_tickets(self, _request: Request) -> Response:
        """Show the tickets, the most urgent first, then the newest."""
        urgency = ("emergency", "crisis", "concern", "none")
        newest = list(reversed(self.tickets.values()))
        tickets = sorted(newest, key=lambda ticket: urgency.index(ticket.package.get("risk_level", "none")))
        return self._render("tickets.html", tickets=tickets)

    def _render(self, name: str, **values: object) -> Response:
        html = self._templates.get_template(name).render(assistant=self._assistant, **values)
        headers = {
            "Content-Security-Policy": POLICY.format(assistant=self._assistant),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)


def create_desk(assistant: str, secret: str) -> Starlette:
    """Build the help-desk around an assistant at this address."""
    desk = Desk(assistant, secret)
    app = Starlette(
        routes=[
            Route("/", desk.page),
            Route("/frame", desk.frame),
            Route("/tickets", desk.list_tickets),
            Route("/webhook", desk.receive, methods=["POST"]),
            Route("/style.css", lambda _request: FileResponse(HERE / "style.css")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
    app.state.desk = desk
    return app


def signed(headers: Any, body: bytes, secret: str) -> bool:
    """Tell whether the assistant signed this body within the last minutes."""
    timestamp = headers.get("x-kratom-evidence-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    given = headers.get("x-kratom-evidence-signature", "")
    return hmac.compare_digest(given.encode(), f"v1={expected}".encode())


async def _read(request: Request) -> bytes | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return body
