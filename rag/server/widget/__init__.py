"""The widget that other sites embed: `/widget.js`, and the same in a frame at `/embed`.

    app.include_router(widget_router(library, settings, sites))

The script is put together from the files in `source/` when the router is made; there is
nothing to build.
"""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response

from rag.library import Library
from rag.server.sites import Sites
from rag.server.widget.frame import Frame
from rag.server.widget.script import PublicFile, widget_script
from rag.settings import Settings

__all__ = ["widget_router"]

# An hour: lines of help that change reach every page within it.
_CACHED = "public, max-age=3600, stale-while-revalidate=3600"


def widget_router(library: Library, settings: Settings, sites: Sites) -> APIRouter:
    """Build the routes of the widget.

    Args:
        library: The corpus; crisis lines and examples are built into the script.
        settings: Limits, the country and the corpus folder with the labels.
        sites: Who may show the frame.
    """
    router = APIRouter(include_in_schema=False)
    script = PublicFile(widget_script(library, settings), "text/javascript; charset=utf-8", _CACHED)
    frame = Frame(library, settings)

    @router.api_route("/widget.js", methods=["GET", "HEAD"])
    def widget(request: Request) -> Response:
        return script.response(request)

    @router.api_route("/embed", methods=["GET", "HEAD"])
    def embed(request: Request, site: str | None = Query(None, max_length=64)) -> Response:
        known = sites.own if site is None else sites.by_id(site)
        if known is None:
            return Response("There is no such site.", 404, media_type="text/plain")
        return frame.response(request, sites.frame_ancestors(known))

    return router
