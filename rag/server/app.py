"""The web application: the chat page and the API, side by side."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from rag.assistant import Assistant
from rag.library import Library, load_library
from rag.progress import open_assistant
from rag.server.api import NO_TELEMETRY, HandOver, Searching, create_api, is_api_path
from rag.server.handover import open_hand_over
from rag.server.logs import configure_logging, place_of
from rag.server.options import ServerSettings
from rag.server.page import ASSETS, build_page
from rag.server.protocol import protocol
from rag.server.render import Renderer
from rag.server.security import Gate, SecureHeaders, without_foreign
from rag.server.sites import load_sites
from rag.server.turns import Answering
from rag.settings import Settings

logger = logging.getLogger(__name__)

# Seconds between two sentences of the rehearsal, for those who ask meanwhile.
_REHEARSAL_PAUSE = 0.005
_STATIC = Path(__file__).parent / "static"
_DESCRIPTORS_KEPT_FREE = 256
_MOST_FILES = 65_536


class ApiFirst:
    """Sends what belongs to the API to the API, and everything else to the chat page.

    Args:
        app: The chat page.
        api: The API; it has its own gate.
    """

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to whichever answers it."""
        target = self._api if scope["type"] == "http" and is_api_path(scope["path"]) else self._app
        await target(scope, receive, send)


def create_app(
    assistant: Answering,
    settings: Settings,
    library: Library | None = None,
    *,
    options: ServerSettings | None = None,
    searcher: Searching | None = None,
    hand_over: HandOver | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> FastAPI:
    """Build the application around an assistant.

    Args:
        assistant: Answers the questions.
        settings: Options; the page uses the limits, the country and the corpus folder.
        library: The corpus, where it has been read already.
        options: Options of the server; by default from the environment.
        searcher: Finds evidence for the API; by default by words only.
        hand_over: Hands conversations to a person, where a site has one.
        ready: Tells whether the assistant is warm.

    Raises:
        SitesError: the file of sites cannot be used.
        RateStorageError: the store of shared rates cannot be used.
    """
    # Read whenever an application is made, also by Gradio's own; see NO_TELEMETRY.
    os.environ["FASTAPI_OTEL_AUTO_CONFIGURE"] = "false"
    library = library or load_library(settings.corpus_dir)
    options = options or ServerSettings()
    renderer = Renderer(library, settings)
    api = create_api(assistant, settings, options, library, searcher=searcher, hand_over=hand_over, ready=ready)
    app = FastAPI(
        title=renderer.word("name"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_life_of(api),
        telemetry=NO_TELEMETRY,
    )
    app.state.api = api
    app.mount(ASSETS, StaticFiles(directory=_STATIC), name="page")
    _mount_chat(app, assistant, renderer)
    _guard(app, api, options, renderer)
    return app


def _guard(app: FastAPI, api: FastAPI, options: ServerSettings, renderer: Renderer) -> None:
    """Put before the page what decides who gets where; the last one added comes first."""
    services = renderer.without_script()
    # Gradio leaves CORS alone when its parent has decided; an empty list closes it.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Gate)
    app.add_middleware(ApiFirst, api=api)
    if options.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(options.trusted_proxies))
    app.add_middleware(SecureHeaders, rewrite=lambda html: _own_page(html, services), is_api=is_api_path)


def serve(settings: Settings) -> None:
    """Serve page and API until interrupted, building the index first when it is missing."""
    options = ServerSettings()
    configure_logging(settings.log_level, options.log_format)
    assistant = open_assistant(settings)
    warm = Event()
    # The page is there at once; the model is loaded while the first visitor reads it.
    Thread(target=_warm_up, args=(assistant, warm), daemon=True).start()
    sites = load_sites(options.sites_file, development=options.development)
    app = create_app(
        assistant,
        settings,
        assistant.library,
        options=options,
        searcher=assistant.searcher,
        hand_over=open_hand_over(assistant.library, settings, sites),
        ready=warm.is_set,
    )
    uvicorn.run(app, **server_options(settings, options))


def server_options(settings: Settings, options: ServerSettings) -> dict[str, Any]:
    """Return how uvicorn is to run."""
    return {
        "host": settings.host,
        "port": settings.port,
        "http": protocol(options.request_seconds),
        "ws": "none",
        # No access log: it would tell who was here and when. Ours has no addresses.
        "access_log": False,
        "log_config": None,
        "server_header": False,
        # Which proxies are believed is an option of this server; uvicorn would believe any on this machine.
        "proxy_headers": False,
        "limit_concurrency": min(options.max_connections, _open_files() - _DESCRIPTORS_KEPT_FREE),
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": int(options.answer_seconds) + 5,
    }


def _life_of(api: FastAPI) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan for the page that runs that of the API."""

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        async with api.router.lifespan_context(api):
            yield

    return running


def _open_files() -> int:
    """Allow as many open connections as the system does, and return how many files that are."""
    try:
        import resource
    except ImportError:  # not on this system, which has no such limit either
        return _MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted)


def _warm_up(assistant: Assistant, warm: Event) -> None:
    """Make the assistant ready, and then quicker, while people may be asking already."""
    try:
        assistant.warm_up()
        warm.set()
        assistant.rehearse(pause=_REHEARSAL_PAUSE)
    except Exception as error:  # the message may quote a question; /readyz stays at 503
        logger.error("the assistant is not warm: %s", place_of(error))


def _mount_chat(app: FastAPI, assistant: Answering, renderer: Renderer) -> None:
    gr.mount_gradio_app(
        app,
        build_page(assistant, renderer),
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        max_file_size=0,
        favicon_path=_STATIC / "favicon.svg",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
    )


def _own_page(html: str, services: str) -> str:
    """Make Gradio's document ours: our style sheet, and help for browsers without scripts."""
    head = f'<link rel="stylesheet" href="{ASSETS}/page.css"><meta name="color-scheme" content="light dark">'
    html = without_foreign(html).replace("</head>", head + "</head>", 1)
    return html.replace("</body>", services + "</body>", 1)
