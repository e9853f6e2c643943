"""What a person says about themselves, read from their turns: `corpus/signals.yaml`.

Only what calls for a care notice is looked for. The last thing said counts, so
"I'm not pregnant, by the way" takes an earlier reading back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.records import Medicine
from rag.safety.phrases import compile_any, default_corpus_dir, read_phrases
from rag.safety.requests.wording import read_wording

_MIXED_GROUPS = frozenset({"opioid", "benzodiazepine", "sedative", "anticonvulsant", "alcohol", "recreational"})
_ADULT, _OLDER = 18, 65
_PERSONAL = (
    "stopping_medicine", "skipping_medicine", "swapping_medicine", "pregnant", "breastfeeding", "trying_to_conceive",
    "under_18", "older_adult", "liver_signs", "driving", "tapering_kratom", "quitting_kratom", "surgery", "drug_test",
    "legal", "relapse", "in_recovery", "uses_kratom", "about_other",
)  # fmt: skip


@dataclass(frozen=True)
class CareSignals:
    """What the person's own turns say; `topics` holds what they speak of without saying it of anyone."""

    stopping_medicine: bool = False
    skipping_medicine: bool = False
    swapping_medicine: bool = False
    pregnant: bool = False
    breastfeeding: bool = False
    trying_to_conceive: bool = False
    under_18: bool = False
    older_adult: bool = False
    liver_signs: bool = False
    driving: bool = False
    mixing_sedatives: bool = False
    tapering_kratom: bool = False
    quitting_kratom: bool = False
    surgery: bool = False
    drug_test: bool = False
    legal: bool = False
    relapse: bool = False
    in_recovery: bool = False
    uses_kratom: bool = False
    about_other: bool = False
    age: int | None = None
    topics: frozenset[str] = frozenset()

    @property
    def changing_medicine(self) -> bool:
        """Tell whether a medicine is being stopped, skipped or replaced, or that is considered."""
        return self.stopping_medicine or self.skipping_medicine or self.swapping_medicine

    @property
    def expecting(self) -> bool:
        """Tell whether a baby is part of the picture."""
        return self.pregnant or self.breastfeeding or self.trying_to_conceive


@dataclass(frozen=True)
class SignalPatterns:
    """The phrases of `signals.yaml`, compiled."""

    said: Mapping[str, re.Pattern[str]]
    denied: Mapping[str, re.Pattern[str]]
    topics: Mapping[str, re.Pattern[str]]
    ages: tuple[re.Pattern[str], ...]


def read_signals(texts: Sequence[str], medicines: Sequence[Medicine], corpus_dir: Path | None = None) -> CareSignals:
    """Read the signals of a conversation.

    Args:
        texts: The person's turns, oldest first.
        medicines: The medicines they named.
        corpus_dir: The folder with `signals.yaml`; by default that of the settings.
    """
    folder = corpus_dir or default_corpus_dir()
    patterns, respell = read_patterns(folder), read_wording(folder).respell
    plain = [respell(text) for text in texts]
    found = {name: _holds(name, plain, patterns) for name in _PERSONAL}
    topics = frozenset(name for name, pattern in patterns.topics.items() if any(pattern.search(t) for t in plain))
    ages = [age for text in plain for age in _ages(text, patterns)]
    age = ages[-1] if ages else None
    if age is not None:
        found["under_18"] = age < _ADULT
        found["older_adult"] = age >= _OLDER
    sedated = any(m.sedating and m.group in _MIXED_GROUPS for m in medicines) or "sedatives" in topics
    with_kratom = "kratom" in topics or any(m.group == "kratom" for m in medicines)
    return CareSignals(**found, mixing_sedatives=sedated and with_kratom, age=age, topics=topics)


def _holds(name: str, texts: Sequence[str], patterns: SignalPatterns) -> bool:
    """Return whether a signal stands after the last turn that speaks of it."""
    state = False
    for text in texts:
        said = [match.end() for match in patterns.said[name].finditer(text)]
        denied = [match.end() for match in patterns.denied[name].finditer(text)] if name in patterns.denied else []
        if said or denied:
            # "not pregnant" holds "pregnant" as well; where both end together the denial counts.
            state = max(said, default=-1) > max(denied, default=-1)
    return state


def _ages(text: str, patterns: SignalPatterns) -> list[int]:
    found = [(match.start(), int(match.group(1))) for pattern in patterns.ages for match in pattern.finditer(text)]
    return [age for _, age in sorted(found) if 5 <= age <= 110]


@lru_cache(maxsize=4)
def read_patterns(corpus_dir: Path) -> SignalPatterns:
    """Read and compile `signals.yaml`.

    Raises:
        UnreadableError: the file is missing, or a pattern in it is wrong.
    """
    tree = read_phrases(corpus_dir / "signals.yaml")
    macros, signals = tree["macros"], tree["signals"]
    return SignalPatterns(
        said={name: compile_any(signals[name]["said"], macros) for name in _PERSONAL},
        denied={name: compile_any(signals[name]["denied"], macros) for name in _PERSONAL if signals[name]["denied"]},
        topics={name: compile_any(pattern, macros) for name, pattern in tree["topics"].items()},
        ages=tuple(compile_any(pattern, macros) for pattern in tree["ages"]),
    )
