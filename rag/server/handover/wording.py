"""Fixed wording of the hand-over: `corpus/messages-handover.yaml`."""

from __future__ import annotations

from pathlib import Path

from rag.library import Messages
from rag.library.reading import parse_yaml, read_text

FILE = "messages-handover.yaml"


class Wording:
    """Looks up what a person or the help-desk is told.

    Args:
        messages: The tree of the file.
    """

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    @classmethod
    def read(cls, corpus_dir: Path) -> Wording:
        """Read the file of a corpus."""
        return cls(Messages(parse_yaml(read_text(corpus_dir / FILE), FILE)))

    def say(self, key: str, **values: object) -> str:
        """Return the text at a key below `handover`, with its fields filled in."""
        return self._messages.text(f"handover.{key}", **values)
