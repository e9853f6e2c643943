"""Decides the level of a conversation from phrases and classifier together."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np

from rag.safety.triage.classifier import Classifier, Floats, context_features, load_classifier, stack
from rag.safety.triage.lexicon import Lexicon, load_lexicon
from rag.safety.triage.records import Triage, TriageLevel
from rag.safety.triage.rules import Hit, Reading, read_message, sentence_texts

Vectors = Callable[[Sequence[str]], Floats]

_log = logging.getLogger(__name__)

# Quiet signals of a slow disclosure: their weights together, and how many kinds of them.
_POINTS_FOR_CRISIS = 5
_KINDS_FOR_CRISIS = 3
_HINT_POINTS = 1
# From this probability for the whole message, its sentences are judged one by one as well.
_WHOLE_AT_LEAST = 0.25
_MEMORY = 2048
# Sentences that the classifier reads by themselves; a longer message, or an older one, is read as a whole.
_MAX_SENTENCES = 12
_CLOSELY_READ_TURNS = 12
# Contexts in which the classifier needs to be surer, because embeddings do not see them well.
_DOUBTFUL = frozenset({"past", "past_firm", "statistics", "education", "worry", "helper", "bereaved", "media", "safe"})

NOTHING = Triage(TriageLevel.NONE, "none", (), third_person=False, turn=0, classifier_used=False)


@dataclass(frozen=True)
class _Scored:
    """The classifier's opinion of one message: the most alarming of the whole and its sentences."""

    flagged: float
    emergency: float


@dataclass(frozen=True)
class _Turn:
    """What one message says, taken alone."""

    level: TriageLevel
    kind: str
    reasons: tuple[str, ...]
    third_person: bool
    reading: Reading
    hinted: bool


