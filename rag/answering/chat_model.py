"""Opens the chat model that an operator has configured; none is needed, and none is by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import KratomEvidenceError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class ChatModelError(KratomEvidenceError):
    """The configured chat model cannot be opened; the message says what to do."""


def open_chat_model(name: str, timeout: float) -> BaseChatModel:
    """Open a chat model by the name LangChain's `init_chat_model` knows it by, such as "openai:gpt-5-mini".

    Args:
        name: Provider and model.
        timeout: Seconds for one reply.

    Raises:
        ChatModelError: a package or a key is missing, or there is no such provider.
    """
    try:
        from langchain.chat_models import init_chat_model  # optional: only where a model is configured
    except ImportError:
        raise ChatModelError(
            "a chat model is configured, and the package langchain is not installed; run "
            "'pip install \"kratom-evidence-assistant[model]\"', or unset KRATOM_EVIDENCE_CHAT_MODEL"
        ) from None
    try:
        model: BaseChatModel = init_chat_model(name, temperature=0, timeout=timeout, max_retries=0)
    except Exception as error:  # every provider raises its own
        raise ChatModelError(
            f"the chat model {name!r} cannot be opened ({type(error).__name__}): a package or a key of its provider "
            "is missing, or the name is wrong; mend KRATOM_EVIDENCE_CHAT_MODEL, or unset it to answer without a model"
        ) from None
    return model
