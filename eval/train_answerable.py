"""Trains the decision whether the corpus can answer: `python -m eval.train_answerable`.

Reads `eval/data/answerable.jsonl` and the ways of asking in the briefs, chooses the
threshold on the `dev` rows of `scope.jsonl` and `retrieval.jsonl`, and writes
`rag/answering/answerable.json`. Same data, same corpus: same file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rag.answering.answerable import AMOUNT_HEAD, HEADS, WEIGHTS, Answerability, standalone
from rag.answering.mentions import MedicineNames
from rag.answering.understand import Understanding
from rag.assembly import extra_texts, vocabulary
from rag.library import load_library
from rag.retrieval.retriever import Searcher
from rag.settings import Settings

DATA = Path(__file__).parent / "data"
_REFUSED_AT_MOST = 0.02
_FALSE_AMOUNTS = 0.015
_SEED = 0
_WORD_FEATURES = (
    "brief_words", "uncovered_share", "rarest_uncovered", "rarest_unknown", "unknown_share", "missing_in_best", "length"
)  # fmt: skip
_ALL_FEATURES = ("brief_meaning", "lead_of_brief", "passage_meaning", *_WORD_FEATURES, *HEADS)

Matrix = NDArray[np.float64]


class Features:
    """Computes features as the product does, for questions with or without history."""

    def __init__(self, settings: Settings) -> None:
        self.library = load_library(settings.corpus_dir)
        self.searcher = Searcher.open(self.library, settings, extra=extra_texts(self.library))
        names = MedicineNames(self.library.medicines, vocabulary(self.library))
        self._understanding = Understanding(names, self.searcher.correct)
        blank = {name: {"weights": [0.0] * 384, "bias": 0.0} for name in (*HEADS, AMOUNT_HEAD)}
        self._judge = Answerability(self.library, names, weights=blank)

    def of(self, rows: Sequence[dict[str, Any]], label: str) -> tuple[list[dict[str, float]], list[str]]:
        """Return the features of each row, without the heads, and its question made to stand alone."""
        found, alone = [], []
        for row in track(rows, description=label):
            person = [turn["content"] for turn in row.get("history", ()) if turn["role"] == "user"]
            understood = self._understanding.read(row["question"], person)
            hits = self.searcher.search_many(understood.queries, contexts=understood.contexts)[0]
            found.append(self._judge.features(row["question"], understood, hits)[0])
            alone.append(standalone(row["question"], understood))
        return found, alone

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return the embeddings of texts."""
        if self.searcher.embed is None:
            raise SystemExit("The embedding model is needed for training.")
        return np.asarray(self.searcher.embed(list(texts)), dtype=np.float64)


def read(name: str) -> list[dict[str, Any]]:
    """Read one data file."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Train, choose thresholds on dev, and write the weights."""
    features = Features(Settings())
    rows = read("answerable.jsonl")
    dev = [row for row in read("scope.jsonl") if row["split"] == "dev" and row["expected"] in _SCOPE_LABELS]
    dev += [{**row, "expected": "answer"} for row in read("retrieval.jsonl") if row["split"] == "dev"]
    asks = [ask for brief in features.library.briefs.values() for ask in brief.asks]
    train_features, train_questions = features.of(rows, "Training rows")
    dev_features, dev_questions = features.of(dev, "Dev rows")
    vectors, dev_vectors, ask_vectors = (features.vectors(texts) for texts in (train_questions, dev_questions, asks))
    stored: dict[str, Any] = {}
    for name, positive in (("on_topic", ("answer", "near")), ("covered", ("answer",))):
        labels = np.array([row["label"] in positive for row in rows], dtype=int)
        stored[name], held_out, dev_scores = head(vectors, labels, ask_vectors, dev_vectors)
        add(train_features, name, held_out)
        add(dev_features, name, dev_scores)
    stored[AMOUNT_HEAD] = amount_head(features, [row["question"] for row in rows], dev)
    answer = np.array([row["label"] == "answer" for row in rows], dtype=int)
    dev_answer = np.array([row["expected"] == "answer" for row in dev], dtype=int)
    for name, used in (("full", _ALL_FEATURES), ("words", _WORD_FEATURES)):
        dev_matrix = matrix(dev_features, used)
        stored[name] = fit(matrix(train_features, used), answer, dev_matrix, dev_answer, used)
        report(name, stored[name], dev_matrix, dev)
    WEIGHTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


