"""The gates: which figures must hold, read from `gates.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from eval.results import GateResult, SuiteResult
from rag.errors import KratomEvidenceError
from rag.records import Record

GATES = Path(__file__).with_name("gates.toml")
_ROUNDING = 1e-9


class Gate(Record):
    """One bound on one figure; `hard` ones decide the exit code."""

    suite: str
    metric: str
    direction: Literal["at_least", "at_most"]
    bound: float
    hard: bool
    why: str = Field(min_length=10)
    group: str = ""


class GateFileError(KratomEvidenceError):
    """`gates.toml` cannot be used."""


def read_gates(path: Path = GATES) -> tuple[Gate, ...]:
    """Read the gates.

    Raises:
        GateFileError: the file is missing, not TOML, or a gate lacks a field.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("gate", [])
        return tuple(Gate.model_validate(row) for row in rows)
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{first['input']!r}"[:120]
        raise GateFileError(
            f"{path.name}: a gate cannot be used: {'.'.join(map(str, first['loc']))}: {first['msg']} (in {place}); "
            "the head of the file says what a gate needs"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GateFileError(f"{path.name} cannot be read as TOML: {error}; mend that line") from None


def check_gates(
    gates: Sequence[Gate], suites: Sequence[SuiteResult], *, partial: bool = False
) -> tuple[GateResult, ...]:
    """Hold the gates of the suites that were run against their figures.

    Args:
        gates: From `read_gates`.
        suites: What was measured.
        partial: Whether only some cases, or another's data, were run: then a figure may be missing. In a
            whole run a missing figure fails its gate, because a gate that is never measured guards nothing.
    """
    ran = {suite.name: suite for suite in suites if not suite.skipped}
    return tuple(_held(gate, ran[gate.suite], partial) for gate in gates if gate.suite in ran)


def _held(gate: Gate, suite: SuiteResult, partial: bool) -> GateResult:
    figure = suite.metric(gate.metric, gate.group)
    if figure is None or figure.n == 0:
        return GateResult(**gate.model_dump(), passed=None if partial else False)
    above = figure.value >= gate.bound - _ROUNDING
    below = figure.value <= gate.bound + _ROUNDING
    return GateResult(**gate.model_dump(), value=figure.value, passed=above if gate.direction == "at_least" else below)
