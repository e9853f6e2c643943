"""Replies that decline: an amount to take, a question without a source, another subject."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering import compose
from rag.answering.citing import Draft
from rag.answering.evidence import Plan
from rag.answering.understand import Understood
from rag.library import Library
from rag.records import Brief, Section, StatementKind
from rag.text import content_terms


def dose_brief(library: Library, reasons: Sequence[str]) -> Brief:
    """Return the brief that a declined amount is answered from: cutting down, or amounts as such."""
    taper = any("taper" in reason for reason in reasons)
    return library.briefs[library.messages.text("dose.taper_brief" if taper else "dose.reason_brief")]


def decline_dose(library: Library, brief: Brief, understood: Understood, *, again: bool) -> list[Draft]:
    """Decline an amount with the reason and safer help; no number of the question is repeated.

    Args:
        library: The corpus.
        brief: From `dose_brief`.
        understood: The question; a prescribed medicine in it gets a line of its own.
        again: Whether an amount was asked for before in this conversation.
    """
    messages = library.messages
    drafts = [meta(messages.text("dose.decline_again" if again else "dose.decline"))]
    if any(mention.medicine.prescription for mention in understood.mentions):
        drafts.append(meta(messages.text("dose.medicine")))
    if brief.id == messages.text("dose.taper_brief"):
        drafts.append(meta(messages.text("dose.taper")))
    drafts += compose.short_answer(brief)[: 1 if again else 2]
    if not again:
        drafts += compose.evidence(brief, compose.no_preference, words=70, least=1)
    care = compose.about_you(brief, compose.no_preference, most=4)
    said = set(content_terms(drafts[0].text))
    drafts += [draft for draft in care if len(said & set(content_terms(draft.text))) < 3][:2]
    return drafts


def no_source(library: Library, plan: Plan) -> list[Draft]:
    """Say that no source answers this, and who could; never a guess by analogy."""
    messages = library.messages
    if plan.uncovered:
        named = " or ".join(mention.medicine.name for mention in plan.uncovered)
        interactions = library.briefs[messages.text("abstain.interaction_brief")]
        return [
            meta(messages.text("abstain.no_source_on", medicine=named)),
            *compose.short_answer(interactions)[:1],
            meta(messages.text("abstain.pharmacist")),
        ]
    if plan.judgement.missing:
        topic = " or ".join(f"“{word}”" for word in plan.judgement.missing[:2])
        return [
            meta(messages.text("abstain.no_source_on_topic", topic=topic)),
            meta(messages.text("abstain.clinician")),
        ]
    return [meta(messages.text("abstain.no_source")), meta(messages.text("abstain.clinician"))]


def out_of_scope(library: Library) -> list[Draft]:
    """Say that this is another subject, and what can be answered."""
    messages = library.messages
    examples = " ".join(f"“{example}”" for example in messages.texts("examples")[:2])
    return [meta(messages.text("scope.out")), meta(messages.text("scope.can", examples=examples))]


def meta(text: str, section: Section = Section.SHORT_ANSWER) -> Draft:
    """Return a fixed sentence about the reply itself."""
    return Draft(text, section, StatementKind.META)