_SCOPE_LABELS = ("answer", "abstain", "out_of_scope")


def head(vectors: Matrix, labels: Matrix, asks: Matrix, dev: Matrix) -> tuple[dict[str, Any], Matrix, Matrix]:
    """Fit one linear head on embeddings; the ways of asking in the briefs count as positive.

    Returns:
        Its weights, its cross-validated scores of the training rows, and its scores of the dev rows.
    """
    model = LogisticRegression(C=8.0, class_weight="balanced", max_iter=3000, random_state=_SEED)
    held_out = cross_val_predict(model, vectors, labels, cv=10, method="decision_function")
    model.fit(np.vstack([vectors, asks]), np.concatenate([labels, np.ones(len(asks), dtype=int)]))
    stored = {"bias": round(float(model.intercept_[0]), 5), "weights": [round(float(w), 4) for w in model.coef_[0]]}
    return stored, held_out, model.decision_function(dev)


def amount_head(features: Features, others: Sequence[str], dev: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Fit the head that recognises requests for an amount, with few false alarms on the dev rows."""
    rows = read("dose_train.jsonl")
    not_dose = [ask for brief in features.library.briefs.values() if "dosing" not in brief.topics for ask in brief.asks]
    texts = [row["question"] for row in rows] + list(others) + not_dose
    labels = np.array([row["label"] == "dose" for row in rows] + [False] * (len(others) + len(not_dose)), dtype=int)
    model = LogisticRegression(C=8.0, class_weight="balanced", max_iter=3000, random_state=_SEED)
    model.fit(features.vectors(texts), labels)
    requests = [row for row in read("dose.jsonl") if row["split"] == "dev"]
    asked = [row["question"] for row in requests if row["expected"] == "decline_dose" and not row["history"]]
    calm = [row["question"] for row in dev] + [row["question"] for row in requests if row["expected"] == "answer"]
    calm_scores = model.decision_function(features.vectors(calm))
    threshold = float(np.quantile(calm_scores, 1 - _FALSE_AMOUNTS))
    found = float(np.mean(model.decision_function(features.vectors(asked)) >= threshold))
    Console().print(
        f"amount: {len(asked)} requests, found {found:.3f}; {len(calm)} others, {_FALSE_AMOUNTS:.3f} mistaken"
    )
    return {
        "bias": round(float(model.intercept_[0]), 5),
        "threshold": round(threshold, 4),
        "weights": [round(float(weight), 4) for weight in model.coef_[0]],
    }


def add(rows: Sequence[dict[str, float]], name: str, values: Matrix) -> None:
    """Add one feature to rows of features."""
    for row, value in zip(rows, values, strict=True):
        row[name] = float(value)


def matrix(rows: Sequence[dict[str, float]], used: Sequence[str]) -> Matrix:
    """Return the features of rows as a matrix, columns in the order of `used`."""
    return np.array([[row[name] for name in used] for row in rows])


def fit(train: Matrix, labels: Matrix, dev: Matrix, dev_labels: Matrix, used: Sequence[str]) -> dict[str, Any]:
    """Fit a logistic model on standardised features, and fold the scaling into its weights."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, class_weight="balanced", random_state=_SEED))
    model.fit(train, labels)
    scaler, logistic = model[0], model[-1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = float(logistic.intercept_[0] - (weights * scaler.mean_).sum())
    in_scope = model.predict_proba(dev)[dev_labels == 1, 1]
    threshold = float(np.quantile(in_scope, _REFUSED_AT_MOST))
    return {
        "bias": round(bias, 5),
        "threshold": round(threshold, 4),
        "weights": {name: round(float(weight), 5) for name, weight in zip(used, weights, strict=True)},
    }


def report(name: str, model: dict[str, Any], dev: Matrix, rows: Sequence[dict[str, Any]]) -> None:
    """Print how the decision does on the dev rows."""
    weights = np.array(list(model["weights"].values()))
    probability = 1 / (1 + np.exp(-(dev @ weights + model["bias"])))
    console = Console()
    for label in _SCOPE_LABELS:
        chosen = np.array([row["expected"] == label for row in rows])
        refused = float(np.mean(probability[chosen] < model["threshold"]))
        console.print(f"{name}: {label:<13} {int(chosen.sum()):4d} rows, refused {refused:.3f}")


if __name__ == "__main__":
    main()
