"""The order of the rooms, and what every module keeps to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A room imports only from rooms above it.
ORDER = (
    "rag.errors",
    "rag.records",
    "rag.settings",
    "rag.text",
    "rag.english",
    "rag.conversation",
    "rag.library",
    "rag.safety",
    "rag.retrieval",
    "rag.answering",
    "rag.assistant",
    "rag.assembly",
    "rag.batch",
    "rag.terminal",
    "rag.progress",
    "rag.server",
    "rag",
    "eval",
    "rag.cli",
    "rag.docs",
    "app",
)
# Opened when it is called for, and not before: the assembly by `Assistant.from_settings`, the rest by its command.
LAZY = {("rag.assistant", "rag.assembly"), ("rag.cli", "rag.docs")}

MODULES = [ROOT / "app.py", *sorted((ROOT / "rag").rglob("*.py")), *sorted((ROOT / "eval").rglob("*.py"))]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
IDS = [str(path.relative_to(ROOT)) for path in MODULES]

LONGEST_MODULE = 350
LONGEST_FUNCTION = 50
OTHER_MACHINES = re.compile(r"""["'](?:/(?:home|Users|root|work|mnt|opt|tmp|var)/|[A-Z]:\\)""")


def room(module: str) -> str:
    first, *rest = module.split(".")
    return f"rag.{rest[0]}" if first == "rag" and rest else first


def own_room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return room(".".join(parts).removesuffix(".__init__"))


def imported(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield the project's modules that a module imports, and whether only inside a function or for types."""
    lazy = {id(node) for part in ast.walk(tree) if is_lazy(part) for node in ast.walk(part)}
    for node in ast.walk(tree):
        for name in imported_by(node):
            if name.split(".")[0] in ("rag", "eval", "app", "tests"):
                yield name, id(node) in lazy


def is_lazy(node: ast.AST) -> bool:
    types_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return types_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    assert node.level == 0, f"line {node.lineno}: imports are written in full"
    module = node.module or ""
    return [f"rag.{alias.name}" for alias in node.names] if module == "rag" else [module]


def test_every_room_has_its_place():
    assert {own_room(path) for path in MODULES} <= set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_room_imports_only_from_rooms_above_it(path):
    own = own_room(path)
    if own == "rag":
        return  # only hands on names of the rooms, on first use
    for name, lazy in imported(TREES[path]):
        other = room(name)
        if other == own or (lazy and (own, other) in LAZY):
            continue
        # A public name such as `rag.Settings` is not a room; it counts as the whole package.
        place = ORDER.index(other) if other in ORDER else ORDER.index("rag")
        assert place < ORDER.index(own), f"{own} imports {name}"


def test_the_product_never_imports_its_evaluation_or_tests():
    for path in MODULES:
        own = own_room(path)
        for name, _lazy in imported(TREES[path]):
            assert not name.startswith("tests"), own
            # The command line offers the evaluation among its commands; nothing else knows of it.
            assert own in ("eval", "rag.cli") or not name.startswith("eval"), f"{own} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_modules_and_functions_are_short_and_described(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert ast.get_docstring(TREES[path]), "a module says what it is for"
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_nothing_is_printed_past_the_console(path):
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "breakpoint", "input"), f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_no_path_of_another_machine_is_written_down(path):
    found = OTHER_MACHINES.search(path.read_text(encoding="utf-8"))
    assert not found, found
