"""The data of the evaluation: every file has a card, every line its schema, and there is enough of it."""

from __future__ import annotations

import importlib
import json

import pytest

from eval.cases import DATA, CaseError
from eval.suites import Suite

OWN = ("claims", "crisis", "injection", "conversation", "reading")
MULTI_TURN = 200
ALL = 2500


def _suite(name: str) -> Suite:
    return importlib.import_module(f"eval.{name}").SUITE


def test_every_file_is_named_in_the_data_card() -> None:
    card = (DATA / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(DATA.glob("*.jsonl")) if f"`{path.name}`" not in card] == []


@pytest.mark.parametrize("name", OWN)
def test_every_line_is_of_its_schema_and_both_splits_are_filled(name: str) -> None:
    splits = {case.split for case in _suite(name).load()}
    assert {"dev", "test"} <= splits


def test_there_are_enough_cases() -> None:
    lines = sum(
        1
        for path in DATA.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and json.loads(line).get("split") in ("dev", "test")
    )
    assert lines >= ALL
    assert sum(len(case.turns) > 1 for case in _suite("conversation").load()) >= MULTI_TURN


@pytest.mark.parametrize("name", OWN)
def test_a_line_that_lacks_something_is_refused_with_its_place(name: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "a", "split": "dev"}\n')
    with pytest.raises(CaseError, match=r"mine\.jsonl:1"):
        _suite(name).load(path)
