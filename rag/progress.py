"""Shows long work as it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.settings import Settings

Report = Callable[[str, int, int], None]


@contextmanager
def progress_bars(console: Console) -> Iterator[Report]:
    """Show a bar for each step; yields a function of the step's name, how much is done and of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield report


def open_assistant(settings: Settings, console: Console | None = None) -> Assistant:
    """Open the assistant, with progress bars while an index is being built.

    Raises:
        CorpusError: the corpus does not pass its checks.
    """
    from rag.assembly import assemble  # the heavy rooms, only once they are wanted

    with progress_bars(console or Console(stderr=True)) as report:
        return assemble(settings, progress=report)
