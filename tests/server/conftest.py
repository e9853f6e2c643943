from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI

from rag.library import Library, load_library
from rag.server import create_app
from rag.settings import Settings

from .fakes import FakeAssistant


@dataclass
class Running:
    """A page being served on a free port of this machine."""

    url: str
    assistant: FakeAssistant
    server: uvicorn.Server
    app: FastAPI


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(Settings().corpus_dir)


@pytest.fixture(scope="session")
def running(library: Library) -> Iterator[Running]:
    assistant = FakeAssistant(library)
    yield from serve(assistant, library)


def serve(assistant: FakeAssistant, library: Library) -> Iterator[Running]:
    with warnings.catch_warnings():
        # Gradio makes event loops while it builds a page and leaves them to the garbage collector,
        # one of them as the loop of this thread.
        warnings.simplefilter("ignore", ResourceWarning)
        app = create_app(assistant, Settings(country="US"), library)
        asyncio.set_event_loop(None)
        gc.collect()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", assistant, server, app)
        server.should_exit = True
        thread.join(timeout=10)
