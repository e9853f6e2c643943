"""What other programs import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import rag

HEAVY = ("torch", "gradio", "chromadb", "sentence_transformers", "langchain_core", "fastapi")


@pytest.mark.parametrize("name", rag.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(rag, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = rag.Nonsense


@pytest.mark.parametrize("module", ["rag", "rag.settings", "rag.records", "rag.cli", "app"])
def test_importing_costs_no_large_library(module):
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
