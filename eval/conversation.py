"""The conversation suite: scripted dialogues with an expectation for each turn.

    inspect eval eval/conversation.py -T split=test

Each reply is judged for its kind, triage, evidence and notices, and for what it must not do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspect_ai import Task, task

from eval.cases import Case, CaseError
from eval.scorers import register
from eval.scorers.conversation import turns
from eval.solver import suite_task
from eval.suites import Suite


@dataclass(frozen=True)
class ConversationSuite(Suite):
    """The suite, with a check that a JSON Schema cannot make: every turn has its expectation."""

    def load(self, data: Path | None = None) -> tuple[Case, ...]:
        """Load the dialogues.

        Raises:
            CaseError: a line is not of the schema, or turns and expectations do not match.
        """
        cases = super().load(data)
        problems = [problem for case in cases for problem in _problems(case, own=data is None)]
        if problems:
            raise CaseError("Some dialogues cannot be used, so nothing was measured:\n" + "\n".join(problems[:10]))
        return cases


def _problems(case: Case, *, own: bool) -> list[str]:
    turns_, expected = len(case.turns), len(case.fields["expect"])
    if turns_ != expected:
        return [f"  {case.place}: {turns_} turns and {expected} expectations; write one expectation for each turn"]
    library = register.library()
    known = library.briefs.keys() | library.sources.keys()
    named = {name for turn in case.fields["expect"] for name in turn.get("must_cite", ())} if own else set()
    return [
        f"  {case.place}: there is no brief or source {name!r} in the corpus; mend must_cite"
        for name in sorted(named - known)
    ]


SUITE = ConversationSuite(
    name="conversation",
    title="Keeps the thread over several turns, and notices what is said on the way",
    files=("conversations.jsonl",),
    schema="conversation",
    scorers=(turns,),
)


@task
def conversation(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Scripted dialogues: follow-ups, changes of topic, push-back, late disclosure and more."""
    return suite_task(SUITE, data=data, split=split, target=target)
