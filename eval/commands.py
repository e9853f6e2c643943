"""The commands `kratom-evidence eval ...` and `kratom-evidence bench`.

What they measure with is imported inside each, so that the command line starts quickly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rag.progress import open_assistant, progress_bars
from rag.settings import Settings

eval_app = typer.Typer(no_args_is_help=True, help="Measure the product.")
out, err = Console(), Console(stderr=True)

Split = Annotated[str, typer.Option(help="dev, test or all. Tune on dev, report test.")]


@eval_app.command("retrieval")
def retrieval(
    data: Annotated[Path, typer.Option(help="Folder in BEIR form: corpus.jsonl, queries.jsonl, qrels/test.tsv.")],
) -> None:
    """Measure the product's retriever on any BEIR folder: nDCG@10, recall@10/100, MRR."""
    from eval.retrieval import run_beir

    with progress_bars(err) as report:
        result = run_beir(data, Settings(), report)
    table = Table(title=f"Retrieval on {data.name}", title_justify="left")
    table.add_column("measure")
    table.add_column("value", justify="right")
    for name, value in result.items():
        table.add_row(name, f"{value:.4f}")
    out.print(table)


@eval_app.command("gold")
def gold(split: Split = "dev") -> None:
    """Measure whether the right brief or passage is found, follow-ups included."""
    from eval.product import gold_parts, measure_gold, read_rows
    from eval.stats import share_table

    with progress_bars(err) as report:
        understanding, searcher, fingerprint = gold_parts(Settings(), report)
        rows = read_rows("retrieval.jsonl", split)
        shares = measure_gold(rows, understanding, searcher, lambda done, total: report("Gold questions", done, total))
    out.print(share_table(f"Gold questions, {split}, corpus {fingerprint}", shares))


@eval_app.command("behaviour")
def behaviour(split: Split = "dev") -> None:
    """Measure whether messages get the kind of reply they should: answer, abstain, decline a dose ..."""
    from eval.product import measure_behaviour, read_rows
    from eval.stats import share_table

    assistant = open_assistant(Settings(), err)
    for name in ("scope.jsonl", "dose.jsonl"):
        with progress_bars(err) as report:
            rows = read_rows(name, split)
            shares = measure_behaviour(assistant, rows, lambda done, total: report("Messages", done, total))
        out.print(share_table(f"{name}, {split}, corpus {assistant.library.fingerprint}", shares))


@eval_app.command("grounding")
def grounding() -> None:
    """Measure on more than 400 answers that every finding is cited and every quote verbatim."""
    from eval.product import measure_grounding, read_rows
    from eval.stats import share_table

    assistant = open_assistant(Settings(), err)
    rows = [*read_rows("retrieval.jsonl", "all"), *read_rows("dose.jsonl", "all")]
    with progress_bars(err) as report:
        shares = measure_grounding(assistant, rows, lambda done, total: report("Answers", done, total))
    out.print(share_table(f"Grounding, {len(rows)} questions, corpus {assistant.library.fingerprint}", shares))


@eval_app.command("triage")
def triage(split: Split = "dev") -> None:
    """Measure crisis and emergency recall and false alarms, beside a plain keyword list."""
    from eval.triage_report import main

    main([split])


@eval_app.command("claims")
def claims() -> None:
    """Measure the unsupported-claim guard on questions and on statements."""
    from eval.claims_report import main

    main()


def bench() -> None:
    """Measure speed and memory beside a plain baseline, in one run."""
    from eval.bench import run_bench

    run_bench(Settings(), out)
