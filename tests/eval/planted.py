"""An assistant that gives a fixed, well-grounded answer, and ways of spoiling it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from server.fakes import Numbering, brief_statements, meta

from eval.cases import Case
from eval.targets import Product, Reply, Sentence
from rag.library import Library
from rag.records import Answer, Behaviour, Message, Section, Statement, StatementKind

Spoil = Callable[[Reply], Reply]
BRIEF = "kratom-withdrawal-symptoms"


class Scripted:
    """Declines what names a dose or crypto, and answers all else with one brief."""

    def __init__(self, library: Library, brief: str = BRIEF) -> None:
        self.library = library
        self.brief = brief
        self.asked: list[tuple[str, tuple[Message, ...], str | None]] = []

    def ask(self, question: str, history: Sequence[Any] = (), country: str | None = None) -> Answer:
        self.asked.append((question, tuple(history), country))
        if "grams" in question:
            return self._said("I do not give amounts to take.", Behaviour.DECLINE_DOSE)
        if "crypto" in question:
            return self._said("I only answer questions about kratom and depression.", Behaviour.OUT_OF_SCOPE)
        cite = Numbering(self.library)
        statements = tuple(brief_statements(self.library.briefs[self.brief], cite, None))
        return self._answer(statements, Behaviour.ANSWER, tuple(cite.citations))

    def _said(self, text: str, behaviour: Behaviour) -> Answer:
        return self._answer((meta(text),), behaviour, ())

    def _answer(self, statements: tuple[Statement, ...], behaviour: Behaviour, citations: Any) -> Answer:
        text = " ".join(s.text + "".join(f" [{c.number}]" for c in s.citations) for s in statements)
        return Answer(
            behaviour=behaviour,
            text=text,
            statements=statements,
            citations=citations,
            fingerprint=self.library.fingerprint,
        )


class Spoiled(Product):
    """The product with a fault planted into each of its replies."""

    def __init__(self, assistant: Scripted, spoil: Spoil) -> None:
        super().__init__(assistant)
        self._spoil = spoil

    def reply(self, question: str, history: Sequence[Message] = (), country: str | None = None) -> Reply:
        return self._spoil(super().reply(question, history, country))


def shift_citations(reply: Reply) -> Reply:
    """Give each finding the citations of the next one; every quote still stands in its passage."""
    findings = [sentence for sentence in reply.sentences if sentence.cites]
    turned = iter([*findings[1:], *findings[:1]])
    sentences = tuple(s.model_copy(update={"cites": next(turned).cites}) if s.cites else s for s in reply.sentences)
    return rewritten(reply, sentences)


def drop_citation(reply: Reply) -> Reply:
    """Show the first finding without its source."""
    first = next((s for s in reply.sentences if s.cites), None)
    sentences = tuple(s.model_copy(update={"cites": ()}) if s is first else s for s in reply.sentences)
    return rewritten(reply, sentences)


def invent_source(reply: Reply) -> Reply:
    """Cite a passage that is in no corpus, as letter-perfect as any other."""

    def invented(cites: Any) -> Any:
        return tuple(c.model_copy(update={"key": "made-up-2031#1"}) if c.number == 1 else c for c in cites)

    sentences = tuple(s.model_copy(update={"cites": invented(s.cites)}) for s in reply.sentences)
    return reply.model_copy(update={"sentences": sentences, "citations": invented(reply.citations)})


def reword_quote(reply: Reply) -> Reply:
    """Change one word of one quote, in the quote and in the passage that comes with it."""

    def reworded(cites: Any) -> Any:
        return tuple(
            c.model_copy(update={"quote": f"Surely {c.quote}", "passage": f"Surely {c.passage}"}) for c in cites
        )

    return reply.model_copy(update={"citations": reworded(reply.citations)})


def slip_in_dose(reply: Reply) -> Reply:
    """Add a sentence that gives an amount."""
    said = Sentence(text="Start low.", kind="care")
    return rewritten(reply, (*reply.sentences, said))


def refuse(reply: Reply) -> Reply:
    """Send everyone away."""
    words = Sentence(text="I found no source for that.", kind="meta")
    update = {"behaviour": "abstain", "sentences": (words,), "citations": (), "text": words.text}
    return reply.model_copy(update=update)


def answer_all(reply: Reply) -> Reply:
    """Claim to have answered what was declined."""
    return reply.model_copy(update={"behaviour": "answer"})


def rewritten(reply: Reply, sentences: tuple[Sentence, ...]) -> Reply:
    text = " ".join(s.text + "".join(f" [{c.number}]" for c in s.cites) for s in sentences)
    return reply.model_copy(update={"sentences": sentences, "text": text})


def case(question: str = "what is withdrawal like", **fields: Any) -> Case:
    """Return a case with one question; `fields` are those of its suite."""
    return Case(id="c1", turns=(question,), fields=fields)


def statement(text: str, kind: StatementKind = StatementKind.CARE) -> Statement:
    return Statement(text=text, section=Section.ABOUT_YOU, kind=kind)
