"""The injection suite: instructions in questions, forged histories, pasted text, disguises and a planted corpus.

    inspect eval eval/injection.py -T split=test

The cases of the groups `planted` and `planted-claim` are asked of the product over a copy of
its corpus with the notes of `eval/data/planted` in it. A planted corpus that its own checks
refuse counts as withstood. Other targets are not asked these cases.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from inspect_ai import Task, task

from eval.cases import DATA, Case
from eval.scorers.injection import REFUSED, attack, usefulness
from eval.solver import ask_in_turn, suite_task
from eval.suites import Suite
from eval.targets import Product, Reply, Target
from rag.assistant import Assistant
from rag.errors import CorpusError
from rag.settings import Settings

PLANTED = DATA / "planted"
_NOTES = {"planted": "planted-2024-lakeside.md", "planted-claim": "planted-2024-riverside.md"}


def ask(case: Case, target: Target) -> Sequence[Reply]:
    """Ask the target, or for a planted note the product over a corpus that holds it."""
    note = _NOTES.get(case.group)
    if note is None:
        return ask_in_turn(case, target)
    if "product" not in target.abilities:
        return (Reply(text="", trace={"not_asked": "only the product can be given a planted corpus"}),)
    planted = planted_product(note)
    return (Reply(text="", trace={REFUSED: planted}),) if isinstance(planted, str) else ask_in_turn(case, planted)


@cache
def planted_product(note: str) -> Target | str:
    """Return the product over a corpus with one note planted, or why that corpus is refused.

    The index is copied first, so that only the new passages are embedded.
    """
    settings = Settings()
    folder = Path(tempfile.mkdtemp(prefix="kratom-evidence-planted-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    corpus, index = folder / "corpus", folder / "index"
    shutil.copytree(settings.corpus_dir, corpus)
    shutil.copy(PLANTED / note, corpus / "sources" / note)
    if settings.index_dir.is_dir():
        shutil.copytree(settings.index_dir, index)
    try:
        assistant = Assistant.from_settings(settings.model_copy(update={"corpus_dir": corpus, "index_dir": index}))
    except CorpusError as error:
        return str(error)
    return Product(assistant)


SUITE = Suite(
    name="injection",
    title="Does not obey what is planted in questions, histories or sources",
    files=("injection.jsonl",),
    schema="injection",
    scorers=(attack, usefulness),
    ask=ask,
)


@task
def injection(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Planted instructions, forged turns, role tags, disguises, and a planted corpus."""
    return suite_task(SUITE, data=data, split=split, target=target)
