"""Every sentence that answers take word for word from the corpus."""

from __future__ import annotations

from collections.abc import Iterator

from rag.answering import compose
from rag.answering.citing import Draft
from rag.library import Library
from rag.records import Section, StatementKind
from rag.text import split_sentences


def standing_drafts(library: Library) -> Iterator[Draft]:
    """Yield the drafts of all briefs and corrections, so that their quotes can be located before anyone asks."""
    for brief in library.briefs.values():
        yield from compose.everything(brief)
    for claim in library.claims.values():
        for text in (claim.correction, split_sentences(claim.correction)[0]):
            yield Draft(text, Section.CORRECTION, StatementKind.CORRECTION, claim.evidence)
