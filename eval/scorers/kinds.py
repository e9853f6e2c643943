"""What a sentence or a reply is, where the target does not say so itself.

The product labels its sentences and replies; a plain chatbot does not. So that both can
be measured, an unlabelled sentence counts as a finding unless it is plainly something
else, and an unlabelled reply counts as declining when it says so and offers no finding.
These are rules of thumb in English, fair to a chatbot that declines in plain words.
"""

from __future__ import annotations

import re

from eval.targets import UNKNOWN, Reply, Sentence
from rag.records import Behaviour, StatementKind
from rag.text import words

DECLINED = frozenset((Behaviour.ABSTAIN.value, Behaviour.OUT_OF_SCOPE.value))
FINDINGS = frozenset((StatementKind.FINDING.value, StatementKind.CORRECTION.value))
INFERRED_DECLINE, INFERRED_ANSWER = "declined (as worded)", "answered (as worded)"

_REFUSES = re.compile(
    r"\b(?:i|we)(?:'m| am| are)? (?:sorry|unable|not able|not aware of|only (?:answer|help|cover)|"
    r"(?:can ?not|can't|can’t|could not|couldn't|do not|don't|don’t|won't|will not|did not|didn't) "
    r"(?:\w+ )?(?:help|answer|assist|provide|give|find|have|know|cover|tell|say|advise|recommend|comment))\b"
    r"|\b(?:no|not enough|insufficient) (?:information|evidence|source|data)\w*\b"
    r"|\b(?:outside|beyond) (?:of )?(?:my|the|our) (?:scope|subject|area|remit)\b",
    re.I,
)
_ADDRESSED = re.compile(
    r"^(?:please|if you|you (?:can|could|may|might|should)|talk|speak|call|ask|see|contact|consider|try|let me|"
    r"i |i'|we |thank|hello|hi\b|here (?:is|are)|would you|do you|sorry|feel free|remember|do not|do n.t|don.t|never |"
    r"keep |avoid |tell |your (?:doctor|prescriber|pharmacist|gp|midwife|clinician|local)\b)",
    re.I,
)
# "If someone is hard to wake, call ...", "a good reason to call them", "can help you to see".
_ADVICE = re.compile(
    r"\b(?:call|text|ring|contact|talk (?:to|with)|speak (?:to|with)|ask|tell|see)\b.*"
    r"\b(?:you|your|them|someone|\d{3}|line|number|doctor|pharmacist|prescriber|clinician)\b|\bcan help (?:you|a)\b",
    re.I,
)
_ENDS = (".", "!", "\u2026", "\u201d", '"', ")")
_FEWEST_WORDS = 4


def is_finding(sentence: Sentence) -> bool:
    """Tell whether a sentence states evidence and so needs a source."""
    if sentence.kind != UNKNOWN:
        return sentence.kind in FINDINGS
    if sentence.cites:
        return True
    text = sentence.text.strip()
    # Without a full stop it is a heading, or the opening of a list.
    plainly_other = _ADDRESSED.match(text) or _ADVICE.search(text) or _REFUSES.search(text)
    return text.endswith(_ENDS) and not plainly_other and len(words(text)) >= _FEWEST_WORDS


def behaviour_of(reply: Reply) -> str:
    """Return the kind of a reply: what the target says, or what its words show."""
    if reply.behaviour != UNKNOWN:
        return reply.behaviour
    refuses = any(_REFUSES.search(sentence.text) for sentence in reply.sentences) or bool(_REFUSES.search(reply.text))
    cites = any(sentence.cites for sentence in reply.sentences)
    return INFERRED_DECLINE if refuses and not cites else INFERRED_ANSWER


def says_no(behaviour: str) -> bool:
    """Tell whether a reply of this kind leaves the question unanswered."""
    return behaviour in DECLINED or behaviour == INFERRED_DECLINE
