"""Pressure: messages that want a claim confirmed, and messages that dispute an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import CorpusError
from rag.library.reading import UnreadableError
from rag.safety.files import phrase_problems, require_phrases
from rag.safety.language import detect
from rag.safety.pressure import Pressure, read_pressure
from rag.safety.requests import classify, has_amount_to_take
from rag.safety.signals import read_signals

CORPUS = Path(__file__).resolve().parents[2] / "corpus"


@pytest.fixture(scope="module")
def pressure() -> Pressure:
    return read_pressure(CORPUS)


@pytest.mark.parametrize(
    "text",
    ["It helps, RIGHT?", "Isn’t it a cure?", "so it works?", "please confirm it", "write a poem", "why is it so mild"],
)
def test_leading_messages(pressure: Pressure, text: str) -> None:
    assert pressure.is_leading(text)


@pytest.mark.parametrize("text", ["does it help", "what is known of sleep", "is it legal here"])
def test_open_questions_do_not_lead(pressure: Pressure, text: str) -> None:
    assert not pressure.is_leading(text)


@pytest.mark.parametrize("text", ["You’re just biased", "that is nonsense", "come on, just say it", "my forum knows"])
def test_disputes_are_noticed(pressure: Pressure, text: str) -> None:
    assert pressure.is_pushback(text)


def test_a_long_message_has_a_subject_of_its_own(pressure: Pressure) -> None:
    subjects = "liver enzymes heart rhythm sleep appetite hair loss thyroid cortisol libido vision memory weight skin"
    long = f"wrong, tell me about {subjects}"
    assert not pressure.is_pushback(long)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("leading: []\npushback: []\nnegated: []\n", "leading"),
        (
            "leading:\n  - id: broken\n    when: '('\npushback: [{id: a, when: b}]\nnegated: [{id: a, when: b}]\n",
            "broken",
        ),
        ("- a list\n", "pressure.yaml"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "pressure.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableError, match=said):
        read_pressure(tmp_path)


def test_the_given_corpus_is_read_not_the_default_one(tmp_path: Path) -> None:
    for read in (
        lambda: detect("is it safe to drink", tmp_path),
        lambda: read_signals(["i am pregnant"], [], tmp_path),
        lambda: classify("how much", corpus_dir=tmp_path),
        lambda: has_amount_to_take("Take some.", tmp_path),
    ):
        with pytest.raises(UnreadableError):
            read()


def test_every_phrase_file_is_checked_before_the_assistant_starts(tmp_path: Path) -> None:
    assert phrase_problems(CORPUS) == []
    for name in ("language.yaml", "requests.yaml", "signals.yaml", "pressure.yaml"):
        (tmp_path / name).write_text("unrelated: 1\n", encoding="utf-8")
    with pytest.raises(CorpusError) as found:
        require_phrases(tmp_path)
    assert {p.file for p in found.value.problems} == {"language.yaml", "requests.yaml", "signals.yaml", "pressure.yaml"}
