"""What a reader is told about a source: its kind in words, and what it cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rag.library import Library, Messages
from rag.records import Source, SourceCard
from rag.text import words


class SourceCards:
    """Makes the card of each source once.

    Args:
        library: The corpus; its messages hold the labels.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self.card = lru_cache(maxsize=None)(self._make)

    def _make(self, source_id: str) -> SourceCard:
        source = self._library.sources[source_id]
        return SourceCard(
            id=source.id,
            title=source.title,
            authors=source.authors,
            organization=source.organization,
            year=source.year,
            venue=source.venue,
            url=source.url,
            doi=source.doi,
            kind=source.kind,
            evidence_label=evidence_label(source, self._library.messages),
            population=source.population,
            sample=source.sample,
            conflicts=source.conflicts,
            confidence=source.confidence,
            limits=self._library.messages.text(f"evidence_limits.{source.kind}"),
        )


def evidence_label(source: Source, messages: Messages) -> str:
    """Return the kind of evidence in words, such as "survey of users" or "study in mice"."""
    described = set(words(f"{source.title} {source.sample or ''}"))
    for rule in messages.node("evidence_refined"):
        if rule["kind"] == source.kind and described.intersection(words(" ".join(rule["words"]))):
            return str(rule["label"])
    labels: Mapping[str, str] = messages.node(f"evidence_label.{source.kind}")
    return labels.get(source.population, labels["any"])
