"""What is measured: the product, a plain RAG, or any chatbot behind an OpenAI-compatible address.

Every target takes a question with its history and returns a `Reply`, the same record
for all, so that one suite measures them all. What a target cannot say about itself
stays empty; a suite names what it needs in `Suite.needs`, and is skipped with a
reason where a target does not have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from pydantic import Field

from rag.records import CrisisLine, Message, Notice, Record, Withheld

Ability = Literal["citations", "quotes", "behaviour", "triage", "search", "product"]
"""What a target shows of itself: marks with a list of sources, the quoted words, the kind of
reply, the triage level, what its search found, and that it is the product itself (so that a
suite may build a variant of it)."""

UNKNOWN = "unknown"


class Cited(Record):
    """A source as it stood beside a reply.

    Attributes:
        number: Its mark in the text.
        key: The passage id; for an outside target whatever names the source, such as its address.
        quote: The words quoted from it; None when the target quotes nothing.
        passage: The text of the source as the target gave it; None when it gave none.
        title: Its title, or empty.
    """

    number: int
    key: str
    quote: str | None = None
    passage: str | None = None
    title: str = ""


class Sentence(Record):
    """One statement of a reply, without its marks.

    Attributes:
        text: The words.
        kind: finding, correction, care, help or meta; `unknown` where a target does not say.
        section: Where in the reply it stands; empty where a target does not say.
        cites: The sources it rests on.
    """

    text: str
    kind: str = UNKNOWN
    section: str = ""
    cites: tuple[Cited, ...] = ()


class Reply(Record):
    """One reply of any target.

    Attributes:
        text: The whole reply as it was shown, citation marks as `[1]`.
        sentences: Its statements in order.
        citations: The list of sources below the reply.
        behaviour: A value of `rag.records.Behaviour`, or `unknown`.
        triage: none, concern, crisis or emergency, or `unknown`.
        verdict: A label such as "Not shown" on a claim that was asked about.
        crisis_lines: The services pinned to the reply.
        notices: Care notices.
        mentions: What was understood about the person.
        suggestions: Follow-up questions offered.
        withheld: Sentences that a check kept back.
        milliseconds: How long it took.
        trace: Anything else worth keeping for the report.
        error: Why there is no reply; such cases count in no figure.
    """

    text: str
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Cited, ...] = ()
    behaviour: str = UNKNOWN
    triage: str = UNKNOWN
    verdict: str | None = None
    crisis_lines: tuple[CrisisLine, ...] = ()
    notices: tuple[Notice, ...] = ()
    mentions: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    milliseconds: float = 0.0
    trace: Mapping[str, Any] = Field(default_factory=dict)
    error: str = ""


class Target(Protocol):
    """Anything that can be measured."""

    @property
    def name(self) -> str:
        """Name for people, such as `product`."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it shows of itself."""

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """What identifies it: corpus, index, model, address."""

    def reply(self, question: str, history: Sequence[Message] = (), country: str | None = None) -> Reply:
        """Answer one message; a failure to answer is a reply with `error`, never an exception."""
