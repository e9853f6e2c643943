"""Keeps the tables in the documentation true: they are rendered from the code and the corpus.

A table stands in a page between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.
`write_tables` renders every one anew; `stale` names those that no longer hold.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rag import records
from rag.assistant import Assistant
from rag.errors import KratomEvidenceError
from rag.library import Library, load_library
from rag.settings import PROJECT_ROOT, Settings

Row: TypeAlias = Sequence[object]

_BLOCK = re.compile(r"<!-- begin: (?P<name>[\w-]+) -->\n(?P<body>.*?)<!-- end: (?P=name) -->", re.DOTALL)
_BEGIN = re.compile(r"<!-- begin: ([\w-]+) -->")
_HEADING = re.compile(r"^(\w+):\s+(.+)$")
# What an answer is made of, the whole first.
_ANSWER_PARTS = (
    records.Answer,
    records.Statement,
    records.Citation,
    records.SourceCard,
    records.Notice,
    records.CrisisLine,
    records.Trace,
    records.StageTrace,
    records.Withheld,
)


class DocsError(KratomEvidenceError):
    """A page has a marker without its end, or one that names no table."""


def write_tables(root: Path) -> list[Path]:
    """Render every table in README.md and docs/ anew.

    Args:
        root: Folder of the project.

    Returns:
        The pages that changed.

    Raises:
        DocsError: a marker has no end, or names no table.
        CorpusError: the corpus, which some tables count, does not pass its checks.
    """
    changed = []
    for page, text, rendered in _rendered(root):
        if rendered != text:
            page.write_text(rendered, encoding="utf-8")
            changed.append(page)
    return changed


def stale(root: Path) -> list[str]:
    """Return the tables that no longer hold, each as `page: table`.

    Args:
        root: Folder of the project.

    Raises:
        DocsError: a marker has no end, or names no table.
        CorpusError: the corpus, which some tables count, does not pass its checks.
    """
    found = []
    for page, text, rendered in _rendered(root):
        pairs = zip(_BLOCK.finditer(text), _BLOCK.finditer(rendered), strict=True)
        found += [f"{page.relative_to(root)}: {old['name']}" for old, new in pairs if old["body"] != new["body"]]
    return found


def settings_table() -> str:
    """Return every option with its environment variable, default and meaning."""
    prefix = Settings.model_config.get("env_prefix", "")
    rows = [
        (f"`{prefix}{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _table(("Variable", "Default", "Meaning"), rows)


def command_table() -> str:
    """Return every command of `kratom-evidence` with its arguments, options and meaning."""
    from typer.main import get_command

    from rag.cli import app

    return _table(("Command", "Meaning"), _commands(get_command(app), "kratom-evidence"))


def answer_tables() -> str:
    """Return the fields of an `Answer` and of the records in it; meanings come from their docstrings."""
    parts = []
    for model in _ANSWER_PARTS:
        meanings = _meanings(model)
        fields = [
            (f"`{name}`", f"`{_type_name(field.annotation)}`", meanings.get(name, ""))
            for name, field in model.model_fields.items()
        ]
        head = ("Field", "Type", "Meaning") if meanings else ("Field", "Type")
        table = _table(head, [row[: len(head)] for row in fields])
        parts.append(f"**`{model.__name__}`**: {_summary(model)}\n\n{table}")
    return "\n".join(parts)


def corpus_table(library: Library) -> str:
    """Return how much of each thing the corpus holds."""
    asks = sum(len(brief.asks) for brief in library.briefs.values())
    countries = {line.country for line in library.crisis_lines} - {"INT"}
    rows = [
        ("sources", len(library.sources)),
        ("passages", len(library.passages)),
        ("briefs", f"{len(library.briefs)}, with {asks:,} ways of asking"),
        ("unsupported claims", len(library.claims)),
        ("medicines, drugs and supplements", len(library.medicines)),
        ("crisis and support services", f"{len(library.crisis_lines)}, in {len(countries)} countries"),
    ]
    return _table(("In the corpus", "Number"), rows)


def kinds_table(library: Library) -> str:
    """Return each kind of source, how a reader sees it, how many there are and what it cannot show."""
    counts = Counter(source.kind for source in library.sources.values())
    rows = [
        (f"`{kind}`", _labels(kind, library), counts[kind], library.messages.text(f"evidence_limits.{kind}"))
        for kind in records.SourceKind
    ]
    return _table(("Kind", "In words", "Sources", "What a reader is told about it"), rows)


def reading_table(library: Library) -> str:
    """Return how much of the sources was read, who they are about, and how sure the notes are."""
    sources = library.sources.values()
    rows = [
        (label, ", ".join(f"{name} {count}" for name, count in Counter(values).most_common()))
        for label, values in (
            ("read", [source.read for source in sources]),
            ("population", [source.population for source in sources]),
            ("confidence", [source.confidence for source in sources]),
        )
    ]
    return _table(("Field", "Sources"), rows)


def _tables(root: Path) -> dict[str, Callable[[], str]]:
    """Return the renderer of each table; the corpus is read once, and only if a table needs it."""
    read: list[Library] = []

    def of(render: Callable[[Library], str]) -> Callable[[], str]:
        def rendered() -> str:
            if not read:
                read.append(load_library(root / "corpus"))
            return render(read[0])

        return rendered

    return {
        "settings": settings_table,
        "commands": command_table,
        "answer-fields": answer_tables,
        "corpus-counts": of(corpus_table),
        "source-kinds": of(kinds_table),
        "source-reading": of(reading_table),
    }


def _rendered(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield each page that holds tables, as it is and as it should be."""
    tables = _tables(root)
    for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        names = _BEGIN.findall(text)
        if not names:
            continue
        unknown = sorted(set(names) - tables.keys())
        if unknown:
            known = ", ".join(sorted(tables))
            raise DocsError(f"{page.name} asks for the table {unknown[0]!r}; there are {known}")
        if len(_BLOCK.findall(text)) != len(names):
            raise DocsError(f"{page.name} has a 'begin' marker without its 'end'; add '<!-- end: NAME -->'")
        yield page, text, _BLOCK.sub(lambda match: _filled(match["name"], tables), text)


