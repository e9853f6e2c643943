"""A help-desk on a port of this machine: takes webhooks, or plays Chatwoot's API inbox."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What came in, and how the next requests are answered."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    # Statuses (with headers) of the next answers; then 200.
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    chatwoot: Chatwoot | None = None

    def answer(self, got: Got) -> tuple[int, dict[str, str], bytes]:
        self.got.append(got)
        if self.answers:
            return (*self.answers.pop(0), b"")
        if self.chatwoot is not None:
            status, body = self.chatwoot.answer(got)
            return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
        return 200, {}, b"{}"

    @property
    def references(self) -> set[str]:
        return {got.headers["idempotency-key"] for got in self.got}


@dataclass
class Chatwoot:
    """An inbox of Chatwoot's API channel in memory."""

    new_status: str = "open"
    token: str = "bot-token"
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    conversations: dict[int, dict[str, Any]] = field(default_factory=dict)
    owner: dict[int, str] = field(default_factory=dict)

    def answer(self, got: Got) -> tuple[int, Any]:
        toggle = re.fullmatch(r"/api/v1/accounts/3/conversations/(\d+)/toggle_status", got.path)
        if toggle:
            if got.headers.get("api_access_token") != self.token:
                return 401, {}
            self.conversations[int(toggle[1])]["status"] = got.json()["status"]
            return 200, {}
        path = got.path.removeprefix("/public/api/v1/inboxes/desk-inbox/contacts").strip("/").split("/")
        if path == [""]:
            made = self.contacts.setdefault(got.json()["source_id"], got.json())
            return 200, {"source_id": made["source_id"]}
        if path[0] not in self.contacts:
            return 404, {}
        mine = [item for number, item in self.conversations.items() if self.owner[number] == path[0]]
        if len(path) == 2:
            return 200, mine if got.method == "GET" else self._open(path[0])
        self.conversations[int(path[2])]["messages"].append({"content": got.json()["content"]})
        return 200, {}

    def _open(self, contact: str) -> dict[str, Any]:
        number = len(self.conversations) + 1
        self.owner[number] = contact
        self.conversations[number] = {"id": number, "status": self.new_status, "messages": []}
        return self.conversations[number]

    @property
    def messages(self) -> list[str]:
        return [message["content"] for item in self.conversations.values() for message in item["messages"]]


@contextmanager
def receiving(port: int = 0, chatwoot: Chatwoot | None = None) -> Iterator[Receiver]:
    """Listen on a port until the block ends."""
    receiver = Receiver(chatwoot=chatwoot)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, sent, data = receiver.answer(Got(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {**sent, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join(timeout=5)
