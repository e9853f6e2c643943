"""What tests of several rooms share: the real corpus, and the assistant over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from playwright.sync_api import Browser, sync_playwright

from rag import Assistant, Settings
from rag.library import Library, load_library
from rag.retrieval.embeddings import MODEL_PACKAGE, model_folder

# The same examples for everyone, however busy the machine; `--hypothesis-profile thorough` looks further.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=3000)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def library() -> Library:
    """The corpus of this checkout."""
    return load_library(Settings().corpus_dir)


@pytest.fixture(scope="session")
def assistant() -> Assistant:
    """The assistant as it is served. Its index is built once for each state of the corpus, in a minute or two."""
    folder = model_folder(Settings())
    if folder is None or not folder.is_dir():
        pytest.skip(f"the package {MODEL_PACKAGE} with the embedding model is not installed; run 'make install'")
    return Assistant.from_settings(Settings())


CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which asks for nothing outside the test."""
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not installed at {CHROMIUM}")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield chromium
        chromium.close()
