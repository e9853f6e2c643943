"""The two small linear models of the guard, and their inputs.

`asserts` says how far a sentence puts an unsupported claim forward as true;
`leans` how far a piece of a message leans on one. Each has a second set of
weights for when there are no vectors. `eval/train_claims.py` makes the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np

from rag.safety.claims import cues
from rag.safety.claims.bag import Matrix, bags
from rag.safety.claims.reference import Reference

Task = Literal["asserts", "leans"]
_VECTOR_SCALE, _NEAR_SCALE, _BAG_SCALE = 6.0, 5.0, 4.0  # inputs of like size, so that one penalty fits all


def cue_fingerprint() -> str:
    """Return a hash of the cue names: weights trained for other cues are refused."""
    return hashlib.sha256("\n".join(cues.NAMES).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Inputs:
    """What the models and the identity of the claim are computed from, one row per text."""

    vectors: Matrix | None
    similarity: Matrix
    matrix: Matrix


def inputs(texts: Sequence[str], vectors: Matrix | None, reference: Reference, *, leave_out: bool = False) -> Inputs:
    """Turn texts into model inputs; `leave_out` hides a register phrase from itself while training."""
    word_bags = bags(texts)
    similarity = reference.similarity(vectors, texts, leave_out=texts if leave_out else ())
    parts = [
        np.stack([cues.features(text) for text in texts]),
        reference.summary(similarity) * _NEAR_SCALE,
        word_bags * _BAG_SCALE,
    ]
    if vectors is not None:
        parts.append(vectors * _VECTOR_SCALE)
    return Inputs(vectors, similarity, np.hstack(parts).astype(np.float32))


@dataclass(frozen=True)
class Linear:
    """Weights, intercept, and the score from which the answer is yes."""

    weights: Matrix
    intercept: float
    threshold: float

    def margins(self, matrix: Matrix) -> Matrix:
        """Return by how much each row is beyond the threshold."""
        scores: Matrix = matrix @ self.weights + np.float32(self.intercept - self.threshold)
        return scores


class Weights:
    """The trained weights that ship with the package."""

    def __init__(self) -> None:
        with (
            files("rag.safety.claims").joinpath("weights.npz").open("rb") as handle,
            np.load(handle, allow_pickle=False) as stored,
        ):
            if str(stored["cues"]) != cue_fingerprint():
                message = "the claim weights were trained for other cues; run eval/train_claims.py"
                raise ValueError(message)
            self._models = {
                name: Linear(
                    stored[f"{name}.weights"].astype(np.float32),
                    float(stored[f"{name}.intercept"]),
                    float(stored[f"{name}.threshold"]),
                )
                for name in ("asserts.dense", "asserts.words", "leans.dense", "leans.words")
            }

    def model(self, task: Task, *, dense: bool) -> Linear:
        """Return the model of a task, with or without vectors."""
        return self._models[f"{task}.{'dense' if dense else 'words'}"]
