"""What is embedded: named groups of short texts with readable ids.

`passages` and `asks` are searched. `sentences` and the extra groups that other
rooms bring (such as the phrases of registered claims) are only compared with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.errors import KratomEvidenceError
from rag.library import Library
from rag.records import Brief, Passage
from rag.retrieval.embeddings import MODEL_ID
from rag.text import split_sentences

PASSAGES = "passages"
ASKS = "asks"
SENTENCES = "sentences"
SEARCHED = (PASSAGES, ASKS)
# Raised when the form of an index changes, so that an old one is never misread.
FORMAT = 1


@dataclass(frozen=True)
class Unit:
    """One text that gets one vector; `owner` is the passage or brief it belongs to."""

    id: str
    text: str
    owner: str


Groups = Mapping[str, tuple[Unit, ...]]


def collect_units(library: Library, extra: Mapping[str, Sequence[str]]) -> Groups:
    """Return every text to embed, in a fixed order.

    Args:
        library: The corpus.
        extra: More groups by name; their vectors come back in the order given.
    """
    reserved = extra.keys() & {PASSAGES, ASKS, SENTENCES}
    if reserved:
        raise KratomEvidenceError(f"these names of groups are taken: {', '.join(sorted(reserved))}")
    passages = [library.passages[key] for key in sorted(library.passages)]
    briefs = [library.briefs[key] for key in sorted(library.briefs)]
    groups = {
        PASSAGES: tuple(Unit(p.id, passage_text(p), p.id) for p in passages),
        ASKS: tuple(unit for brief in briefs for unit in _asks(brief)),
        SENTENCES: tuple(unit for passage in passages for unit in _sentences(passage)),
    }
    for name in sorted(extra):
        groups[name] = tuple(Unit(f"{name}~{n}", text, name) for n, text in enumerate(extra[name]))
    return groups


def passage_text(passage: Passage) -> str:
    """Return the words of a passage that search sees: its heading often names the subject."""
    return f"{passage.heading}. {passage.text}"


def brief_text(brief: Brief) -> str:
    """Return the words of a brief that search sees: the ways of asking, the title, the answer."""
    # Twice, because how people ask tells more than how the answer is worded.
    asks = (brief.title, *brief.asks)
    return " ".join((*asks, *asks, brief_answer(brief)))


def brief_answer(brief: Brief) -> str:
    """Return the cited sentences of a brief; its care wording is much the same in all of them."""
    points = (*brief.short_answer, *brief.evidence, *brief.unknowns)
    return " ".join(sentence.text for point in points for sentence in point.sentences)


def text_hash(text: str) -> bytes:
    """Return the key under which the vector of `text` is reused."""
    return hashlib.sha256(text.encode("utf-8")).digest()


def index_key(groups: Groups) -> str:
    """Return 16 hexadecimal digits that change with any id, text, the model or the form of the index."""
    digest = hashlib.sha256(f"{FORMAT}\0{MODEL_ID}\0".encode())
    for name, units in groups.items():
        digest.update(f"{name}\0{len(units)}\0".encode())
        for unit in units:
            digest.update(unit.id.encode() + b"\0" + text_hash(unit.text))
    return digest.hexdigest()[:16]


def _asks(brief: Brief) -> list[Unit]:
    texts = dict.fromkeys((brief.title, *brief.asks))
    return [Unit(f"{brief.id}~{n}", text, brief.id) for n, text in enumerate(texts)]


def _sentences(passage: Passage) -> list[Unit]:
    return [Unit(f"{passage.id}~{n}", text, passage.id) for n, text in enumerate(split_sentences(passage.text))]
