"""The register as rows to compare with: its phrases, their vectors and who owns them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rag.records import Claim
from rag.safety.claims.bag import Matrix
from rag.text import content_terms

_DENSE_SHARE = 0.85  # of the similarity when vectors exist; the rest is shared words
_RIDGE, _SHARPNESS = 0.1, 4.0  # of the kernel classifier over the register's own phrases
_RIDGE_SHARE = 0.8  # of the identity score; the rest is the nearest phrase of a claim
_OTHER_NAMES = re.compile(
    r"\b(?:the|this|our|that) (?:\w+ )?(?:leaf|plant|powder)\b|\bmitragyn(?:a|ine)(?: speciosa)?(?: leaf)?\b|\bketum\b"
    r"|\b(?:red|green|white) (?:vein|borneo|bali|malay|thai)\b",
    re.IGNORECASE,
)


def named(text: str) -> str:
    """Call kratom by its name where a text only paraphrases it, so that it compares with the register."""
    return text if "kratom" in text.lower() else _OTHER_NAMES.sub("kratom", text)


def reference_texts(claims: Sequence[Claim]) -> list[str]:
    """Return every phrase whose vector the guard needs, in a fixed order."""
    return [phrase for claim in claims for phrase, _ in _phrases(claim)]


def _phrases(claim: Claim) -> list[tuple[str, str]]:
    return [
        (claim.claim, "assert"),
        *((text, "assert") for text in claim.asserts),
        *((text, "ask") for text in claim.asked_as),
        *((text, "fair") for text in claim.fair),
        (claim.correction, "fair"),
    ]


class Reference:
    """Similarity of sentences to the phrases of the register, by role.

    Args:
        claims: The register.
        vectors: Unit rows that match `reference_texts(claims)`; None for words only.
    """

    def __init__(self, claims: Sequence[Claim], vectors: npt.NDArray[np.float32] | None) -> None:
        self.texts = reference_texts(claims)
        if vectors is not None and len(vectors) != len(self.texts):
            message = f"{len(vectors)} reference vectors for {len(self.texts)} phrases"
            raise ValueError(message)
        self.claims = tuple(claims)
        self.vectors = vectors
        self.owner = np.array([i for i, c in enumerate(claims) for _ in _phrases(c)], dtype=np.intp)
        roles = np.array([role for c in claims for _, role in _phrases(c)])
        self.role = {name: np.flatnonzero(roles == name) for name in ("assert", "ask", "fair")}
        self._said = np.flatnonzero(roles != "fair")
        self._position = {text: i for i, text in enumerate(self.texts)}
        found = Counter(term for text in self.texts for term in set(content_terms(text)))
        self._rarity = {t: (i, float(np.log(len(self.texts) / n))) for i, (t, n) in enumerate(found.items())}
        self._terms = self._term_rows(self.texts)
        self._columns = np.ascontiguousarray(self._terms.T)
        self._dual = self._fit_identity() if claims else np.zeros((0, 0), dtype=np.float32)

    def _term_rows(self, texts: Sequence[str]) -> Matrix:
        rows = np.zeros((len(texts), max(len(self._rarity), 1)), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for term in content_terms(text):
                if term in self._rarity:
                    column, rarity = self._rarity[term]
                    row[column] = rarity
        unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return unit

    def _fit_identity(self) -> Matrix:
        # Kernel ridge over the register's own phrases: learns which words tell sibling claims apart.
        kernel = self._compare(None if self.vectors is None else self.vectors[self._said], self._terms[self._said])[
            :, self._said
        ]
        owners = np.eye(len(self.claims))[self.owner[self._said]]
        kernel = np.exp(_SHARPNESS * (kernel - 1.0))
        dual: Matrix = np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), owners).astype(np.float32)
        return dual

    def _compare(self, vectors: Matrix | None, terms: Matrix) -> Matrix:
        # Only words that occur can add anything, and a sentence has few of them.
        used = np.flatnonzero(terms.any(axis=0))
        shared: Matrix = terms[:, used] @ self._columns[used]
        if vectors is not None and self.vectors is not None:
            shared = (_DENSE_SHARE * (vectors @ self.vectors.T) + (1 - _DENSE_SHARE) * shared).astype(np.float32)
        return shared

    def similarity(self, vectors: Matrix | None, texts: Sequence[str], *, leave_out: Sequence[str] = ()) -> Matrix:
        """Return sentence x phrase similarity; a phrase equal to `leave_out[i]` never counts for row i."""
        shared = self._compare(vectors, self._term_rows(texts))
        for row, text in enumerate(leave_out):
            if text in self._position:
                shared[row, self._position[text]] = -1.0
        return shared

    def identity(self, similarity: Matrix, roles: Sequence[str]) -> Matrix:
        """Return sentence x claim scores that say which claim a sentence is about."""
        learnt: Matrix = np.exp(_SHARPNESS * (similarity[:, self._said] - 1.0)) @ self._dual
        return self.by_claim(similarity, roles) * (1 - _RIDGE_SHARE) + learnt * _RIDGE_SHARE

    def nearest(self, similarity: Matrix, role: str) -> tuple[str, float]:
        """Return the phrase of a role that one row of similarity is nearest to, and how near."""
        rows = self.role[role]
        best = int(rows[similarity[rows].argmax()])
        return self.texts[best], float(similarity[best])

    def summary(self, similarity: Matrix) -> Matrix:
        """Return per sentence how near the register's assertions, questions and fair phrases are."""
        tops = {name: -np.sort(-similarity[:, rows], axis=1)[:, :3] for name, rows in self.role.items()}
        said, asked, fair = (tops[name] for name in ("assert", "ask", "fair"))
        columns = [
            said[:, 0],
            said.mean(1),
            fair[:, 0],
            fair.mean(1),
            said[:, 0] - fair[:, 0],
            asked[:, 0],
            asked.mean(1),
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def by_claim(self, similarity: Matrix, roles: Sequence[str]) -> Matrix:
        """Return sentence x claim similarity: the best phrase of each claim among `roles`."""
        best = np.full((len(similarity), len(self.claims)), -1.0, dtype=np.float32)
        for name in roles:
            rows = self.role[name]
            owners, starts = np.unique(self.owner[rows], return_index=True)
            best[:, owners] = np.maximum(best[:, owners], np.maximum.reduceat(similarity[:, rows], starts, axis=1))
        return best