def _filled(name: str, tables: dict[str, Callable[[], str]]) -> str:
    return f"<!-- begin: {name} -->\n{tables[name]()}<!-- end: {name} -->"


def _commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield usage and help of each command below `command`."""
    for name, child in command.commands.items():
        if getattr(child, "commands", None) is not None:
            yield from _commands(child, f"{path} {name}")
        else:
            parts = [part for part in map(_parameter, child.params) if part]
            summary = inspect.cleandoc(child.help or "").split("\n\n")[0].replace("\n", " ")
            yield f"`{' '.join([path, name, *parts])}`", summary


def _parameter(parameter: Any) -> str:
    """Return a parameter as usage lines write it."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return name if parameter.required else f"[{name}]"
    if parameter.name == "help":
        return ""
    option = parameter.opts[0] if parameter.is_flag else f"{parameter.opts[0]} {parameter.name.upper()}"
    return option if parameter.required else f"[{option}]"


def _summary(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return what the `Attributes` of a docstring say of each field."""
    found: dict[str, str] = {}
    name = ""
    lines = inspect.cleandoc(model.__doc__ or "").split("Attributes:\n")[1:]
    for line in lines[0].splitlines() if lines else []:
        text = line.strip()
        if not text or not line.startswith(" "):
            break
        heading = _HEADING.match(text)
        if heading and heading[1] in model.model_fields:
            name, text = heading[1], heading[2]
        found[name] = f"{found[name]} {text}" if name in found else text
    return found


def _type_name(annotation: Any) -> str:
    """Return a type as a reader of Python writes it, without the modules."""
    is_class = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", annotation.__name__ if is_class else str(annotation))


def _labels(kind: records.SourceKind, library: Library) -> str:
    labels = dict.fromkeys(library.messages.node(f"evidence_label.{kind}").values())
    narrower = [rule["label"] for rule in library.messages.node("evidence_refined") if rule["kind"] == kind]
    return "; ".join(dict.fromkeys([*labels, *narrower]))


def _default(value: object) -> str:
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, Path):
        return f"`{value.relative_to(PROJECT_ROOT)}` in the project"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _table(head: Row, rows: Iterable[Row]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[str(cell).replace("|", r"\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


EXAMPLES = (
    "Isn't kratom basically a gentler Prozac?",
    "Can I take kratom with sertraline?",
    "does kratom hurt the liver",
    "whats kratom withdrawl like and how long does it last",
    "how many grams should a beginner take for mood",
    "I'm pregnant and drink kratom tea, what now?",
    "does kratom get along with my asthma inhaler?",
    "what actually works for depression",
    "are 7-OH tablets the same as kratom",
    "what's the best crypto right now",
)


def write_examples(root: Path, assistant: Assistant) -> Path:
    """Write `docs/examples.md` from real answers of this corpus."""
    parts = [
        "# Ten answers",
        "",
        "Real answers of the assistant, written by `kratom-evidence docs`;"
        f" corpus {assistant.library.fingerprint}. Numbers in brackets are citations.",
    ]
    for question in EXAMPLES:
        answer = assistant.ask(question, country="US")
        parts += ["", f"## {question}", ""]
        parts += [f"*{line}*\n" for line in (*answer.mentions, *([answer.verdict] if answer.verdict else []))]
        parts.append(answer.text)
        for citation in answer.citations:
            source = citation.source
            parts.append(
                f"\n[{citation.number}] {source.title} ({source.year or 'undated'}), {source.evidence_label}: "
                f"“{citation.quote}” <{source.url}>"
            )
    path = root / "docs" / "examples.md"
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path
