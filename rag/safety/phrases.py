"""Phrase data of the safety checks: patterns that stand in `corpus/*.yaml`, compiled once.

Patterns are regular expressions with `{name}` macros. They are matched against
text that `Respeller` has brought into one spelling, so that a pattern need not
list "whats", "what's" and "wats".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from rapidfuzz.distance import OSA

from rag.errors import Problem
from rag.library.reading import UnreadableError, parse_yaml, read_text
from rag.settings import Settings
from rag.text import fold

_MACRO = re.compile(r"\{([a-z_]+)\}")
_WORD = re.compile(r"\b(?:b4|[a-z]+(?:'[a-z]+)?)")
_SPACES = re.compile(r"[^\S\n]+")
_SHORT_FORMS = (
    (re.compile(r"\b(ca|wo|sha)n't\b"), lambda m: {"ca": "can", "wo": "will", "sha": "shall"}[m[1]] + " not"),
    (re.compile(r"n't\b"), lambda m: " not"),
    (re.compile(r"\b(what|that|it|how|who|where|there|he|she|here|when|this|which)'s\b"), lambda m: m[1] + " is"),
    (re.compile(r"'re\b"), lambda m: " are"),
    (re.compile(r"'ve\b"), lambda m: " have"),
    (re.compile(r"'ll\b"), lambda m: " will"),
    (re.compile(r"'d\b"), lambda m: " would"),
    (re.compile(r"\bi'm\b"), lambda m: "i am"),
)


@dataclass(frozen=True)
class Rule:
    """A named pattern, what cancels it, and whether the matched text asks for evidence as well."""

    id: str
    when: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    also: bool = False

    def matches(self, text: str) -> bool:
        """Tell whether the pattern is in `text` and nothing there cancels it."""
        return bool(self.when.search(text)) and not (self.unless and self.unless.search(text))


@dataclass(frozen=True)
class Respeller:
    """Brings chat spelling into plain spelling: short forms, slang, slips of the finger.

    Args:
        words: Spelling -> plain spelling, such as `{"wanna": "want to"}`.
        keys: Words that matter here; a slip in one of them is mended.
        known: Words that are never taken for a slip.
    """

    words: Mapping[str, str]
    keys: frozenset[str]
    known: frozenset[str]
    _seen: dict[str, str] = field(default_factory=dict, compare=False)

    def __call__(self, text: str) -> str:
        """Return `text` folded, in plain spelling, with single spaces; line ends stay."""
        plain = _WORD.sub(lambda match: self.words.get(match[0], match[0]), fold(text))
        for pattern, replacement in _SHORT_FORMS:
            plain = pattern.sub(replacement, plain)
        return _SPACES.sub(" ", _WORD.sub(lambda match: self._mended(match[0]), plain)).strip()

    def _mended(self, word: str) -> str:
        if word in self.known or word in self.keys or len(word) < 4:
            return word
        if word not in self._seen:
            if len(self._seen) > 20_000:
                self._seen.clear()
            self._seen[word] = self._nearest(word)
        return self._seen[word]

    def _nearest(self, word: str) -> str:
        # The first letter is rarely mistyped; without it "bake" would become "take".
        close = [key for key in self.keys if key[0] == word[0] and _is_slip(word, key)]
        return min(close, key=lambda key: (OSA.distance(word, key), key)) if close else word


def _is_slip(word: str, key: str) -> bool:
    if len(key) < 5 or len(word) < 5:
        return sorted(word) == sorted(key)
    return OSA.distance(word, key) <= (2 if len(key) >= 8 else 1)


@lru_cache(maxsize=1)
def default_corpus_dir() -> Path:
    """Return the corpus folder that the environment names, read once; used where a caller gives none."""
    return Settings().corpus_dir


def read_phrases(path: Path) -> dict[str, Any]:
    """Read a YAML file of phrase data.

    Raises:
        UnreadableError: it is missing or not a mapping.
    """
    tree = parse_yaml(read_text(path), path.name)
    if not isinstance(tree, dict):
        raise UnreadableError(Problem(path.name, 1, "the file is not a list of named parts", "write 'name:' lines"))
    return tree


def compile_rules(entries: Iterable[Mapping[str, Any]], macros: Mapping[str, str], name: str) -> tuple[Rule, ...]:
    """Compile the rules of one part of a phrase file.

    Args:
        entries: Each with `id`, `when` (a pattern or a list of them), and perhaps `unless` and `also`.
        macros: Name -> pattern, for `{name}` in the patterns.
        name: The file, for messages.

    Raises:
        UnreadableError: a pattern is not valid or names an unknown macro.
    """
    rules = []
    for entry in entries:
        try:
            unless = compile_any(entry["unless"], macros) if "unless" in entry else None
            rules.append(Rule(entry["id"], compile_any(entry["when"], macros), unless, bool(entry.get("also"))))
        except (KeyError, re.error) as error:
            problem = Problem(name, 1, f"the rule {entry.get('id', '?')!r} is wrong: {error}", "correct its pattern")
            raise UnreadableError(problem) from None
    return tuple(rules)


def compile_any(patterns: str | list[str], macros: Mapping[str, str]) -> re.Pattern[str]:
    """Compile one pattern, or several as alternatives, with macros filled in."""
    parts = [patterns] if isinstance(patterns, str) else patterns
    return re.compile("|".join(f"(?:{expand(part, macros)})" for part in parts))


def expand(pattern: str, macros: Mapping[str, str]) -> str:
    """Fill in `{name}` macros, also those inside macros.

    Raises:
        KeyError: an unknown macro.
    """
    while found := _MACRO.search(pattern):
        pattern = pattern[: found.start()] + "(?:" + macros[found[1]] + ")" + pattern[found.end() :]
    return pattern
