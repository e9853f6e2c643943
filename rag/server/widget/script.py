"""The widget's script: the source files, and what they need of the corpus, in one file."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from rag.library import Library
from rag.library.reading import parse_yaml, read_text
from rag.settings import Settings

_FOLDER = Path(__file__).parent
# In the order in which they build on each other; together they are one script.
SOURCES = ("dom.js", "lines.js", "server.js", "sources.js", "handover.js", "conversation.js", "element.js")
LABELS = "messages-widget.yaml"

_SCRIPT = """(() => {{
"use strict";
const SCRIPT_BASE = new URL(".", document.currentScript.src).href;
const CONFIG = {config};
{source}
}})();
"""
_LINE_FIELDS = ("id", "country", "name", "kind", "phone", "text", "web", "hours")


def widget_script(library: Library, settings: Settings) -> str:
    """Put the script together: labels, crisis lines and style are data inside it."""
    source = "\n".join(read_text(_FOLDER / "source" / name) for name in SOURCES)
    return _SCRIPT.format(config=as_javascript(_config(library, settings)), source=source)


def read_labels(corpus_dir: Path) -> Mapping[str, Mapping[str, str]]:
    """Read the labels of the widget, by language."""
    labels: Mapping[str, Mapping[str, str]] = parse_yaml(read_text(corpus_dir / LABELS), LABELS)["widget"]
    return labels


def as_javascript(value: object) -> str:
    """Return a value as a JavaScript literal that cannot end a script element or a line early."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _config(library: Library, settings: Settings) -> dict[str, Any]:
    page = library.messages
    return {
        "labels": read_labels(settings.corpus_dir),
        "style": read_text(_FOLDER / "widget.css"),
        # Built in, so that help is there when the server is not.
        "lines": [line.model_dump(mode="json", include=set(_LINE_FIELDS)) for line in library.crisis_lines],
        "pinned_kinds": page.node("page.pinned_kinds"),
        "countries": page.node("page.countries"),
        "examples": page.texts("page.examples"),
        "reviewed": library.review.clinician is not None,
        "country": settings.country,
        "limit": settings.max_question_chars,
        "turns": settings.max_history_turns,
    }


class PublicFile:
    """A file that any page may load, with a tag so that it is fetched again only when it changed.

    Args:
        text: What is in it.
        media_type: Its type.
        cached: How long it may be kept, as a `Cache-Control` header.
        headers: Other headers.
    """

    def __init__(self, text: str, media_type: str, cached: str, headers: Mapping[str, str] | None = None) -> None:
        self._plain = text.encode()
        self._packed = gzip.compress(self._plain, mtime=0)
        self.tag = f'W/"{hashlib.sha256(self._plain).hexdigest()[:32]}"'
        self._headers = {
            "Cache-Control": cached,
            "Content-Type": media_type,
            "ETag": self.tag,
            "Vary": "Accept-Encoding",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        }

    def response(self, request: Request) -> Response:
        """Answer a request: the file, packed where the client can unpack it, or that it has not changed."""
        known = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
        if self.tag in known or "*" in known:
            return Response(status_code=304, headers=self._headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed, headers={**self._headers, "Content-Encoding": "gzip"})
        return Response(self._plain, headers=self._headers)
