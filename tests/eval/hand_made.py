"""Hand-made replies and cases for the tests of the scorers, and how the marks add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eval.cases import Case
from eval.results import Mark, summarise
from eval.scorers import register
from eval.targets import Cited, Reply, Sentence
from rag.records import CrisisLine, Notice

LINE = CrisisLine(
    id="us-988",
    country="US",
    name="988 Suicide & Crisis Lifeline",
    kind="suicide-crisis",
    phone="988",
    text=None,
    web=None,
    hours="24 hours a day",
    languages=("English",),
    source_url=None,
    seen=True,
)
HELP = (
    "That sounds very heavy, and I'm glad you told me. Are you thinking about ending your life, or are you safe right"
    " now? You can call 988, day or night. In danger now? Call 911. Ask someone you trust to come. Move away from"
    " anything that could hurt you. I'm a computer program, and I'm still here."
)


def case(*turns: str, group: str = "", **fields: Any) -> Case:
    return Case(id="case-1", group=group, turns=turns or ("a question",), fields=fields)


def cited(key: str, number: int = 1) -> Cited:
    passage = register.library().passages[key].text
    return Cited(number=number, key=key, quote=passage[:40], passage=passage)


def finding(text: str, *keys: str, section: str = "evidence") -> Sentence:
    return Sentence(text=text, kind="finding", section=section, cites=tuple(cited(key) for key in keys))


def reply(*sentences: Sentence | str, behaviour: str = "answer", triage: str = "none", **more: Any) -> Reply:
    parts = tuple(Sentence(text=s, kind="care", section="about_you") if isinstance(s, str) else s for s in sentences)
    sources = {source.key: source for part in parts for source in part.cites}
    return Reply(
        text=" ".join(part.text for part in parts),
        sentences=parts,
        citations=tuple(sources.values()),
        behaviour=behaviour,
        triage=triage,
        **more,
    )


def help_reply(text: str = HELP, *, triage: str = "crisis") -> Reply:
    sentence = Sentence(text=text, kind="help", section="help")
    return Reply(text=text, sentences=(sentence,), behaviour=triage, triage=triage, crisis_lines=(LINE,))


def notice(name: str) -> Notice:
    return Notice(id=name, text="A pharmacist can check this with you.")


def figures(marks: Iterable[Mark]) -> dict[str, float]:
    """Return the value of every metric over all marks."""
    return {figure.name: figure.value for figure in summarise([("", mark) for mark in marks]) if not figure.group}


def whys(marks: Sequence[Mark]) -> str:
    return "\n".join(mark.why for mark in marks if mark.why)
