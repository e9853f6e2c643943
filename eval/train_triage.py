"""Trains the triage classifier and writes its weights and card.

    python -m eval.train_triage

Learns from the `train` and `dev` rows of `eval/data/triage.jsonl`, from `triage_more.jsonl`
(`train` only) and, as ordinary questions, from the `asks` of the briefs. Thresholds come from
grouped cross-validation, so that no family of paraphrases is on both sides; the `test` rows are
never read. Fixed seed: the same data gives the same file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from rag.safety.triage import WEIGHTS_PATH, TriageLevel, Vectors
from rag.safety.triage.classifier import LABELS, context_features
from rag.safety.triage.lexicon import Lexicon, load_lexicon
from rag.safety.triage.model import doubtful
from rag.safety.triage.rules import read_message

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "eval" / "data" / "triage.jsonl"
MORE_DATA = DATA.with_name("triage_more.jsonl")
LEXICON = ROOT / "corpus" / "triage.yaml"
BRIEFS = ROOT / "corpus" / "briefs"
SEED = 20261122
FOLDS = 5
REGULARISATION = 3.0
HINT_AT = 0.45
# False alarms that the classifier alone may add: look-alikes, ordinary asks, doubtful contexts.
ALLOWED_HARD, ALLOWED_ASKS, ALLOWED_DOUBTFUL = 0.06, 0.003, 0.015

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """What the classifier learns from."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    families: tuple[str, ...]
    is_ask: tuple[bool, ...]


def read_rows(path: Path = DATA) -> list[dict[str, Any]]:
    """Read the examples of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_asks(folder: Path = BRIEFS) -> list[tuple[str, str]]:
    """Return (brief id, way of asking) for all briefs."""
    found = []
    for path in sorted(folder.glob("*.md")):
        head = yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])
        found += [(path.stem, str(ask)) for ask in head["asks"]]
    return found


def gather(lexicon: Lexicon) -> Examples:
    """Put the rows and the briefs' asks together; asks that the phrases flag are left out."""
    rows = [row for row in read_rows() + read_rows(MORE_DATA) if row["split"] != "test"]
    asks = [
        (brief, ask) for brief, ask in read_asks() if read_message(lexicon, ask).level < TriageLevel.CRISIS
    ]  # fmt: skip
    return Examples(
        texts=tuple(row["text"] for row in rows) + tuple(ask for _, ask in asks),
        labels=tuple(LABELS.index(row["level"]) for row in rows) + (0,) * len(asks),
        families=tuple(row["family"] for row in rows) + tuple(f"ask-{brief}" for brief, _ in asks),
        is_ask=(False,) * len(rows) + (True,) * len(asks),
    )


def fit(features: Array, labels: npt.NDArray[np.int64]) -> LogisticRegression:
    """Fit one classifier."""
    model = LogisticRegression(C=REGULARISATION, max_iter=2000, random_state=SEED)
    return model.fit(features, labels)


def held_out(features: Array, labels: npt.NDArray[np.int64], families: Sequence[str]) -> Array:
    """Return the probability of crisis or emergency of each row, from a model that never saw its family."""
    scores = np.zeros(len(labels))
    for train, rest in GroupKFold(FOLDS).split(features, labels, families):
        probabilities = fit(features[train], labels[train]).predict_proba(features[rest])
        scores[rest] = probabilities[:, 2] + probabilities[:, 3]
    return scores


def threshold(scores: Array, allowed: float) -> float:
    """Return the lowest threshold at which at most the allowed share of these rows is flagged."""
    ordered = np.sort(scores)[::-1]
    return float(np.floor(ordered[int(len(ordered) * allowed)] * 200 + 1) / 200) if len(ordered) else 1.0


def train(embed: Vectors, weights_path: Path = WEIGHTS_PATH) -> dict[str, float]:
    """Train, write the weights and the card, and return the thresholds."""
    lexicon = load_lexicon(LEXICON)
    examples = gather(lexicon)
    readings = [read_message(lexicon, text) for text in examples.texts]
    contexts = np.stack([context_features(r, t) for r, t in zip(readings, examples.texts, strict=True)])
    features = np.hstack([embed(examples.texts), contexts]).astype(np.float64)
    labels = np.asarray(examples.labels)
    scores = held_out(features, labels, examples.families)
    is_ask = np.asarray(examples.is_ask)
    unsure = np.asarray([doubtful(reading) for reading in readings])
    calm = labels == 0
    thresholds = {
        "flag_at": max(
            threshold(scores[calm & ~is_ask & ~unsure], ALLOWED_HARD), threshold(scores[is_ask & ~unsure], ALLOWED_ASKS)
        ),
        "flag_softened_at": threshold(scores[calm & unsure], ALLOWED_DOUBTFUL),
        "hint_at": HINT_AT,
    }
    # Where a context speaks against danger, half of the remaining doubt has to go.
    thresholds["flag_softened_at"] = max(thresholds["flag_softened_at"], (1 + thresholds["flag_at"]) / 2)
    model = fit(features, labels)
    np.savez(
        weights_path,
        weights=model.coef_.astype(np.float32),
        bias=model.intercept_.astype(np.float32),
        flag_at=np.float32(thresholds["flag_at"]),
        flag_softened_at=np.float32(thresholds["flag_softened_at"]),
        hint_at=np.float32(thresholds["hint_at"]),
    )
    recall = float((scores[(labels >= 2) & ~unsure] >= thresholds["flag_at"]).mean())
    _write_card(weights_path.with_name("CARD.md"), thresholds, recall, examples)
    return thresholds


def _write_card(path: Path, thresholds: dict[str, float], recall: float, examples: Examples) -> None:
    digest = hashlib.sha256(DATA.read_bytes() + MORE_DATA.read_bytes()).hexdigest()[:16]
    counts = ", ".join(f"{label} {examples.labels.count(i)}" for i, label in enumerate(LABELS))
    path.write_text(
        f"""# Triage classifier

Multinomial logistic regression: 384 dimensions of all-MiniLM-L6-v2 and 19 yes/no contexts
from the phrase lexicon, four labels. A second opinion beside the phrases; it can raise a
level and never lower one.

- Made by `python -m eval.train_triage`, seed {SEED}, from `eval/data/triage.jsonl` and
  `triage_more.jsonl` (sha256 {digest} of both,
  rows `train` and `dev`) and the `asks` of the briefs: {counts}.
- The examples were written for this project, by nobody in crisis and without a clinician.
  They are English, with little Spanish; for text without English words it needs the higher threshold.
- Flags from {thresholds["flag_at"]:.3f}; from {thresholds["flag_softened_at"]:.3f} where a context speaks against
  danger (a statistic, a song, something past); a quiet signal from {thresholds["hint_at"]:.2f}.
- Alone, on families it never saw, it finds {recall:.0%} of the crisis and emergency rows;
  `python -m eval.triage_report` measures phrases and classifier together.
- `dev` rows are learned from, so the report on `dev` says little about voices it has not heard.
- Not a diagnosis and not a risk score of a person. It decides only whether help is shown first.
""",
        encoding="utf-8",
    )


def main() -> int:
    """Train with the pinned embedding model."""
    from rag.retrieval.embeddings import load_embedder
    from rag.settings import Settings

    chosen = train(load_embedder(Settings(), threads=1))
    sys.stdout.write(json.dumps(chosen) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
