"""The reading suite: reading grade, length, and hedging that matches the kind of evidence.

    inspect eval eval/reading.py -T split=test

Grade and length need only the words of a reply; hedging needs citations of the corpus.
"""

from __future__ import annotations

from inspect_ai import Task, task

from eval.scorers.reading import grade, hedging, length
from eval.solver import suite_task
from eval.suites import Suite

SUITE = Suite(
    name="reading",
    title="Can be read, is of the right length, and says how strong its evidence is",
    files=("reading.jsonl",),
    schema="reading",
    scorers=(grade, length, hedging),
)


@task
def reading(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Reading grade, length and hedging."""
    return suite_task(SUITE, data=data, split=split, target=target)
