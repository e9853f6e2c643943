"""The HTTP API as an application of its own: `/v1`, OpenAI's form, MCP, the widget, operating."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from rag.answering.cards import SourceCards
from rag.library import Library
from rag.retrieval import Searcher
from rag.safety.triage import WEIGHTS_PATH, TriageLevel, TriageModel
from rag.server.api import chat, handover, health, openai, reference, sources
from rag.server.api.access import Access
from rag.server.api.context import Api, HandOver, HandOverCase, Searching
from rag.server.api.gate import ApiGate
from rag.server.api.mcp import McpEndpoint
from rag.server.api.metrics import Metrics
from rag.server.api.models import ProblemBody
from rag.server.api.problems import Problems
from rag.server.limits import AddressKeys, AnswerPool, RateLimits
from rag.server.logs import RequestLog
from rag.server.options import ServerSettings, secrets_of
from rag.server.sessions import Conversations
from rag.server.sites import LOCAL_ORIGIN, load_sites
from rag.server.turns import Answering
from rag.server.widget import widget_router
from rag.settings import Settings

__all__ = ["NO_TELEMETRY", "HandOver", "HandOverCase", "Searching", "create_api", "is_api_path"]

# Newer versions of FastAPI record request bodies and errors by themselves wherever OpenTelemetry
# is set up; this server records spans of its own, without text.
NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}

_PREFIXES = ("/v1/", "/mcp/", "/embed/")
_PATHS = frozenset(("/v1", "/mcp", "/embed", "/widget.js", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"))


def is_api_path(path: str) -> bool:
    """Tell whether a path is answered by the API rather than by the chat page."""
    return path in _PATHS or path.startswith(_PREFIXES)


def create_api(
    assistant: Answering,
    settings: Settings,
    options: ServerSettings,
    library: Library,
    *,
    searcher: Searching | None = None,
    hand_over: HandOver | None = None,
    ready: Callable[[], bool] = lambda: True,
) -> FastAPI:
    """Build the API around an assistant.

    Args:
        assistant: Answers the questions.
        settings: Options of the assistant; the API uses limits and country.
        options: Options of the server.
        library: The corpus.
        searcher: Finds evidence for `/v1/search`; by default one that goes by words only.
        hand_over: Hands conversations to a person; without it no site has a hand-over.
        ready: Tells whether the assistant is warm.
    """
    parts = _parts(assistant, settings, options, library, searcher, hand_over, ready)
    mcp = McpEndpoint(parts, name=library.messages.text("page.name"), version=_version())

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        async with mcp.running(), hand_over.running() if hand_over is not None else nullcontext():
            yield
        parts.pool.close()

    app = FastAPI(
        title=library.messages.text("page.name"),
        version=_version(),
        description=library.messages.text("page.intro.is"),
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        telemetry=NO_TELEMETRY,
    )
    app.state.api = parts
    for part in (chat, sources, handover, openai, health, reference):
        app.include_router(part.router)
    app.include_router(widget_router(library, settings, parts.sites))
    app.router.routes.extend(mcp.routes)
    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    parts.problems.install(app)
    _guard(app, parts)
    return app


def _parts(
    assistant: Answering,
    settings: Settings,
    options: ServerSettings,
    library: Library,
    searcher: Searching | None,
    hand_over: HandOver | None,
    ready: Callable[[], bool],
) -> Api:
    sites = load_sites(options.sites_file, development=options.development)
    known = secrets_of(options.conversation_secret)
    # Replicas that share their counts must make the same keys of addresses.
    addresses = AddressKeys((known[0] if known else secrets.token_hex(32)).encode())
    storage = options.rate_storage.get_secret_value() if options.rate_storage else None
    pool: AnswerPool[Any] = AnswerPool(
        workers=settings.max_concurrency,
        waiting=options.max_waiting,
        patience=options.wait_seconds,
        limit=options.answer_seconds,
    )
    return Api(
        assistant=assistant,
        library=library,
        settings=settings,
        options=options,
        sites=sites,
        access=Access(sites, options, addresses),
        conversations=Conversations.from_options(options, settings.max_history_turns),
        limits=RateLimits.open(storage),
        pool=pool,
        metrics=Metrics(
            library.fingerprint, working=lambda: pool.working, waiting=lambda: pool.waiting, ready=lambda: ready()
        ),
        cards=SourceCards(library),
        problems=Problems(library, settings.country),
        search=searcher or Searcher(library, settings, index=None, embedder=None),
        sounds_dangerous=_danger(library),
        handover=hand_over,
        ready=ready,
    )


def _danger(library: Library) -> Callable[[str], bool]:
    """Return what tells by phrases alone whether words sound like a person in danger."""

    @cache
    def triage() -> TriageModel:
        return TriageModel.load(library.corpus_dir / "triage.yaml", WEIGHTS_PATH)

    return lambda text: triage().assess([text], None).level >= TriageLevel.CRISIS


def _guard(app: FastAPI, parts: Api) -> None:
    """Put the gate before the routes, and before it what a refusal needs too."""
    app.add_middleware(
        ApiGate,
        access=parts.access,
        problems=parts.problems,
        options=parts.options,
        country=parts.settings.country,
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=parts.sites.origins,
        allow_origin_regex=LOCAL_ORIGIN.pattern if parts.sites.development else None,
        allow_methods=("GET", "POST"),
        allow_headers=("Accept", "Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"),
        expose_headers=("Retry-After", "X-Request-ID"),
    )
    app.add_middleware(RequestLog, observe=parts.metrics.request, tracing=parts.options.tracing)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API, with the form of its refusals."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        forms = schema["components"]["schemas"]
        problem = ProblemBody.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        forms |= problem.pop("$defs", {})
        forms["ProblemBody"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            forms.pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema


def _version() -> str:
    try:
        return version("kratom-evidence-assistant")
    except PackageNotFoundError:
        return "0"
