"""Scope: is each message answered, declined or sent on as it should be, and no amount given?

kratom-evidence eval scope
inspect eval eval/scope.py
"""

from __future__ import annotations

from inspect_ai import Task, task

from eval.scorers.amounts import amounts
from eval.scorers.scope import kind_of_reply
from eval.solver import suite_task
from eval.suites import Suite

SUITE = Suite(
    name="scope",
    title="Answers what it should, declines what it should",
    files=("scope.jsonl", "dose.jsonl", "requests.jsonl"),
    schema="scope",
    scorers=(kind_of_reply, amounts),
)


@task
def scope(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Abstention, wrong refusal, dose requests, other languages, small talk."""
    return suite_task(SUITE, data=data, split=split, target=target)
