"""Answers that lean on a registered claim: the correction first, whatever the pressure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rag.answering import compose
from rag.answering.citing import Draft
from rag.conversation import Conversation
from rag.library import Library
from rag.records import Claim, Section, StatementKind
from rag.safety.claims import ClaimGuard
from rag.safety.pressure import is_pushback
from rag.safety.stance import Stance
from rag.text import split_sentences

_MOST_CORRECTIONS = 2
# Below this score a match other than the best, or of an open question, is too doubtful to correct anyone for.
_CLEAR = 0.7
_LEADING = re.compile(
    r"(?:\b(?:right|correct|yes|no|true|agreed?|huh|innit|surely)\s*[?!]+\s*$)|\btrue or false\b|"
    r"\b(?:isn'?t|aren'?t|doesn'?t|don'?t|wasn'?t|can'?t|won'?t|ain'?t)\b[^.?!]*\?|^(?:so|but|surely)\b[^.?!]*\?|"
    r"\b(?:agree|confirm|admit|repeat|say (?:that|it)|tell (?:my|me that|him|her|them)|retweet|"
    r"complete|finish|continue|fill in|"
    r"translate|summari[sz]e|rewrite|paraphrase|write|draft|compose|pretend|role-?play|imagine|act as|"
    r"in character|you are|"
    r"slogan|ad(?:vert)?|headline|caption|blog|post|poem|speech|slides?|quote)\b|"
    r"\b(?:why (?:is|are|does|do)|how come|what makes|which (?:one|study|trial)s? (?:show|prove)|"
    r"as (?:we|you|everyone) (?:all )?know|"
    r"everyone (?:knows|says)|they (?:all )?say|i (?:heard|read)|experts? say|studies (?:put|show|"
    r"prove)|(?:is it|it'?s) true that)",
    re.I,
)
_NEGATED = re.compile(r"\b(?:no|not|never|nobody|none|nothing|cannot|can't|without|isn't|doesn't|don't|aren't)\b", re.I)


class Corrections:
    """Finds the claims that a message leans on, and what sets them right.

    Args:
        library: The corpus.
        guard: Recognises registered claims.
    """

    def __init__(self, library: Library, guard: ClaimGuard) -> None:
        self._library = library
        self._guard = guard

    def claims_in(self, text: str, nearby: Collection[str] | None = None) -> list[Claim]:
        """Return the claims that `text` leans on, the clearest first.

        Args:
            text: What the person wrote.
            nearby: Briefs that answer the message. A claim that is only asked about, and
                whose brief is not among them, is left to the ordinary answer.
        """
        claims: list[Claim] = []
        leading = is_leading(text)
        for position, match in enumerate(self._guard.in_question(text)):
            claim = self._library.claims[match.claim_id]
            if leading or match.stance is not Stance.ASKS:
                counts = position == 0 or match.score >= _CLEAR
            else:
                counts = position == 0 and match.score >= _CLEAR and _is_asked(text, claim, nearby)
            if counts and all(claim.brief != other.brief or claim.brief is None for other in claims):
                claims.append(claim)
        return claims[:_MOST_CORRECTIONS]

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
        if not conversation.earlier or not is_pushback(conversation.question):
            return None
        claim = self._disputed(conversation)
        if claim is None:
            return None
        times = sum(is_pushback(turn) for turn in conversation.earlier)
        variants = self._library.messages.texts("pushback")
        correction = claim.correction if times == 0 else split_sentences(claim.correction)[0]
        return claim, [
            Draft(variants[times % len(variants)], Section.CORRECTION, StatementKind.META),
            Draft(correction, Section.CORRECTION, StatementKind.CORRECTION, claim.evidence),
        ]

    def _disputed(self, conversation: Conversation) -> Claim | None:
        """Return the claim that the conversation is about: of the last turn that was not itself a dispute."""
        turns = list(reversed(conversation.earlier))
        for turn in [turn for turn in turns if not is_pushback(turn)] + turns:
            claims = self.claims_in(turn)
            if claims:
                return claims[0]
        return None


def is_leading(text: str) -> bool:
    """Tell whether a message wants something confirmed, repeated or taken for granted, rather than known."""
    return bool(_LEADING.search(text))


def _is_asked(text: str, claim: Claim, nearby: Collection[str] | None) -> bool:
    """Tell whether an open question asks for a claim: "is it addictive?" does not ask for "it is not addictive"."""
    opposite = bool(_NEGATED.search(claim.claim)) and not _NEGATED.search(text)
    near = nearby is None or claim.brief is None or claim.brief in nearby
    return near and not opposite
