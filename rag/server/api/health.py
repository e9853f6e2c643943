"""For whoever operates the server: is it alive, is it warm, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.server.api.context import ApiParts, problems_of
from rag.server.api.metrics import CONTENT_TYPE
from rag.server.api.models import Health
from rag.server.api.problems import ProblemError

router = APIRouter(tags=["operating"], responses=problems_of())


@router.get("/healthz")
async def healthz(api: ApiParts) -> Health:
    """Tell that the process is alive."""
    return Health(fingerprint=api.library.fingerprint)


@router.get("/readyz", responses=problems_of(503))
async def readyz(api: ApiParts) -> Health:
    """Tell whether the assistant is warm; a balancer sends no questions before."""
    if not api.ready():
        raise ProblemError("starting", retry_after=5)
    return Health(fingerprint=api.library.fingerprint)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, api: ApiParts) -> Response:
    """Return counts and times; from this machine, or with an API key."""
    if not api.access.is_operator(request.scope):
        raise ProblemError("key-required")
    return Response(api.metrics.text(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
