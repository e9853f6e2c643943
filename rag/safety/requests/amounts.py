"""The guard on our own sentences: does one give or confirm an amount to take?

Figures of a study, a label or a case are evidence and pass ("rats got 8 mg/kg").
Advice does not, with a number or without one ("start low"). A sentence that
cannot be judged counts as advice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.safety.phrases import Rule, compile_any, compile_rules, default_corpus_dir, read_phrases
from rag.safety.requests.wording import read_wording
from rag.text import split_sentences

_CITATION = re.compile(r"\[[\w#, -]*\]")
_DIGIT_RULES = frozenset({"take-this-much", "taper-by"})


@dataclass(frozen=True)
class Advice:
    """The part `advice` of `requests.yaml`, compiled."""

    rules: tuple[Rule, ...]
    reported: re.Pattern[str]
    to_you: re.Pattern[str]
    declined: re.Pattern[str]
    setters: re.Pattern[str]


def has_amount_to_take(text: str, corpus_dir: Path | None = None) -> bool:
    """Tell whether any sentence of `text` gives or confirms an amount to take.

    Args:
        text: What is to be shown.
        corpus_dir: The folder with `requests.yaml`; by default that of the settings.
    """
    folder = corpus_dir or default_corpus_dir()
    advice, respell = read_advice(folder), read_wording(folder).respell
    plain = _CITATION.sub("", text)
    return any(_advises(respell(sentence), advice) for sentence in split_sentences(plain))


def _advises(sentence: str, advice: Advice) -> bool:
    hits = {rule.id for rule in advice.rules if rule.matches(sentence)}
    if not hits:
        return False
    spoken_to = bool(advice.to_you.search(sentence))
    if advice.reported.search(sentence) and not spoken_to:
        return False
    if hits <= _DIGIT_RULES:
        return True
    # Advice without a figure is harmless where it is turned down, or left to whoever may set it.
    return not (advice.declined.search(sentence) or advice.setters.search(sentence))


@lru_cache(maxsize=4)
def read_advice(corpus_dir: Path) -> Advice:
    """Read and compile what tells advice in our own sentences.

    Raises:
        UnreadableError: the file is missing, or a pattern in it is wrong.
    """
    tree = read_phrases(corpus_dir / "requests.yaml")
    part, macros = tree["advice"], tree["macros"]
    return Advice(
        rules=compile_rules(part["rules"], macros, "requests.yaml"),
        reported=compile_any(part["reported"], macros),
        to_you=compile_any(part["to_you"], macros),
        declined=compile_any(part["declined"], macros),
        setters=compile_any(part["setters"], macros),
    )
