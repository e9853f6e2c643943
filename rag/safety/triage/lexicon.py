"""The phrase lexicon: loads `triage.yaml` and finds its entries in plain sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rag.errors import CorpusError, Problem
from rag.safety.triage.plain import PlainText
from rag.safety.triage.records import TriageLevel

_MACRO = re.compile(r"\{([a-z_]+)\}")
_GAP = r"(?: \S+){0,4} "
_NOT = re.compile(r"\bnot\b")
_NEGATION_REACH = 5  # words before a phrase in which a "not" still belongs to it


@dataclass(frozen=True)
class Entry:
    """One concept of the lexicon and the ways people put it."""

    id: str
    level: TriageLevel
    kind: str
    who: str
    pattern: re.Pattern[str]
    blocked_by: frozenset[str]
    negatable: bool
    points: int

    def denies_inside(self, phrase: str) -> bool:
        """Tell whether a phrase of this entry holds a "not" that its patterns did not ask for."""
        return self.negatable and not _NOT.search(self.pattern.pattern) and bool(_NOT.search(phrase))


@dataclass(frozen=True)
class Lexicon:
    """Everything `triage.yaml` says, compiled."""

    entries: tuple[Entry, ...]
    contexts: Mapping[str, re.Pattern[str]]
    figures: re.Pattern[str]
    negation: re.Pattern[str]
    not_negating: re.Pattern[str]
    plain: PlainText

    @cached_property
    def entry_ids(self) -> tuple[str, ...]:
        """Ids of all entries, in the order of the file."""
        return tuple(entry.id for entry in self.entries)

    def mask_figures(self, sentence: str) -> tuple[str, bool]:
        """Replace figures of speech by a word that means nothing; say whether there were any."""
        masked, count = self.figures.subn("figurative ;", sentence)
        return masked, count > 0

    def contexts_of(self, sentence: str) -> frozenset[str]:
        """Return the names of the contexts that a plain sentence stands in."""
        return frozenset(name for name, pattern in self.contexts.items() if pattern.search(sentence))

    def negated(self, sentence: str, start: int) -> bool:
        """Tell whether a "not" of the same clause reaches the phrase.

        Args:
            sentence: The plain sentence with its commas.
            start: Where the phrase starts in the sentence without commas.
        """
        before = self.not_negating.sub("asserted", _words_until(sentence, start))
        clause = re.split(r",|\bbut\b|\bpero\b|\band\b", before)[-1]
        near = clause.split()[-_NEGATION_REACH:]
        # Two negations make an assertion: "not one day when I did not think of it".
        return sum(self.negation.fullmatch(word) is not None for word in near) % 2 == 1


def without_commas(sentence: str) -> str:
    """Return a plain sentence as the patterns read it."""
    return sentence.replace(" ,", "")


def _words_until(sentence: str, start: int) -> str:
    """Return what stands before the phrase, commas included."""
    wanted = len(without_commas(sentence)[:start].split())
    kept: list[str] = []
    for token in sentence.split():
        if wanted == 0 and token != ",":
            break
        wanted -= token != ","
        kept.append(token)
    return " ".join(kept)


def load_lexicon(path: Path) -> Lexicon:
    """Read and compile the lexicon.

    Raises:
        CorpusError: the file is missing, is not YAML of the right shape, or holds a broken pattern.
    """
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _build(tree)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError, re.error) as error:
        problem = Problem(path.name, 1, f"the triage lexicon cannot be used: {error!r}", "restore it")
        raise CorpusError([problem]) from error


def _build(tree: Mapping[str, Any]) -> Lexicon:
    parts: Mapping[str, str] = tree["parts"]
    contexts = dict(tree["contexts"])
    negation = re.compile(contexts.pop("negation_words"))
    not_negating = _compile(contexts.pop("not_negating"), parts)
    entries = tuple(_entry(raw, tree["default_blocks"], parts) for raw in tree["entries"])
    if not entries:
        raise ValueError("no entries")
    return Lexicon(
        entries=entries,
        contexts={name: _compile(patterns, parts) for name, patterns in contexts.items()},
        figures=_compile(tree["figures"], parts),
        negation=negation,
        not_negating=not_negating,
        plain=PlainText(tree["words"], tree["joined"], tree["spelling"]),
    )


def _entry(raw: Mapping[str, Any], default_blocks: Mapping[str, Sequence[str]], parts: Mapping[str, str]) -> Entry:
    return Entry(
        id=raw["id"],
        level=TriageLevel.from_label(raw["level"]),
        kind=raw["kind"],
        who=raw["who"],
        pattern=_compile(raw["patterns"], parts),
        blocked_by=frozenset(raw.get("blocked_by", default_blocks[raw["level"]])),
        negatable=bool(raw.get("negatable", True)),
        points=int(raw.get("points", 0)),
    )


def _compile(patterns: Sequence[str], parts: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{_expand(pattern, parts)})(?!\w)" for pattern in patterns))


def _expand(pattern: str, parts: Mapping[str, str]) -> str:
    """Turn the shorthands of a pattern into a regular expression."""
    expanded = _MACRO.sub(lambda match: parts[match.group(1)], pattern).replace("( |$)", "")
    expanded = re.sub(r"(?<=[a-z])\*", r"\\w*", expanded)
    return re.sub(r" \.\.(?: |$)", lambda match: _GAP, expanded)
