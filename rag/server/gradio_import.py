"""Imports Gradio without the work it does for authors of its components.

At every import Gradio parses the source of each of its components twice and rewrites
their type stubs beside it, which takes a quarter of its time and writes into the
installed package. It leaves a component out whose source file is
unknown, so while it is imported the files of its own classes are not told.
Import this module before anything imports `gradio`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _without_stubs() -> Iterator[None]:
    known = inspect.getfile

    def getfile(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("not told while Gradio is imported")
        return known(thing)

    inspect.getfile = getfile  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = known


if "gradio" not in sys.modules:
    with _without_stubs():
        import gradio  # noqa: F401
