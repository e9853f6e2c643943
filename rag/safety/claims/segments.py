"""Pieces of a message that may carry a claim, freed from the frame around them."""

from __future__ import annotations

import re

from rag.text import split_sentences

_MOST = 6  # pieces per message: each costs an embedding
_SHORTEST = 3  # words in a piece
_QUOTED = re.compile(r"[\"'“‘«](?=\w)([^\"“”«»]{12,}?)(?<=[\w.!?])[\"'”’»](?!\w)")
_AFTER_COLON = re.compile(r":\s+(.{12,})$", re.S)
_CARRIER = re.compile(
    r"\b(?:say(?:s|ing)?|said|agree|confirm|admit|repeat|claim(?:s|ing)?|argu(?:e|es|ing)|swears?"
    r"|believes?|explain(?:ing)?|telling (?:a|the|my) \w+"
    r"|tell me|know|heard|reporting|state|position|show|world how|hypothetically|suppose|imagine|what if"
    r"|let's say|since|because|given|seeing as|now that)"
    r"(?:,)? (?:clearly )?(?:that |why |how )?(.{12,})$",
    re.I | re.S,
)


_PRESUPPOSED = re.compile(
    r"\b(?:since|because|given(?: that)?|now that|seeing as|as|if|when) "
    r"(.{12,}?)(?:, | why | how | what | where | which | who | can (?:i|we) | is there | should (?:i|we) |[?.!]?$)",
    re.I | re.S,
)


def segments(message: str) -> list[str]:
    """Return the message and the pieces of it worth judging alone, without repeats."""
    found = [message.strip()]
    body = message
    colon = _AFTER_COLON.search(message)
    if colon:
        found.append(colon.group(1).strip(" \"'"))
        body = colon.group(1)
    found.extend(match.group(1) for match in _QUOTED.finditer(message))
    found.extend(sentence.strip(" \"'") for sentence in split_sentences(body))
    for pattern in (_CARRIER, _PRESUPPOSED):
        carried = pattern.search(message)
        if carried:
            found.append(carried.group(1).strip(" \"'"))
    kept = [piece for piece in dict.fromkeys(found) if len(piece.split()) >= _SHORTEST]
    return kept[:_MOST] or [message]
