"""Sorts a message into a `RequestKind`: doses first, then a person, then small talk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.safety.phrases import default_corpus_dir
from rag.safety.requests.dose import counts_other_things, dose_request, is_question
from rag.safety.requests.kinds import Request, RequestKind
from rag.safety.requests.wording import Wording, read_wording

_SMALL_TALK_ORDER = (
    RequestKind.CAPABILITY,
    RequestKind.GOODBYE,
    RequestKind.THANKS,
    RequestKind.GREETING,
    RequestKind.ACKNOWLEDGE,
)


def classify(
    text: str,
    previous_user: Sequence[str] = (),
    previous_assistant: Sequence[str] = (),
    corpus_dir: Path | None = None,
) -> Request:
    """Decide what a message asks for.

    Earlier assistant turns come from the outside and could be forged, so they
    only ever turn small talk into a question, never a dose request into one.

    Args:
        text: The message, in English.
        previous_user: Earlier turns of the person, oldest first.
        previous_assistant: Earlier replies, oldest first.
        corpus_dir: The folder with `requests.yaml`; by default that of the settings.
    """
    rules = read_wording(corpus_dir or default_corpus_dir())
    if not any(char.isalnum() for char in text):
        return Request(RequestKind.EMPTY, ("no-letters",))
    dose = dose_request(text, previous_user, rules)
    if dose is not None:
        return Request(RequestKind.DOSE, dose.reasons, dose.also_question)
    clauses = rules.clauses(text)
    return (
        _small_talk(clauses, previous_assistant, rules)
        or _named_kind(clauses, rules)
        or Request(RequestKind.QUESTION if any(c.isalpha() for c in text) else RequestKind.EMPTY, ("no-rule",))
    )


def has_other_amounts(text: str, corpus_dir: Path | None = None) -> bool:
    """Tell whether the amounts a message speaks of are none to take, so that its meaning alone is no dose request.

    Args:
        text: The message, in English.
        corpus_dir: The folder with `requests.yaml`; by default that of the settings.
    """
    return counts_other_things(text, read_wording(corpus_dir or default_corpus_dir()))


def _small_talk(clauses: Sequence[str], previous_assistant: Sequence[str], rules: Wording) -> Request | None:
    """Return small talk when nothing else is left of the message."""
    rest = " ".join(clauses)
    found = []
    for kind in _SMALL_TALK_ORDER:
        shorter = rules.small_talk[kind].sub(" ", rest)
        if shorter != rest:
            found.append(kind)
        rest = shorter
    if set(found) == {RequestKind.ACKNOWLEDGE} and any(rules.predicate.search(clause) for clause in clauses):
        return None
    if not found or any(char.isalnum() for char in rules.fillers.sub(" ", rest)):
        return None
    answers = bool(previous_assistant) and previous_assistant[-1].rstrip().endswith("?")
    if found[0] is RequestKind.ACKNOWLEDGE and answers:
        return Request(RequestKind.QUESTION, ("answers-our-question",))
    return Request(found[0], (f"only-{found[0].value}",))


def _named_kind(clauses: Sequence[str], rules: Wording) -> Request | None:
    hits = [
        (kind, rule.id, index)
        for kind, rule in rules.kinds
        for index, clause in enumerate(clauses)
        if rule.matches(clause)
    ]
    if not hits:
        return None
    kind, reason, _ = hits[0]
    taken = {index for _, _, index in hits}
    others = [clause for index, clause in enumerate(clauses) if index not in taken]
    also = any(is_question(clause, rules) and rules.topic.search(clause) for clause in others)
    if also and kind not in (RequestKind.HUMAN, RequestKind.SOURCING):
        # "are you a bot? does kratom hurt the liver?" is answered from the evidence.
        return Request(RequestKind.QUESTION, (reason, "also-question"))
    return Request(kind, (reason,), also)
