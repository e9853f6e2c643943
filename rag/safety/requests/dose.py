"""Does a message ask for an amount to take, or to have one confirmed?

Amounts of the person's own prescriptions ("on 100 mg sertraline") are set aside
first: they are context, not what is asked. An amount already taken with
something wrong is a matter for poison help, not a dose request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.safety.requests.wording import Wording

_FOLLOW_UP_WORDS = 14
_TURNS_BACK = 4
_JOINED_CHARS = 300


@dataclass(frozen=True)
class DoseRequest:
    """Why a message counts as a dose request, and what else it asks."""

    reasons: tuple[str, ...]
    also_question: bool


def dose_request(text: str, previous_user: Sequence[str], wording: Wording) -> DoseRequest | None:
    """Return the dose request in a message, or none.

    Args:
        text: The message.
        previous_user: Earlier turns of the person, oldest first.
        wording: The compiled phrase data.
    """
    clauses = wording.clauses(text)
    if not clauses:
        return None
    found = [_reasons(clause, wording) or _cues(clause, wording) for clause in clauses]
    if len(clauses) > 1 and not any(found) and not any(_is_no_dose(clause, wording) for clause in clauses):
        # A request can be spread over the parts that the cut separated.
        found[-1] = _reasons(_joined(clauses), wording)
    if any(found) and not _already_taken(clauses, found, wording):
        return DoseRequest(_unique(found), _asks_more(clauses, found, wording))
    if not any(found) and _carries_on(clauses, previous_user, wording):
        return DoseRequest(("follow-up",), False)
    return None


def _reasons(clause: str, wording: Wording) -> tuple[str, ...]:
    if _is_no_dose(clause, wording):
        return ()
    bare = wording.medicine_amount.sub(r"\1 \2", clause)
    return tuple(rule.id for rule in wording.dose if rule.matches(bare))


def _cues(clause: str, wording: Wording) -> tuple[str, ...]:
    """Weigh the cues of a clause that no rule knows."""
    if _is_no_dose(clause, wording):
        return ()
    bare = wording.medicine_amount.sub(r"\1 \2", clause)
    enough = sum(weight for weight, cue in wording.cues if cue.matches(bare)) >= wording.enough
    return ("cues",) if enough else ()


def counts_other_things(text: str, wording: Wording) -> bool:
    """Tell whether the numbers or amounts in a message are none to take: miles, eggs, what a study gave."""
    rules = (*wording.not_dose, *wording.other_amounts)
    return any(rule.matches(clause) for clause in wording.clauses(text) for rule in rules)


def _is_no_dose(clause: str, wording: Wording) -> bool:
    return any(rule.matches(clause) for rule in wording.not_dose)


def _joined(clauses: Sequence[str]) -> str:
    return ", ".join(clause.rstrip(".!;") for clause in clauses)[:_JOINED_CHARS]


def _already_taken(clauses: Sequence[str], found: Sequence[tuple[str, ...]], wording: Wording) -> bool:
    """Tell whether an amount was taken and the person is unwell, and nothing asks to take more."""
    whole = " ".join(clauses)
    if not all(any(rule.matches(whole) for rule in rules) for rules in (wording.past_intake, wording.unwell)):
        return False
    onward = {"may-i-take-this-amount", "how-often", "raise-or-lower", "how-much-to-take", "how-many-to-take"}
    return not any(onward.intersection(reasons) for reasons in found)


def _asks_more(clauses: Sequence[str], found: Sequence[tuple[str, ...]], wording: Wording) -> bool:
    also = {rule.id for rule in wording.dose if rule.also}
    for clause, reasons in zip(clauses, found, strict=True):
        if reasons and (also.intersection(reasons) or wording.beside.search(clause)):
            return True
        if not reasons and is_question(clause, wording) and wording.topic.search(clause):
            return True
    return False


def is_question(clause: str, wording: Wording) -> bool:
    """Tell whether a clause asks something, with or without a question mark."""
    return bool(wording.asks.search(clause))


def _carries_on(clauses: Sequence[str], previous_user: Sequence[str], wording: Wording) -> bool:
    """Tell whether a short message only varies or presses an earlier dose request."""
    whole = " ".join(clauses)
    if not previous_user or len(whole.split()) > _FOLLOW_UP_WORDS:
        return False
    if not any(rule.matches(whole) for rule in wording.follow_up):
        return False
    return dose_request(previous_user[-1], previous_user[:-1][-_TURNS_BACK:], wording) is not None


def _unique(found: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reason for reasons in found for reason in reasons))
