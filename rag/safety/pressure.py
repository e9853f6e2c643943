"""Notices when a person pushes back on the last answer rather than asking something new."""

from __future__ import annotations

import re

from rag.text import content_terms

_PUSHBACK = re.compile(
    r"\b(?:l(?:ying|iar|ies)|wrong|admit|agree|disagree|be honest|honestly|come on|c'?mon|just say|"
    r"say it|say yes|yes or no|"
    r"confirm|repeat after|nonsense|bull\w*|bs|rubbish|garbage|shill|biased|big pharma|paid|"
    r"propaganda|brainwashed|ignorant|"
    r"not true|untrue|i (?:don'?t|do not) (?:believe|accept|buy)|believe me|trust me|i know (?:it|"
    r"that|for)|everyone|everybody|"
    r"thousands|millions|my (?:whole )?(?:group|forum|friends?|family|doctor|cousin|brother|sister|"
    r"mate)|saved (?:my|me|them|us)|"
    r"works? for (?:me|us|everyone)|worked for|but (?:it|my|i|they|people|everyone)|still|stop "
    r"(?:saying|lying|it)|you(?:'re| are) "
    r"(?:just|only|being)|why (?:won'?t|can'?t|don'?t) you|so you|explain then|prove (?:it|me)|"
    r"hypothetically|pretend|as a|imagine)\b",
    re.I,
)
_LONGEST = 14


def is_pushback(text: str) -> bool:
    """Tell whether a message disputes the last answer; it still has to name no subject of its own."""
    return bool(_PUSHBACK.search(text)) and len(content_terms(text)) <= _LONGEST
