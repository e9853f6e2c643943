"""Runs suites through Inspect and collects what they measured.

A finished suite is kept in the output folder with a fingerprint of its cases, the
target and the settings, so that a stopped run can go on with `--resume`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.cases import Case, Split, chosen
from eval.collect import Finished, collect, latency
from eval.gates import check_gates, read_gates
from eval.results import RunReport, SuiteResult
from eval.suites import Report, Suite
from eval.targets import Target
from rag.errors import KratomEvidenceError
from rag.settings import PROJECT_ROOT, Settings

_LIBRARIES = ("inspect-ai", "torch", "sentence-transformers", "chromadb")


@dataclass(frozen=True)
class Options:
    """What to run.

    Attributes:
        split: dev, test or all.
        data: An outside file, or folder, for the only suite.
        limit: At most so many cases of each suite.
        ids: Only these cases.
        out: Where logs, finished suites and reports go.
        resume: Take over suites that an earlier run into `out` finished.
        gates: Another file of gates than that of the project.
    """

    out: Path
    split: Split = "all"
    data: Path | None = None
    limit: int | None = None
    ids: tuple[str, ...] = ()
    resume: bool = False
    gates: Path | None = None

    @property
    def partial(self) -> bool:
        """Whether figures may be missing, because only some cases or another's data are run."""
        return self.limit is not None or bool(self.ids) or self.data is not None


class RunError(KratomEvidenceError):
    """A suite broke off, or nothing is left to run."""


def run_suites(
    suites: Sequence[Suite], target: Target, options: Options, progress: Report = lambda *_: None
) -> RunReport:
    """Run suites on one target.

    Args:
        suites: Which.
        target: Whom to ask.
        options: Which cases, and where results go.
        progress: Called with a suite's name, how many cases are done and of how many.

    Raises:
        CaseError: data cannot be used; nothing was asked then.
        RunError: a suite broke off, or no case is left.
    """
    loaded = _load(suites, options)
    finished = []
    for suite in suites:
        cases = loaded[suite.name]
        if cases is None and suite.folder is not None and options.data is not None:
            finished.append(Finished(result=suite.folder(options.data, progress)))
        else:
            finished.append(_run_or_resume(suite, cases or (), target, options, progress))
    results = tuple(item.result for item in finished)
    gates = read_gates(options.gates) if options.gates else read_gates()
    return RunReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        fingerprints={**fingerprints(target), "data": _digest(sorted(_data_key(cases) for cases in loaded.values()))},
        target=target.name,
        split=options.split,
        partial=options.partial,
        suites=results,
        gates=check_gates(gates, results, partial=options.partial),
        curves={name: points for item in finished for name, points in item.curves.items()},
        latency=latency([value for item in finished for value in item.milliseconds]),
    )


def _load(suites: Sequence[Suite], options: Options) -> dict[str, tuple[Case, ...] | None]:
    """Load all data before anything is asked; None where a folder is measured as a whole."""
    loaded: dict[str, tuple[Case, ...] | None] = {}
    for suite in suites:
        if options.data is not None and options.data.is_dir() and suite.folder is not None:
            loaded[suite.name] = None
        else:
            loaded[suite.name] = chosen(
                suite.load(options.data), split=options.split, limit=options.limit, ids=options.ids
            )
    if not any(cases is None or cases for cases in loaded.values()):
        raise RunError(
            "there is no case to run: no suite has one of that split or id; "
            "leave --split and --sample-id out to run all"
        )
    return loaded


def _run_or_resume(suite: Suite, cases: Sequence[Case], target: Target, options: Options, progress: Report) -> Finished:
    missing = suite.needs - target.abilities
    if missing:
        why = f"{target.name} does not show its {', '.join(sorted(missing))}, which this suite measures"
        return Finished(result=SuiteResult(name=suite.name, skipped=why))
    if not cases:
        return Finished(result=SuiteResult(name=suite.name, skipped="it has no case of this choice"))
    key = _digest([_data_key(cases), fingerprints(target), suite.name])
    kept = options.out / "suites" / f"{_file_name(target.name)}-{suite.name}.json"
    earlier = _read_finished(kept) if options.resume else None
    if earlier is not None and earlier.result.fingerprint == key:
        progress(suite.name, len(cases), len(cases))
        return earlier
    finished = run_suite(suite, cases, target, options.out / "logs", progress)
    finished = finished.model_copy(update={"result": finished.result.model_copy(update={"fingerprint": key})})
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(finished.model_dump_json(), encoding="utf-8")
    return finished


def run_suite(
    suite: Suite, cases: Sequence[Case], target: Target, log_dir: Path, progress: Report = lambda *_: None
) -> Finished:
    """Ask and score the cases of one suite.

    Raises:
        RunError: it broke off.
    """
    import inspect_ai

    from eval.solver import build_task

    start = time.perf_counter()
    progress(suite.name, 0, len(cases))
    task = build_task(suite, cases, target, _counting(suite.name, len(cases), progress))
    with _own_log_level():
        logs = inspect_ai.eval(
            task,
            model=None,
            display="none",
            log_dir=str(log_dir),
            # One case at a time: answering keeps a processor busy, and waits for nothing.
            max_samples=1 if "product" in target.abilities else 4,
            max_tasks=1,
            log_realtime=False,
            log_buffer=1000,
            log_level="error",
            score_display=False,
            ctl_server=False,
            acp_server=False,
        )
    if not logs or logs[0].status == "cancelled":  # Inspect takes Ctrl-C for itself
        raise KeyboardInterrupt
    (log,) = logs
    if log.status != "success":
        raise RunError(f"the suite {suite.name} broke off: {log.error.message if log.error else log.status}")
    place = {case.id: number for number, case in enumerate(cases)}
    finished = collect(suite, sorted(log.samples or [], key=lambda sample: place[str(sample.id)]))
    seconds = round(time.perf_counter() - start, 2)
    return finished.model_copy(update={"result": finished.result.model_copy(update={"seconds": seconds})})


@contextmanager
def _own_log_level() -> Iterator[None]:
    """Put the level of this process's log back: Inspect sets it for everybody, which would silence our warnings."""
    root = logging.getLogger()
    level = root.level
    try:
        yield
    finally:
        root.setLevel(level)


def fingerprints(target: Target) -> dict[str, str]:
    """Return what identifies a result besides its data: target, settings, code and versions."""
    settings = Settings().model_dump(mode="json")
    # Where a folder lies changes no result; what is in it does, and the corpus has its own fingerprint.
    settings = {name: value for name, value in settings.items() if not name.endswith("_dir")}
    sources = sorted(path for room in ("rag", "eval") for path in (PROJECT_ROOT / room).rglob("*") if _is_code(path))
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    code = _digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in sources])
    return {**target.fingerprints, "settings": _digest(settings), "code": code, "versions": versions}


def _is_code(path: Path) -> bool:
    return path.suffix in (".py", ".npz", ".json", ".toml", ".yaml") and path.is_file()


def _data_key(cases: Sequence[Case] | None) -> str:
    return _digest([case.model_dump(mode="json", exclude={"place"}) for case in cases or ()])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _counting(name: str, total: int, progress: Report) -> Callable[[], None]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(name, done, total)

    return count


def _file_name(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text)[:60]


def _read_finished(path: Path) -> Finished | None:
    """Return what an earlier run kept, or None when there is nothing whole."""
    try:
        return Finished.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
