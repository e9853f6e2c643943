"""Notices pressure: a message that wants a claim confirmed, or that disputes the last answer.

What people say when they do so stands in `corpus/pressure.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.errors import Problem
from rag.library.reading import UnreadableError
from rag.safety.phrases import Rule, compile_rules, read_phrases
from rag.safety.stance import normalise
from rag.text import content_terms

_FILE = "pressure.yaml"
_PARTS = ("leading", "pushback", "negated")
_LONGEST = 14  # content words up to which a dispute names no subject of its own


@dataclass(frozen=True)
class Pressure:
    """The phrases of `pressure.yaml`, compiled."""

    leading: tuple[Rule, ...]
    pushback: tuple[Rule, ...]
    negated: tuple[Rule, ...]

    def is_leading(self, text: str) -> bool:
        """Tell whether a message wants something confirmed, repeated or taken for granted, rather than known."""
        return _any(self.leading, text)

    def is_pushback(self, text: str) -> bool:
        """Tell whether a message disputes the last answer without a subject of its own."""
        return _any(self.pushback, text) and len(content_terms(text)) <= _LONGEST

    def is_negated(self, text: str) -> bool:
        """Tell whether a word of the text turns it round."""
        return _any(self.negated, text)


@lru_cache(maxsize=4)
def read_pressure(corpus_dir: Path) -> Pressure:
    """Read and compile `pressure.yaml`.

    Raises:
        UnreadableError: the file is missing, lacks a part, or a pattern in it is wrong.
    """
    tree = read_phrases(corpus_dir / _FILE)
    for part in _PARTS:
        if not isinstance(tree.get(part), list) or not tree[part]:
            problem = Problem(
                _FILE, 1, f"the part '{part}' is missing or empty", "list its rules, each with id and when"
            )
            raise UnreadableError(problem)
    return Pressure(**{part: compile_rules(tree[part], {}, _FILE) for part in _PARTS})


def _any(rules: tuple[Rule, ...], text: str) -> bool:
    plain = normalise(text)
    return any(rule.matches(plain) for rule in rules)