class TriageModel:
    """Triage of whole conversations; safe to share between threads.

    Args:
        lexicon: Phrases and contexts.
        classifier: The second opinion.
    """

    def __init__(self, lexicon: Lexicon, classifier: Classifier) -> None:
        self._lexicon = lexicon
        self._classifier = classifier
        self._memory: OrderedDict[bytes, _Scored] = OrderedDict()
        self._memory_key = os.urandom(32)
        self._memory_of: Vectors | None = None
        self._lock = Lock()

    @classmethod
    def load(cls, lexicon_path: Path, weights_path: Path) -> TriageModel:
        """Read lexicon and weights.

        Raises:
            CorpusError: one of the files cannot be used. The assistant must not start without triage.
        """
        return cls(load_lexicon(lexicon_path), load_classifier(weights_path))

    def assess(self, user_messages: Sequence[str], embed: Vectors | None) -> Triage:
        """Return the level of a conversation.

        Never raises: if anything breaks, the phrases decide alone; if they cannot, it counts as a crisis.

        Args:
            user_messages: The person's own messages, oldest first; the last is the current one.
            embed: Embeds texts as unit vectors; without it, or if it fails, the phrases decide alone.
        """
        if not user_messages:
            return NOTHING
        try:
            readings = [read_message(self._lexicon, message) for message in user_messages]
            scores = self._scores(user_messages, readings, embed)
            return self._over_time(self._turns(readings, scores), scores is not None)
        except Exception as error:
            _log.error("triage failed (%s); what the phrases find decides", type(error).__name__)
            return self._by_phrases(user_messages)

    def _by_phrases(self, messages: Sequence[str]) -> Triage:
        """Judge without the classifier; what cannot be judged even so counts as a crisis, and help is shown."""
        try:
            readings = [read_message(self._lexicon, message) for message in messages]
            return self._over_time(self._turns(readings, None), classifier_used=False)
        except Exception:
            found = [(index, hit) for index, message in enumerate(messages) for hit in self._hits(message)]
            top = max(found, key=lambda item: item[1].level, default=None)
            if top is not None and top[1].level > TriageLevel.CRISIS:
                reasons = ("triage-error", f"phrase:{top[1].id}")
                return Triage(top[1].level, top[1].kind, reasons, top[1].third_person, top[0], False)
            return Triage(TriageLevel.CRISIS, "unknown", ("triage-error",), False, len(messages) - 1, False)

    def _hits(self, message: str) -> Sequence[Hit]:
        """Return what the phrases find in one message; nothing when it cannot be read."""
        try:
            return read_message(self._lexicon, message).hits
        except Exception:
            return ()

    # -- one message ---------------------------------------------------------------------------

    def _turns(self, readings: Sequence[Reading], scores: Sequence[_Scored] | None) -> list[_Turn]:
        if scores is None:
            return [self._turn(reading, None) for reading in readings]
        return [self._turn(reading, score) for reading, score in zip(readings, scores, strict=True)]

    def _turn(self, reading: Reading, score: _Scored | None) -> _Turn:
        top = reading.top
        reasons = tuple(f"phrase:{hit.id}" for hit in reading.hits)
        reasons += tuple(f"set-aside:{entry}" for entry in reading.softened)
        hinted = score is not None and score.flagged >= self._classifier.hint_at and not doubtful(reading)
        if top is not None and top.level >= TriageLevel.CRISIS:
            return _Turn(top.level, top.kind, reasons, top.third_person, reading, hinted)
        if score is not None and self._flags(reading, score):
            level = TriageLevel.EMERGENCY if score.emergency > score.flagged / 2 else TriageLevel.CRISIS
            kind = "medical" if level is TriageLevel.EMERGENCY else "suicidal-thoughts"
            reasons += (f"classifier:{score.flagged:.2f}",)
            return _Turn(level, kind, reasons, reading.third_person, reading, hinted)
        if top is not None:
            return _Turn(top.level, top.kind, reasons, top.third_person, reading, hinted)
        eased = TriageLevel.CONCERN if self._worth_a_word(reading) else TriageLevel.NONE
        return _Turn(eased, "distress" if eased else "none", reasons, reading.third_person, reading, hinted)

    def _flags(self, reading: Reading, score: _Scored) -> bool:
        if reading.says_safe:
            return False
        needed = self._classifier.flag_softened_at if doubtful(reading) else self._classifier.flag_at
        return score.flagged >= needed

    @staticmethod
    def _worth_a_word(reading: Reading) -> bool:
        """A personal past or denied crisis is answered with care, though nobody is in danger now."""
        personal = {"past", "past_firm", "safe"} & reading.contexts
        return bool(personal and reading.softened) and not reading.third_person

    # -- the conversation ----------------------------------------------------------------------

    def _over_time(self, turns: Sequence[_Turn], classifier_used: bool) -> Triage:
        """Walk through the turns: a level stays until the person says that they are safe."""
        held = Triage(TriageLevel.NONE, "none", (), False, 0, classifier_used)
        since = 0
        for index, turn in enumerate(turns):
            if turn.level >= TriageLevel.CRISIS and turn.level >= held.level:
                held = Triage(turn.level, turn.kind, turn.reasons, turn.third_person, index, classifier_used)
            elif turn.reading.says_safe and turn.level < TriageLevel.CRISIS and held.level > TriageLevel.CONCERN:
                reasons = (*turn.reasons, "person:says-safe")
                held = Triage(TriageLevel.CONCERN, held.kind, reasons, held.third_person, index, classifier_used)
                since = index + 1
            elif held.level < TriageLevel.CRISIS and (slow := _slow_disclosure(turns[since : index + 1])):
                held = Triage(TriageLevel.CRISIS, "suicidal-thoughts", slow, False, index, classifier_used)
            elif turn.level > held.level:
                held = Triage(turn.level, turn.kind, turn.reasons, turn.third_person, index, classifier_used)
        return held

    # -- the classifier ------------------------------------------------------------------------

    def _scores(
        self, messages: Sequence[str], readings: Sequence[Reading], embed: Vectors | None
    ) -> list[_Scored] | None:
        """Return one opinion for each message, or nothing when the classifier cannot be asked."""
        if embed is None:
            return None
        try:
            with self._lock:
                if self._memory_of is not None and self._memory_of != embed:
                    self._memory.clear()
                self._memory_of = embed
            closely = len(messages) - _CLOSELY_READ_TURNS
            return [
                self._score(message, reading, embed, closely=turn >= closely)
                for turn, (message, reading) in enumerate(zip(messages, readings, strict=True))
            ]
        except Exception:
            _log.warning("the triage classifier could not be asked; the phrases decide alone")
            return None

    def _score(self, message: str, reading: Reading, embed: Vectors, *, closely: bool) -> _Scored:
        """Score a message once; only a keyed digest of it is remembered, never its words."""
        digest = hashlib.blake2b(message.encode(errors="replace"), key=self._memory_key).digest()
        with self._lock:
            known = self._memory.get(digest)
        if known is not None:
            return known
        rows = self._rows([message], [reading], embed)
        parts = list(dict.fromkeys(sentence_texts(message))) if closely else []
        # The sentences of a calm message mean little torn out of it, and each costs an embedding.
        if len(parts) > 1 and rows[0, 2] + rows[0, 3] >= _WHOLE_AT_LEAST:
            parts = parts[:_MAX_SENTENCES]
            rows = np.vstack([rows, self._rows(parts, [read_message(self._lexicon, part) for part in parts], embed)])
        flagged = rows[:, 2] + rows[:, 3]
        best = int(flagged.argmax())
        scored = _Scored(float(flagged[best]), float(rows[best, 3]))
        with self._lock:
            self._memory[digest] = scored
            while len(self._memory) > _MEMORY:
                self._memory.popitem(last=False)
        return scored

    def _rows(self, texts: Sequence[str], readings: Sequence[Reading], embed: Vectors) -> Floats:
        """Return the classifier's probabilities, one row for each text."""
        contexts = stack([context_features(reading, text) for text, reading in zip(texts, readings, strict=True)])
        rows = self._classifier.probabilities(embed(texts), contexts)
        if not bool((rows >= 0).all()):
            raise ValueError("the classifier gave no probabilities")
        return rows


def doubtful(reading: Reading) -> bool:
    """Tell whether the context of a message speaks against danger, or the classifier hardly understands it."""
    return bool(reading.softened or reading.figurative or reading.contexts & _DOUBTFUL or not reading.english)


def _slow_disclosure(turns: Sequence[_Turn]) -> tuple[str, ...]:
    """Return the quiet signals that together make a crisis, or nothing."""
    weights: dict[str, int] = {}
    for turn in turns:
        if turn.reading.says_safe:
            continue
        for hit in turn.reading.hits:
            if hit.points and not hit.third_person:
                weights[hit.id] = hit.points
        if turn.hinted and not turn.reading.third_person:
            weights["classifier-hint"] = weights.get("classifier-hint", 0) + _HINT_POINTS
    heavy = any(points >= 2 for points in weights.values())
    enough = sum(weights.values()) >= _POINTS_FOR_CRISIS and len(weights) >= _KINDS_FOR_CRISIS
    return tuple(f"together:{name}" for name in weights) if enough and heavy else ()
