"""What triage says about a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class TriageLevel(IntEnum):
    """How urgent a conversation is; a higher level is more urgent."""

    NONE = 0
    CONCERN = 1
    CRISIS = 2
    EMERGENCY = 3

    @property
    def label(self) -> str:
        """The level in lower case, as data files and traces write it."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> TriageLevel:
        """Return the level that `label` names.

        Raises:
            KeyError: no level has that label.
        """
        return cls[label.upper()]


@dataclass(frozen=True)
class Triage:
    """The level in force, and why.

    Attributes:
        level: The level of the conversation, not only of the last message.
        kind: What it is about, such as `suicidal-thoughts` or `overdose`; `none` without a level.
        reasons: What triggered it: ids of lexicon entries, contexts, classifier scores.
        third_person: The person writes about somebody else.
        turn: Index of the person's message that set the level.
        classifier_used: Whether the classifier could be asked; otherwise the phrases decided alone.
    """

    level: TriageLevel
    kind: str
    reasons: tuple[str, ...]
    third_person: bool
    turn: int
    classifier_used: bool
