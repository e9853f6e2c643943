"""The guard: which registered claims a message leans on, and which a statement asserts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.records import Claim
from rag.safety.claims.bag import Matrix
from rag.safety.claims.model import Inputs, Linear, Weights, inputs
from rag.safety.claims.reference import Reference, named
from rag.safety.claims.segments import segments
from rag.safety.stance import (
    Stance,
    attributes_to_people,
    concludes,
    contrast_tail,
    is_question,
    limits_evidence,
    negates,
    normalise,
    rejects,
    stance,
)
from rag.text import split_sentences

Vectors = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_MOST = 3  # claims named for one message
_VERBATIM = 0.97  # similarity from which a sentence is a phrase of the register
_SAME_PHRASE = 0.9  # similarity from which it says the same, if its stance is the same
_NEAR_BEST = 0.3  # share of the best claim's score that another needs to be named as well
_STRONG = 1.5  # margin from which naming an authority does not excuse what is said
_UNRELATED = 0.22  # below this similarity to every claim, there is no claim to name


@dataclass(frozen=True)
class ClaimMatch:
    """A registered claim found in a text.

    Attributes:
        claim_id: The claim in the register.
        score: Confidence from 0 to 1.
        stance: How the sentence stands to it.
        text: The sentence concerned.
    """

    claim_id: str
    score: float
    stance: Stance
    text: str


class ClaimGuard:
    """Finds registered claims in what a person asks and in what an answer says.

    Args:
        claims: The register.
        reference: Vectors of `reference_texts(claims)`; None to judge by words only.
        embed: Turns texts into unit vectors; None to judge by words only.
    """

    def __init__(
        self, claims: Sequence[Claim], reference: npt.NDArray[np.float32] | None, embed: Vectors | None
    ) -> None:
        dense = reference is not None and embed is not None
        self._embed = embed if dense else None
        self._reference = Reference(claims, reference if dense else None)
        weights = Weights()
        self._asserts: Linear = weights.model("asserts", dense=dense)
        self._leans: Linear = weights.model("leans", dense=dense)

    def in_question(self, text: str) -> tuple[ClaimMatch, ...]:
        """Return the claims that a message asks about, leans on or wants repeated, best first, at most three."""
        pieces = segments(text) if text.strip() else []
        if not pieces or not self._reference.claims:
            return ()
        given = self._inputs(pieces)
        margins = self._leans.margins(given.matrix)
        nearest = self._reference.by_claim(given.similarity, ("assert", "ask")).max(axis=1)
        by_claim = self._reference.identity(given.similarity, ("assert", "ask"))
        known = nearest >= _SAME_PHRASE
        leaning = np.flatnonzero((known | (margins > 0)) & (nearest >= _UNRELATED))
        if not len(leaning):
            return ()
        return self._named(pieces, by_claim, np.where(known, np.maximum(margins, 3.0), margins), leaning)

    def _named(
        self, pieces: list[str], by_claim: Matrix, margins: Matrix, leaning: npt.NDArray[np.intp]
    ) -> tuple[ClaimMatch, ...]:
        # The piece nearest to a claim names it: the frame around a claim only blurs which one is meant.
        best_piece = leaning[np.argmax(by_claim[leaning], axis=0)]
        nearness = by_claim[best_piece, np.arange(by_claim.shape[1])]
        order = np.argsort(-nearness, kind="stable")[:_MOST]
        kept = [c for c in order if nearness[c] >= nearness[order[0]] * _NEAR_BEST]
        score = _confidence(float(margins[leaning].max()))
        return tuple(
            ClaimMatch(
                self._reference.claims[c].id,
                round(score * float(np.clip(nearness[c] / max(float(nearness[order[0]]), 1e-6), 0.0, 1.0)), 4),
                stance(pieces[best_piece[c]]),
                pieces[best_piece[c]],
            )
            for c in kept
        )

    def asserted_by(self, statement: str) -> ClaimMatch | None:
        """Return the claim that a statement puts forward as true, or None. Lets every exception out."""
        return self.asserted_by_each([statement])[0]

    def asserted_by_each(self, statements: Sequence[str]) -> list[ClaimMatch | None]:
        """Judge many statements with one call of the embedder."""
        parts = [(i, part) for i, statement in enumerate(statements) for part in _assertable(statement)]
        found: list[ClaimMatch | None] = [None] * len(statements)
        if not parts or not self._reference.claims:
            return found
        given = self._inputs([part for _, part in parts])
        margins = self._asserts.margins(given.matrix)
        owner = self._reference.identity(given.similarity, ("assert",)).argmax(axis=1)
        for row, (i, part) in enumerate(parts):
            claim = self._reference.claims[int(owner[row])].id
            match = self._judge(part, float(margins[row]), claim, given.similarity[row])
            best = found[i]
            if match is not None and (best is None or match.score > best.score):
                found[i] = match
        return found

    def _judge(self, part: str, margin: float, claim: str, similarity: Matrix) -> ClaimMatch | None:
        said, nearest = self._reference.nearest(similarity, "assert")
        fair_text, fair = self._reference.nearest(similarity, "fair")
        if fair > nearest and _says_the_same(part, fair_text, fair):
            return None
        if nearest >= fair and _says_the_same(part, said, nearest):
            margin = max(margin, 3.0)
        elif margin <= 0 or nearest < _UNRELATED or _held_back(part, margin):
            return None
        return ClaimMatch(claim, round(_confidence(margin), 4), stance(part), part)

    def _inputs(self, texts: Sequence[str]) -> Inputs:
        called = [named(text) for text in texts]
        vectors = None if self._embed is None else np.asarray(self._embed(called), dtype=np.float32)
        return inputs(called, vectors, self._reference)


def _says_the_same(sentence: str, phrase: str, similarity: float) -> bool:
    """Say whether a sentence is a phrase of the register, or very near it with the same stance and negation."""
    if similarity < _SAME_PHRASE or negates(normalise(sentence)) is not negates(normalise(phrase)):
        return False
    return similarity >= _VERBATIM or stance(sentence) is stance(phrase)


def _confidence(margin: float) -> float:
    return float(1.0 / (1.0 + np.exp(-margin)))


def _assertable(statement: str) -> list[str]:
    """Return the sentences of a statement, and what follows a contrast in each, that are not questions."""
    sentences = [sentence for sentence in split_sentences(statement) if not is_question(normalise(sentence))]
    return [part for sentence in sentences for part in (sentence, contrast_tail(sentence)) if part]


def _held_back(sentence: str, margin: float) -> bool:
    """Say whether the sentence reports words or the limits of evidence, and draws no conclusion of its own."""
    text = normalise(sentence)
    if concludes(text):
        return False
    kind = stance(sentence)
    if kind is Stance.ATTRIBUTES:
        return attributes_to_people(text) or margin < _STRONG
    if kind is Stance.LIMITS and limits_evidence(text):
        return True
    return rejects(text) and margin < _STRONG
