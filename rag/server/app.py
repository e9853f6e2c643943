"""The web application: the chat page, its files and a health check."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Thread

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from rag.library import Library, load_library
from rag.progress import open_assistant
from rag.server.page import ASSETS, build_page
from rag.server.render import Renderer
from rag.server.security import Gate, SecureHeaders, without_foreign
from rag.server.turns import Answering
from rag.settings import Settings

_STATIC = Path(__file__).parent / "static"


def create_app(assistant: Answering, settings: Settings, library: Library | None = None) -> FastAPI:
    """Build the application around an assistant.

    Args:
        assistant: Answers the questions.
        settings: Options; the page uses the limits, the country and the corpus folder.
        library: The corpus, where it has been read already.
    """
    library = library or load_library(settings.corpus_dir)
    renderer = Renderer(library, settings)
    app = FastAPI(title=renderer.word("name"), docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok", "fingerprint": library.fingerprint}

    app.mount(ASSETS, StaticFiles(directory=_STATIC), name="page")
    _mount_chat(app, assistant, renderer)
    services = renderer.without_script()
    # Gradio leaves CORS alone when its parent has decided; an empty list closes it.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(Gate)
    app.add_middleware(SecureHeaders, rewrite=lambda html: _own_page(html, services))
    return app


def serve(settings: Settings) -> None:
    """Serve the page until interrupted, building the index first when it is missing."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    assistant = open_assistant(settings)
    # The page is there at once; the model is loaded while the first visitor reads it.
    Thread(target=assistant.warm_up, daemon=True).start()
    app = create_app(assistant, settings, assistant.library)
    # No access log: it would tell who was here and when.
    uvicorn.run(app, host=settings.host, port=settings.port, log_level=settings.log_level.lower(), access_log=False)


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
