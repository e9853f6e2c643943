"""Notes that certain evidence may not be shown without."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.citing import Draft
from rag.answering.compose import is_limiting
from rag.library import Library
from rag.records import Section, SourceKind, StatementKind

_CASES = {SourceKind.CASE_REPORT, SourceKind.CASE_SERIES}
# Products and people that studies of traditional leaf say nothing about.
_BEYOND_LEAF = re.compile(
    r"\b(?:extracts?|shots?|powders?|capsules?|tablets?|gumm(?:y|ies)|7[\s-]?oh?|7[\s-]?hydroxy\w*|concentrates?|depress\w*)\b",
    re.I,
)


def condition_notes(library: Library, drafts: Sequence[Draft], question: str) -> list[Draft]:
    """Return the notes that the drafted evidence needs beside it.

    Case reports need a sentence on how little they say about frequency; a reassuring
    study of traditional leaf needs one where extracts, 7-OH or depression are asked about.
    """
    notes = []
    cited = {passage for draft in drafts for passage in draft.passages}
    kinds = {library.source_of(passage).kind for passage in cited}
    if kinds & _CASES and not any(is_limiting(draft.text) for draft in drafts):
        notes.append("attribute.case_note")
    leaf = {library.passages[passage].source_id for passage in cited} & library.conditions.leaf_only
    if leaf and _BEYOND_LEAF.search(question):
        notes.append("attribute.leaf_note")
    return [Draft(library.messages.text(key), Section.EVIDENCE, StatementKind.META) for key in notes]


def with_condition_notes(library: Library, drafts: Sequence[Draft], question: str) -> list[Draft]:
    """Return the drafts with the notes they need, which stand after the last of the evidence."""
    sections = [draft.section for draft in drafts]
    after = max((i + 1 for i, section in enumerate(sections) if section is Section.EVIDENCE), default=len(drafts))
    return [*drafts[:after], *condition_notes(library, drafts, question), *drafts[after:]]
