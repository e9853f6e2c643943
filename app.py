"""Starts the web chat: `python app.py`. Builds the search index first if it is missing."""

from __future__ import annotations

import os

from rag.settings import Settings


def main() -> None:
    """Serve the page with options from the environment."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from rag.server import serve  # large libraries, which nobody needs who only imports this module

    serve(Settings())


if __name__ == "__main__":
    main()
