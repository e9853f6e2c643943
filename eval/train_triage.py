"""Trains the triage classifier and writes its weights and card.

    python -m eval.train_triage

Learns from the `train` and `dev` rows of `eval/data/triage.jsonl`, from `triage_more.jsonl`
and, as calm messages, from the `asks` of the briefs (those about danger left out, which are
often calls for help) and from the questions of other training sets. Thresholds come from
grouped cross-validation, so that no family of paraphrases is on both sides; the `test` rows are
never read. Fixed seed: the same data gives the same file.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier

from rag.safety.triage import WEIGHTS_PATH, TriageLevel, Vectors
from rag.safety.triage.classifier import LABELS, context_features
from rag.safety.triage.lexicon import Lexicon, load_lexicon
from rag.safety.triage.model import doubtful
from rag.safety.triage.rules import read_message

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "eval" / "data" / "triage.jsonl"
MORE_DATA = DATA.with_name("triage_more.jsonl")
CALM_DATA = (DATA.with_name("answerable.jsonl"), DATA.with_name("dose_train.jsonl"))
# Briefs whose ways of asking are often calls for help, so that "calm" would be the wrong label.
DANGER_TOPICS = frozenset({"crisis", "suicide", "overdose", "poisoning", "seizure", "respiratory", "death"})
DANGER_BRIEFS = frozenset(
    "serotonin-syndrome-and-kratom kratom-liver kratom-heart-attack kratom-heart perinatal-depression"
    " kratom-worsen-depression depression-when-to-get-help kratom-withdrawal-symptoms".split()
)
LEXICON = ROOT / "corpus" / "triage.yaml"
BRIEFS = ROOT / "corpus" / "briefs"
SEED = 20261122
FOLDS = 4
NETWORKS, HIDDEN_UNITS, DECAY, EPOCHS = 3, 128, 1e-2, 40
HINT_AT = 0.45
# False alarms that the classifier alone may add: look-alikes, ordinary asks, doubtful contexts.
ALLOWED_HARD, ALLOWED_ASKS, ALLOWED_DOUBTFUL = 0.05, 0.006, 0.015

Array = npt.NDArray[Any]


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


def read_calm(folder: Path = BRIEFS) -> list[tuple[str, str]]:
    """Return (family, text) of calm messages: ways of asking, and questions of other training sets."""
    found = []
    for path in sorted(folder.glob("*.md")):
        head = yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])
        if path.stem not in DANGER_BRIEFS and not DANGER_TOPICS.intersection(head["topics"]):
            found += [(f"ask-{path.stem}", str(ask)) for ask in head["asks"]]
    for data in CALM_DATA:
        found += [(f"calm-{row['group']}", row["question"]) for row in read_rows(data)]
    return found


def gather(lexicon: Lexicon) -> Examples:
    """Put the rows and the calm messages together; calm ones that the phrases flag are left out."""
    rows = [row for row in read_rows() + read_rows(MORE_DATA) if row["split"] != "test"]
    calm = [
        (family, text) for family, text in read_calm() if read_message(lexicon, text).level < TriageLevel.CRISIS
    ]  # fmt: skip
    return Examples(
        texts=tuple(row["text"] for row in rows) + tuple(text for _, text in calm),
        labels=tuple(LABELS.index(row["level"]) for row in rows) + (0,) * len(calm),
        families=tuple(row["family"] for row in rows) + tuple(family for family, _ in calm),
        is_ask=(False,) * len(rows) + (True,) * len(calm),
    )


@dataclass(frozen=True)
class Ensemble:
    """A few networks that differ in their random start."""

    networks: tuple[MLPClassifier, ...]

    def predict_proba(self, features: Array) -> Array:
        """Return the mean of their probabilities."""
        return np.asarray(np.mean([network.predict_proba(features) for network in self.networks], axis=0))

    def arrays(self) -> dict[str, Any]:
        """Return the weights as the product reads them, in half precision."""
        layers = [(*network.coefs_, *network.intercepts_) for network in self.networks]
        hidden, output, hidden_bias, output_bias = (
            np.stack(part).astype(np.float16) for part in zip(*layers, strict=True)
        )
        return {"hidden": hidden, "hidden_bias": hidden_bias, "output": output, "output_bias": output_bias}


def fit(features: Array, labels: npt.NDArray[np.int64]) -> Ensemble:
    """Fit one classifier."""
    options = {"alpha": DECAY, "max_iter": EPOCHS, "learning_rate_init": 2e-3, "batch_size": 128}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the limit on purpose
        return Ensemble(
            tuple(
                MLPClassifier((HIDDEN_UNITS,), random_state=SEED + number, **options).fit(features, labels)
                for number in range(NETWORKS)
            )
        )


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
    features = np.hstack([embed(examples.texts), contexts]).astype(np.float32)
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
        **model.arrays(),
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

The mean of {NETWORKS} networks with {HIDDEN_UNITS} hidden units: 384 dimensions of all-MiniLM-L6-v2 and
19 yes/no contexts from the phrase lexicon in, four labels out. A second opinion beside the phrases; it can raise a
level and never lower one.

- Made by `python -m eval.train_triage`, seed {SEED}, from `eval/data/triage.jsonl` and
  `triage_more.jsonl` (sha256 {digest} of both,
  rows `train` and `dev`) and calm messages (asks of briefs not about danger, questions of other
  training sets): {counts}.
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
