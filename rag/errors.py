"""Every exception that the assistant raises on purpose.

KratomEvidenceError
├── CorpusError              the files in corpus/ cannot be used
├── UncitedStatementError    a finding was built without a citation
├── UnverifiedQuoteError     a quote does not stand in its passage
├── IndexUnavailableError    the search index cannot be opened or built
└── ModelUnavailableError    the embedding model is missing or not the pinned one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class KratomEvidenceError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a corpus file: where it is, what it is, how to mend it."""

    file: str
    line: int
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.mend})"


class CorpusError(KratomEvidenceError):
    """The corpus does not pass its checks; `problems` lists every one found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = "\n".join(f"  {problem}" for problem in self.problems[:20])
        more = f"\n  ... and {len(self.problems) - 20} more" if len(self.problems) > 20 else ""
        super().__init__(f"the corpus has {len(self.problems)} problem(s):\n{shown}{more}")


class UncitedStatementError(KratomEvidenceError):
    """A finding or correction was built without a citation."""

    def __init__(self, text: str) -> None:
        super().__init__(f"a finding needs a verified citation: {text[:80]!r}")


class UnverifiedQuoteError(KratomEvidenceError):
    """A quote does not stand, letter for letter, in the passage it names."""

    def __init__(self, passage_id: str, quote: str) -> None:
        super().__init__(f"the quote is not in passage {passage_id}: {quote[:80]!r}")


class IndexUnavailableError(KratomEvidenceError):
    """The search index cannot be opened, built or reached."""


class ModelUnavailableError(KratomEvidenceError):
    """The embedding model is missing, or its files are not the pinned ones."""
