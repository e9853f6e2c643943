"""Every fixed sentence that the program asks for is in the corpus."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.library import Messages
from rag.records import Section, SourceKind
from rag.safety.requests import RequestKind

ROOT = Path(__file__).resolve().parents[1]
# Has a file of messages of its own, which its own tests read.
HAND_OVER = ROOT / "rag" / "server" / "handover"


def looked_up() -> Iterator[tuple[str, str, str, bool]]:
    """Yield file, method, key and whether the key is only the beginning of one, for each key written in the code."""
    for path in sorted((ROOT / "rag").rglob("*.py")):
        if HAND_OVER in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                continue
            if node.func.attr not in ("text", "texts", "node"):
                continue
            for key, is_prefix in literals(node.args[0]):
                yield str(path.relative_to(ROOT)), node.func.attr, key, is_prefix


def literals(node: ast.expr) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, False
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield str(node.values[0].value).rpartition(".")[0], True


LOOKED_UP = sorted(set(looked_up()))


def test_keys_are_found_in_the_code():
    assert len(LOOKED_UP) > 20


@pytest.mark.parametrize(("file", "method", "key", "is_prefix"), LOOKED_UP)
def test_each_key_in_the_code_is_in_the_corpus(library, file, method, key, is_prefix):
    messages = library.messages
    if is_prefix:
        assert isinstance(messages.node(key), dict), f"{file} looks up {key}.*"
    elif method == "text":
        assert isinstance(messages.node(key), str), f"{file} looks up {key}"
    elif method == "texts":
        assert messages.texts(key), f"{file} looks up {key}"
    else:
        assert messages.has(key), f"{file} looks up {key}"


def test_everything_that_can_be_shown_has_its_words(library):
    messages = library.messages
    for claim in library.claims.values():
        assert messages.text(f"verdict.{claim.verdict}")
    for kind in SourceKind:
        assert messages.text(f"evidence_limits.{kind}")
        assert "any" in messages.node(f"evidence_label.{kind}")
    for kind in RequestKind:
        if kind not in (RequestKind.QUESTION, RequestKind.DOSE):
            assert messages.text(f"reply.{kind}")
    for brief in library.briefs.values():
        for notice in brief.care:
            assert messages.text(f"notice.{notice}"), f"{brief.id} lists {notice}"
    for section in (Section.EVIDENCE, Section.UNKNOWN, Section.ABOUT_YOU):
        assert messages.text(f"heading.{section}")


def test_briefs_named_in_messages_exist(library):
    for key in ("dose.reason_brief", "dose.taper_brief", "abstain.interaction_brief"):
        assert library.messages.text(key) in library.briefs


def test_there_are_four_ways_to_keep_to_a_correction(library):
    variants = library.messages.texts("pushback")
    assert len(set(variants)) == len(variants) >= 4


def test_lookups():
    messages = Messages({"a": {"b": "text {name}", "c": ["one", "two"]}})
    assert messages.text("a.b", name="{x}") == "text {x}"
    assert messages.text("a.b") == "text {name}"
    assert messages.texts("a.c") == ("one", "two")
    assert messages.has("a.c") and not messages.has("a.d") and not messages.has("a.b.c")
    for missing in ("a", "a.c", "x", ""):
        with pytest.raises(KeyError):
            messages.text(missing)
    with pytest.raises(KeyError):
        messages.texts("a.b")
