"""A small classifier over the message embedding, for what the phrases do not know.

The mean of a few small neural networks with one hidden layer, on the embedding and on
the contexts the lexicon found (a statistic, a song, something past ...). It never sees which phrases matched, so that
it stays a second opinion. Trained by `eval/train_triage.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.errors import CorpusError, Problem
from rag.safety.triage.rules import Reading

Floats = npt.NDArray[np.float32]

CONTEXT_FEATURES = (
    "past", "past_firm", "present", "resolved", "media", "statistics", "education", "worry", "helper", "bereaved",
    "general", "ongoing", "definite", "safe",
)  # fmt: skip
_OTHER_FEATURES = ("figurative", "question", "third_person", "first_person", "short")
_PARTS = ("hidden", "hidden_bias", "output", "output_bias")
LABELS = ("none", "concern", "crisis", "emergency")


def context_features(reading: Reading, message: str) -> Floats:
    """Return what the lexicon knows of the context of a message, as numbers."""
    plain = " ".join(reading.plain)
    words = plain.split()
    others = (
        reading.figurative,
        "?" in message,
        reading.third_person,
        any(word in ("i", "me", "my", "myself", "yo", "mi") for word in words),
        len(words) < 5,
    )
    flags = [name in reading.contexts for name in CONTEXT_FEATURES] + list(others)
    return np.asarray(flags, dtype=np.float32)


FEATURES = 384 + len(CONTEXT_FEATURES) + len(_OTHER_FEATURES)


@dataclass(frozen=True)
class Classifier:
    """Weights and thresholds; n networks of h hidden units.

    Attributes:
        hidden: Weights into the hidden layers, shape (n, features, h).
        hidden_bias: Shape (n, h).
        output: Weights out of them, shape (n, h, labels).
        output_bias: Shape (n, labels).
        flag_at: Probability of crisis or emergency from which a message is flagged.
        flag_softened_at: The same where a phrase was found but taken out of force by its context.
        hint_at: Probability from which a message counts as a quiet signal.
    """

    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    flag_at: float
    flag_softened_at: float
    hint_at: float

    def probabilities(self, vectors: Floats, contexts: Floats) -> Floats:
        """Return one row of probabilities, in the order of `LABELS`, for each message."""
        inputs = np.hstack([vectors, contexts])
        total = np.zeros((len(inputs), len(LABELS)), dtype=np.float32)
        for hidden, hidden_bias, output, output_bias in zip(
            self.hidden, self.hidden_bias, self.output, self.output_bias, strict=True
        ):
            logits = np.maximum(inputs @ hidden + hidden_bias, 0) @ output + output_bias
            shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
            total += shifted / shifted.sum(axis=1, keepdims=True)
        return np.asarray(total / len(self.hidden), dtype=np.float32)


def load_classifier(path: Path) -> Classifier:
    """Read the weights file.

    Raises:
        CorpusError: the file is missing or does not hold weights of the right shape.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            parts = {name: stored[name].astype(np.float32) for name in _PARTS}
            classifier = Classifier(
                **parts,
                flag_at=float(stored["flag_at"]),
                flag_softened_at=float(stored["flag_softened_at"]),
                hint_at=float(stored["hint_at"]),
            )
        networks, features, units = classifier.hidden.shape
        if features != FEATURES or classifier.output.shape != (networks, units, len(LABELS)):
            raise ValueError(f"weights have the shape {classifier.hidden.shape}")
        if not all(np.isfinite(part).all() for part in parts.values()):
            raise ValueError("weights are not finite")
        return classifier
    except (OSError, ValueError, KeyError) as error:
        problem = Problem(path.name, 1, f"the triage weights cannot be used: {error}", "run eval/train_triage.py")
        raise CorpusError([problem]) from error


def stack(features: Sequence[Floats]) -> Floats:
    """Put rows of context features under each other."""
    return np.vstack(features) if features else np.zeros((0, FEATURES - 384), dtype=np.float32)
