"""Decides whether what was found answers the question, calibrated on written examples.

Search scores are not confidence: a question about kratom and cats is close to many
passages about kratom. What tells it apart is that its own words ("cats") stand
nowhere in what was found. The decision is a logistic function of both, and of how
near the question lies to the questions this corpus is for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.answering.mentions import MedicineNames
from rag.answering.understand import Understood
from rag.english import rarity
from rag.library import Library
from rag.library.checks import brief_texts
from rag.retrieval.retriever import Found
from rag.text import content_terms, is_stop_word, stem, words

WEIGHTS = Path(__file__).with_name("answerable.json")
HEADS = ("on_topic", "covered")
AMOUNT_HEAD = "amount"
Vectors = Callable[[Sequence[str]], NDArray[np.float32]]

_MISSING_IF_RARER = 0.45
_NEAREST = 3
# Log-odds under which a short message after others changes the subject rather than follows up.
_NEW_SUBJECT = -2.0


@dataclass(frozen=True)
class Judgement:
    """Whether the corpus answers a question.

    Attributes:
        answerable: The decision.
        probability: Of being answerable, 0 to 1.
        on_topic: Probability that it is about kratom, depression or their care at all.
        threshold: What `probability` was held against.
        missing: Words of the question that nothing found speaks of.
    """

    answerable: bool
    probability: float
    on_topic: float
    threshold: float
    missing: tuple[str, ...] = ()


class Answerability:
    """Judges found evidence against a question.

    Args:
        library: The corpus, whose words count as covered.
        names: Finds medicines, whose names are covered by the register.
        embed: Embeds the question; without it, words decide alone.
        weights: Read from `answerable.json` beside this module by default, which
            `eval/train_answerable.py` writes.
    """

    def __init__(
        self,
        library: Library,
        names: MedicineNames,
        embed: Vectors | None = None,
        weights: Mapping[str, Any] | None = None,
    ) -> None:
        self._names = names
        self._embed = embed
        self._briefs = {
            brief.id: frozenset(content_terms(" ".join([brief.title, *brief.asks, *brief_texts(brief)])))
            for brief in library.briefs.values()
        }
        self._passages = {
            passage.id: frozenset(content_terms(f"{passage.heading} {passage.text}"))
            for passage in library.passages.values()
        }
        self._corpus = frozenset().union(*self._briefs.values(), *self._passages.values())
        self._rarity = _rarity_in([*self._briefs.values(), *self._passages.values()])
        stored = dict(weights) if weights is not None else json.loads(WEIGHTS.read_text(encoding="utf-8"))
        self._stored = stored
        self._heads = np.asarray([stored[name]["weights"] for name in HEADS], dtype=np.float32)
        self._amount = np.asarray(stored[AMOUNT_HEAD]["weights"], dtype=np.float32)
        self._biases = [float(stored[name]["bias"]) for name in HEADS]

    def judge(self, question: str, understood: Understood, found: Found) -> Judgement:
        """Judge one question against what was found for it."""
        features, missing = self.features(question, understood, found)
        heads = self.heads(question if understood.by_length else standalone(question, understood))
        if understood.by_length and heads and heads["on_topic"] < _NEW_SUBJECT:
            return Judgement(False, 0.0, round(_logistic(heads["on_topic"]), 4), self._stored["full"]["threshold"])
        features |= heads
        model = self._stored["full" if heads else "words"]
        score = model["bias"] + sum(weight * features[name] for name, weight in model["weights"].items())
        probability = _logistic(score)
        return Judgement(
            answerable=probability >= model["threshold"],
            probability=round(probability, 4),
            on_topic=round(_logistic(heads["on_topic"]), 4) if heads else round(probability, 4),
            threshold=model["threshold"],
            missing=missing,
        )

    def heads(self, question: str) -> dict[str, float]:
        """Return the log-odds that a question is on topic and that the corpus covers it; empty without the model."""
        if self._embed is None:
            return {}
        scores = self._heads @ self._embed([question])[0]
        return {name: float(score) + bias for name, score, bias in zip(HEADS, scores, self._biases, strict=True)}

    def asks_amount(self, question: str) -> bool:
        """Tell whether a message asks how much to take, in words that no rule knows; never without the model."""
        if self._embed is None:
            return False
        head = self._stored[AMOUNT_HEAD]
        return float(self._embed([question])[0] @ self._amount) + float(head["bias"]) >= float(head["threshold"])

    def features(self, question: str, understood: Understood, found: Found) -> tuple[dict[str, float], tuple[str, ...]]:
        """Return the features of a question, and its words that nothing found speaks of."""
        asked = _asked_words(standalone(question, understood))
        named = {word for mention in self._names.find(question) for word in words(mention.named_as)}
        near = self._near(found)
        uncovered = [word for word in asked if stem(word) not in near and word not in named]
        unknown = [word for word in uncovered if stem(word) not in self._corpus]
        weight = sum(rarity(word) for word in asked) or 1.0
        brief = found.briefs[0] if found.briefs else None
        passage = found.passages[0] if found.passages else None
        features = {
            "brief_meaning": brief.dense if brief else 0.0,
            "passage_meaning": passage.dense if passage else 0.0,
            "brief_words": math.log1p(brief.lexical) if brief else 0.0,
            "uncovered_share": sum(rarity(word) for word in uncovered) / weight,
            "rarest_uncovered": max((rarity(word) for word in uncovered), default=0.0),
            "rarest_unknown": max((rarity(word) for word in unknown), default=0.0),
            "unknown_share": sum(rarity(word) for word in unknown) / weight,
            "length": math.log1p(len(asked)),
            "lead_of_brief": brief.dense - found.briefs[1].dense if brief and len(found.briefs) > 1 else 0.0,
            "missing_in_best": self._missing_in_best([word for word in asked if word not in named], asked, found),
        }
        missing = tuple(word for word in unknown if rarity(word) > _MISSING_IF_RARER)
        return features, missing

    def _missing_in_best(self, unnamed: Sequence[str], asked: Sequence[str], found: Found) -> float:
        """Return which share of the question the best brief and passage do not speak of, by how specific its words are.

        A word that much of the corpus uses says little; what a question near the subject is really about is often
        a word that stands in few places or none.
        """
        best = frozenset[str]()
        if found.briefs:
            best |= self._briefs[found.briefs[0].id]
        if found.passages:
            best |= self._passages[found.passages[0].id]
        missing = sum(self._rarity.get(stem(word), 1.0) for word in unnamed if stem(word) not in best)
        return missing / (sum(self._rarity.get(stem(word), 1.0) for word in asked) or 1.0)

    def _near(self, found: Found) -> frozenset[str]:
        briefs = [self._briefs[hit.id] for hit in found.briefs[:_NEAREST]]
        passages = [self._passages[hit.id] for hit in found.passages[:_NEAREST]]
        return frozenset().union(*briefs, *passages)


def standalone(question: str, understood: Understood) -> str:
    """Return the question as written, or with what it leans on where it does not stand alone."""
    return understood.queries[0] if understood.follow_up else question


def _rarity_in(texts: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return how rare each stem is among texts: 0 where all have it, near 1 where one has."""
    counts = Counter(term for text in texts for term in text)
    most = math.log(len(texts) + 1)
    return {term: math.log((len(texts) + 1) / (count + 1)) / most for term, count in counts.items()}


def _asked_words(text: str) -> Sequence[str]:
    return [word for word in dict.fromkeys(words(text)) if not is_stop_word(word) and not word.isdigit()]


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(min(score, 40.0), -40.0)))
