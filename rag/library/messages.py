"""Fixed wording: every sentence that is written once and shown as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import Problem
from rag.library.reading import UnreadableError, parse_yaml, read_text


class Messages:
    """Looks up fixed wording by a dotted key, such as `abstain.no_source`.

    Args:
        tree: Nested mappings that end in a text or a list of texts.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def text(self, key: str, **values: object) -> str:
        """Return the text at `key`, with `{name}` fields filled in.

        Raises:
            KeyError: there is no such text.
        """
        found = self.node(key)
        if not isinstance(found, str):
            raise KeyError(key)
        return found.format(**values) if values else found

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts at `key`.

        Raises:
            KeyError: there is no such list.
        """
        found = self.node(key)
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise KeyError(key)
        return tuple(str(item) for item in found)

    def node(self, key: str) -> Any:
        """Return whatever stands at `key`.

        Raises:
            KeyError: nothing does.
        """
        found: Any = self._tree
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                raise KeyError(key)
            found = found[part]
        return found

    def has(self, key: str) -> bool:
        """Tell whether anything stands at `key`."""
        try:
            self.node(key)
        except KeyError:
            return False
        return True


def read_messages(corpus_dir: Path) -> Messages:
    """Read the files of fixed wording into one tree.

    Raises:
        UnreadableError: a file is missing, is not a mapping, or repeats a key of another.
    """
    tree: dict[str, Any] = {}
    for name in ("messages.yaml", "messages-crisis.yaml", "messages-page.yaml", "messages-requests.yaml"):
        part = parse_yaml(read_text(corpus_dir / name), name)
        if not isinstance(part, dict):
            raise UnreadableError(Problem(name, 1, "the file is not a list of named texts", "write 'name: text' lines"))
        repeated = tree.keys() & part.keys()
        if repeated:
            raise UnreadableError(
                Problem(name, 1, f"repeats {', '.join(sorted(repeated))}", "keep each name in one file")
            )
        tree |= part
    return Messages(tree)
