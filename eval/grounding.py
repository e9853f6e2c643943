"""Grounding: is every finding cited, every quote verbatim, every statement carried by its sources?

    kratom-evidence eval grounding
    inspect eval eval/grounding.py

Asked are the questions of the retrieval and scope suites; nothing is expected of a reply
but that what it states stands on what it cites. See `eval.scorers.grounding` for the
figures and `eval.scorers.support` for what counts as support.
"""

from __future__ import annotations

from inspect_ai import Task, task

from eval.cases import Case, Row, plain_case
from eval.scorers.amounts import amounts
from eval.scorers.grounding import citations
from eval.solver import suite_task
from eval.suites import Suite


def read(row: Row, place: str) -> Case:
    """Make a case of a line; questions by voice are grouped by it."""
    case = plain_case(row, place)
    return case.model_copy(update={"group": row.get("voice", case.group), "fields": {}})


SUITE = Suite(
    name="grounding",
    title="What is stated stands on the sources it names",
    files=("retrieval.jsonl", "dose.jsonl"),
    schema="grounding",
    scorers=(citations, amounts),
    read=read,
    needs=frozenset(("citations",)),
)


@task
def grounding(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Citation recall and precision, verbatim quotes, unknown keys, uncited findings."""
    return suite_task(SUITE, data=data, split=split, target=target)
