"""Builds the short reply that a person in danger sees before anything else.

Only arranges fixed wording and the services of a country: no model, no retrieval, no
network. A country that is not known gets the international finders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    services = _Services(country, lines)
    if triage.level is TriageLevel.EMERGENCY:
        return _emergency(triage, services, repeats, also_asked, fixed, language)
    if triage.level is TriageLevel.CRISIS:
        return _crisis(triage, services, repeats, also_asked, fixed, language)
    if triage.level is TriageLevel.CONCERN:
        return _concern(services, repeats, fixed, language)
    return ()


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
        found.sort(key=lambda line: (line.phone is None, not _always_open(line), "free" not in (line.hours or "")))
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


def _crisis(
    triage: Triage,
    services: _Services,
    repeats: int,
    also_asked: bool,
    fixed: Mapping[str, Any] | Messages,
    language: str,
) -> tuple[Part, ...]:
    words = _branch(fixed, "crisis_reply", language)
    who = "other" if triage.third_person else "self"
    about = words.get(triage.kind) or words[_DEFAULT_CRISIS]
    violent = triage.kind in ("violence", "harm-to-others")
    near = words["near_violence"] if violent else words["near"][who]
    line = (_line_text(services, words["help"]), "line")
    emergency = (_emergency_text(services, words["help"], violent=violent), "emergency")
    parts = [(_vary(about[who], repeats), "acknowledge")]
    parts += [emergency, line] if violent else [line, emergency]
    parts += [(_vary(near, repeats), "near"), (_vary(words["self_note"], repeats), "about-me")]
    if also_asked:
        parts.append((str(words["also_asked"]), "also-asked"))
    return tuple(parts)


def _emergency(
    triage: Triage,
    services: _Services,
    repeats: int,
    also_asked: bool,
    fixed: Mapping[str, Any] | Messages,
    language: str,
) -> tuple[Part, ...]:
    words = _branch(fixed, "emergency_reply", language)
    kind = triage.kind if triage.kind in words else _DEFAULT_EMERGENCY
    number = services.emergency(medical=kind != "violence")
    poison = services.poison()
    call = str(words["call"]).format(emergency=number) if number else str(words["call_unknown"])
    parts: list[Part] = [(call, "call")]
    if kind == "poisoned-child" and poison and number:
        parts = [(str(words["poison_first"]).format(poison=poison, emergency=number), "call")]
    steps = _vary(words[kind]["other" if triage.third_person else "self"], repeats)
    parts += [(str(step), "step") for step in steps]
    if kind in _POISONING and kind != "poisoned-child" and poison:
        parts.append((str(words["poison_after"]).format(poison=poison), "poison"))
    line = services.crisis_line()
    if kind == "attempt" and line is not None:
        parts.append((str(words["line"]).format(line=_named(line)), "line"))
    parts.append((str(words["self_note"]), "about-me"))
    if also_asked:
        parts.append((str(_branch(fixed, "crisis_reply", language)["also_asked"]), "also-asked"))
    return tuple(parts)


def _concern(services: _Services, repeats: int, fixed: Mapping[str, Any] | Messages, language: str) -> tuple[Part, ...]:
    help_words = _branch(fixed, "crisis_reply", language)["help"]
    text = _vary(_branch(fixed, "concern_reply", language), repeats)
    shown = _line_text(services, help_words)
    # A name such as "Samaritans" keeps its capital; a sentence from the finders loses it.
    joined = shown if services.crisis_line() else shown[0].lower() + shown[1:]
    return ((str(text).format(help=joined), "concern"),)


def _branch(fixed: Mapping[str, Any] | Messages, key: str, language: str) -> Any:
    tree = fixed.node(key) if isinstance(fixed, Messages) else fixed[key]
    return tree.get(language) or tree["en"]


def _vary(variants: Sequence[Any], repeats: int) -> Any:
    return variants[repeats % len(variants)]


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
