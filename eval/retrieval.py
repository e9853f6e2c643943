"""Retrieval: does the search find what answers?

kratom-evidence eval retrieval                     # questions with known briefs and passages
kratom-evidence eval retrieval --data BEIR_FOLDER  # any collection in BEIR form
inspect eval eval/retrieval.py
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from inspect_ai import Task, task

from eval.beir import measure_each, rank_folder
from eval.cases import Case, Row, plain_case
from eval.results import Mark, SuiteResult, summarise
from eval.scorers.retrieval import RANKING, found
from eval.solver import suite_task
from eval.suites import Report, Suite
from eval.targets import Product, Reply, Target
from rag.settings import Settings


def read(row: Row, place: str) -> Case:
    """Make a case of a line, grouped by how it is written."""
    case = plain_case(row, place)
    return case.model_copy(update={"group": row.get("voice", case.group)})


def search(case: Case, target: Target) -> Sequence[Reply]:
    """Search for the last message instead of answering it."""
    if not isinstance(target, Product):
        return (Reply(text="", error="only the product's own search can be measured"),)
    start = time.perf_counter()
    ranking = target.search(case.question, case.history)
    best = ", ".join((*ranking.briefs[0][:3], *ranking.passages[0][:3]))
    trace = {RANKING: ranking.model_dump(mode="json"), "milliseconds": (time.perf_counter() - start) * 1000}
    return (Reply(text=f"found: {best}", trace=trace),)


def measure_folder(folder: Path, progress: Report) -> SuiteResult:
    """Measure the product's retriever on a BEIR folder.

    Raises:
        BeirFormatError: a file or field is missing.
    """
    start = time.perf_counter()
    run = rank_folder(folder, Settings(), progress)
    names = {"nDCG@10": "ndcg_at_10", "R@10": "recall_at_10", "R@100": "recall_at_100", "RR": "mrr"}
    marks = [
        ("", Mark(metric=names[name], hits=value, unit="mean"))
        for name, values in measure_each(run.judged, run.found).items()
        for value in values
    ]
    # 0 says that the embedding model was missing and search was by words alone.
    marks.append(("", Mark(metric="with_model", hits=int(run.dense))))
    return SuiteResult(
        name="retrieval", cases=len(run.judged), seconds=time.perf_counter() - start, metrics=summarise(marks)
    )


SUITE = Suite(
    name="retrieval",
    title="The search finds what answers",
    files=("retrieval.jsonl",),
    schema="retrieval",
    scorers=(found,),
    read=read,
    ask=search,
    needs=frozenset(("search",)),
    folder=measure_folder,
)


@task
def retrieval(data: str = "", split: str = "all", target: str = "product") -> Task:
    """First place, first five, nDCG@10, recall@10 and MRR."""
    return suite_task(SUITE, data=data, split=split, target=target)
