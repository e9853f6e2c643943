"""Answers a file of questions; a stopped run goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.assistant import Assistant
from rag.errors import KratomEvidenceError


class BatchError(KratomEvidenceError):
    """A row of the input cannot be used; the message names its line."""


@dataclass(frozen=True)
class Row:
    """One question of a batch."""

    id: str
    question: str
    history: tuple[dict[str, str], ...] = ()
    country: str | None = None


def read_rows(path: Path) -> list[Row]:
    """Read rows `{"id", "question", "history"?, "country"?}` from a JSONL file.

    Raises:
        BatchError: the file is missing, or a row is not of that form.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # `splitlines` would also cut inside a question
    except (OSError, UnicodeDecodeError) as error:
        raise BatchError(f"{path} cannot be read: {error}") from None
    rows = [_row(line, number, path) for number, line in enumerate(lines, 1) if line.strip()]
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise BatchError(f"{path}: the id {row.id!r} is used twice; give each row its own")
        seen.add(row.id)
    return rows


def run_batch(
    assistant: Assistant, rows: list[Row], output: Path, progress: Callable[[int, int], None] | None = None
) -> int:
    """Answer the rows that `output` does not have yet, appending one line each.

    Args:
        assistant: Answers.
        rows: From `read_rows`.
        output: JSONL file; each line is `{"id", "answer"}`.
        progress: Called with how many are done and how many there are.

    Returns:
        How many rows were answered now.
    """
    done = set(_answered(output))
    todo = [row for row in rows if row.id not in done]
    with output.open("a", encoding="utf-8") as file:
        for count, row in enumerate(todo, 1):
            answer = assistant.ask(row.question, row.history, row.country)
            file.write(json.dumps({"id": row.id, "answer": answer.model_dump(mode="json")}, ensure_ascii=False) + "\n")
            file.flush()
            if progress is not None:
                progress(len(done) + count, len(rows))
    return len(todo)


def _row(line: str, number: int, path: Path) -> Row:
    try:
        fields: Any = json.loads(line)
        if not isinstance(fields["question"], str) or not isinstance(fields.get("country"), str | None):
            raise TypeError("question and country are texts")
        history = tuple(
            {"role": str(turn["role"]), "content": str(turn["content"])} for turn in fields.get("history") or ()
        )
        return Row(str(fields["id"]), str(fields["question"]), history, fields.get("country"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError(
            f"{path}:{number}: not a row ({type(error).__name__}: {error});"
            ' write {"id": ..., "question": ..., "history": [...], "country": ...}'
        ) from None


def _answered(output: Path) -> Iterator[str]:
    """Yield the ids in an output file, dropping a last line that was cut off by a kill."""
    if not output.exists():
        return
    kept = []
    # A kill may have cut the last line inside a character; what replaces it makes no valid line.
    for line in output.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            yield str(json.loads(line)["id"])
            kept.append(line)
        except (ValueError, KeyError, TypeError):
            continue
    output.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
