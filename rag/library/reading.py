"""Files of the corpus, read with the line of each part, so that problems can name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rag.errors import Problem

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


class _Loader(yaml.CSafeLoader):
    """Safe loading that keeps dates as the text they were written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """A Markdown file with front matter: fields, body, and the line the body starts on."""

    name: str
    fields: Mapping[str, Any]
    body: str
    body_line: int
    raw: str


@dataclass(frozen=True)
class Entry:
    """One item of a YAML list and the line it starts on."""

    fields: Mapping[str, Any]
    line: int


class UnreadableError(Exception):
    """A corpus file that cannot be parsed at all; carries the `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_text(path: Path) -> str:
    """Read a UTF-8 file.

    Raises:
        UnreadableError: the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnreadableError(Problem(path.name, 1, "the file is missing", "restore it from version control")) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else (error.strerror or "unreadable")
        raise UnreadableError(
            Problem(
                path.name,
                1,
                f"the file cannot be read: {reason}",
                "save it as UTF-8 and check its permissions",
            )
        ) from None


def parse_yaml(text: str, name: str, first_line: int = 1) -> Any:
    """Parse YAML safely.

    Raises:
        UnreadableError: with the line where parsing stopped.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + (mark.line if mark else 0)
        detail = str(getattr(error, "problem", None) or "not valid YAML")
        raise UnreadableError(
            Problem(name, line, f"not valid YAML: {detail}", "check quotes, colons and indentation here")
        ) from None


def read_document(path: Path) -> Document:
    """Read a note or brief.

    Raises:
        UnreadableError: no front matter, or it is not a mapping.
    """
    raw = read_text(path)
    match = _FRONT_MATTER.match(raw)
    if match is None:
        raise UnreadableError(
            Problem(path.name, 1, "no front matter", "start the file with '---', the fields, and '---' again")
        )
    fields = parse_yaml(match.group(1), path.name, first_line=2)
    if not isinstance(fields, dict):
        raise UnreadableError(
            Problem(path.name, 2, "the front matter is not a list of fields", "write 'name: value' lines")
        )
    return Document(path.name, fields, raw[match.end() :], raw.count("\n", 0, match.end()) + 1, raw)


def read_entries(path: Path) -> list[Entry]:
    """Read a YAML file that is a list of mappings.

    Raises:
        UnreadableError: it is something else.
    """
    raw = read_text(path)
    items = parse_yaml(raw, path.name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UnreadableError(
            Problem(path.name, 1, "the file is not a list of entries", "start each entry with '- id: ...'")
        )
    lines = [number for number, line in enumerate(raw.splitlines(), 1) if re.match(r"- \S", line)]
    padded = lines if len(lines) == len(items) else [1] * len(items)
    return [Entry(item, line) for item, line in zip(items, padded, strict=True)]


def field_line(text: str, field: str, start: int = 1) -> int:
    """Return the line of `field:` at or after line `start`, or `start` when it is not there."""
    for number, line in enumerate(text.splitlines()[start - 1 :], start):
        if re.match(rf"\s*(- )?{re.escape(field)}\s*:", line):
            return number
    return start


def text_line(text: str, words: str) -> int:
    """Return the line of `text` on which `words` first stand, or 1 when they do not.

    White space may differ, so that words broken over two lines are found as well.
    """
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    match = re.search(pattern, text) if pattern else None
    return text.count("\n", 0, match.start()) + 1 if match else 1


def validation_problems(error: ValidationError, name: str, raw: str, start: int) -> list[Problem]:
    """Turn a pydantic error into problems that name the line of each bad field."""
    problems = []
    for item in error.errors():
        field = str(item["loc"][0]) if item["loc"] else "entry"
        missing = item["type"] == "missing"
        message = f"the field '{field}' is missing" if missing else f"the field '{field}' is wrong: {item['msg']}"
        mend = "add it" if missing else "see the format page for what it takes"
        problems.append(Problem(name, start if missing else field_line(raw, field, start), message, mend))
    return problems
