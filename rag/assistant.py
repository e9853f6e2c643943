"""The assistant: one question in, one checked answer out.

    from rag import Assistant, Settings

    assistant = Assistant.from_settings(Settings())
    answer = assistant.ask("Can I take kratom with sertraline?", country="GB")

The stages stand in `Assistant.stream` in the order in which they run. Help in a
crisis is decided first and needs nothing that comes later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rag.answering.citing import Citer, Draft, Numbering
from rag.answering.country import lines_for, localise
from rag.answering.plain import plain_text
from rag.answering.replies import Reply, ReplyMaker
from rag.answering.standing import standing_drafts
from rag.conversation import Conversation, Turn, read_conversation
from rag.library import Library
from rag.records import (
    Answer,
    Behaviour,
    CrisisLine,
    Section,
    StageTrace,
    Statement,
    StatementKind,
    Trace,
    Withheld,
)
from rag.safety.crisis import crisis_messages
from rag.safety.language import detect
from rag.safety.triage import Triage, TriageLevel
from rag.settings import Settings

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from rag.retrieval.retriever import Searcher

LOG = logging.getLogger(__name__)

_HELP_LEVELS = (TriageLevel.CRISIS, TriageLevel.EMERGENCY)


@dataclass(frozen=True)
class AnswerEvent:
    """One step of a streamed answer.

    `status` says what is going on; `statement` brings the next sentence, verified and
    numbered; `done` brings the whole answer and is always last.
    """

    kind: Literal["status", "statement", "done"]
    status: str = ""
    statement: Statement | None = None
    answer: Answer | None = None


@dataclass
class _Run:
    """What one question gathers on its way."""

    stages: list[StageTrace] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages.append(StageTrace(name=name, milliseconds=round((time.perf_counter() - start) * 1000, 2)))

    def note(self, detail: str) -> None:
        """Say what the last stage decided on."""
        self.stages[-1] = self.stages[-1].model_copy(update={"detail": detail})


class Assistant:
    """Answers questions; build one with `from_settings` and share it between threads.

    Args:
        library: The corpus.
        settings: Options.
        triage: Judges the person's turns, oldest first; see `rag.safety.triage`.
        replies: Drafts replies.
        output_guard: Returns why a sentence may not be shown, or None.
        searcher: The search behind the replies, for whoever wants to search alone.
        degraded: What has been missing since start-up, such as `model-missing`.
    """

    def __init__(
        self,
        library: Library,
        settings: Settings,
        *,
        triage: Callable[[Sequence[str]], Triage],
        replies: ReplyMaker,
        output_guard: Callable[[str], str | None],
        searcher: Searcher | None = None,
        degraded: Sequence[str] = (),
    ) -> None:
        self.library = library
        self.settings = settings
        self.searcher = searcher
        self._triage = triage
        self._replies = replies
        self._output_guard = output_guard
        self._degraded = tuple(degraded)
        self._citer = Citer(library)

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Assistant:
        """Load the corpus and open the index, building it first when it is missing.

        Raises:
            CorpusError: the corpus does not pass its checks.
        """
        from rag.assembly import assemble  # the heavy rooms, only when an assistant is wanted

        return assemble(settings or Settings())

    def ask(self, question: str, history: Sequence[Turn] = (), country: str | None = None) -> Answer:
        """Answer one message.

        Args:
            question: What the person wrote; anything at all.
            history: Earlier turns, oldest first: `{"role": "user" | "assistant", "content": ...}`.
            country: Two-letter code for crisis lines; by default the one in the settings.

        Returns:
            The checked answer. It never raises for what a person wrote.
        """
        *_, last = self.stream(question, history, country)
        if last.answer is None:
            raise RuntimeError("a stream ends with its answer")
        return last.answer

    def stream(self, question: str, history: Sequence[Turn] = (), country: str | None = None) -> Iterator[AnswerEvent]:
        """Answer one message statement by statement; see `ask` and `AnswerEvent`."""
        run = _Run()
        where = (country or self.settings.country).upper()
        conversation = read_conversation(question, history, self.settings)
        with run.stage("triage"):
            triage = self._judge(conversation)
        run.note(", ".join(triage.reasons))
        lines = lines_for(self.library.crisis_lines, where)
        for statement in self._help(triage, conversation, where):
            yield self._show(run, statement)
        reply = Reply(Behaviour.EMERGENCY, ())
        if triage.level is not TriageLevel.EMERGENCY or triage.turn < len(conversation.earlier):
            yield AnswerEvent("status", status="searching")
            with run.stage("reply"):
                reply = self._evidence(conversation, triage)
                run.withheld.extend(reply.withheld)
            with run.stage("cite"):
                drafts = (*self._said_of_length(conversation), *reply.drafts)
                statements = list(self._checked(drafts, run, lines, where))
            for statement in statements:
                yield self._show(run, statement)
        yield AnswerEvent("done", answer=self._finish(run, reply, triage, lines))

    def warm_up(self) -> None:
        """Load the model and everything else that the first answer would wait for."""
        self.ask(self.library.messages.texts("examples")[0])

    def rehearse(self, *, pause: float = 0.0) -> None:
        """Check every sentence of the corpus once, so that no later answer waits for its quotes or its verdict.

        Args:
            pause: Seconds to leave to others after each sentence, when people are being served meanwhile.
        """
        for draft in standing_drafts(self.library):
            list(self._checked([draft], _Run(), (), self.settings.country))
            time.sleep(pause)

    def as_runnable(self) -> Runnable[Mapping[str, Any] | str, Answer]:
        """Return a LangChain Runnable: a question, or a mapping with `question`, `history`, `country`."""
        from langchain_core.runnables import RunnableLambda  # langchain only where it is used

        def run(value: Mapping[str, Any] | str) -> Answer:
            given: Mapping[str, Any] = {"question": value} if isinstance(value, str) else value
            return self.ask(given["question"], given.get("history", ()), given.get("country"))

        return RunnableLambda(run, name="kratom-evidence")

    def _judge(self, conversation: Conversation) -> Triage:
        """Judge the conversation; when that breaks, help is shown rather than not."""
        try:
            return self._triage(conversation.person)
        except Exception as error:  # whatever breaks, a person may be in danger
            LOG.error("triage failed: %s", type(error).__name__)
            return Triage(TriageLevel.CRISIS, "unknown", ("triage-failed",), False, len(conversation.earlier), False)

    def _help(self, triage: Triage, conversation: Conversation, country: str) -> list[Statement]:
        """Return the help that comes before everything else; for a concern only in the turn that raised it."""
        since = len(conversation.earlier) - triage.turn
        if triage.level is TriageLevel.NONE or (triage.level is TriageLevel.CONCERN and since > 0):
            return []
        try:
            messages = crisis_messages(
                triage,
                country,
                self.library.crisis_lines,
                repeats=since,
                also_asked=_asks_something(conversation, triage),
                fixed=self.library.messages,
                language=self._language(conversation.question),
            )
        except Exception as error:  # the services themselves are still shown
            LOG.error("wording the help failed: %s", type(error).__name__)
            return []
        kind = StatementKind.HELP if triage.level in _HELP_LEVELS else StatementKind.CARE
        return [Statement(text=text, section=Section.HELP, kind=kind) for text, _part in messages]

    def _language(self, text: str) -> str:
        try:
            return detect(text, self.library.corpus_dir)
        except Exception:  # help in English is better than none
            return "en"

    def _evidence(self, conversation: Conversation, triage: Triage) -> Reply:
        """Draft the reply; when that breaks, say so and keep any help that was shown."""
        if triage.level is TriageLevel.CRISIS and not _asks_something(conversation, triage):
            return Reply(Behaviour.CRISIS, ())
        try:
            # Only what nobody in distress wrote may reach a chat model.
            return self._replies.reply(conversation, private=triage.level is not TriageLevel.NONE)
        except Exception as error:  # never a blank page, never a stack trace
            LOG.error("answering failed: %s", type(error).__name__)
            key = "degraded.retrieval" if triage.level in _HELP_LEVELS else "error.general"
            draft = Draft(self.library.messages.text(key), Section.SHORT_ANSWER, StatementKind.META)
            return Reply(Behaviour.ABSTAIN, (draft,), show_lines=True, degraded=("answering-failed",))

    def _checked(
        self, drafts: Sequence[Draft], run: _Run, lines: Sequence[CrisisLine], country: str
    ) -> Iterator[Statement]:
        """Locate quotes, and withhold what does not pass; an error in a check is a failed check."""
        fallback = self.library.messages.text("local_emergency")
        for draft in drafts:
            try:
                statement = self._citer.statement(draft)
                reason = None if draft.kind is StatementKind.META else self._output_guard(draft.text)
            except Exception as error:
                reason = f"check failed: {type(error).__name__}"
            if reason is not None:
                run.withheld.append(Withheld(text=draft.text, reason=reason))
                continue
            if statement.section is Section.ABOUT_YOU:
                text = localise(statement.text, lines, country, fallback)
                statement = statement.model_copy(update={"text": text})
            yield statement

    def _said_of_length(self, conversation: Conversation) -> tuple[Draft, ...]:
        """Return the sentence that says that a long message was read only in part."""
        if not conversation.was_cut:
            return ()
        text = self.library.messages.text("understood_cut")
        return (Draft(text, Section.SHORT_ANSWER, StatementKind.META),)

    def _show(self, run: _Run, statement: Statement) -> AnswerEvent:
        numbered = run.numbering.number(statement)
        run.statements.append(numbered)
        return AnswerEvent("statement", statement=numbered)

    def _finish(self, run: _Run, reply: Reply, triage: Triage, lines: Sequence[CrisisLine]) -> Answer:
        helped = triage.level in _HELP_LEVELS
        behaviour = reply.behaviour
        if helped:
            behaviour = Behaviour.EMERGENCY if triage.level is TriageLevel.EMERGENCY else Behaviour.CRISIS
        shown = bool(run.statements)
        if not shown:  # everything was withheld
            text = self.library.messages.text("abstain.no_source")
            self._show(run, Statement(text=text, section=Section.SHORT_ANSWER, kind=StatementKind.META))
            behaviour = Behaviour.ABSTAIN
        statements = tuple(run.statements)
        return Answer(
            behaviour=behaviour,
            text=plain_text(statements, reply.notices, self.library.messages),
            statements=statements,
            citations=run.numbering.citations(),
            verdict=reply.verdict,
            mentions=reply.mentions,
            notices=reply.notices,
            crisis_lines=tuple(lines) if helped or reply.show_lines else (),
            suggestions=reply.suggestions,
            triage=triage.level.label,
            fingerprint=self.library.fingerprint,
            trace=Trace(
                understood=reply.understood,
                stages=tuple(run.stages),
                scores=reply.scores,
                withheld=tuple(run.withheld),
                degraded=tuple(dict.fromkeys((*self._degraded, *reply.degraded))),
            ),
        )


def _asks_something(conversation: Conversation, triage: Triage) -> bool:
    """Tell whether the latest message asks a question besides what set the level."""
    return triage.turn < len(conversation.earlier) or "?" in conversation.question
