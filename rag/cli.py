"""The command `kratom-evidence`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from eval.commands import bench, evaluate
from rag.errors import KratomEvidenceError
from rag.progress import progress_bars
from rag.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from rag.assistant import Assistant

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
index_app = typer.Typer(no_args_is_help=True, help="The search index, a build artefact.")
corpus_app = typer.Typer(no_args_is_help=True, help="The evidence in corpus/.")
app.add_typer(index_app, name="index")
app.add_typer(corpus_app, name="corpus")
app.command("eval")(evaluate)
app.command()(bench)

out = Console()
err = Console(stderr=True)

Country = Annotated[str | None, typer.Option(help="Two-letter country code for crisis lines, such as GB.")]


def main() -> None:
    """Run the command; a known error is one clear message and exit code 2."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        app()
    except ValidationError as error:
        for item in error.errors():
            err.print(f"The setting {'.'.join(map(str, item['loc']))} cannot be used: {item['msg']}", style="red")
        sys.exit(2)
    except KratomEvidenceError as error:
        err.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    country: Country = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
) -> None:
    """Answer one question."""
    from rag.terminal import show_answer

    assistant = _open()
    answer = assistant.ask(question, country=country)
    if as_json:
        sys.stdout.write(answer.model_dump_json(indent=2) + "\n")
    else:
        show_answer(out, answer, assistant.library.messages)


@app.command()
def chat(country: Country = None) -> None:
    """Talk in the terminal; an empty line or Ctrl-D ends it. Nothing is kept."""
    from rag.terminal import show_answer

    assistant = _open()
    history: list[dict[str, str]] = []
    out.print("Ask about kratom or depression. An empty line ends the conversation.", style="dim")
    while True:
        try:
            question = out.input("\n[bold]you[/bold]  ").strip()
        except EOFError:
            break
        if not question:
            break
        answer = assistant.ask(question, history, country)
        show_answer(out, answer, assistant.library.messages)
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.text}]


@app.command()
def docs() -> None:
    """Write the generated tables of the documentation, and docs/examples.md from real answers."""
    from rag.docs import write_examples, write_tables

    changed = write_tables(PROJECT_ROOT)
    write_examples(PROJECT_ROOT, _open())
    for path in changed:
        out.print(f"changed {path.relative_to(PROJECT_ROOT)}", markup=False, highlight=False)


@app.command()
def batch(
    source: Annotated[Path, typer.Argument(help='JSONL with {"id", "question", "history"?, "country"?} a line.')],
    target: Annotated[Path, typer.Argument(help="JSONL to write; a stopped run goes on where it ended.")],
) -> None:
    """Answer a file of questions."""
    from rag.batch import read_rows, run_batch

    rows = read_rows(source)
    assistant = _open()
    with progress_bars(err) as report:
        count = run_batch(assistant, rows, target, lambda done, total: report("Answering", done, total))
    err.print(f"{count} answered now, {len(rows)} in {target}.")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the web chat, building the index first when it is missing."""
    from rag.server import serve as run

    settings = Settings()
    run(settings.model_copy(update={"host": host or settings.host, "port": settings.port if port is None else port}))


@index_app.command("build")
def index_build() -> None:
    """Build the search index, embedding only what changed."""
    from rag.assembly import extra_texts
    from rag.library import load_library
    from rag.retrieval.build import build_index

    settings = Settings()
    library = load_library(settings.corpus_dir)
    with progress_bars(err) as report:
        info = build_index(library, settings, extra=extra_texts(library), progress=report)
    out.print(f"Index {info.key}: {info.embedded} texts embedded, {info.reused} reused, corpus {info.fingerprint}.")


@index_app.command("status")
def index_status() -> None:
    """Say whether the index fits the corpus."""
    from rag.assembly import extra_texts
    from rag.library import load_library
    from rag.retrieval.build import index_status as status

    settings = Settings()
    library = load_library(settings.corpus_dir)
    state, words = status(library, settings, extra=extra_texts(library))
    out.print(f"{state}: {words}", markup=False, highlight=False)


@corpus_app.command("check")
def corpus_check() -> None:
    """Check every file of the corpus; exit code 1 when something is wrong."""
    from rag.library import check_corpus

    problems = check_corpus(Settings().corpus_dir)
    for problem in problems:
        out.print(str(problem), markup=False, highlight=False)
    if problems:
        err.print(f"{len(problems)} problem(s).", style="red")
        raise typer.Exit(1)
    out.print("The corpus passes its checks.")


@corpus_app.command("show")
def corpus_show(
    item: Annotated[str, typer.Argument(metavar="ID", help="A source, passage (source#n), brief, claim or medicine.")],
) -> None:
    """Show one thing of the corpus."""
    from rag.library import load_library

    library = load_library(Settings().corpus_dir)
    kinds = (library.sources, library.passages, library.briefs, library.claims, library.medicines)
    found = next((kind[item] for kind in kinds if item in kind), None)
    if found is None:
        text = f"There is no {item} in the corpus. Ids are the file names; a passage is source-id#1."
        err.print(text, style="red", markup=False, highlight=False)
        raise typer.Exit(2)
    out.print_json(found.model_dump_json())


def _open() -> Assistant:
    from rag.progress import open_assistant

    settings = Settings()
    logging.basicConfig(level=settings.log_level)
    return open_assistant(settings, err)
