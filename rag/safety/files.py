"""Reads every phrase file of the safety checks, so that a broken one is found before anybody is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.errors import CorpusError, Problem
from rag.library.reading import UnreadableError
from rag.safety.language import english_words
from rag.safety.pressure import read_pressure
from rag.safety.requests.amounts import read_advice
from rag.safety.requests.wording import read_wording
from rag.safety.signals import read_patterns

_READERS: tuple[tuple[str, Callable[[Path], Any]], ...] = (
    ("language.yaml", english_words),
    ("requests.yaml", read_wording),
    ("requests.yaml", read_advice),
    ("signals.yaml", read_patterns),
    ("pressure.yaml", read_pressure),
)


def phrase_problems(corpus_dir: Path) -> list[Problem]:
    """Return what is wrong with the phrase files of a corpus; empty when all can be used."""
    problems = []
    for name, read in _READERS:
        try:
            read(corpus_dir)
        except UnreadableError as error:
            problems.append(error.problem)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problems.append(Problem(name, 1, f"a part is missing or of another form: {error!r}", "restore that part"))
    return list(dict.fromkeys(problems))


def require_phrases(corpus_dir: Path) -> None:
    """Make sure that every phrase file can be used.

    Raises:
        CorpusError: with what is wrong.
    """
    problems = phrase_problems(corpus_dir)
    if problems:
        raise CorpusError(problems)
