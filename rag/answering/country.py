"""Replaces the numbers of one country by those of another in practical wording."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.records import CrisisLine

# A number that is said to be of the US stays: it is a fact about the US.
_EMERGENCY = re.compile(r"\b911\b(?! (?:in|or \S+ elsewhere))")
_CRISIS = re.compile(r"\b(?:call or text|text or call|call|text) 988\b(?! in the US)(?!, in the US)")


def lines_for(lines: Sequence[CrisisLine], country: str) -> tuple[CrisisLine, ...]:
    """Return the services of `country`, or the international ones where none is known."""
    own = tuple(line for line in lines if line.country == country)
    return own or tuple(line for line in lines if line.country == "INT")


def localise(text: str, lines: Sequence[CrisisLine], country: str, fallback: str) -> str:
    """Return practical wording with the emergency and crisis numbers of `country`.

    Args:
        text: A sentence of a brief's "If this is about you".
        lines: Services of the country, from `lines_for`.
        country: Two-letter code.
        fallback: What to say for "911" where no number is known, such as "your local emergency number".
    """
    if country == "US":
        return text
    emergency = _emergency_number(lines, country) or fallback
    localised = _EMERGENCY.sub(emergency, text)
    crisis = next((line for line in lines if line.kind == "suicide-crisis" and line.phone), None)
    if crisis is not None:
        localised = _CRISIS.sub(f"call {crisis.name} ({crisis.phone})", localised)
    return localised


def _emergency_number(lines: Sequence[CrisisLine], country: str) -> str | None:
    """Return the emergency number of this very country, of its ambulance where that has its own."""
    own = [line for line in lines if line.kind == "emergency" and line.phone and line.country == country]
    own.sort(key=lambda line: not line.name.lower().startswith(("ambulance", "medical")))
    return own[0].phone if own else None
