"""The documentation says what is so: tables, links, commands, and nothing of other machines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from rag import docs
from rag.cli import app
from rag.records import Behaviour, Section, StatementKind
from rag.retrieval import opening

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), ROOT / "CITATION.cff", *sorted((ROOT / "docs").glob("*.md"))]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
CODE = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
COMMAND = re.compile(r"(?:^|`)kratom-evidence ((?:[a-z]+ ?)+)", re.MULTILINE)
MODULE = re.compile(r"python -m ([\w.]+)")
# Folders of somebody's machine, and where packages come from: neither helps a reader elsewhere.
OTHER_MACHINES = re.compile(r"(?<![\w.])/(?:home|Users|root|work|mnt|opt|tmp|var)/|[A-Z]:\\\\|\bshared/")
REGISTRIES = re.compile(r"pypi\.org|pythonhosted|download\.pytorch|npmjs|index-url|stored cop(?:y|ies)", re.IGNORECASE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    prose = CODE.sub("", text_of(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose)}


def commands(command: object, path: str = "") -> set[str]:
    """Return every command and group of commands."""
    found = set()
    for name, child in getattr(command, "commands", {}).items():
        whole = f"{path} {name}".strip()
        found |= {whole} | commands(child, whole)
    return found


def test_every_table_is_current():
    assert docs.stale(ROOT) == [], "run 'kratom-evidence docs'"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_somewhere(page):
    for match in LINK.finditer(CODE.sub("", text_of(page))):
        target, _, anchor = match["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page if not target else (page.parent / target).resolve()
        assert file.is_relative_to(ROOT) and file.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} links to {match['target']}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_nothing_of_other_machines_is_written_down(page):
    for pattern in (OTHER_MACHINES, REGISTRIES):
        assert not pattern.search(text_of(page)), pattern.search(text_of(page))


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_named_command_exists(page):
    text = text_of(page)
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert set(MAKE.findall(text)) <= targets
    for module in MODULE.findall(text):
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").exists() or path.is_dir() or module == "pytest", module
    known = commands(get_command(app))
    for words in COMMAND.findall(text):
        first, *rest = words.split()
        assert first in known, words
        # A command of a group is named with its group; words after any other are its arguments.
        if rest and any(name.startswith(f"{first} ") for name in known):
            assert f"{first} {rest[0]}" in known, words


def test_the_readme_starts_with_the_two_commands():
    text = text_of(ROOT / "README.md")
    assert text.index("make run") < text.index("make test") < text.index("## What an answer looks like")


def test_every_kind_of_reply_is_described():
    text = text_of(ROOT / "docs" / "python.md")
    for value in (*Behaviour, *Section, *StatementKind):
        assert f"`{value}`" in text, value


def test_every_missing_part_is_described():
    text = text_of(ROOT / "docs" / "operating.md")
    codes = [opening.MODEL_MISSING, opening.INDEX_MISSING, opening.INDEX_IN_MEMORY, opening.STORE_UNREACHABLE]
    for code in (*codes, "answering-failed"):
        assert f"| `{code}` |" in text, code


def test_a_table_is_filled_in_and_named_when_stale(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- begin: settings -->\nout of date\n<!-- end: settings -->\nafter\n", encoding="utf-8")
    assert docs.stale(tmp_path) == ["README.md: settings"]
    assert docs.write_tables(tmp_path) == [page]
    written = page.read_text(encoding="utf-8")
    assert "KRATOM_EVIDENCE_PORT" in written and "out of date" not in written
    assert written.startswith("before\n") and written.endswith("after\n")
    assert docs.stale(tmp_path) == [] and docs.write_tables(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- begin: nonsense -->\n<!-- end: nonsense -->\n", "nonsense"),
        ("<!-- begin: settings -->\nno end\n", "without its 'end'"),
        ("<!-- begin: settings -->\n<!-- end: commands -->\n", "without its 'end'"),
    ],
)
def test_a_wrong_marker_is_an_error_with_a_mend(tmp_path, text, message):
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    with pytest.raises(docs.DocsError, match=message):
        docs.stale(tmp_path)


def test_a_bar_in_a_cell_does_not_break_the_table():
    rows = [line for line in docs.answer_tables().splitlines() if line.startswith("| `verdict`")]
    assert len(rows) == 1 and r"str \| None" in rows[0]
