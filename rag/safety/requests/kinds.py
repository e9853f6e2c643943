"""What a message is: a question for the evidence, or one of the things that have a reply of their own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RequestKind(StrEnum):
    """Kinds of message. Only `QUESTION` (and `also_question`) goes on to retrieval."""

    QUESTION = "question"
    DOSE = "dose"
    HUMAN = "human"
    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    IDENTITY = "identity"
    DOCTOR = "doctor"
    CAPABILITY = "capability"
    TESTED = "tested"
    PRIVACY = "privacy"
    ACKNOWLEDGE = "acknowledge"
    SOURCING = "sourcing"
    OFF_TOPIC_TASK = "off_topic_task"
    EMPTY = "empty"


@dataclass(frozen=True)
class Request:
    """The kind of one message.

    Attributes:
        kind: What the message asks for.
        reasons: Ids of the rules in `corpus/requests.yaml` that decided it.
        also_question: The message asks the evidence something as well.
    """

    kind: RequestKind
    reasons: tuple[str, ...] = ()
    also_question: bool = False
