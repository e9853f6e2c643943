"""The phrase data of `corpus/requests.yaml`, compiled, and a message cut into clauses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import wrap

from rag.safety.language import english_words
from rag.safety.phrases import Respeller, Rule, compile_any, compile_rules, default_corpus_dir, expand, read_phrases
from rag.safety.requests.kinds import RequestKind

_SENTENCE = re.compile(r"(?<=[.?!;])\s+|(?<=[?!])(?=\w)|\n+")
_MAX_CHARS = 4000
_MAX_CLAUSES = 60
_MAX_CLAUSE_CHARS = 300  # some patterns take quadratic time in the length of a clause


@dataclass(frozen=True)
class Wording:
    """Every pattern that tells one kind of request from another."""

    respell: Respeller
    dose: tuple[Rule, ...]
    cues: tuple[tuple[float, Rule], ...]
    enough: float
    not_dose: tuple[Rule, ...]
    other_amounts: tuple[Rule, ...]
    past_intake: tuple[Rule, ...]
    unwell: tuple[Rule, ...]
    follow_up: tuple[Rule, ...]
    kinds: tuple[tuple[RequestKind, Rule], ...]
    small_talk: Mapping[RequestKind, re.Pattern[str]]
    fillers: re.Pattern[str]
    asks: re.Pattern[str]
    predicate: re.Pattern[str]
    topic: re.Pattern[str]
    beside: re.Pattern[str]
    clause: re.Pattern[str]
    medicine_amount: re.Pattern[str]

    def clauses(self, text: str) -> list[str]:
        """Cut a message into sentences and clauses that could each be a request, in plain spelling."""
        plain = self.respell(text[:_MAX_CHARS])
        parts = [part.strip(" ,-") for sentence in _SENTENCE.split(plain) for part in self.clause.split(sentence)]
        pieces = [piece for part in parts for piece in wrap(part, _MAX_CLAUSE_CHARS)]
        return pieces[:_MAX_CLAUSES]


@lru_cache(maxsize=4)
def read_wording(corpus_dir: Path) -> Wording:
    """Read and compile `requests.yaml`.

    Raises:
        UnreadableError: the file is missing, or a pattern in it is wrong.
    """
    tree = read_phrases(corpus_dir / "requests.yaml")
    macros, name = tree["macros"], "requests.yaml"
    known = english_words(corpus_dir) | frozenset(tree["respell"]["known"].split())
    words = {str(word): str(plain) for word, plain in tree["respell"]["words"].items()}
    rules = {part: compile_rules(tree[part], macros, name) for part in ("dose", "not_dose", "follow_up", "kinds")}
    beside = {part: compile_rules(tree[part], macros, name) for part in ("past_intake", "unwell", "other_amounts")}
    cues = tree["cues"]["weights"]
    weights = [float(cue["weight"]) for cue in cues]
    names = [RequestKind(entry["kind"]) for entry in tree["kinds"]]
    question, talk = tree["question"], tree["small_talk"]
    return Wording(
        respell=Respeller(words, frozenset(tree["respell"]["keys"].split()), known),
        dose=rules["dose"],
        cues=tuple(zip(weights, compile_rules(cues, macros, name), strict=True)),
        enough=float(tree["cues"]["enough"]),
        not_dose=rules["not_dose"],
        other_amounts=beside["other_amounts"],
        past_intake=beside["past_intake"],
        unwell=beside["unwell"],
        follow_up=rules["follow_up"],
        kinds=tuple(zip(names, rules["kinds"], strict=True)),
        small_talk={RequestKind(kind): compile_any(talk[kind], macros) for kind in talk if kind != "fillers"},
        fillers=compile_any(talk["fillers"], macros),
        asks=compile_any(question["asks"], macros),
        predicate=compile_any(question["predicate"], macros),
        topic=compile_any(question["topic"], macros),
        beside=compile_any(question["beside"], macros),
        clause=re.compile(rf",\s*(?:(?:and|but|so|or|also|plus) )?(?={question['starters']}\b)|"
                          rf"\s(?:and|but|also|plus)(?: also)? (?={question['starters']}\b)"),
        medicine_amount=re.compile(expand(question["medicine_amount"], macros)),
    )  # fmt: skip


def default_wording() -> Wording:
    """Return the wording of the corpus that the settings name."""
    return read_wording(default_corpus_dir())
