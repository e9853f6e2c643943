"""The cases of every suite: one JSON line each, checked against the suite's JSON Schema when loaded.

All suites turn their lines into the same `Case`. A line has at least

    {"id": "scope-001", "split": "dev", "question": "...", "history": [], "group": "..."}

or `turns`, a list of messages that are sent one after the other, in place of
`question`. What else a suite needs (what is expected, which brief is right) stands
in `Case.fields` under the names of its schema in `eval/schemas`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from rag.errors import KratomEvidenceError
from rag.records import Message, Record

DATA = Path(__file__).parent / "data"
SCHEMAS = Path(__file__).parent / "schemas"
Row = Mapping[str, Any]
Split = Literal["dev", "test", "all"]

_COMMON = frozenset({"id", "split", "question", "turns", "history", "group", "country"})
_MOST_PROBLEMS = 10


class Case(Record):
    """One thing to ask and what a suite expects of the replies.

    Attributes:
        id: Unique within its suite.
        split: `dev` for choosing settings, `test` for the figures that are reported, `train` for neither.
        group: The kind of case, for reading results by kind.
        turns: What the person writes, one message after the other; every one gets a reply.
        history: What stood in the conversation before the first turn, replies included.
        country: Two-letter code that is sent along; None for the target's own choice.
        fields: Everything else of the line.
        place: File and line, for error messages.
    """

    id: str
    split: str = "test"
    group: str = ""
    turns: tuple[str, ...] = Field(min_length=1)
    history: tuple[Message, ...] = ()
    country: str | None = None
    fields: Mapping[str, Any] = Field(default_factory=dict)
    place: str = ""

    @property
    def question(self) -> str:
        """The last message of the person."""
        return self.turns[-1]


class CaseError(KratomEvidenceError):
    """Lines of a data file cannot be used; the message names file and line, and how to mend each."""


def plain_case(row: Row, place: str) -> Case:
    """Make a case of a line with the common fields; all others go into `Case.fields`."""
    turns = row["turns"] if "turns" in row else [row["question"]]
    return Case(
        id=str(row["id"]),
        split=row.get("split", "test"),
        group=row.get("group", ""),
        turns=tuple(turns),
        history=tuple(Message(role=turn["role"], content=turn["content"]) for turn in row.get("history", ())),
        country=row.get("country"),
        fields={key: value for key, value in row.items() if key not in _COMMON},
        place=place,
    )


def load_cases(
    files: Sequence[Path], schema: str, read: Callable[[Row, str], Case | None] = plain_case
) -> tuple[Case, ...]:
    """Read and check the lines of one suite.

    Args:
        files: JSON Lines files, each with lines of the schema.
        schema: Name of the file in `eval/schemas`, without `.schema.json`.
        read: Makes a case of a checked line and its place; None leaves the line out.

    Raises:
        CaseError: a file is missing, or a line is not JSON, not of the schema, or has the id of another.
    """
    problems: list[str] = []
    cases: dict[str, Case] = {}
    for path in files:
        for row, place, problem in _checked_rows(path, schema):
            if problem:
                problems.append(f"{place}: {problem}")
                continue
            case = read(row, place)
            if case is None:
                continue
            if case.id in cases:
                problems.append(f"{place}: the id {case.id!r} is used before ({cases[case.id].place}); give it its own")
            cases[case.id] = case
    if problems:
        raise CaseError(_described(problems, schema))
    if not cases:
        names = ", ".join(path.name for path in files)
        raise CaseError(f"{names}: there is no case in it; write one JSON object a line, see eval/schemas/{schema}")
    return tuple(cases.values())


def chosen(
    cases: Sequence[Case], *, split: Split = "all", limit: int | None = None, ids: Sequence[str] = ()
) -> tuple[Case, ...]:
    """Return the cases to run.

    Args:
        cases: All of a suite.
        split: `all` means dev and test; lines of other splits, such as `train`, are never measured.
        limit: At most this many, spread evenly over the file so that every kind is met.
        ids: Only these; they win over the split.
    """
    if ids:
        return tuple(case for case in cases if case.id in ids)
    wanted = ("dev", "test") if split == "all" else (split,)
    kept = [case for case in cases if case.split in wanted]
    if limit is None or limit >= len(kept):
        return tuple(kept)
    step = len(kept) / limit if limit > 0 else 0
    return tuple(kept[int(number * step)] for number in range(limit))


def _checked_rows(path: Path, schema: str) -> Iterator[tuple[Row, str, str]]:
    """Yield each line as a row, its place, and what is wrong with it."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # `splitlines` would also cut inside a question
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path} cannot be read ({type(error).__name__}); give a JSON Lines file in UTF-8") from None
    validator = _validator(schema)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            yield {}, place, f"not JSON ({error}); write one JSON object on the line"
            continue
        faults = sorted(validator.iter_errors(row), key=lambda fault: list(map(str, fault.absolute_path)))
        yield row, place, _mend(faults[0]) if faults else ""


@cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator  # only where data is read

    return Draft202012Validator(json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")))


def _mend(fault: Any) -> str:
    """Say in one line what a schema fault means and how to mend it."""
    where = ".".join(str(part) for part in fault.absolute_path) or "the line"
    described = fault.schema.get("description", "") if isinstance(fault.schema, Mapping) else ""
    hint = f"; {described}" if described else ""
    return f"{where}: {fault.message[:200]}{hint}"


def _described(problems: Sequence[str], schema: str) -> str:
    shown = "\n".join(f"  {problem}" for problem in problems[:_MOST_PROBLEMS])
    more = f"\n  ... and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
    return (
        f"{len(problems)} line(s) of the data cannot be used, so nothing was measured:\n{shown}{more}\n"
        f"Mend them and run again; eval/schemas/{schema}.schema.json says what a line needs."
    )
