"""One question put to the assistant, for every interface: its events, its numbers, its refusals."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rag.answering.country import lines_for
from rag.records import Answer, Behaviour
from rag.server.api.context import Api
from rag.server.api.models import ChatReply, Offer, Reason
from rag.server.api.problems import ProblemError
from rag.server.limits import AnswerTimeoutError, BusyError
from rag.server.logs import place_of
from rag.server.sessions import ConversationInvalidError, State, Turn, higher
from rag.server.sites import Site
from rag.server.turns import AnswerEvent

logger = logging.getLogger(__name__)

_ABSTENTIONS_UNTIL_OFFER = 2
_BUSY_RETRY = 5


NEW = State()


@dataclass(frozen=True)
class Asked:
    """A question with what came before it.

    Attributes:
        interface: Which interface it came through, for the numbers.
        site: For which site.
        question: What the person wrote.
        country: Whose crisis lines are shown.
        history: Earlier turns.
        state: What the signed token says of them.
    """

    interface: str
    site: Site
    question: str
    country: str
    history: tuple[Turn, ...] = ()
    state: State = NEW


async def answer_events(api: Api, asked: Asked) -> AsyncGenerator[AnswerEvent, None]:
    """Yield the events of an answer; the last one is `done`.

    Raises:
        ProblemError: there is no free place, it took too long, or something broke.
    """
    history = [{"role": turn.role, "content": turn.content} for turn in asked.history]
    start, first, done = time.perf_counter(), True, False
    try:
        stream = api.pool.events(lambda: api.assistant.stream(asked.question, history, asked.country))
        async with aclosing(stream) as events:
            async for event in events:
                if first and event.kind in ("statement", "done"):
                    first = False
                    api.metrics.first_statement(time.perf_counter() - start)
                if event.kind == "done" and event.answer is not None:
                    done = True
                    api.metrics.answer(event.answer, asked.site.label, asked.interface, time.perf_counter() - start)
                yield event
        if not done:
            raise RuntimeError("the answer ended early")
    except BusyError:
        raise _refused(api, asked, ProblemError("busy", retry_after=_BUSY_RETRY)) from None
    except AnswerTimeoutError:
        raise _refused(api, asked, ProblemError("timed-out")) from None
    except Exception as error:
        # The message of an error may quote the question, so only its type and place are logged.
        logger.error("no answer: %s", place_of(error))
        raise _refused(api, asked, ProblemError("failed")) from None


async def whole_answer(api: Api, asked: Asked) -> Answer:
    """Return the answer when it is complete; raises as `answer_events` does."""
    answer: Answer | None = None
    async with aclosing(answer_events(api, asked)) as events:
        async for event in events:
            answer = event.answer if event.kind == "done" else answer
    if answer is None:
        raise ProblemError("failed")
    return answer


def checked_state(api: Api, token: str | None, turns: Sequence[Turn], site: Site) -> State:
    """Return what the token says of the turns.

    Raises:
        ProblemError: the turns are not those that this server signed.
    """
    try:
        return api.conversations.check(token, turns, site.label)
    except ConversationInvalidError:
        raise ProblemError("conversation-invalid") from None


def reply_of(api: Api, asked: Asked, answer: Answer) -> ChatReply:
    """Return the reply to send, with the conversation signed anew."""
    highest = higher(asked.state.highest, answer.triage)
    abstained = asked.state.abstained + 1 if answer.behaviour is Behaviour.ABSTAIN else 0
    lines = answer.crisis_lines
    if not lines and highest in ("crisis", "emergency"):
        lines = lines_for(api.library.crisis_lines, asked.country)
    turns = (
        Turn(role="user", content=asked.question),
        Turn(role="assistant", content=answer.text, citations=tuple(c.passage_id for c in answer.citations)),
    )
    state = State(highest, abstained)
    return ChatReply(
        id=f"a_{secrets.token_urlsafe(9)}",
        **_shown(answer),
        degraded=api.degraded(answer.trace.degraded),
        crisis_lines=lines,
        highest_triage=highest,
        handover=_offer(api.handover_kind(asked.site) is not None, answer, abstained),
        turns=turns,
        conversation=api.conversations.sign((*asked.history, *turns), asked.site.label, state),
    )


def _shown(answer: Answer) -> dict[str, object]:
    names = ("behaviour", "text", "verdict", "mentions", "statements", "citations", "notices", "suggestions")
    return {name: getattr(answer, name) for name in (*names, "triage", "fingerprint")}


def _offer(available: bool, answer: Answer, abstained: int) -> Offer:
    reason: Reason | None = None
    if answer.behaviour is Behaviour.HAND_OVER:
        reason = "asked"
    elif (level := higher("none", answer.triage)) != "none":
        reason = level
    elif abstained >= _ABSTENTIONS_UNTIL_OFFER:
        reason = "abstained"
    return Offer(available=available, offered=available and reason is not None, reason=reason)


def _refused(api: Api, asked: Asked, problem: ProblemError) -> ProblemError:
    api.metrics.refusal(asked.interface, problem.code)
    return problem
