"""Builds the short reply that a person in danger sees before anything else.

Only arranges fixed wording and the services of a country: no model, no retrieval, no
network. A country that is not known gets the international finders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.library.messages import Messages
from rag.records import CrisisLine
from rag.safety.triage.records import Triage, TriageLevel

Part = tuple[str, str]

_INTERNATIONAL = "INT"
_DEFAULT_CRISIS = "suicidal-thoughts"
_DEFAULT_EMERGENCY = "medical"
# Emergencies for which a poison line can help while waiting.
_POISONING = frozenset({"overdose", "poisoned-child", "serotonin", "liver"})
_MEDICAL_NAMES = ("ambulance", "medical")


def crisis_messages(
    triage: Triage,
    country: str,
    lines: Sequence[CrisisLine],
    repeats: int,
    also_asked: bool,
    fixed: Mapping[str, Any] | Messages,
    language: str = "en",
) -> tuple[Part, ...]:
    """Return the parts of the reply, in the order in which they are shown.

    Args:
        triage: The level in force and what it is about.
        country: Two letters; anything unknown gets the international services.
        lines: All services; those not `seen` are never shown.
        repeats: How often such a reply was given before in this conversation.
        also_asked: The person asked a question too, which is answered afterwards.
        fixed: The fixed wording.
        language: `en` or `es`; anything else is answered in English.

    Returns:
        Pairs of text and kind: `acknowledge`, `call`, `line`, `emergency`, `poison`, `step`, `near`,
        `about-me`, `also-asked`, `concern`. Empty when there is no level.
    """
    case = _Case(triage, _Services(country, lines), repeats, also_asked, fixed, language)
    builders = {TriageLevel.EMERGENCY: _emergency, TriageLevel.CRISIS: _crisis, TriageLevel.CONCERN: _concern}
    build = builders.get(triage.level)
    return () if build is None else build(case)


class _Services:
    """The services of one country, or the international ones."""

    def __init__(self, country: str, lines: Sequence[CrisisLine]) -> None:
        wanted = (country or "").strip().upper()
        seen = [line for line in lines if line.seen]
        self._here = [line for line in seen if line.country == wanted and wanted != _INTERNATIONAL]
        self._everywhere = [line for line in seen if line.country == _INTERNATIONAL]

    def emergency(self, *, medical: bool) -> str | None:
        """Return the emergency number; for a medical one, of the ambulance where it differs."""
        found = [line for line in self._here if line.kind == "emergency" and line.phone]
        if medical:
            found.sort(key=lambda line: not line.name.lower().startswith(_MEDICAL_NAMES))
        return found[0].phone if found else None

    def crisis_line(self) -> CrisisLine | None:
        """Return the crisis line to name: with a phone and open day and night, if there is one."""
        found = [line for line in self._here if line.kind == "suicide-crisis" and (line.phone or line.web)]
        found.sort(key=lambda line: (line.phone is None, not _always_open(line)))
        return found[0] if found else None

    def poison(self) -> str | None:
        """Return the poison line."""
        found = [line.phone for line in self._here if line.kind == "poison" and line.phone]
        return found[0] if found else None

    def finders(self) -> str:
        """Return the addresses of the international directories."""
        return ", ".join(line.web for line in self._everywhere if line.kind != "emergency" and line.web)


def _always_open(line: CrisisLine) -> bool:
    return "24 hours" in (line.hours or "")


@dataclass(frozen=True)
class _Case:
    """What a reply is built from; see `crisis_messages`."""

    triage: Triage
    services: _Services
    repeats: int
    also_asked: bool
    fixed: Mapping[str, Any] | Messages
    language: str

    @property
    def who(self) -> str:
        """Whom the wording speaks about."""
        return "other" if self.triage.third_person else "self"

    def words(self, key: str) -> Any:
        """Return a branch of the wording in the person's language."""
        tree = self.fixed.node(key) if isinstance(self.fixed, Messages) else self.fixed[key]
        return tree.get(self.language) or tree["en"]

    def varied(self, variants: Sequence[Any]) -> Any:
        """Return the next variant, so that a repeat is not word for word."""
        return variants[self.repeats % len(variants)]

    def ending(self, self_note: str) -> list[Part]:
        """Return how a reply ends: that this is a program, and that the question is answered below."""
        parts = [(self_note, "about-me")]
        if self.also_asked:
            parts.append((str(self.words("crisis_reply")["also_asked"]), "also-asked"))
        return parts


def _crisis(case: _Case) -> tuple[Part, ...]:
    words = case.words("crisis_reply")
    about = words.get(case.triage.kind) or words[_DEFAULT_CRISIS]
    violent = case.triage.kind in ("violence", "harm-to-others")
    near = words["near_violence"] if violent else words["near"][case.who]
    line = (_line_text(case.services, words["help"]), "line")
    emergency = (_emergency_text(case.services, words["help"], violent=violent), "emergency")
    parts = [(case.varied(about[case.who]), "acknowledge")]
    parts += [emergency, line] if violent else [line, emergency]
    return (*parts, (case.varied(near), "near"), *case.ending(case.varied(words["self_note"])))


def _emergency(case: _Case) -> tuple[Part, ...]:
    words = case.words("emergency_reply")
    kind = case.triage.kind if case.triage.kind in words else _DEFAULT_EMERGENCY
    parts = [(_call(case, words, kind), "call")]
    parts += [(str(step), "step") for step in case.varied(words[kind][case.who])]
    poison, line = case.services.poison(), case.services.crisis_line()
    if kind in _POISONING and kind != "poisoned-child" and poison:
        parts.append((str(words["poison_after"]).format(poison=poison), "poison"))
    if kind == "attempt" and line is not None:
        parts.append((str(words["line"]).format(line=_named(line)), "line"))
    return (*parts, *case.ending(str(words["self_note"])))


def _call(case: _Case, words: Mapping[str, Any], kind: str) -> str:
    """Return whom to call first: the emergency number, and for a child that swallowed something poison help."""
    number, poison = case.services.emergency(medical=kind != "violence"), case.services.poison()
    if number is None:
        return str(words["call_unknown"])
    if kind == "poisoned-child" and poison:
        return str(words["poison_first"]).format(poison=poison, emergency=number)
    return str(words["call"]).format(emergency=number)


def _concern(case: _Case) -> tuple[Part, ...]:
    text = case.varied(case.words("concern_reply"))
    shown = _line_text(case.services, case.words("crisis_reply")["help"])
    # A name such as "Samaritans" keeps its capital; a sentence from the finders loses it.
    joined = shown if case.services.crisis_line() else shown[0].lower() + shown[1:]
    return ((str(text).format(help=joined), "concern"),)


def _line_text(services: _Services, words: Mapping[str, str]) -> str:
    line = services.crisis_line()
    if line is None:
        return words["finder"].format(finders=services.finders())
    return words["line" if _always_open(line) else "line_plain"].format(line=_named(line))


def _emergency_text(services: _Services, words: Mapping[str, str], *, violent: bool) -> str:
    number = services.emergency(medical=not violent)
    return words["emergency"].format(emergency=number) if number else words["emergency_unknown"]


def _named(line: CrisisLine) -> str:
    """Return name and number, the number once."""
    name = line.name.split(" (")[0]
    # Of several numbers the first is named; the page shows all of them beside the reply.
    reach = re.split(r" or |, (?=\d)", line.phone)[0] if line.phone else line.web or ""
    return name if not reach or name.endswith(reach) else f"{name}, {reach}"
