"""What is measured: the product, a plain RAG, or any chatbot behind an OpenAI-compatible address.

Every target takes a question with its history and returns a `Reply`, the same record
for all, so that one suite measures them all. What a target cannot say about itself
stays empty; a suite names what it needs in `Suite.needs`, and is skipped with a
reason where a target does not have it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from rag.records import Answer, Citation, CrisisLine, Message, Notice, Record, Withheld

if TYPE_CHECKING:
    from rag.library import Library

Ability = Literal["citations", "quotes", "behaviour", "triage", "search", "product"]
"""What a target shows of itself: marks with a list of sources, the quoted words, the kind of
reply, the triage level, what its search found, and that it is the product itself (so that a
suite may build a variant of it)."""

UNKNOWN = "unknown"


class Cited(Record):
    """A source as it stood beside a reply.

    Attributes:
        number: Its mark in the text.
        key: The passage id; for an outside target whatever names the source, such as its address. A mark
            without a source has the key `unknown-<number>`.
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
        corpus: Fingerprint of the corpus whose passage ids the citations use; empty for sources of its own.
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
    corpus: str = ""
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


class Answers(Protocol):
    """What `Product` measures: an `Assistant`, or anything that answers like one."""

    @property
    def library(self) -> Library:
        """The corpus it answers from."""

    def ask(self, question: str, history: Sequence[Any] = (), country: str | None = None) -> Answer:
        """Answer one message."""


class Ranking(Record):
    """What a search found for a message, best first.

    Attributes:
        briefs: For the message as a whole, then for each of its questions, the ids of briefs.
        passages: The same of passages.
    """

    briefs: tuple[tuple[str, ...], ...]
    passages: tuple[tuple[str, ...], ...]


class Product:
    """The assistant itself.

    Args:
        assistant: What answers; suites that build a variant of it start from here.
    """

    name = "product"
    abilities: frozenset[Ability] = frozenset(("citations", "quotes", "behaviour", "triage", "search", "product"))

    def __init__(self, assistant: Answers) -> None:
        self.assistant = assistant
        self._opening = Lock()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The corpus it answers from."""
        return {"corpus": self.assistant.library.fingerprint}

    def reply(self, question: str, history: Sequence[Message] = (), country: str | None = None) -> Reply:
        """Answer one message."""
        start = time.perf_counter()
        try:
            answer = self.assistant.ask(question, history, country)
        except Exception as error:  # it promises not to; a run shows it as a case without reply, not as its own end
            return Reply(text="", error=f"the assistant raised {type(error).__name__}: {error}"[:300])
        return reply_of(answer, (time.perf_counter() - start) * 1000)

    def search(self, question: str, history: Sequence[Message] = (), *, depth: int = 10) -> Ranking:
        """Search as the assistant does for a message, follow-ups made to stand alone."""
        with self._opening:
            understanding, searcher = self._search_parts
        person = [turn.content for turn in history if turn.role == "user"]
        queries = list(understanding.read(question, person).queries)
        found = searcher.search_many(queries, k_briefs=depth, k_passages=depth)
        return Ranking(
            briefs=tuple(tuple(hit.id for hit in result.briefs) for result in found),
            passages=tuple(tuple(hit.id for hit in result.passages) for result in found),
        )

    @cached_property
    def _search_parts(self) -> Any:
        """Understanding and search, opened beside the assistant, which does not show its own."""
        from rag.answering.mentions import MedicineNames
        from rag.answering.understand import Understanding
        from rag.assembly import extra_texts, vocabulary
        from rag.retrieval import Searcher
        from rag.settings import Settings

        library = self.assistant.library
        searcher = Searcher.open(library, Settings(), extra=extra_texts(library))
        names = MedicineNames(library.medicines, vocabulary(library))
        return Understanding(names, searcher.correct), searcher


def reply_of(answer: Answer, milliseconds: float = 0.0) -> Reply:
    """Return an answer of the assistant as a reply."""
    return Reply(
        text=answer.text,
        sentences=tuple(
            Sentence(
                text=statement.text,
                kind=statement.kind.value,
                section=statement.section.value,
                cites=tuple(_cited(citation) for citation in statement.citations),
            )
            for statement in answer.statements
        ),
        citations=tuple(_cited(citation) for citation in answer.citations),
        behaviour=answer.behaviour.value,
        triage=answer.triage,
        verdict=answer.verdict,
        crisis_lines=answer.crisis_lines,
        notices=answer.notices,
        mentions=answer.mentions,
        suggestions=answer.suggestions,
        withheld=answer.trace.withheld,
        corpus=answer.fingerprint,
        milliseconds=milliseconds,
        trace=answer.trace.model_dump(mode="json"),
    )


def _cited(citation: Citation) -> Cited:
    return Cited(
        number=citation.number,
        key=citation.passage_id,
        quote=citation.quote,
        passage=citation.passage,
        title=citation.source.title,
    )
