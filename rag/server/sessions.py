"""The conversation, held by the client and signed by the server.

The token that goes with each reply holds a keyed digest of every turn, the highest triage
level and how often in a row nothing was found. With it the turns that a client sends back
can be told from altered, added, missing or reordered ones, and no replica keeps anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.server.options import ServerSettings, secrets_of

logger = logging.getLogger(__name__)

Level = Literal["none", "concern", "crisis", "emergency"]
LEVELS: tuple[Level, ...] = ("none", "concern", "crisis", "emergency")

_VERSION = 1
_DIGEST_BYTES = 12
LONGEST_TOKEN = 32_768
_CLOCK_SKEW = 60.0


class Turn(BaseModel):
    """One turn as client and server exchange it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["user", "assistant"]
    content: str = Field(max_length=60_000)
    citations: tuple[str, ...] = Field((), max_length=200, description="Ids of the cited passages, by number.")


class ConversationInvalidError(Exception):
    """The turns are not those that were signed, or the token is not ours or too old."""


@dataclass(frozen=True)
class State:
    """What the token says of a conversation so far."""

    highest: Level = "none"
    abstained: int = 0


class _Payload(BaseModel):
    """What is signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1]
    site: str
    issued: int
    turns: tuple[str, ...]
    highest: Level
    abstained: int = Field(ge=0)


class Conversations:
    """Signs and checks conversations.

    Args:
        secrets_: The first signs; all are accepted, so that a secret can be replaced.
        max_turns: How many of the newest turns are signed.
        max_age: Seconds for which a token is accepted.
        clock: Tells the time.
    """

    def __init__(
        self,
        secrets_: Sequence[str],
        *,
        max_turns: int,
        max_age: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = [hashlib.sha256(b"conversation\0" + secret.encode()).digest() for secret in secrets_]
        self._max_turns = max_turns
        self._max_age = max_age
        self._clock = clock

    @classmethod
    def from_options(cls, options: ServerSettings, max_turns: int) -> Conversations:
        """Take the secrets from the settings, or make one for this process and say so."""
        given = secrets_of(options.conversation_secret)
        if not given:
            logger.warning(
                "KRATOM_EVIDENCE_CONVERSATION_SECRET is not set: this process signs conversations with a secret of its "
                "own, so they end with it and other replicas refuse them. Set it to the same value everywhere."
            )
            given = (secrets.token_hex(32),)
        return cls(given, max_turns=max_turns, max_age=options.conversation_hours * 3600)

    def sign(self, turns: Sequence[Turn], site: str, state: State) -> str:
        """Return the token for the turns so far."""
        key = self._keys[0]
        newest = turns[-self._max_turns :]
        payload = _Payload(
            v=_VERSION,
            site=site,
            issued=int(self._clock()),
            turns=tuple(_digest(key, turn) for turn in newest),
            highest=state.highest,
            abstained=state.abstained,
        )
        body = _encode(payload.model_dump_json().encode())
        return f"{body}.{_signature(key, body)}"

    def check(self, token: str | None, turns: Sequence[Turn], site: str) -> State:
        """Return what a token says of these turns; nothing, where a conversation begins.

        Raises:
            ConversationInvalidError: the turns are not exactly those that were signed for this site.
        """
        if token is None:
            if turns:
                raise ConversationInvalidError
            return State()
        key, payload = self._open(token)
        # Clocks of replicas differ a little.
        if payload.site != site or not -_CLOCK_SKEW <= self._clock() - payload.issued <= self._max_age:
            raise ConversationInvalidError
        signed = len(payload.turns)
        # Only turns that the signed ones have pushed out may stand before them.
        fits = len(turns) == signed or (len(turns) > signed >= self._max_turns)
        digests = [_digest(key, turn) for turn in turns[len(turns) - signed :]] if fits else []
        if not fits or not _same(digests, payload.turns):
            raise ConversationInvalidError
        return State(payload.highest, payload.abstained)

    def _open(self, token: str) -> tuple[bytes, _Payload]:
        body, _, signature = token.partition(".")
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise ConversationInvalidError
        for key in self._keys:
            if hmac.compare_digest(_signature(key, body), signature):
                try:
                    return key, _Payload.model_validate_json(_decode(body))
                except (ValidationError, ValueError):
                    break
        raise ConversationInvalidError


def higher(one: str, other: str) -> Level:
    """Return the more urgent of two levels; an unknown one counts as a crisis."""
    ranks = [LEVELS.index(level) if level in LEVELS else LEVELS.index("crisis") for level in (one, other)]
    return LEVELS[max(ranks)]


def _digest(key: bytes, turn: Turn) -> str:
    text = json.dumps([turn.role, turn.content, list(turn.citations)], ensure_ascii=True)
    return _encode(hmac.new(key, text.encode(), hashlib.sha256).digest()[:_DIGEST_BYTES])


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(one) == len(other) and hmac.compare_digest("".join(one), "".join(other))


def _signature(key: bytes, body: str) -> str:
    return _encode(hmac.new(key, body.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
