"""What the page may load and who may reach what: headers, nonces and a gate before Gradio."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 2_000_000

# What the page itself calls. Everything else that Gradio answers to (uploads, files, proxies,
# its API, monitoring) is not part of this product and is refused.
_OPEN_GRADIO = re.compile(
    r"/gradio_api/(queue/(join|data)|heartbeat/[a-z0-9]+|startup-events|theme\.css|app_id|cancel)/?"
)
_CLOSED = re.compile(r"/(gradio_api|monitoring|config|login|logout|svelte|token|user|pwa_icon|manifest\.json)(/|$)")

# Gradio's custom HTML component compiles its template with Function(), hence 'unsafe-eval';
# its components carry inline styles. Inline scripts run only with the nonce of the response.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_BASE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
}
_FOREIGN_TAGS = re.compile(
    r'<meta\s+(?:property="og:|name="twitter:)[^>]*>|<link\s+rel="manifest"[^>]*>|'
    r'<link[^>]+href="https?://[^>]*>|<script[^>]+src="https?://[^>]*></script>'
)


class Gate:
    """Refuses what the page does not need: other Gradio routes, and large bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            refusal = _refusal(scope["path"], Headers(scope=scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class SecureHeaders:
    """Adds the security headers, and gives Gradio's own inline scripts a nonce.

    Args:
        app: The application behind.
        rewrite: Changes the HTML of the page before it gets its nonces.
        is_api: Tells the paths of the API, whose answers may bring headers of their own.
    """

    def __init__(self, app: ASGIApp, rewrite: Callable[[str], str], is_api: Callable[[str], bool]) -> None:
        self._app = app
        self._rewrite = rewrite
        self._is_api = is_api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Newer versions of FastAPI, Gradio's too, record bodies and errors unless this is set.
        scope["fastapi.telemetry"] = None
        if self._is_api(scope["path"]):
            await self._app(scope, receive, _with_api_headers(send))
            return
        if scope["path"] == "/":
            # The page is rewritten, so it must not come compressed.
            headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, _Sender(send, self._rewrite, scope["path"] == "/"))


class _Sender:
    """Sends one response: the page whole and rewritten, everything else as it comes."""

    def __init__(self, send: Send, rewrite: Callable[[str], str], is_page: bool) -> None:
        self._send = send
        self._rewrite = rewrite
        self._is_page = is_page
        self._nonce = secrets.token_urlsafe(16)
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _BASE_HEADERS.items():
                headers[name] = value
            headers["Content-Security-Policy"] = _POLICY.format(nonce=self._nonce)
            self._is_page = self._is_page and headers.get("content-type", "").startswith("text/html")
            if self._is_page:
                headers["Cache-Control"] = "no-store"
                self._start = message
                return
        elif self._is_page and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = with_nonce(self._rewrite(self._body.decode()), self._nonce).encode()
            MutableHeaders(scope=self._start)["Content-Length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


def _with_api_headers(send: Send) -> Send:
    """Add the headers that an answer of the API does not bring itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", _API_POLICY)
            for name, value in _BASE_HEADERS.items():
                headers.setdefault(name, value)
            if "frame-ancestors 'none'" not in headers["Content-Security-Policy"]:
                del headers["X-Frame-Options"]  # it knows no list of origins
        await send(message)

    return sending


def without_foreign(html: str) -> str:
    """Remove what names other sites: preview images, manifests, links to other hosts."""
    return _FOREIGN_TAGS.sub("", html)


def with_nonce(html: str, nonce: str) -> str:
    """Give each script element of the document the nonce."""
    return re.sub(r"<script(?=[\s>])", f'<script nonce="{nonce}"', html)


def _refusal(path: str, headers: Headers) -> PlainTextResponse | None:
    if _CLOSED.match(path) and not _OPEN_GRADIO.fullmatch(path):
        return PlainTextResponse("Not found", 404)
    if "transfer-encoding" in headers:
        return PlainTextResponse("Length required", 411)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return PlainTextResponse("Too large", 413)
    return None
