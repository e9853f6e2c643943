"""What a suite is, and which suites there are.

A suite is one module `eval/<name>.py` with a `SUITE` and an Inspect task of its name:

    SUITE = Suite(
        name="scope",
        title="Answers what it should, and declines what it should",
        files=("scope.jsonl",),            # in eval/data; all of one schema
        schema="scope",                    # eval/schemas/scope.schema.json
        scorers=(kind_of_reply, amounts),  # (Case, Sequence[Reply]) -> Iterable[Mark]
    )

    @task
    def scope(data: str = "", split: str = "all", target: str = "product") -> Task:
        return suite_task(SUITE, data=data, split=split, target=target)

Scorers are plain functions in `eval/scorers`, so that a test calls them with a case
and hand-made replies. They never raise for what a target wrote. `read` maps a line to
a `Case` where the common fields are not enough. `ask` replaces the plain way of asking
turn by turn, for a suite that needs another pipeline (a planted corpus, a scripted
model). A suite that is new is added to `NAMES` here and to `gates.toml`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import DATA, Case, Row, load_cases, plain_case
from eval.results import CurvePoint, Mark, SuiteResult
from eval.targets import Ability, Reply, Target
from rag.errors import KratomEvidenceError

Scorer = Callable[[Case, Sequence[Reply]], Iterable[Mark]]
Ask = Callable[[Case, Target], Sequence[Reply]]
Asked = tuple[Case, Sequence[Reply]]
Report = Callable[[str, int, int], None]

NAMES = (
    "retrieval",
    "grounding",
    "claims",
    "crisis",
    "scope",
    "injection",
    "conversation",
    "reading",
    "hostile",
    "judge",
)


@dataclass(frozen=True)
class Suite:
    """One suite; see the module's description.

    Attributes:
        name: Its module and its name on the command line.
        title: What it measures, in a few plain words.
        files: Its data in `eval/data`.
        schema: Its schema in `eval/schemas`, without `.schema.json`.
        scorers: What is looked at.
        read: Makes a case of a line; None leaves the line out.
        ask: Gets the replies to a case; None asks the target turn by turn.
        needs: What a target must show of itself.
        curves: Makes trade-off curves of all cases, by name.
        folder: Measures a folder given with `--data` in another way than case by case.
        default: Whether it runs when no suite is named.
    """

    name: str
    title: str
    files: tuple[str, ...]
    schema: str
    scorers: tuple[Scorer, ...]
    read: Callable[[Row, str], Case | None] = plain_case
    ask: Ask | None = None
    needs: frozenset[Ability] = frozenset()
    curves: Callable[[Sequence[Asked]], Mapping[str, Sequence[CurvePoint]]] | None = None
    folder: Callable[[Path, Report], SuiteResult] | None = None
    default: bool = True

    def load(self, data: Path | None = None) -> tuple[Case, ...]:
        """Load its cases, or those of an outside file of the same schema.

        Raises:
            CaseError: the data cannot be used.
        """
        files = (data,) if data is not None else tuple(DATA / name for name in self.files)
        return load_cases(files, self.schema, self.read)


class UnknownSuiteError(KratomEvidenceError):
    """There is no suite of that name."""


def find_suites(names: Sequence[str] = ()) -> tuple[Suite, ...]:
    """Return the named suites, or all that run by default.

    Raises:
        UnknownSuiteError: a name is not a suite.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UnknownSuiteError(f"there is no suite {', '.join(unknown)}; the suites are {', '.join(NAMES)}")
    suites = [importlib.import_module(f"eval.{name}").SUITE for name in dict.fromkeys(names or NAMES)]
    return tuple(suite for suite in suites if names or suite.default)
