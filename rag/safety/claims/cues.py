"""What the words of a sentence say about how far it goes, as numbers.

The cues are families of ordinary English words: absolutes, comparisons, names
of evidence, words of benefit, safety and harm with their negation. None of them
knows a claim; which claim a sentence is near is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from rag.safety import stance as rules
from rag.safety.stance import Stance, normalise, stance

_DATA: dict[str, dict[str, str]] = json.loads(files("rag.safety.claims").joinpath("cues.json").read_text("utf-8"))


def _patterns(part: str) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(rf"(?<![\w'])(?:{body})(?![\w'])") for name, body in _DATA[part].items()}


_FAMILY_PATTERNS = _patterns("families")

_PREDICATE_PATTERNS = _patterns("predicates")
_NEGATOR = re.compile(
    r"(?<![\w'])(?:no|not|never|nobody|no one|none|nothing|neither|nor|without|cannot|cant|\w+n't|dont"
    r"|doesnt|isnt|wont|aint|lacks?|devoid|free"
    r"|zero|myth|hardly|rarely|unheard|impossible|incapable|nil|fails?)(?![\w'])"
)
_WINDOW = 34  # characters before a predicate in which a negator counts: about five words

_TURN_PATTERNS = _patterns("turns")
_TURN_PAIRS = (
    ("moderate_harm", "all_do"), ("moderate_harm", "not_harsh"), ("one_part", "kratom_does"),
    ("kratom_does", "all_do"), ("not_harsh", "all_do"),
    ("refer", "no_need"), ("is_better", "kratom_does"), ("not_kind", "not_all"), ("advice_no", "refer"),
)  # fmt: skip
_SUBJECT_PATTERNS = _patterns("subjects")
_STANCES = tuple(Stance)
_CROSSED = (
    "always",
    "never",
    "everyone",
    "no_one",
    "totally",
    "for_good",
    "free_of",
    "compare",
    "proof",
    "ok",
    "hedge",
    "some",
)


def _names() -> tuple[str, ...]:
    polar = tuple(f"{name}{sign}" for name in _PREDICATE_PATTERNS for sign in "+-")
    crossed = tuple(f"{cue}*{name}" for cue in _CROSSED for name in polar)
    subjects = tuple(f"about:{name}" for name in _SUBJECT_PATTERNS)
    said = tuple(f"{subject}*{name}" for subject in subjects for name in polar)
    turns = (*(f"turn:{name}" for name in _TURN_PATTERNS), *(f"turn:{a}*{b}" for a, b in _TURN_PAIRS))
    turned = tuple(f"turn:{name}*{subject}" for name in _TURN_PATTERNS for subject in subjects[:3])
    plain_turns = tuple(f"plain*turn:{name}" for name in _TURN_PATTERNS)
    plain = tuple(f"plain*{name}" for name in (*polar, *subjects))
    flags = (
        "limits_evidence",
        "limits_scope",
        "attributes",
        "borrows_weight",
        "concludes",
        "rejects",
        *(f"rejects*{name}" for name in polar),
        "negates",
        "imperative",
        "short",
        "measured",
    )
    return (
        *_FAMILY_PATTERNS,
        *polar,
        *crossed,
        *subjects,
        *said,
        *plain,
        *turns,
        *turned,
        *plain_turns,
        *(f"stance:{s}" for s in _STANCES),
        *flags,
    )


NAMES: tuple[str, ...] = _names()
_IMPERATIVE = re.compile(
    r"^(?:just |now |so |then |go ahead and )?"
    r"(?:add|ask|avoid|ban|bin|boost|break|bring|buy|choose|combine|consider|detox|discover|ditch|do|don't|drop|enjoy|expect"
    r"|combine|consider|detox|discover|ditch|do|don't|drop|enjoy|expect"
    r"|fall|feel|fix|follow|forget|get|give|go|hit|hop|ignore|keep|lace|leave|let|look|make|meet|mix"
    r"|never|order|pair|pick|put|quit|rotate|say|skip"
    r"|start|stay|stick|stop|swap|switch|take|think|throw|top|toss|touch|trade|trust|try|use|walk|wave)\b"
)


def is_imperative(sentence: str) -> bool:
    """Say whether a sentence tells somebody to do something."""
    return bool(_IMPERATIVE.match(normalise(sentence)))


def features(sentence: str) -> npt.NDArray[np.float32]:
    """Return the cue values of one sentence, in the order of `NAMES`."""
    text = normalise(sentence)
    values: dict[str, float] = {name: float(bool(p.search(text))) for name, p in _FAMILY_PATTERNS.items()}
    polar = _polarities(text)
    values.update(polar)
    for cue in _CROSSED:
        for name, present in polar.items():
            values[f"{cue}*{name}"] = values[cue] * present
    values[f"stance:{stance(sentence)}"] = 1.0
    values["limits_evidence"] = float(rules.limits_evidence(text))
    values["limits_scope"] = float(rules.limits_scope(text))
    values["attributes"] = float(rules.attributes(text))
    values["borrows_weight"] = float(rules.borrows_weight(text))
    values["concludes"] = float(rules.concludes(text))
    values["rejects"] = float(rules.rejects(text))
    values.update({f"rejects*{name}": values["rejects"] * present for name, present in polar.items()})
    values["negates"] = float(rules.negates(text))
    values["imperative"] = float(bool(_IMPERATIVE.match(text)))
    measured = values["limits_evidence"] or values["limits_scope"] or values["attributes"] or values["design"]
    values["measured"] = float(bool(measured))
    subjects = {f"about:{name}": float(bool(p.search(text))) for name, p in _SUBJECT_PATTERNS.items()}
    values.update(subjects)
    for subject, there in subjects.items():
        values.update({f"{subject}*{name}": there * present for name, present in polar.items()})
    if not measured:
        values.update({f"plain*{name}": v for name, v in (polar | subjects).items()})
    turns = {f"turn:{name}": float(bool(p.search(text))) for name, p in _TURN_PATTERNS.items()}
    values.update(turns)
    values.update({f"turn:{a}*{b}": turns[f"turn:{a}"] * turns[f"turn:{b}"] for a, b in _TURN_PAIRS})
    values.update({f"{turn}*{subject}": v * w for turn, v in turns.items() for subject, w in subjects.items()})
    if not measured:
        values.update({f"plain*{turn}": v for turn, v in turns.items()})
    values["short"] = max(0.0, 1.0 - len(text) / 160.0)
    return np.array([values.get(name, 0.0) for name in NAMES], dtype=np.float32)


def _polarities(text: str) -> dict[str, float]:
    """Find words of benefit, safety and harm, each with or without a negator shortly before it."""
    found = {f"{name}{sign}": 0.0 for name in _PREDICATE_PATTERNS for sign in "+-"}
    for name, pattern in _PREDICATE_PATTERNS.items():
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - _WINDOW) : match.start()]
            after = text[match.end() : match.end() + 9]
            negated = _NEGATOR.search(before) or after.startswith(("-free", " free", " is a myt"))
            found[f"{name}{'-' if negated else '+'}"] = 1.0
    return found
