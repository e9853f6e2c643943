"""Answers questions about kratom and depression only from vetted, cited evidence.

from rag import Assistant, Settings

answer = Assistant.from_settings(Settings()).ask("Is kratom addictive?")
print(answer.text)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.assistant import AnswerEvent, Assistant
    from rag.records import Answer, Citation, Notice, Statement
    from rag.settings import Settings

__all__ = ["Answer", "AnswerEvent", "Assistant", "Citation", "Notice", "Settings", "Statement"]

_HOMES = {
    "Answer": "rag.records",
    "AnswerEvent": "rag.assistant",
    "Assistant": "rag.assistant",
    "Citation": "rag.records",
    "Notice": "rag.records",
    "Settings": "rag.settings",
    "Statement": "rag.records",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that `import rag` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
