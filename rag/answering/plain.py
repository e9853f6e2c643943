"""An answer as plain text with `[1]` marks, for terminals, logs of tests and other programs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rag.library import Messages
from rag.records import Notice, Section, Statement

_BULLETED = (Section.EVIDENCE, Section.UNKNOWN)


def plain_text(statements: Sequence[Statement], notices: Sequence[Notice], messages: Messages) -> str:
    """Return the whole answer as text: sections with their headings, then the notices."""
    blocks = []
    runs = [(section, list(run)) for section, run in groupby(statements, key=lambda statement: statement.section)]
    for section, shown in runs:
        heading = messages.text(f"heading.{section}") if messages.has(f"heading.{section}") else ""
        body = _bullets(shown) if section in _BULLETED else " ".join(with_marks(statement) for statement in shown)
        blocks.append(f"{heading}\n{body}" if heading else body)
    if notices:
        blocks.append("\n".join(f"* {notice.text}" for notice in notices))
    return "\n\n".join(blocks)


def with_marks(statement: Statement) -> str:
    """Return a statement with its citation numbers behind it."""
    marks = "".join(f"[{citation.number}]" for citation in statement.citations)
    return f"{statement.text} {marks}" if marks else statement.text


def _bullets(statements: Sequence[Statement]) -> str:
    lines: list[str] = []
    for statement in statements:
        if statement.joins_previous and lines:
            lines[-1] += " " + with_marks(statement)
        else:
            lines.append("- " + with_marks(statement))
    return "\n".join(lines)
