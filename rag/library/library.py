"""The corpus as records, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rag.errors import CorpusError, Problem
from rag.library.conditions import Conditions, condition_problems, read_conditions
from rag.library.messages import Messages, read_messages
from rag.library.notes import parse_brief, parse_note
from rag.library.reading import (
    Entry,
    UnreadableError,
    parse_yaml,
    read_entries,
    read_text,
    text_line,
    validation_problems,
)
from rag.records import Brief, Claim, CrisisLine, Medicine, Passage, Source

EntryT = TypeVar("EntryT", bound=BaseModel)


@dataclass(frozen=True)
class Review:
    """Who has reviewed the content: `corpus/review.yaml`."""

    clinician: str | None
    reviewed: str | None


@dataclass(frozen=True)
class Library:
    """Everything in `corpus/`, keyed by id; excluded notes and unseen lines left out."""

    sources: Mapping[str, Source]
    passages: Mapping[str, Passage]
    briefs: Mapping[str, Brief]
    claims: Mapping[str, Claim]
    medicines: Mapping[str, Medicine]
    crisis_lines: tuple[CrisisLine, ...]
    conditions: Conditions
    messages: Messages
    review: Review
    fingerprint: str
    corpus_dir: Path

    def source_of(self, passage_id: str) -> Source:
        """Return the source that a passage belongs to.

        Raises:
            KeyError: there is no such passage.
        """
        return self.sources[self.passages[passage_id].source_id]


def load_library(corpus_dir: Path) -> Library:
    """Read the corpus.

    Raises:
        CorpusError: with every problem that makes a part of it unusable.
    """
    library, problems = read_library(corpus_dir)
    if problems or library is None:
        raise CorpusError(problems)
    return library


def read_library(corpus_dir: Path) -> tuple[Library | None, list[Problem]]:
    """Read the corpus and collect every problem of form; no library without messages."""
    problems: list[Problem] = []
    sources, passages = _read_notes(corpus_dir, problems)
    briefs = _read_briefs(corpus_dir, problems)
    claims = _read_register(corpus_dir / "claims.yaml", Claim, problems)
    lines = _read_register(corpus_dir / "crisis_lines.yaml", CrisisLine, problems)
    medicines = _read_register(corpus_dir / "medicines.yaml", Medicine, problems)
    conditions, found = read_conditions(corpus_dir)
    problems.extend(found)
    try:
        messages = read_messages(corpus_dir)
        review = _read_review(corpus_dir / "review.yaml")
    except UnreadableError as error:
        return None, [*problems, error.problem]
    problems.extend(_unknown_passages(corpus_dir, briefs, claims, medicines, passages))
    if not found:
        raw = read_text(corpus_dir / "conditions.yaml")
        problems.extend(condition_problems(conditions, raw, sources, passages))
    library = Library(
        sources=sources,
        passages=passages,
        briefs=briefs,
        claims=claims,
        medicines=medicines,
        crisis_lines=tuple(line for line in lines.values() if line.seen),
        conditions=conditions,
        messages=messages,
        review=review,
        fingerprint=fingerprint(corpus_dir),
        corpus_dir=corpus_dir,
    )
    return library, problems


def fingerprint(corpus_dir: Path) -> str:
    """Return 16 hexadecimal digits that change with any byte or name of the corpus."""
    digest = hashlib.sha256()
    for path in sorted(p for p in corpus_dir.rglob("*") if p.is_file() and p.suffix in {".md", ".yaml"}):
        digest.update(path.relative_to(corpus_dir).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _read_notes(corpus_dir: Path, problems: list[Problem]) -> tuple[dict[str, Source], dict[str, Passage]]:
    sources: dict[str, Source] = {}
    passages: dict[str, Passage] = {}
    for path in _markdown(corpus_dir / "sources", problems):
        try:
            source, parts, found = parse_note(path)
        except UnreadableError as error:
            problems.append(error.problem)
            continue
        problems.extend(found)
        if source is not None and source.confidence != "excluded" and not source.retracted:
            sources[source.id] = source
            passages.update({passage.id: passage for passage in parts})
    return sources, passages


def _read_briefs(corpus_dir: Path, problems: list[Problem]) -> dict[str, Brief]:
    briefs: dict[str, Brief] = {}
    for path in _markdown(corpus_dir / "briefs", problems):
        try:
            brief, found = parse_brief(path)
        except UnreadableError as error:
            problems.append(error.problem)
            continue
        problems.extend(found)
        if brief is not None:
            briefs[brief.id] = brief
    return briefs


def _markdown(folder: Path, problems: list[Problem]) -> list[Path]:
    paths = sorted(folder.glob("*.md"))
    if not paths:
        problems.append(Problem(f"{folder.name}/", 1, "no files in this folder", "restore it from version control"))
    return paths


def _read_register(path: Path, record: type[EntryT], problems: list[Problem]) -> dict[str, EntryT]:
    """Read a YAML register; a bad entry is a problem and is left out."""
    try:
        entries, raw = read_entries(path), read_text(path)
    except UnreadableError as error:
        problems.append(error.problem)
        return {}
    found: dict[str, EntryT] = {}
    for entry in entries:
        parsed = _parse_entry(entry, record, path.name, raw, problems)
        if parsed is None:
            continue
        key = str(entry.fields["id"])
        if key in found:
            problems.append(Problem(path.name, entry.line, f"the id '{key}' is used twice", "rename one"))
        found[key] = parsed
    return found


def _parse_entry(entry: Entry, record: type[EntryT], name: str, raw: str, problems: list[Problem]) -> EntryT | None:
    try:
        return record.model_validate(entry.fields)
    except ValidationError as error:
        problems.extend(validation_problems(error, name, raw, entry.line))
        return None


def _read_review(path: Path) -> Review:
    fields = parse_yaml(read_text(path), path.name)
    if not isinstance(fields, dict) or not {"clinician", "reviewed"} <= fields.keys():
        raise UnreadableError(
            Problem(
                path.name,
                1,
                "the fields 'clinician' and 'reviewed' are missing",
                "write both, or null for none yet",
            )
        )
    return Review(clinician=fields["clinician"], reviewed=fields["reviewed"])


def _unknown_passages(
    corpus_dir: Path,
    briefs: Mapping[str, Brief],
    claims: Mapping[str, Claim],
    medicines: Mapping[str, Medicine],
    passages: Mapping[str, Passage],
) -> list[Problem]:
    """Return a problem for each reference to a passage or brief that does not exist."""
    cited: list[tuple[str, str, str]] = []
    for brief in briefs.values():
        for point in (*brief.short_answer, *brief.evidence, *brief.unknowns, *brief.about_you):
            marks = [mark for sentence in point.sentences for mark in sentence.passages]
            cited += [(f"briefs/{brief.id}.md", brief.id, mark) for mark in marks]
    cited += [("claims.yaml", claim.id, mark) for claim in claims.values() for mark in claim.evidence]
    cited += [("medicines.yaml", medicine.id, mark) for medicine in medicines.values() for mark in medicine.notes]
    found = [
        (
            file,
            mark,
            f"'{owner}' cites {mark}, which does not exist",
            "correct the id or number, or remove it",
        )
        for file, owner, mark in cited
        if mark not in passages
    ]
    named = [("claims.yaml", claim.id, claim.brief) for claim in claims.values()]
    named += [("medicines.yaml", medicine.id, medicine.brief) for medicine in medicines.values()]
    named += [
        ("medicines.yaml", medicine.id, brief) for medicine in medicines.values() for brief in medicine.topic_briefs
    ]
    found += [
        (
            file,
            name,
            f"'{owner}' names the brief '{name}', which does not exist",
            "correct the id or write null",
        )
        for file, owner, name in named
        if name is not None and name not in briefs
    ]
    texts = {file: read_text(corpus_dir / file) for file, *_ in found}
    return [
        Problem(Path(file).name, text_line(texts[file], needle), message, mend) for file, needle, message, mend in found
    ]
