"""Which sentences of the evidence carry a statement: its words are compared with those, not with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rag.answering.facts import read_facts
from rag.answering.support.reading import Token, contents, read, telling
from rag.text import split_sentences

_MOST = 3
# A further sentence is taken only when what it alone carries weighs this much.
_LEAST_NEW = 2.0


@dataclass(frozen=True)
class Pair:
    """A statement beside its evidence.

    Attributes:
        statement: The words of the statement.
        carriers: The sentences of the evidence that carry it, best first.
        sentences: Every sentence of the evidence, and what stands beside it.
        text: The statement as written.
        evidence: The evidence as written.
        population: In whom it was studied: humans, animals, in-vitro, not-applicable, or empty.
    """

    statement: tuple[Token, ...]
    carriers: tuple[tuple[Token, ...], ...]
    sentences: tuple[tuple[Token, ...], ...]
    text: str
    evidence: str
    population: str = ""

    @property
    def carried(self) -> tuple[Token, ...]:
        """The words of the carrying sentences one after another."""
        return tuple(token for sentence in self.carriers for token in sentence)

    @property
    def sentences_words(self) -> tuple[Token, ...]:
        """All words of the evidence one after another."""
        return tuple(token for sentence in self.sentences for token in sentence)


@lru_cache(maxsize=1024)
def pair(statement: str, evidence: str, beside: str = "", population: str = "") -> Pair:
    """Read a statement and its evidence, and find the sentences that carry it.

    Args:
        statement: The sentence to check.
        evidence: The cited passages.
        beside: Headings, years and samples: they may name what the statement names, and carry nothing.
        population: In whom it was studied.
    """
    words = read(statement)
    texts = split_sentences(evidence) or [evidence]
    sentences = tuple(read(text) for text in texts)
    wanted = {word: 2.0 for word in telling(words)} | {word: 0.5 for word in contents(words) - telling(words)}
    facts = read_facts(statement)
    wanted |= {f"#{number}": 3.0 for number in facts.numbers | facts.counts}
    held = [_held(wanted, text, sentence) for text, sentence in zip(texts, sentences, strict=True)]
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < _MOST:
        best = max(range(len(sentences)), key=lambda i: (sum(wanted[item] for item in held[i] - covered), -i))
        gain = sum(wanted[item] for item in held[best] - covered)
        if best in chosen or (chosen and gain < _LEAST_NEW):
            break
        chosen.append(best)
        covered |= held[best]
    carriers = tuple(sentences[i] for i in chosen)
    return Pair(words, carriers, (*sentences, read(beside)), statement, f"{evidence} {beside}".strip(), population)


def _held(wanted: dict[str, float], text: str, sentence: tuple[Token, ...]) -> set[str]:
    facts = read_facts(text)
    numbers = facts.numbers | facts.counts
    present = contents(sentence) | {f"#{n}" for n in numbers} | {f"#{n.rstrip('%')}" for n in numbers}
    return wanted.keys() & present
