"""Notes and briefs: Markdown files into records."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import ValidationError

from rag.errors import Problem
from rag.library.reading import Document, field_line, read_document, validation_problems
from rag.records import Brief, BriefPoint, BriefSentence, Passage, Source

_HEADING = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)
_CITED = re.compile(r"(?P<text>[^\[\]]+?)(?P<marks>(?:\s*\[[a-z0-9-]+#\d+\])+)")
_MARK = re.compile(r"\[([a-z0-9-]+#\d+)\]")
_SECTIONS = {
    "Short answer": "short_answer",
    "What the evidence shows": "evidence",
    "What is not known": "unknowns",
    "If this is about you": "about_you",
}


def parse_note(path: Path) -> tuple[Source | None, list[Passage], list[Problem]]:
    """Read one note: its source, its passages in order, and what is wrong with it."""
    document = read_document(path)
    problems = _wrong_name(document, path)
    try:
        source = Source.model_validate(document.fields)
    except ValidationError as error:
        return None, [], problems + validation_problems(error, path.name, document.raw, 1)
    passages = []
    for number, (heading, text, line) in enumerate(_parts(document), 1):
        if not text:
            problems.append(
                Problem(path.name, line, f"the passage '{heading}' is empty", "write it or remove the heading")
            )
            continue
        passages.append(Passage(id=f"{source.id}#{number}", source_id=source.id, heading=heading, text=text))
    if not passages:
        problems.append(
            Problem(path.name, document.body_line, "the note has no passage", "add '## Heading' and its text")
        )
    return source, passages, problems


def parse_brief(path: Path) -> tuple[Brief | None, list[Problem]]:
    """Read one brief and what is wrong with it."""
    document = read_document(path)
    problems = _wrong_name(document, path)
    sections: dict[str, tuple[BriefPoint, ...]] = {}
    for heading, text, line in _parts(document, keep_lines=True):
        name = _SECTIONS.get(heading)
        if name is None or name in sections:
            problems.append(
                Problem(
                    path.name,
                    line,
                    f"unexpected section '{heading}'",
                    f"use each of these once: {', '.join(_SECTIONS)}",
                )
            )
            continue
        sections[name] = _points(text)
    for heading, name in _SECTIONS.items():
        if name not in sections:
            problems.append(Problem(path.name, document.body_line, f"no section '{heading}'", "add it"))
    if problems:
        return None, problems
    try:
        brief = Brief.model_validate({**document.fields, **sections})
    except ValidationError as error:
        return None, validation_problems(error, path.name, document.raw, 1)
    return brief, _uncited(brief, path.name, document.raw)


def _wrong_name(document: Document, path: Path) -> list[Problem]:
    if document.fields.get("id") == path.stem:
        return []
    line = field_line(document.raw, "id")
    return [Problem(path.name, line, "the field 'id' is not the file's name", f"write 'id: {path.stem}'")]


def _parts(document: Document, *, keep_lines: bool = False) -> list[tuple[str, str, int]]:
    """Split a body at its headings into (heading, text, line)."""
    matches = list(_HEADING.finditer(document.body))
    ends = [*(match.start() for match in matches[1:]), len(document.body)][: len(matches)]
    parts = []
    for match, end in zip(matches, ends, strict=True):
        text = document.body[match.end() : end].strip()
        line = document.body_line + document.body.count("\n", 0, match.start())
        parts.append((match.group(1), text if keep_lines else " ".join(text.split()), line))
    return parts


def _points(text: str) -> tuple[BriefPoint, ...]:
    """Split a section into its bullets or, without bullets, its paragraphs."""
    blocks = re.split(r"\n(?=- )|\n\s*\n", text)
    joined = (" ".join(block.split()).removeprefix("- ") for block in blocks)
    return tuple(BriefPoint(sentences=_sentences(block)) for block in joined if block)


def _sentences(block: str) -> tuple[BriefSentence, ...]:
    """Split `Text. [a#1] [b#2] More. [c#1]` into sentences with their passages."""
    sentences, end = [], 0
    for match in _CITED.finditer(block):
        marks = tuple(_MARK.findall(match.group("marks")))
        sentences.append(BriefSentence(text=match.group("text").strip(), passages=marks))
        end = match.end()
    rest = block[end:].strip()
    return (*sentences, BriefSentence(text=rest)) if rest else tuple(sentences)


def _uncited(brief: Brief, name: str, raw: str) -> list[Problem]:
    problems = []
    for point in (*brief.short_answer, *brief.evidence, *brief.unknowns):
        for sentence in point.sentences:
            if not sentence.passages:
                line = raw.count("\n", 0, max(raw.find(sentence.text[:40]), 0)) + 1
                problems.append(
                    Problem(
                        name,
                        line,
                        f"a sentence without a citation: '{sentence.text[:60]}'",
                        "cite a passage after it",
                    )
                )
    return problems
