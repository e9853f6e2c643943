"""The conditions under which evidence may be shown: `corpus/conditions.yaml`.

Some evidence is right and still misleads when it stands alone: one side of a
disagreement, a single case without a word on how rare it is, or a reassuring
study of traditional tea shown to somebody who takes an extract. This module
reads what belongs together; the answering room keeps it together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from rag.errors import Problem
from rag.library.reading import UnreadableError, parse_yaml, read_text, text_line, validation_problems
from rag.records import Passage, Record, Source

NAME = "conditions.yaml"
RarityTopic = Literal[
    "general", "liver", "seizure", "death", "heart", "respiratory", "psychosis", "interactions", "withdrawal"
]


class Side(Record):
    """One side of a disagreement: what it says in a clause, and the passages that say so."""

    says: str = Field(min_length=1)
    passages: tuple[str, ...] = Field(min_length=1)


class Contradiction(Record):
    """A question on which sources disagree; `about` completes "Sources disagree about ..."."""

    id: str
    about: str = Field(min_length=1)
    sides: tuple[Side, ...] = Field(min_length=2)


class Conditions(Record):
    """What must be shown together, and what must not be carried over to other people or products.

    Attributes:
        leaf_only: Ids of sources whose reassuring findings hold for traditional leaf, juice or
            brew and for selected long-term users only.
        contradictions: Disagreements between sources.
        rarity: Topic -> passages that say how rare or common serious harm is.
    """

    leaf_only: frozenset[str] = frozenset()
    contradictions: tuple[Contradiction, ...] = ()
    rarity: Mapping[RarityTopic, tuple[str, ...]] = Field(default_factory=dict)

    def unshown_sides(self, cited: Collection[str]) -> tuple[tuple[Contradiction, tuple[Side, ...]], ...]:
        """Return each disagreement of which `cited` holds some sides, with the sides it lacks.

        Args:
            cited: Ids of the passages that an answer cites.
        """
        found = []
        for contradiction in self.contradictions:
            lacking = tuple(side for side in contradiction.sides if not set(side.passages) & set(cited))
            if lacking and len(lacking) < len(contradiction.sides):
                found.append((contradiction, lacking))
        return tuple(found)

    def rarity_passages(self, topics: Collection[str]) -> tuple[str, ...]:
        """Return the passages on how rare harm is for `topics`, the most specific first, each once."""
        specific = [mark for topic, marks in self.rarity.items() if topic in topics for mark in marks]
        return tuple(dict.fromkeys([*specific, *self.rarity.get("general", ())]))


def read_conditions(corpus_dir: Path) -> tuple[Conditions, list[Problem]]:
    """Read the conditions; without a readable file they are empty and the problems say why."""
    try:
        raw = read_text(corpus_dir / NAME)
        fields = parse_yaml(raw, NAME)
    except UnreadableError as error:
        return Conditions(), [error.problem]
    if not isinstance(fields, dict):
        mend = "write 'leaf_only', 'contradictions' and 'rarity'"
        return Conditions(), [Problem(NAME, 1, "the file is not a list of fields", mend)]
    problems = [
        Problem(NAME, 1, f"the field '{name}' is missing", "add it")
        for name in Conditions.model_fields
        if name not in fields
    ]
    try:
        return Conditions.model_validate(fields), problems
    except ValidationError as error:
        return Conditions(), problems + validation_problems(error, NAME, raw, 1)


def condition_problems(
    conditions: Conditions,
    raw: str,
    sources: Mapping[str, Source],
    passages: Mapping[str, Passage],
) -> list[Problem]:
    """Return a problem for each reference that leads nowhere and each disagreement that is none.

    Args:
        conditions: The conditions as read.
        raw: The text of the file, to name lines.
        sources: All sources by id.
        passages: All passages by id.
    """
    found: list[tuple[str, str, str]] = [
        (
            source,
            f"'leaf_only' names the source {source}, which does not exist",
            "correct the id or remove it",
        )
        for source in sorted(conditions.leaf_only - sources.keys())
    ]
    marks = [mark for group in conditions.rarity.values() for mark in group]
    marks += [mark for item in conditions.contradictions for side in item.sides for mark in side.passages]
    found += [
        (mark, f"cites {mark}, which does not exist", "correct the id or number, or remove it")
        for mark in dict.fromkeys(marks)
        if mark not in passages
    ]
    if not conditions.rarity.get("general"):
        found.append(("rarity:", "'rarity' has no 'general' passages", "list some: other topics fall back on them"))
    seen: set[str] = set()
    for item in conditions.contradictions:
        if item.id in seen:
            found.append((f"id: {item.id}", f"the contradiction '{item.id}' is listed twice", "merge or rename one"))
        seen.add(item.id)
        shared = _on_two_sides(item)
        if shared:
            text = f"'{item.id}' has {', '.join(shared)} on two sides"
            found.append((f"id: {item.id}", text, "leave it on the side that it supports"))
    return [Problem(NAME, text_line(raw, needle), message, mend) for needle, message, mend in found]


def _on_two_sides(item: Contradiction) -> list[str]:
    every = [mark for side in item.sides for mark in set(side.passages)]
    return sorted({mark for mark in every if every.count(mark) > 1})
