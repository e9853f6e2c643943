"""The commands `kratom-evidence eval` and `kratom-evidence bench`.

What they measure with is imported inside each, so that the command line starts quickly.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from rag.errors import KratomEvidenceError
from rag.settings import Settings

if TYPE_CHECKING:
    from eval.results import RunReport
    from eval.run import Options
    from eval.suites import Suite
    from eval.targets import Target

out, err = Console(), Console(stderr=True)


class CommandError(KratomEvidenceError):
    """Options that do not go together."""


def evaluate(
    suites: Annotated[list[str] | None, typer.Argument(metavar="SUITE", help="Which suites; all by default.")] = None,
    split: Annotated[Literal["dev", "test", "all"], typer.Option(help="Tune on dev, report test.")] = "all",
    data: Annotated[Path | None, typer.Option(help="A file of your own for one suite, or a BEIR folder.")] = None,
    target: Annotated[
        str, typer.Option(help="product, plain-rag, or the address of a chatbot: http://.../v1")
    ] = "product",
    model: Annotated[str | None, typer.Option(help="The model to ask for behind an address.")] = None,
    api_key_env: Annotated[str | None, typer.Option(help="Environment variable with the key for the address.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Also measure this target, such as plain-rag.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many cases of each suite.")] = None,
    sample_id: Annotated[list[str] | None, typer.Option(help="Only this case; may be given again.")] = None,
    compare: Annotated[Path | None, typer.Option(help="report.json of an earlier run: what rose and fell.")] = None,
    out_dir: Annotated[Path, typer.Option("--out", help="Where reports and logs go.")] = Path("eval-results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
) -> None:
    """Measure the product, or any chatbot; exit code 1 when a hard gate falls."""
    from eval.opening import open_target
    from eval.results import read_report
    from eval.run import Options
    from eval.suites import find_suites

    if data is not None and len(suites or ()) != 1:
        raise CommandError("--data goes with one suite: name it, as in 'kratom-evidence eval scope --data FILE'")
    earlier = read_report(compare) if compare is not None else None
    chosen = find_suites(suites or ())
    options = Options(out=out_dir, split=split, data=data, limit=limit, ids=tuple(sample_id or ()), resume=resume)
    report = _measure(chosen, open_target(target, model=model, api_key_env=api_key_env, console=err), options)
    if baseline is not None:
        beside = _measure(chosen, open_target(baseline, console=err), options)
        report = report.model_copy(update={"baseline": beside})
    raise typer.Exit(_finish(report, earlier, out_dir))


def bench() -> None:
    """Measure speed and memory beside a plain baseline, in one run."""
    from eval.bench import run_bench

    run_bench(Settings(), out)


def _measure(suites: tuple[Suite, ...], target: Target, options: Options) -> RunReport:
    from eval.run import run_suites
    from rag.progress import progress_bars

    err.print(f"Measuring {target.name}", markup=False, highlight=False)
    try:
        with progress_bars(err) as report:
            return run_suites(suites, target, options, report)
    except KeyboardInterrupt:
        err.print("Stopped. The same command with --resume goes on after the last finished suite.")
        raise


def _finish(report: RunReport, earlier: RunReport | None, folder: Path) -> int:
    """Print and write what was measured; return the exit code."""
    from eval.compare import compare
    from eval.conclusions import conclude
    from eval.console import show_report
    from eval.report import render_report

    comparison = compare(earlier, report) if earlier is not None else None
    report = report.model_copy(update={"conclusions": conclude(report, comparison).sentences})
    show_report(out, report, comparison)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(render_report(report, comparison), encoding="utf-8")
    err.print(
        f"Written: {folder}/report.html, {folder}/report.json; every reply: inspect view --log-dir {folder}/logs",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 1 if report.fallen or _too_many_unanswered(report) else 0


def _too_many_unanswered(report: RunReport) -> bool:
    """Tell whether so many cases got no reply that the figures speak only of the rest."""
    from eval.conclusions import MOST_UNANSWERED

    asked, silent = sum(suite.cases for suite in report.suites), sum(len(suite.errors) for suite in report.suites)
    if silent > MOST_UNANSWERED * asked:
        first = next(suite.errors[0] for suite in report.suites if suite.errors)
        err.print(f"{silent} of {asked} cases got no reply, such as {first}", style="red", markup=False)
        return True
    return False
