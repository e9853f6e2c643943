"""The frozen records that flow through the assistant.

Every stage takes and returns these types. They are pydantic models so that an
`Answer` serialises to JSON as it is, and frozen so that no later stage can
change what an earlier one has verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rag.errors import UncitedStatementError, UnverifiedQuoteError

Confidence = Literal["high", "medium", "low", "excluded"]
Population = Literal["humans", "animals", "in-vitro", "not-applicable"]


class Record(BaseModel):
    """Base of all records: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceKind(StrEnum):
    """Study design or document type of a source, strongest designs first."""

    GUIDELINE = "guideline"
    SYSTEMATIC_REVIEW = "systematic-review"
    META_ANALYSIS = "meta-analysis"
    RCT = "rct"
    CONTROLLED_TRIAL = "controlled-trial"
    COHORT = "cohort"
    CROSS_SECTIONAL = "cross-sectional"
    SURVEILLANCE = "surveillance"
    CASE_SERIES = "case-series"
    CASE_REPORT = "case-report"
    PRECLINICAL = "preclinical"
    NARRATIVE_REVIEW = "narrative-review"
    REGULATORY = "regulatory"
    PUBLIC_HEALTH_PAGE = "public-health-page"
    LAW = "law"


class Source(Record):
    """One vetted publication: the front matter of `corpus/sources/<id>.md`."""

    id: str
    title: str
    authors: tuple[str, ...]
    organization: str | None
    year: int | None
    venue: str | None
    doi: str | None
    pmid: str | None
    url: str
    kind: SourceKind
    population: Population
    sample: str | None
    country: str | None
    conflicts: str | None
    topics: tuple[str, ...]
    read: Literal["full-text", "abstract", "page"]
    read_at: str
    checked: str
    confidence: Confidence
    retracted: bool = False


class Passage(Record):
    """A stand-alone paragraph of a source note; its id is `<source id>#<n>`, n from 1."""

    id: str
    source_id: str
    heading: str
    text: str


class BriefSentence(Record):
    """One sentence of a brief with the passages it cites; care wording cites none."""

    text: str
    passages: tuple[str, ...] = ()


class BriefPoint(Record):
    """A bullet or paragraph of a brief: sentences that belong together."""

    sentences: tuple[BriefSentence, ...]


class Brief(Record):
    """A reviewed answer to one frequent question: `corpus/briefs/<id>.md`."""

    id: str
    title: str
    asks: tuple[str, ...]
    topics: tuple[str, ...]
    claims: tuple[str, ...]
    care: tuple[str, ...]
    reviewed: str
    review_by: str
    short_answer: tuple[BriefPoint, ...]
    evidence: tuple[BriefPoint, ...]
    unknowns: tuple[BriefPoint, ...]
    about_you: tuple[BriefPoint, ...]


class Claim(Record):
    """An unsupported claim that must never be repeated as true."""

    id: str
    claim: str
    verdict: Literal["unsupported", "misleading", "false", "unproven"]
    asserts: tuple[str, ...]
    asked_as: tuple[str, ...]
    fair: tuple[str, ...]
    correction: str
    evidence: tuple[str, ...]
    brief: str | None


class CrisisLine(Record):
    """A crisis, poison or emergency service of one country (`INT`: international)."""

    id: str
    country: str
    name: str
    kind: str
    phone: str | None
    text: str | None
    web: str | None
    hours: str | None
    languages: tuple[str, ...]
    source_url: str | None
    seen: bool


class Medicine(Record):
    """A medicine, drug or supplement that people name, and where the corpus speaks of it."""

    id: str
    name: str
    brands: tuple[str, ...] = ()
    slang: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    class_id: str = Field(alias="class")
    class_name: str
    group: str
    prescription: bool
    sedating: bool
    brief: str | None
    topic_briefs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    why: str | None = None


class SourceCard(Record):
    """What a reader is shown about the source behind a citation."""

    id: str
    title: str
    authors: tuple[str, ...]
    organization: str | None
    year: int | None
    venue: str | None
    url: str
    doi: str | None
    kind: SourceKind
    evidence_label: str
    population: Population
    sample: str | None
    conflicts: str | None
    confidence: Confidence
    limits: str


