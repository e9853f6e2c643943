"""Cuts the growing reply of a chat model into sentences with their citation numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rag.records import Section
from rag.text import split_sentences

_MARK = re.compile(r"\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")
_MARKS_BEHIND = re.compile(r"([.!?])\s*((?:\[[\d\s,;]*\]\s*)+)")
_UNFINISHED_MARK = re.compile(r"\s*\[[\d\s,;]*$")
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)")
_HEADING_DRESS = re.compile(r"^[\s#*_]+|[\s:*_]+$")


@dataclass(frozen=True)
class ModelSentence:
    """One sentence of a model.

    Attributes:
        text: Its words, without citation marks.
        section: The section it was written under.
        numbers: The passages it cites, as the model numbered them.
    """

    text: str
    section: Section
    numbers: tuple[int, ...]


class SentenceReader:
    """Takes a reply piece by piece and gives each sentence as soon as it is complete.

    Args:
        headings: What heads a section, in lower case.
    """

    def __init__(self, headings: Mapping[str, Section]) -> None:
        self._headings = headings
        self._section = Section.SHORT_ANSWER
        self._line = ""
        self._given = 0

    def feed(self, piece: str) -> Iterator[ModelSentence]:
        """Take the next piece of the reply."""
        *lines, rest = (self._line + piece).split("\n")
        for line in lines:
            yield from self._finish(line)
        self._line = rest
        sentences = _sentences(_UNFINISHED_MARK.sub("", rest))
        for sentence in sentences[self._given : -1]:
            self._given += 1
            yield self._sentence(sentence)

    def end(self) -> Iterator[ModelSentence]:
        """Give what is left when the reply is over."""
        yield from self._finish(self._line)
        self._line = ""

    def _finish(self, line: str) -> Iterator[ModelSentence]:
        name = _HEADING_DRESS.sub("", line).lower()
        given, self._given = self._given, 0
        if name in self._headings:
            self._section = self._headings[name]
            return
        for sentence in _sentences(line)[given:]:
            yield self._sentence(sentence)

    def _sentence(self, sentence: str) -> ModelSentence:
        numbers = [int(n) for found in _MARK.findall(sentence) for n in re.findall(r"\d+", found)]
        text = re.sub(r"\s+([.!?,;:])", r"\1", " ".join(_MARK.sub(" ", sentence).split()))
        return ModelSentence(text, self._section, tuple(dict.fromkeys(numbers)))


def _sentences(line: str) -> list[str]:
    """Split a line; marks behind a full stop belong to the sentence before it."""
    joined = _MARKS_BEHIND.sub(r" \2\1 ", _BULLET.sub("", line))
    return [sentence for sentence in split_sentences(joined) if sentence.strip()]
