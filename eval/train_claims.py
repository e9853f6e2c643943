"""Trains the two linear models of the claim guard and writes their weights.

    python -m eval.train_claims

Learns from the register, the `dev` rows of `eval/data/claims.jsonl`, claims put into the frames of
`claims_frames.yaml` ("doctors agree that ...", "it would be wrong to say that ..."), and, as text
that must pass, the sentences of the briefs and notes. Thresholds come from cross-validation grouped by
brief and source, so that a threshold is never set on wordings that were learnt. The `test`
rows are never read. Fixed seed: the same data gives the same weights.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.linear_model import LogisticRegression

from rag.library.library import Library, load_library
from rag.records import Brief, Claim
from rag.retrieval.embeddings import load_embedder
from rag.safety.claims.cues import is_imperative
from rag.safety.claims.guard import Vectors
from rag.safety.claims.model import cue_fingerprint, inputs
from rag.safety.claims.reference import Reference, named, reference_texts
from rag.safety.stance import Stance, attributes_to_people, limits_evidence, normalise, stance
from rag.settings import Settings
from rag.text import split_sentences

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "eval" / "data" / "claims.jsonl"
FRAMES = DATA.with_name("claims_frames.yaml")
WEIGHTS = ROOT / "rag" / "safety" / "claims" / "weights.npz"
SEED = 20261122
FOLDS = 5
FRAMED_WEIGHT = 0.1  # a framed claim teaches the frame; it is no new claim
_LONGEST_FRAMED = 18  # words
PENALTY = 0.3
# Share of fair sentences (asserts) and of ordinary questions (leans) that may be caught, in cross-validation.
ALLOWED = {"asserts": 0.045, "leans": 0.08}

_NAMES = frozenset("I St Zaza Prozac Zoloft Suboxone Paxil Effexor Malaysia Ashwagandha Buprenorphine".split())

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    """One text to learn from; texts of one family are never on both sides of a fold."""

    text: str
    label: int
    family: str
    weight: float
    counts: bool  # whether the threshold is set on it


def read_rows(split: str, path: Path = DATA) -> list[dict[str, Any]]:
    """Read the rows of one split."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if row["split"] == split]


def brief_sentences(brief: Brief, *, care: bool) -> Iterable[str]:
    """Yield the sentences of a brief: the cited ones, or the care wording."""
    points = brief.about_you if care else (*brief.short_answer, *brief.evidence, *brief.unknowns)
    return (text for point in points for sentence in point.sentences for text in split_sentences(sentence.text))


def legitimate_texts(library: Library) -> list[tuple[str, str]]:
    """Return (owner, sentence) for every cited brief sentence and every sentence of the notes."""
    rows = [(brief.id, text) for brief in library.briefs.values() for text in brief_sentences(brief, care=False)]
    rows += [(p.source_id, text) for p in library.passages.values() for text in split_sentences(p.text)]
    return rows


def family(claim: Claim) -> str:
    """Return what claims answered by one brief share."""
    return claim.brief or claim.id


def assert_examples(library: Library) -> list[Example]:
    """Collect what the output side learns from."""
    rows: list[Example] = []
    for claim in library.claims.values():
        rows += [Example(text, 1, family(claim), 1.6, True) for text in (claim.claim, *claim.asserts)]
        rows += [Example(text, 0, family(claim), 2.0, True) for text in claim.fair]
        rows += [Example(text, 0, family(claim), 2.0, False) for text in split_sentences(claim.correction)]
    for row in read_rows("dev"):
        if row["kind"] in {"assert", "fair"}:
            label = int(row["kind"] == "assert")
            rows.append(
                Example(row["text"], label, family(library.claims[row["claim_id"]]), 1.6 if label else 2.0, True)
            )
        elif row["kind"] == "neutral" and row["text"].endswith("."):
            rows.append(Example(row["text"], 0, row["text"], 2.0, True))
    rows += [Example(text, 0, owner, 0.4, False) for owner, text in legitimate_texts(library)]
    rows += [
        Example(text, 0, b.id, 1.0, False) for b in library.briefs.values() for text in brief_sentences(b, care=True)
    ]
    return rows + framed_examples(rows)


def framed_examples(examples: Sequence[Example], path: Path = FRAMES) -> list[Example]:
    """Put each plain assertion into one frame that asserts it and one that does not."""
    frames = yaml.safe_load(path.read_text(encoding="utf-8"))
    choose = random.Random(SEED)
    rows = []
    for example in examples:
        if example.label and _is_plain(example.text):
            for label, kind in ((1, "asserts"), (0, "fair")):
                text = choose.choice(frames[kind]).format(_as_clause(example.text))
                rows.append(Example(text, label, example.family, FRAMED_WEIGHT, False))
    return rows