class Citation(Record):
    """A passage, and the words of it that support a statement.

    Raises:
        UnverifiedQuoteError: the quote does not stand in the passage letter for letter.
    """

    number: int = Field(ge=0)
    passage_id: str
    quote: str = Field(min_length=1)
    heading: str
    passage: str
    source: SourceCard

    @model_validator(mode="after")
    def _quote_stands_in_passage(self) -> Self:
        if self.quote not in self.passage:
            raise UnverifiedQuoteError(self.passage_id, self.quote)
        return self


class StatementKind(StrEnum):
    """What a sentence is for; findings and corrections must be cited."""

    FINDING = "finding"
    CORRECTION = "correction"
    CARE = "care"
    HELP = "help"
    META = "meta"


class Section(StrEnum):
    """Where a statement stands in an answer, in reading order."""

    HELP = "help"
    CORRECTION = "correction"
    SHORT_ANSWER = "short_answer"
    EVIDENCE = "evidence"
    UNKNOWN = "unknown"
    ABOUT_YOU = "about_you"


class Statement(Record):
    """One sentence or two shown to a person.

    Attributes:
        text: The words, without citation marks.
        section: Where in the answer it stands.
        kind: What it is for.
        citations: The passages it rests on, with the quoted words.
        joins_previous: Whether it belongs to the same bullet as the statement before it.

    Raises:
        UncitedStatementError: a finding or correction without a citation.
    """

    text: str = Field(min_length=1)
    section: Section
    kind: StatementKind
    citations: tuple[Citation, ...] = ()
    joins_previous: bool = False

    @model_validator(mode="after")
    def _findings_are_cited(self) -> Self:
        if self.kind in (StatementKind.FINDING, StatementKind.CORRECTION) and not self.citations:
            raise UncitedStatementError(self.text)
        return self


class Notice(Record):
    """A care notice beside an answer, such as `keep-prescription`."""

    id: str
    text: str


class Behaviour(StrEnum):
    """What kind of reply an answer is."""

    ANSWER = "answer"
    ABSTAIN = "abstain"
    OUT_OF_SCOPE = "out_of_scope"
    DECLINE_DOSE = "decline_dose"
    CRISIS = "crisis"
    EMERGENCY = "emergency"
    SMALL_TALK = "small_talk"
    HAND_OVER = "hand_over"
    OTHER_LANGUAGE = "other_language"
    INVALID = "invalid"


class StageTrace(Record):
    """One stage of the pipeline: how long it took and what it decided."""

    name: str
    milliseconds: float
    detail: str = ""


class Withheld(Record):
    """A sentence that was not shown, and why."""

    text: str
    reason: str


class Trace(Record):
    """How an answer came about; for developers and evaluation, not for display."""

    understood: tuple[str, ...] = ()
    stages: tuple[StageTrace, ...] = ()
    scores: Mapping[str, float] = Field(default_factory=dict)
    withheld: tuple[Withheld, ...] = ()
    degraded: tuple[str, ...] = ()


class Answer(Record):
    """Everything a screen needs to show one reply.

    Attributes:
        behaviour: What kind of reply this is.
        text: The whole reply as plain text, citations as `[1]`.
        statements: The sentences in reading order, each with its citations.
        citations: Each cited passage once, numbered from 1 in order of appearance.
        verdict: A short label such as "Not shown" where a claim was asked about.
        mentions: What the assistant understood about the person ("You mentioned ...").
        notices: Care notices, each a different thing to know.
        crisis_lines: Services to pin; empty unless help was shown.
        suggestions: Follow-up questions that the corpus can answer.
        triage: The triage level in force after this turn; the trace names what set it.
        fingerprint: Identifies the corpus (its content) that this was answered from.
        trace: How the answer came about.
    """

    behaviour: Behaviour
    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...] = ()
    verdict: str | None = None
    mentions: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    crisis_lines: tuple[CrisisLine, ...] = ()
    suggestions: tuple[str, ...] = ()
    triage: str = "none"
    fingerprint: str
    trace: Trace = Field(default_factory=Trace)


class Message(Record):
    """One turn of a conversation. Only `user` turns are ever trusted as the person's words."""

    role: Literal["user", "assistant"]
    content: str
