"""Starts the web chat: `python app.py`. Builds the search index first if it is missing."""

from __future__ import annotations

from rag.settings import Settings


def main() -> None:
    """Prepare the index and serve the page with options from the environment."""
    # Imported here, because both bring large libraries and this module may be imported for its name alone.
    from rag.assistant import prepare
    from rag.server import serve

    settings = Settings()
    prepare(settings)
    serve(settings)


if __name__ == "__main__":
    main()
