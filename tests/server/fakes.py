"""An assistant that answers from real corpus records, in a fixed way, without retrieval."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rag.library import Library
from rag.records import (
    Answer,
    Behaviour,
    Brief,
    BriefPoint,
    Citation,
    CrisisLine,
    Notice,
    Section,
    SourceCard,
    Statement,
    StatementKind,
)

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>${window.hacked=1}{{hacked}}'


@dataclass(frozen=True)
class Event:
    kind: str
    status: str = ""
    statement: Statement | None = None
    answer: Answer | None = None


@dataclass
class FakeAssistant:
    """Answers by words in the question, and remembers what it was sent."""

    library: Library
    pause: float = 0.0
    asked: list[tuple[str, list[Mapping[str, str]], str | None]] = field(default_factory=list)

    def stream(
        self, question: str, history: Sequence[Mapping[str, str]] = (), country: str | None = None
    ) -> Iterator[Event]:
        self.asked.append((question, list(history), country))
        yield Event("status", status="searching")
        answer = self._answer(question.lower(), country or "US")
        for statement in answer.statements:
            time.sleep(self.pause)
            yield Event("statement", statement=statement)
        yield Event("unknown-kind")
        yield Event("done", answer=answer)

    def _answer(self, question: str, country: str) -> Answer:
        if "break" in question:
            raise RuntimeError(f"secret {question}")
        if "wake" in question or "breathing" in question:
            return self._help(country, Behaviour.EMERGENCY)
        if "die" in question:
            return self._help(country, Behaviour.CRISIS)
        if "hostile" in question:
            return self._hostile(question)
        if "crypto" in question:
            text = "I only answer questions about kratom, depression and their treatment."
            return self._answer_of((meta(text),), Behaviour.OUT_OF_SCOPE)
        if "zoloft" in question:
            return self._brief(
                "kratom-with-ssris", mentions=("You mentioned sertraline (Zoloft).",), notices=self._notices()
            )
        if "withdrawal" in question or "low" in question:
            return self._brief("low-mood-after-kratom")
        return self._brief("safer-than-antidepressants", verdict="Not shown", notices=self._notices()[:1])

    def _brief(self, brief_id: str, **values: Any) -> Answer:
        brief, cite = self.library.briefs[brief_id], Numbering(self.library)
        statements = tuple(brief_statements(brief, cite, values.get("verdict")))
        suggestions = (
            "What does kratom withdrawal feel like?",
            "What works for depression?",
            "Is kratom addictive?",
        )
        return self._answer_of(
            statements, Behaviour.ANSWER, citations=tuple(cite.citations), suggestions=suggestions, **values
        )

    def _help(self, country: str, behaviour: Behaviour) -> Answer:
        first = "emergency" if behaviour is Behaviour.EMERGENCY else "suicide-crisis"
        lines = [line for line in self.library.crisis_lines if line.country == country]
        lines.sort(key=lambda line: line.kind != first)
        statements = tuple(
            Statement(text=text, section=Section.HELP, kind=StatementKind.HELP) for text in help_texts(behaviour, lines)
        )
        return self._answer_of(statements, behaviour, crisis_lines=tuple(lines), triage=behaviour.value)

    def _hostile(self, question: str) -> Answer:
        source = card(self.library, "fda-nd-kratom").model_copy(
            update={
                "title": HOSTILE,
                "authors": (HOSTILE,),
                "url": "javascript:window.hacked=1",
                "limits": HOSTILE,
            }
        )
        cited = Citation(
            number=1,
            passage_id="fda-nd-kratom#1",
            quote=HOSTILE,
            heading=HOSTILE,
            passage=f"a {HOSTILE} b",
            source=source,
        )
        found = Statement(text=HOSTILE, section=Section.EVIDENCE, kind=StatementKind.FINDING, citations=(cited,))
        return self._answer_of(
            (found, meta(question)),
            Behaviour.ANSWER,
            citations=(cited,),
            verdict=HOSTILE,
            mentions=(HOSTILE,),
            notices=(Notice(id="x", text=HOSTILE),),
            suggestions=(f'"{HOSTILE}',),
        )

    def _answer_of(self, statements: tuple[Statement, ...], behaviour: Behaviour, **values: Any) -> Answer:
        text = " ".join(
            statement.text + "".join(f" [{c.number}]" for c in statement.citations) for statement in statements
        )
        return Answer(
            behaviour=behaviour,
            text=text,
            statements=statements,
            fingerprint=self.library.fingerprint,
            **values,
        )

    def _notices(self) -> tuple[Notice, ...]:
        return (
            Notice(
                id="keep-prescription",
                text="Please keep taking prescribed medicine until you have talked with the prescriber.",
            ),
            Notice(
                id="interaction-check",
                text="A pharmacist can check the mix, usually free and without an appointment.",
            ),
        )


class Numbering:
    """Numbers passages in order of appearance."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.citations: list[Citation] = []

    def __call__(self, passage_id: str) -> Citation:
        for citation in self.citations:
            if citation.passage_id == passage_id:
                return citation
        passage = self._library.passages[passage_id]
        quote = passage.text.split(". ")[0]
        self.citations.append(
            Citation(
                number=len(self.citations) + 1,
                passage_id=passage_id,
                quote=quote,
                heading=passage.heading,
                passage=passage.text,
                source=card(self._library, passage.source_id),
            )
        )
        return self.citations[-1]


def brief_statements(brief: Brief, cite: Numbering, verdict: str | None) -> Iterator[Statement]:
    opening = Section.CORRECTION if verdict else Section.SHORT_ANSWER
    sections = (
        (opening, brief.short_answer),
        (Section.EVIDENCE, brief.evidence),
        (Section.UNKNOWN, brief.unknowns),
        (Section.ABOUT_YOU, brief.about_you),
    )
    for section, points in sections:
        for point in points:
            yield from point_statements(section, point, cite)


def point_statements(section: Section, point: BriefPoint, cite: Numbering) -> Iterator[Statement]:
    for sentence in point.sentences:
        citations = tuple(cite(passage) for passage in sentence.passages)
        kind = StatementKind.FINDING if citations else StatementKind.CARE
        joins = sentence is not point.sentences[0]
        yield Statement(text=sentence.text, section=section, kind=kind, citations=citations, joins_previous=joins)


def meta(text: str) -> Statement:
    return Statement(text=text, section=Section.SHORT_ANSWER, kind=StatementKind.META)


def help_texts(behaviour: Behaviour, lines: Sequence[CrisisLine]) -> list[str]:
    number = next((line.phone for line in lines if line.phone), "the emergency number")
    if behaviour is Behaviour.EMERGENCY:
        return [
            f"Call {number} now.",
            "Stay with them. Turn them on their side if they are asleep and breathing.",
        ]
    return [
        "That sounds very heavy, and I am glad you said it. Are you safe right now?",
        f"Please call {number}. If someone you trust is near, tell them you don't want to be alone.",
        "I am a computer program, not a person. I can stay here and answer what I can.",
    ]


def card(library: Library, source_id: str) -> SourceCard:
    source = library.sources[source_id]
    return SourceCard(
        **source.model_dump(include=set(SourceCard.model_fields) & set(type(source).model_fields)),
        evidence_label=source.kind.value.replace("-", " ").capitalize(),
        limits="It cannot show how often this happens among everyone who uses kratom.",
    )