def _is_plain(text: str) -> bool:
    """Say whether a text is one short statement that can stand after "that"."""
    short = len(text.split()) < _LONGEST_FRAMED and len(split_sentences(text)) == 1
    return short and text[0].isupper() and not re.search(r"[?:]", text) and not is_imperative(text)


def _as_clause(text: str) -> str:
    """Return a sentence as it stands inside another: no full stop, small first letter unless it is a name."""
    first = text.split()[0]
    keeps = any(letter.isupper() for letter in first[1:]) or first in _NAMES
    return (text if keeps else text[0].lower() + text[1:]).rstrip(".! ")


def lean_examples(library: Library) -> list[Example]:
    """Collect what the question side learns from: ordinary questions are those of briefs that answer no claim."""
    rows: list[Example] = []
    for claim in library.claims.values():
        rows += [Example(text, 1, family(claim), 1.5, True) for text in (*claim.asked_as, claim.claim, *claim.asserts)]
        rows += [Example(text, 0, family(claim), 0.7, False) for text in claim.fair]
    for row in read_rows("dev"):
        if row["kind"] in {"ask", "assert"}:
            rows.append(Example(row["text"], 1, family(library.claims[row["claim_id"]]), 1.5, True))
        elif row["kind"] == "neutral":
            rows.append(Example(row["text"], 0, row["text"], 2.5, True))
    rows += [Example(ask, 0, b.id, 1.5, True) for b in library.briefs.values() if not b.claims for ask in b.asks]
    return rows


def train(library: Library, embed: Vectors, path: Path = WEIGHTS) -> dict[str, float]:
    """Train all four sets of weights, write them, and return the cross-validated recall of each."""
    claims = tuple(library.claims.values())
    reference = np.asarray(embed(reference_texts(claims)), dtype=np.float32)
    stored: dict[str, Any] = {"cues": np.array(cue_fingerprint())}
    recall: dict[str, float] = {}
    for task, examples in (("asserts", assert_examples(library)), ("leans", lean_examples(library))):
        texts = [named(example.text) for example in examples]
        for name, vectors, rows in (
            ("dense", np.asarray(embed(texts), dtype=np.float32), reference),
            ("words", None, None),
        ):
            matrix = inputs(texts, vectors, Reference(claims, rows), leave_out=True).matrix
            model, threshold, found = _fit(
                examples, matrix, ALLOWED[task], _passed_anyway if task == "asserts" else None
            )
            stored[f"{task}.{name}.weights"] = model.coef_[0].astype(np.float32)
            stored[f"{task}.{name}.intercept"] = np.float32(model.intercept_[0])
            stored[f"{task}.{name}.threshold"] = np.float32(threshold)
            recall[f"{task}.{name}"] = found
    np.savez_compressed(path, **stored)
    return recall


def _passed_anyway(text: str) -> bool:
    """Say whether the rules let the sentence pass whatever the score."""
    kind = stance(text)
    said = normalise(text)
    if kind is Stance.ATTRIBUTES:
        return attributes_to_people(said)
    return kind is Stance.LIMITS and limits_evidence(said)


def _fit(
    examples: Sequence[Example], matrix: Array, allowed: float, passed: Callable[[str], bool] | None
) -> tuple[LogisticRegression, float, float]:
    """Return the model fitted on all rows, the cross-validated threshold, and the recall at it."""
    labels = np.array([e.label for e in examples])
    weights = np.array([e.weight for e in examples])
    fold = np.array([int(hashlib.sha256(e.family.encode()).hexdigest(), 16) % FOLDS for e in examples])
    scores = np.zeros(len(examples))
    for k in range(FOLDS):
        kept = fold != k
        scores[~kept] = _regression().fit(matrix[kept], labels[kept], weights[kept]).decision_function(matrix[~kept])
    if passed is not None:
        scores[[i for i, e in enumerate(examples) if passed(e.text)]] = -99.0
    counts = np.array([e.counts for e in examples])
    threshold = float(np.quantile(scores[counts & (labels == 0)], 1 - allowed))
    found = float((scores[counts & (labels == 1)] > threshold).mean())
    return _regression().fit(matrix, labels, weights), threshold, found


def _regression() -> LogisticRegression:
    return LogisticRegression(C=PENALTY, max_iter=3000)


def main() -> None:
    """Train with the verified model and print what cross-validation found."""
    settings = Settings()
    recall = train(load_library(ROOT / "corpus"), load_embedder(settings, threads=1))
    for name, share in recall.items():
        sys.stdout.write(
            f"{name}: recall {share:.3f} at {ALLOWED[name.split('.')[0]]:.0%} false alarms, families held out\n"
        )


if __name__ == "__main__":
    main()
