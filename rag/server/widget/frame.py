"""The page at `/embed`: the widget alone, to be shown in a frame by the origins of its site."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rag.library import Library
from rag.server.render import Renderer
from rag.server.widget.script import PublicFile, read_labels
from rag.settings import Settings

# The only style outside the widget itself; the policy names it by its digest.
_STYLE = (
    "html,body{margin:0;height:100%}kratom-evidence:not(:defined){display:none}"
    "h1{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%)}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'sha256-{digest}'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors {ancestors}"
)
# What the address of the frame may set, each an attribute of the element; they are shown as text and nothing more.
ATTRIBUTES = ("site", "lang", "country", "theme", "context")
_LONGEST = 500


class Frame:
    """Renders the frame.

    Args:
        library: The corpus; its crisis lines stand in the page for browsers without scripts.
        settings: The country and the corpus folder with the labels.
    """

    def __init__(self, library: Library, settings: Settings) -> None:
        self._labels = read_labels(settings.corpus_dir)
        self._services = Markup(Renderer(library, settings).without_script())
        environment = Environment(
            loader=PackageLoader("rag.server.widget", ""), autoescape=True, undefined=StrictUndefined
        )
        self._template = environment.get_template("embed.html")

    def response(self, request: Request, ancestors: str) -> Response:
        """Answer a request for the frame that these ancestors may show."""
        attributes = {name: request.query_params.get(name, "")[:_LONGEST] for name in ATTRIBUTES}
        page = PublicFile(self._html(attributes), "text/html; charset=utf-8", "private, no-cache", policy(ancestors))
        return page.response(request)

    def _html(self, attributes: Mapping[str, str]) -> str:
        lang = attributes["lang"] if attributes["lang"] in self._labels else "en"
        return self._template.render(
            lang=lang,
            title=self._labels[lang]["name"],
            style=Markup(_STYLE),
            services=self._services,
            attributes={name: value for name, value in attributes.items() if value},
        )


def policy(ancestors: str) -> dict[str, str]:
    """Return the headers of a page that only these ancestors may frame."""
    return {
        "Content-Security-Policy": _POLICY.format(digest=_DIGEST, ancestors=ancestors),
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    }
