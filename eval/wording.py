"""How figures and names are written for people; the words stand in `eval/templates/wording.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from eval.results import Unit
from rag.library.messages import Messages

WORDING = Path(__file__).parent / "templates" / "wording.yaml"
# What arithmetic leaves of a whole number.
_EXACT = 1e-9


@cache
def wording() -> Messages:
    """Return the fixed wording of the report."""
    return Messages(yaml.safe_load(WORDING.read_text(encoding="utf-8")))


def metric_name(name: str) -> str:
    """Return a metric's name as people read it."""
    names: Mapping[str, Any] = wording().node("metrics")
    return str(names.get(name, name.replace("_", " ")))


def suite_title(name: str) -> str:
    """Return a suite's title; one that the wording does not know keeps its name."""
    key = f"suites.{name}.title"
    return wording().text(key) if wording().has(key) else name


def target_name(name: str) -> str:
    """Return a target's name as people read it; an outside one keeps its own."""
    names: Mapping[str, Any] = wording().node("targets")
    return str(names.get(name, name))


def when(created: str) -> str:
    """Write a moment in UTC to the minute."""
    return created.replace("T", " ")[:16] + " UTC"


def written(value: float, unit: Unit) -> str:
    """Write a figure: a share in per cent, a count whole, a mean with two decimals."""
    if unit == "share":
        return f"{percent(value)}%"
    return f"{value:g}" if unit == "count" else f"{value:.2f}"


def percent(share: float) -> str:
    """Write a share so that 100 and 0 mean exactly that."""
    text = f"{share * 100:.1f}"
    if text == "100.0":
        return "100" if share > 1 - _EXACT else "over 99.9"
    if text == "0.0":
        return "0" if share < _EXACT else "under 0.1"
    return text
