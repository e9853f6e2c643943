"""Answers that lean on a registered claim: the correction first, whatever the pressure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rag.answering import compose
from rag.answering.citing import Draft
from rag.conversation import Conversation
from rag.library import Library
from rag.records import Claim, Section, StatementKind
from rag.safety.claims import ClaimGuard
from rag.safety.pressure import read_pressure
from rag.safety.stance import Stance
from rag.text import split_sentences

_MOST_CORRECTIONS = 2
# Below this score a match other than the best, or of an open question, is too doubtful to correct anyone for.
_CLEAR = 0.7


class Corrections:
    """Finds the claims that a message leans on, and what sets them right.

    Args:
        library: The corpus.
        guard: Recognises registered claims.
    """

    def __init__(self, library: Library, guard: ClaimGuard) -> None:
        self._library = library
        self._guard = guard
        self._pressure = read_pressure(library.corpus_dir)

    def claims_in(self, text: str, nearby: Collection[str] | None = None) -> list[Claim]:
        """Return the claims that `text` leans on, the clearest first.

        Args:
            text: What the person wrote.
            nearby: Briefs that answer the message. A claim that is only asked about, and
                whose brief is not among them, is left to the ordinary answer.
        """
        claims: list[Claim] = []
        leading = self._pressure.is_leading(text)
        for position, match in enumerate(self._guard.in_question(text)):
            claim = self._library.claims[match.claim_id]
            if leading or match.stance is not Stance.ASKS:
                counts = position == 0 or match.score >= _CLEAR
            else:
                counts = position == 0 and match.score >= _CLEAR and self._is_asked(text, claim, nearby)
            if counts and all(claim.brief != other.brief or claim.brief is None for other in claims):
                claims.append(claim)
        return claims[:_MOST_CORRECTIONS]

    def _is_asked(self, text: str, claim: Claim, nearby: Collection[str] | None) -> bool:
        """Tell whether an open question asks for a claim: "is it addictive?" does not ask for "it is not addictive"."""
        opposite = self._pressure.is_negated(claim.claim) and not self._pressure.is_negated(text)
        near = nearby is None or claim.brief is None or claim.brief in nearby
        return near and not opposite

    def drafts(self, claims: Sequence[Claim]) -> list[Draft]:
        """Return the correction of each claim."""
        return [
            Draft(claim.correction, Section.CORRECTION, StatementKind.CORRECTION, claim.evidence) for claim in claims
        ]

    def evidence(self, claims: Sequence[Claim]) -> list[Draft]:
        """Return the evidence of the first claim's brief, for when the search found nothing better."""
        brief = next((self._library.briefs[claim.brief] for claim in claims if claim.brief), None)
        if brief is None:
            return []
        return [
            *compose.evidence(brief, compose.no_preference, words=90),
            *compose.unknowns(brief, compose.no_preference, words=30),
            *compose.about_you(brief, compose.no_preference, most=2),
        ]

    def pushback(self, conversation: Conversation) -> tuple[Claim, list[Draft]] | None:
        """Keep to the correction when the person disputes it without asking anything new.

        Each time the words are others and fewer; the correction stays.
        """
        if not conversation.earlier or not self._pressure.is_pushback(conversation.question):
            return None
        claim = self._disputed(conversation)
        if claim is None:
            return None
        times = sum(self._pressure.is_pushback(turn) for turn in conversation.earlier)
        variants = self._library.messages.texts("pushback")
        correction = claim.correction if times == 0 else split_sentences(claim.correction)[0]
        return claim, [
            Draft(variants[times % len(variants)], Section.CORRECTION, StatementKind.META),
            Draft(correction, Section.CORRECTION, StatementKind.CORRECTION, claim.evidence),
        ]

    def _disputed(self, conversation: Conversation) -> Claim | None:
        """Return the claim that the conversation is about: of the last turn that was not itself a dispute."""
        turns = list(reversed(conversation.earlier))
        for turn in [turn for turn in turns if not self._pressure.is_pushback(turn)] + turns:
            claims = self.claims_in(turn)
            if claims:
                return claims[0]
        return None
