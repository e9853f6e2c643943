"""Speed and memory of the product, measured in one run beside a plain baseline."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from eval.cases import DATA, load_cases
from rag.assistant import Assistant
from rag.library import load_library
from rag.progress import open_assistant
from rag.retrieval.embeddings import load_embedder
from rag.settings import Settings

_WARM_UP = 5


def run_bench(settings: Settings, console: Console, *, questions: int = 60) -> None:
    """Time opening, warm answers, and the embedding of the same questions alone as the baseline.

    Args:
        settings: Options; the index is built first when it is missing.
        console: Where the table goes.
        questions: How many different questions to answer.
    """
    start = time.perf_counter()
    assistant = open_assistant(settings)
    opened = time.perf_counter() - start
    cases = load_cases((DATA / "retrieval.jsonl",), "retrieval")
    texts = [case.question for case in cases if case.split == "dev" and not case.history][: questions + _WARM_UP]
    start = time.perf_counter()
    assistant.ask(texts[0])
    first = time.perf_counter() - start
    assistant.rehearse()
    for text in texts[:_WARM_UP]:
        assistant.ask(text)
    answers = timed(assistant.ask, texts[_WARM_UP:])
    embedder = load_embedder(settings, threads=settings.query_threads)
    embedder(["warm up"])
    baseline = timed(lambda text: embedder([text]), texts[_WARM_UP:])
    start = time.perf_counter()
    load_library(settings.corpus_dir)
    console.print(_table(opened, first, answers, baseline, time.perf_counter() - start, assistant))


def timed(call: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Return the wall time of each call in milliseconds."""
    times = []
    for text in texts:
        start = time.perf_counter()
        call(text)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _table(
    opened: float, first: float, answers: list[float], baseline: list[float], library: float, assistant: Assistant
) -> Table:
    table = Table(title="Speed and memory", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    p95 = statistics.quantiles(answers, n=20)[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    rows = [
        ("open the assistant (index ready or built now)", f"{opened:.1f} s"),
        ("read the corpus", f"{library:.2f} s"),
        ("first answer (loads the model)", f"{first:.1f} s"),
        ("warm answer, median", f"{statistics.median(answers):.0f} ms"),
        ("warm answer, 95th percentile", f"{p95:.0f} ms"),
        ("embedding the question alone, median", f"{statistics.median(baseline):.0f} ms"),
        ("answer / embedding alone", f"{statistics.median(answers) / statistics.median(baseline):.1f}"),
        ("peak memory", f"{peak:.0f} MB"),
        ("corpus fingerprint", assistant.library.fingerprint),
    ]
    for row in rows:
        table.add_row(*row)
    return table
