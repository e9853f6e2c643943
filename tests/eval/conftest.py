"""Runs one suite on a few cases, without a gate being missed for want of cases."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest

from eval.cases import Case
from eval.run import Options, run_suites

# Inspect leaves streams for the garbage collection to close, which then says so.
INSPECTS_STREAMS = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
ONE_QUESTION = (Case(id="c1", turns=("what is withdrawal like",)),)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(INSPECTS_STREAMS)


@pytest.fixture(autouse=True, scope="module")
def close_streams():
    """Let the streams of these tests be closed before those of other folders, which know nothing of them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def run_one(tmp_path, monkeypatch):
    """Return a function that runs a suite on a target and given cases; by default one plain question."""

    def run(suite, target, cases=ONE_QUESTION, **options):
        monkeypatch.setattr(type(suite), "load", lambda self, data=None: tuple(cases))
        return run_suites([suite], target, Options(out=tmp_path / "out", **options))

    return run
