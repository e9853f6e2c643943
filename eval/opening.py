"""Opens a target by the name it has on the command line."""

from __future__ import annotations

import os
from functools import cache

from rich.console import Console

from eval.openai_chat import OpenAIChat, TargetError
from eval.targets import Product, Target
from rag.settings import Settings

PRODUCT, PLAIN_RAG = "product", "plain-rag"


def open_target(
    name: str = PRODUCT, *, model: str | None = None, api_key_env: str | None = None, console: Console | None = None
) -> Target:
    """Return the target of a name.

    Args:
        name: `product`, `plain-rag`, or the address of an OpenAI-compatible chatbot.
        model: The model to ask for behind an address.
        api_key_env: The environment variable with the key for an address.
        console: Where the progress of opening is shown.

    Raises:
        TargetError: there is no such target, it cannot be reached, or its key is not set.
    """
    if name == PRODUCT:
        return _product(console)
    if name == PLAIN_RAG:
        return _plain_rag()
    if not name.startswith(("http://", "https://")):
        raise TargetError(
            f"there is no target {name!r}; give {PRODUCT}, {PLAIN_RAG} or an address such as http://localhost:8000/v1"
        )
    # No key is sent anywhere that was not named together with it.
    key = os.environ.get(api_key_env, "") if api_key_env else ""
    if api_key_env and not key:
        raise TargetError(f"the environment variable {api_key_env} is empty; put the key of {name} into it")
    return OpenAIChat(name, model, key)


@cache
def _product(console: Console | None) -> Target:
    from rag.progress import open_assistant

    return Product(open_assistant(Settings(), console))


@cache
def _plain_rag() -> Target:
    from eval.plain_rag import PlainRag
    from rag.library import load_library
    from rag.retrieval.embeddings import load_embedder

    settings = Settings()
    return PlainRag(load_library(settings.corpus_dir), load_embedder(settings, threads=settings.build_threads))
