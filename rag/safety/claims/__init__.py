"""Unsupported claims: found in questions, kept out of answers."""

from rag.safety.claims.guard import ClaimGuard, ClaimMatch, Vectors
from rag.safety.claims.reference import reference_texts

__all__ = ["ClaimGuard", "ClaimMatch", "Vectors", "reference_texts"]
