"""Care notices beside an answer: what follows from what the person said and asked.

At most three, most urgent first, never two that say the same. A notice listed
by the brief that was answered from is added only where it fits the person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.library.messages import Messages
from rag.records import Medicine, Notice
from rag.safety.requests.kinds import RequestKind
from rag.safety.signals import CareSignals, read_signals

__all__ = ["CareSignals", "choose_notices", "read_signals"]

MAX_NOTICES = 3
_MAX_FROM_BRIEF = 2
_ORDER = (
    "liver-signs", "do-not-mix", "emergency", "pregnancy", "young-person", "no-dosing", "interaction-check",
    "keep-prescription", "poison-help", "taper-with-help", "driving", "drug-test", "find-treatment", "ask-prescriber",
    "check-local-law", "crisis-line",
)  # fmt: skip
# A notice -> those it makes needless, because it says the same or more.
_SAYS_MORE: Mapping[str, frozenset[str]] = {
    "liver-signs": frozenset({"emergency", "poison-help", "ask-prescriber"}),
    "do-not-mix": frozenset({"emergency", "poison-help"}),
    "poison-help": frozenset({"emergency"}),
    "pregnancy": frozenset({"ask-prescriber"}),
    "interaction-check": frozenset({"ask-prescriber"}),
    "keep-prescription": frozenset({"ask-prescriber"}),
    "taper-with-help": frozenset({"find-treatment", "ask-prescriber"}),
    "find-treatment": frozenset({"ask-prescriber"}),
}
# Nothing to check with a pharmacist: kratom itself, coffee, and street drugs.
_UNCHECKED_GROUPS = frozenset({"kratom", "recreational", "alcohol"})
_UNCHECKED = frozenset({"caffeine", "nicotine"})
_ANSWERED = frozenset({RequestKind.QUESTION, RequestKind.DOSE, RequestKind.SOURCING, RequestKind.HUMAN})


def choose_notices(
    signals: CareSignals,
    medicines: Sequence[Medicine],
    *,
    kratom_involved: bool,
    brief_care: Sequence[str],
    request: RequestKind,
    messages: Messages,
) -> tuple[Notice, ...]:
    """Choose the notices for one answer.

    Args:
        signals: What the person said of themselves.
        medicines: The medicines they named.
        kratom_involved: Whether the question is about kratom, or they take it.
        brief_care: `care` of the brief that the answer rests on, in its order.
        request: The kind of the message; small talk gets no notice.
        messages: Fixed wording.
    """
    if request not in _ANSWERED:
        return ()
    wanted = _from_what_was_said(signals, medicines, kratom_involved, request)
    said_more = frozenset().union(*(_SAYS_MORE.get(name, frozenset()) for name in wanted))
    chosen = [name for name in _ordered(wanted, signals) if name not in said_more][:MAX_NOTICES]
    added = 0
    for name in brief_care:
        room = len(chosen) < MAX_NOTICES and added < _MAX_FROM_BRIEF
        if room and _fits(name, signals, kratom_involved, request, brief_care) and not _known(name, chosen):
            # A fuller notice that comes later takes the place of what it covers.
            chosen = [other for other in chosen if other not in _SAYS_MORE.get(name, frozenset())] + [name]
            added += 1
    return tuple(Notice(id=name, text=messages.text(f"notice.{name}")) for name in _ordered(chosen, signals))


def _from_what_was_said(
    signals: CareSignals, medicines: Sequence[Medicine], kratom_involved: bool, request: RequestKind
) -> set[str]:
    checked = [m for m in medicines if m.group not in _UNCHECKED_GROUPS and m.id not in _UNCHECKED]
    prescribed = any(m.prescription for m in medicines)
    reasons = {
        "liver-signs": signals.liver_signs,
        "do-not-mix": signals.mixing_sedatives,
        "pregnancy": signals.expecting,
        "young-person": signals.under_18,
        "no-dosing": request is RequestKind.DOSE,
        "interaction-check": kratom_involved and (bool(checked) or signals.surgery),
        "keep-prescription": signals.changing_medicine or (kratom_involved and prescribed),
        "taper-with-help": signals.tapering_kratom or signals.quitting_kratom,
        "driving": signals.driving and kratom_involved,
        "drug-test": signals.drug_test,
        "find-treatment": signals.relapse,
        "check-local-law": signals.legal and kratom_involved,
    }
    return {name for name, holds in reasons.items() if holds}


def _fits(
    name: str, signals: CareSignals, kratom_involved: bool, request: RequestKind, brief_care: Sequence[str]
) -> bool:
    """Tell whether a notice of the brief fits this person; unknown ids never do."""
    personal = signals.uses_kratom or signals.quitting_kratom or signals.about_other or signals.in_recovery
    unwell = signals.quitting_kratom or signals.relapse or signals.changing_medicine
    fits: dict[str, Callable[[], bool]] = {
        "keep-prescription": lambda: not (signals.legal or signals.drug_test),
        "ask-prescriber": lambda: not (signals.legal or signals.drug_test),
        "interaction-check": lambda: kratom_involved,
        "do-not-mix": lambda: signals.mixing_sedatives or brief_care[0] == "do-not-mix",
        "no-dosing": lambda: request is RequestKind.DOSE,
        "taper-with-help": lambda: personal or signals.tapering_kratom or brief_care[0] == "taper-with-help",
        "pregnancy": lambda: signals.expecting or "pregnancy" in signals.topics,
        "liver-signs": lambda: signals.liver_signs or "liver" in signals.topics,
        "poison-help": lambda: kratom_involved and (personal or brief_care[0] == "poison-help"),
        "emergency": lambda: kratom_involved and (personal or brief_care[0] == "emergency"),
        "crisis-line": lambda: unwell or brief_care[0] == "crisis-line",
        "find-treatment": lambda: personal or unwell or brief_care[0] == "find-treatment",
        "check-local-law": lambda: signals.legal or brief_care[0] == "check-local-law",
        "young-person": lambda: signals.under_18 or "young" in signals.topics,
    }
    return name in fits and fits[name]()


def _known(name: str, chosen: Sequence[str]) -> bool:
    return name in chosen or any(name in _SAYS_MORE.get(other, frozenset()) for other in chosen)


def _ordered(names: Sequence[str] | set[str], signals: CareSignals) -> list[str]:
    """Sort by urgency; a medicine being changed is more urgent than a check of what is taken."""
    order = list(_ORDER)
    if signals.changing_medicine:
        order.insert(0, order.pop(order.index("keep-prescription")))
        order.insert(0, order.pop(order.index("do-not-mix")))
        order.insert(0, order.pop(order.index("liver-signs")))
    return sorted(set(names), key=order.index)
