"""One question and its answer, as the packets the page shows.

A packet holds everything that has happened in the turn so far, because Gradio may
drop packets in between; the page shows the items it has not shown yet.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.records import Answer, Behaviour, Message, Statement
from rag.server import export
from rag.server.render import CitedSources, Renderer

logger = logging.getLogger(__name__)

Packet = dict[str, Any]


class AnswerEvent(Protocol):
    """One step of a streamed answer, as `rag.assistant.AnswerEvent` has it.

    Kinds other than `status`, `statement` and `done` are passed over. Only `done` is required.
    """

    @property
    def kind(self) -> str:
        """What this event tells."""

    @property
    def status(self) -> str:
        """What is going on, with `status`."""

    @property
    def statement(self) -> Statement | None:
        """The next sentence, with `statement`."""

    @property
    def answer(self) -> Answer | None:
        """The whole answer, with `done`."""


class Answering(Protocol):
    """What the page needs of an assistant."""

    def stream(
        self, question: str, history: Sequence[Mapping[str, str]] = (), country: str | None = None
    ) -> Iterator[AnswerEvent]:
        """Answer a question step by step."""


class Asked(BaseModel):
    """What the page sends: nothing of it is trusted beyond its form."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    request: str = Field(max_length=64)
    question: str
    history: tuple[Message, ...] = ()
    country: str | None = Field(None, max_length=8)


class Turn:
    """Collects the events of one answer into the packet that the page shows."""

    def __init__(self, request: str, question: str, country: str, renderer: Renderer) -> None:
        self._renderer = renderer
        self._question = question
        self._sources = CitedSources()
        self._items: list[Packet] = []
        self._shown: list[Statement] = []
        self._lines = [line for line in renderer.library.crisis_lines if line.country == country]
        self._packet: Packet = {"request": request, "items": self._items, "cards": ""}

    def packet(self) -> Packet:
        """Return everything so far."""
        return {**self._packet, "items": list(self._items)}

    def fail(self) -> Packet:
        """Return a packet that says calmly that there is no answer; the page adds crisis lines."""
        self._items.append({"do": "failed"})
        return self.packet()

    def add(self, event: AnswerEvent) -> Packet:
        """Take in one event and return the packet as it is then."""
        if event.kind == "status":
            self._add_status(event.status)
        elif event.kind == "statement" and event.statement is not None:
            self._add_statement(event.statement)
        elif event.kind == "done" and event.answer is not None:
            self._finish(event.answer)
        return self.packet()

    def _add_status(self, stage: str) -> None:
        key = f"conversation.status.{stage}"
        if self._renderer.has_word(key):
            self._items.append({"do": "status", "text": self._renderer.word(key)})

    def _add_statement(self, statement: Statement) -> None:
        html = self._renderer.statement(statement, self._sources, self._lines)
        self._shown.append(statement)
        place = {"section": statement.section.value, "joins": statement.joins_previous}
        self._items.append({"do": "statement", "html": html, **place})
        if statement.citations:
            self._packet["cards"] = self._renderer.cards(self._sources)

    def _finish(self, answer: Answer) -> None:
        if answer.crisis_lines:
            urgent = answer.behaviour is Behaviour.EMERGENCY
            html = self._renderer.pinned(answer.crisis_lines, urgent)
            self._items.append({"do": "pin", "html": html, "emergency": urgent})
        if answer.mentions:
            names = " ".join(answer.mentions)
            text = self._renderer.word("conversation.mentioned", names=names)
            self._items.append({"do": "mentions", "text": text})
        if answer.verdict:
            self._items.append({"do": "verdict", "text": answer.verdict})
        if tuple(self._shown) != answer.statements[: len(self._shown)]:
            self._start_over()
        for statement in answer.statements[len(self._shown) :]:
            self._add_statement(statement)
        self._items.append(
            {
                "do": "done",
                "behaviour": answer.behaviour.value,
                "html": self._renderer.ending(answer),
                "text": answer.text,
                "plain": export.plain_text(answer, self._renderer),
                "markdown": export.markdown(self._question, answer, self._renderer),
                "answer": export.data(answer),
            }
        )

    def _start_over(self) -> None:
        """The final answer differs from what was streamed: show only what it says."""
        self._items.append({"do": "restart"})
        self._shown.clear()
        self._sources = CitedSources()
        self._packet["cards"] = ""


def answer_packets(assistant: Answering, renderer: Renderer, sent: object) -> Iterator[Packet]:
    """Answer what the page sent; whatever goes wrong, the last packet ends the turn."""
    try:
        asked = Asked.model_validate(sent)
    except ValidationError:
        request = sent.get("request") if isinstance(sent, Mapping) else ""
        yield Turn(str(request), "", renderer.country(None), renderer).fail()
        return
    country = renderer.country(asked.country)
    turn = Turn(asked.request, asked.question, country, renderer)
    kept = asked.history[-renderer.settings.max_history_turns :]
    history = [{"role": message.role, "content": message.content} for message in kept]
    try:
        done = False
        for event in assistant.stream(asked.question, history, country):
            yield turn.add(event)
            done = done or event.kind == "done"
        if not done:
            raise RuntimeError("the answer ended early")
    except Exception as error:
        # The message of an error may quote the question, so only its type and place are logged.
        logger.error("No answer: %s at %s", type(error).__name__, _place(error))
        yield turn.fail()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
