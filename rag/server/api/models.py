"""What goes over the wire: requests and replies of the HTTP API. `docs/api.md` explains them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from rag.records import (
    Behaviour,
    Citation,
    CrisisLine,
    Notice,
    SourceCard,
    Statement,
)
from rag.server.sessions import LONGEST_TOKEN, Level, Turn

Country = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}$")]
Token = Annotated[str, StringConstraints(max_length=LONGEST_TOKEN)]
Reason = Literal["asked", "abstained", "concern", "crisis", "emergency"]

# Far above what anyone types; `max_question_chars` decides how much is read.
LONGEST_QUESTION = 60_000
MOST_TURNS = 400


class Request(BaseModel):
    """Base of all requests: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(BaseModel):
    """Base of all replies."""

    model_config = ConfigDict(frozen=True)


class ChatRequest(Request):
    """A question and the conversation before it."""

    question: str = Field(max_length=LONGEST_QUESTION, description="What the person wrote.")
    country: Country | None = Field(None, description="Whose crisis lines are shown.")
    history: tuple[Turn, ...] = Field((), max_length=MOST_TURNS, description="The `turns` of all replies so far.")
    conversation: Token | None = Field(None, description="The `conversation` of the last reply.")


class Offer(Reply):
    """Whether a person can take over, and whether to offer it now."""

    available: bool
    offered: bool
    reason: Reason | None


class ChatReply(Reply):
    """One checked answer, and what the client keeps of it."""

    id: str
    behaviour: Behaviour
    text: str
    verdict: str | None
    mentions: tuple[str, ...]
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    notices: tuple[Notice, ...]
    degraded: tuple[Notice, ...]
    crisis_lines: tuple[CrisisLine, ...]
    suggestions: tuple[str, ...]
    triage: str
    highest_triage: Level
    handover: Offer
    fingerprint: str
    turns: tuple[Turn, ...]
    conversation: str


class StatusEvent(Reply):
    """What is going on."""

    stage: str
    text: str | None


class SourcesEvent(Reply):
    """Each cited passage once."""

    citations: tuple[Citation, ...]


class SiteHandOver(Reply):
    """Whether and how this site hands over to a person."""

    available: bool
    kind: str | None


class SiteReply(Reply):
    """What a widget needs before the first question."""

    id: str | None
    name: str
    greeting: str
    country: str
    countries: tuple[str, ...]
    max_question_chars: int
    max_history_turns: int
    handover: SiteHandOver
    crisis_lines: tuple[CrisisLine, ...]
    fingerprint: str


class SourcePassage(Reply):
    """A passage of a source."""

    id: str
    heading: str
    text: str


class SourcesReply(Reply):
    """A page of the list of sources."""

    sources: tuple[SourceCard, ...]
    total: int
    fingerprint: str


class SourceReply(Reply):
    """One source with its passages."""

    source: SourceCard
    passages: tuple[SourcePassage, ...]
    fingerprint: str


class FoundPassage(Reply):
    """A passage that speaks to the words searched for."""

    passage_id: str
    heading: str
    text: str
    score: float
    source: SourceCard


class FoundBrief(Reply):
    """A reviewed answer that speaks to the words searched for."""

    id: str
    title: str
    score: float


class SearchReply(Reply):
    """What a search found, best first."""

    passages: tuple[FoundPassage, ...]
    briefs: tuple[FoundBrief, ...]
    degraded: tuple[Notice, ...]
    crisis_lines: tuple[CrisisLine, ...]
    fingerprint: str


class FeedbackRequest(Request):
    """A thumb up or down; there is no field for text, so none can be kept."""

    rating: Literal["up", "down"]
    reason: Literal["wrong", "unclear", "missing", "unsafe", "other"] | None = None
    behaviour: Behaviour | None = None


class FeedbackReply(Reply):
    """The rating was counted."""

    counted: Literal[True] = True


_PREVIEW: JsonDict = {"properties": {"preview": {"const": True}}}
_CONSENT: JsonDict = {"properties": {"consent": {"const": True}}, "required": ["consent"]}
ContextKey = Annotated[str, StringConstraints(max_length=100)]
ContextValue = Annotated[str, StringConstraints(max_length=500)]


class HandOverRequest(Request):
    """Hand a conversation to a person, or show what would be sent; sending needs consent."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_PREVIEW, _CONSENT]})

    preview: bool = Field(description="True sends nothing and shows what would be sent.")
    consent: bool = Field(False, description="The person has seen the preview and agrees.")
    history: tuple[Turn, ...] = Field((), max_length=MOST_TURNS)
    conversation: Token | None = None
    reason: Reason = "asked"
    contact: str | None = Field(None, max_length=200)
    note: str | None = Field(None, max_length=2000)
    context: dict[ContextKey, ContextValue] = Field(default_factory=dict, max_length=10)
    country: Country | None = None


class HandOverReply(Reply):
    """What became of a hand-over; the truth, delivered or not."""

    status: Literal["preview", "delivered", "queued", "mail", "failed"]
    reference: str | None
    text: str
    mailto: str | None
    payload: dict[str, Any]
    crisis_lines: tuple[CrisisLine, ...]


class Health(Reply):
    """The process is alive."""

    status: Literal["ok"] = "ok"
    fingerprint: str


class FieldError(Reply):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemBody(Reply):
    """A refusal (RFC 9457), with crisis lines for somebody in danger who meets it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retry_after: int | None = None
    help: str | None = None
    crisis_lines: tuple[CrisisLine, ...] = ()
    errors: tuple[FieldError, ...] = ()
