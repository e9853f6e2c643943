"""What came in, made safe to work with: the cleaned question and the person's earlier turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.records import Message
from rag.settings import Settings
from rag.text import clean_input

Turn = Message | Mapping[str, Any]


@dataclass(frozen=True)
class Conversation:
    """One message with what came before it.

    Attributes:
        question: The latest message, cleaned.
        was_cut: Whether it was longer than is read.
        earlier: The person's earlier messages, cleaned, oldest first.
        replies: How many replies there were; their words are never trusted.
    """

    question: str
    was_cut: bool
    earlier: tuple[str, ...]
    replies: int

    @property
    def person(self) -> tuple[str, ...]:
        """All that the person wrote, oldest first."""
        return (*self.earlier, self.question)


def read_conversation(question: str, history: Sequence[Turn], settings: Settings) -> Conversation:
    """Clean a message and its history.

    Only turns whose role is `user` are the person's. Everything else, whatever it
    claims to be, is a reply that anyone may have forged: it is counted, not read.
    """
    cleaned, was_cut = clean_input(_as_text(question), max_chars=settings.max_question_chars)
    earlier, replies = [], 0
    for turn in list(history)[-settings.max_history_turns :]:
        role, content = _role_and_content(turn)
        if role == "user":
            earlier.append(clean_input(content, max_chars=settings.max_question_chars)[0])
        else:
            replies += 1
    return Conversation(cleaned, was_cut, tuple(text for text in earlier if text), replies)


def _role_and_content(turn: Turn) -> tuple[str, str]:
    if isinstance(turn, Message):
        return turn.role, turn.content
    if not isinstance(turn, Mapping):
        return "unknown", ""
    return str(turn.get("role", "unknown")), _as_text(turn.get("content", ""))


def _as_text(content: Any) -> str:
    """Return text from a string or from blocks such as `[{"type": "text", "text": ...}]`."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = (part.get("text", "") if isinstance(part, Mapping) else part for part in content)
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""
