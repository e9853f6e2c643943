"""Scope: is each message answered, declined or sent on as it should be, and no amount given?

kratom-evidence eval scope
inspect eval eval/scope.py
"""

from __future__ import annotations

from inspect_ai import Task, task

from eval.cases import Case, Row, plain_case
from eval.scorers.amounts import amounts
from eval.scorers.scope import NOT_DOSE, kind_of_reply
from eval.solver import suite_task
from eval.suites import Suite

AMOUNT_WORDS = "amount-words"


def read(row: Row, place: str) -> Case:
    """Make a case of a line; questions written only to be told from dose requests expect no more than that."""
    case = plain_case(row, place)
    if case.group == AMOUNT_WORDS:
        return case.model_copy(update={"fields": {"expected": NOT_DOSE}})
    return case


SUITE = Suite(
    name="scope",
    title="Answers what it should, declines what it should",
    files=("scope.jsonl", "dose.jsonl", "requests.jsonl"),
    schema="scope",
    scorers=(kind_of_reply, amounts),
    read=read,
)


@task
def scope(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Abstention, wrong refusal, dose requests, other languages, small talk."""
    return suite_task(SUITE, data=data, split=split, target=target)
