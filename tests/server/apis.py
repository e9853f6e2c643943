"""The API alone, without the chat page: in this process, or on a port of this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rag.library import Library
from rag.retrieval import Found, Hit
from rag.server.api import create_api
from rag.server.app import server_options
from rag.server.options import ServerSettings
from rag.settings import Settings

from .fakes import FakeAssistant

SECRET = "a secret of the tests that is long enough"
PLENTY = "1000000/minute"
SITES = """
[[site]]
id = "help-desk"
origins = ["https://help.example.org", "http://127.0.0.1:9911"]
country = "GB"
greeting = "<b>Hello</b>"

[[site]]
id = "clinic"
origins = ["https://clinic.example.org"]
"""


class FakeSearch:
    """Finds the same things whatever is asked."""

    def search(self, query: str, *, k_briefs: int = 8, k_passages: int = 12) -> Found:
        hit = Hit("schimmel-2020-liver#1", 0.9, 0.8, 3.0)
        return Found((Hit("kratom-with-ssris", 0.8, 0.7, 2.0),), (hit,), ("model-missing",))


def options(tmp_path: Path | None = None, **values: Any) -> ServerSettings:
    """Options of a test server; with a folder, there are the sites above."""
    if tmp_path is not None:
        path = tmp_path / "sites.toml"
        path.write_text(values.pop("sites", SITES), encoding="utf-8")
        values["sites_file"] = path
    rates = dict.fromkeys(("rate_per_person", "rate_per_site", "rate_per_key", "reading_rate", "handover_rate"), PLENTY)
    return ServerSettings(**{"conversation_secret": SECRET, **rates, **values})


def make_api(library: Library, given: ServerSettings, assistant: Any = None, **values: Any) -> FastAPI:
    """Build the API around a fake assistant."""
    settings = Settings(country="US", max_concurrency=values.pop("max_concurrency", 4))
    return create_api(assistant or FakeAssistant(library), settings, given, library, searcher=FakeSearch(), **values)


@contextmanager
def asking(library: Library, given: ServerSettings, assistant: Any = None, **values: Any) -> Iterator[TestClient]:
    """Ask the API as a program on this machine, unless another address is given."""
    address = values.pop("address", "127.0.0.1")
    app = make_api(library, given, assistant, **values)
    with TestClient(app, client=(address, 50000), base_url="http://127.0.0.1:7860") as client:
        yield client


@contextmanager
def served(app: FastAPI, given: ServerSettings) -> Iterator[str]:
    """Serve an application as `serve` does, and yield its address."""
    config = uvicorn.Config(app, log_level="error", lifespan="on", **server_options(Settings(), given))
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
