"""Turns drafted sentences into statements whose citations carry verified quotes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rag.answering.cards import SourceCards
from rag.answering.quotes import locate_quote, widen_for_numbers
from rag.library import Library
from rag.records import Citation, Section, Statement, StatementKind

_MOST_CITATIONS = 4
# More than there are sentences in the briefs: answers repeat them, so each is located once.
_REMEMBERED = 8192


@dataclass(frozen=True)
class Draft:
    """A sentence before its quotes are located.

    Attributes:
        text: The sentence.
        section: Where it will stand.
        kind: What it is for.
        passages: Ids of the passages it cites, best first.
        joins: Whether it continues the bullet of the draft before it.
        quote: Words already known to carry it, for verbatim sentences.
    """

    text: str
    section: Section
    kind: StatementKind
    passages: tuple[str, ...] = ()
    joins: bool = False
    quote: str | None = None


class Citer:
    """Builds statements from drafts.

    Args:
        library: The corpus whose passages may be cited.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._cards = SourceCards(library)
        self._cited = lru_cache(maxsize=_REMEMBERED)(self._locate)

    def statement(self, draft: Draft) -> Statement:
        """Locate the quotes of one draft; its citations are not numbered yet.

        Raises:
            KeyError: a cited passage is not in the corpus.
            UncitedStatementError: a finding or correction cites nothing.
            UnverifiedQuoteError: a quote does not stand in its passage.
        """
        return Statement(
            text=draft.text,
            section=draft.section,
            kind=draft.kind,
            citations=self._cited(draft.text, draft.passages[:_MOST_CITATIONS], draft.quote),
            joins_previous=draft.joins,
        )

    def _locate(self, sentence: str, passage_ids: tuple[str, ...], quote: str | None) -> tuple[Citation, ...]:
        """Find in each passage the words that carry the sentence."""
        passages = [self._library.passages[passage_id] for passage_id in passage_ids]
        texts = [passage.text for passage in passages]
        if quote is not None and len(passages) == 1:
            quotes = [quote]
        else:
            quotes = widen_for_numbers(sentence, [locate_quote(sentence, text).text for text in texts], texts)
        return tuple(
            Citation(
                number=0,
                passage_id=passage.id,
                quote=words,
                heading=passage.heading,
                passage=passage.text,
                source=self._cards.card(passage.source_id),
            )
            for passage, words in zip(passages, quotes, strict=True)
        )


class Numbering:
    """Numbers passages from 1 in order of appearance, while an answer is being streamed."""

    def __init__(self) -> None:
        self._first: dict[str, Citation] = {}

    def number(self, statement: Statement) -> Statement:
        """Return the statement with numbered citations."""
        citations = []
        for citation in statement.citations:
            known = self._first.get(citation.passage_id)
            number = known.number if known else len(self._first) + 1
            numbered = citation.model_copy(update={"number": number})
            self._first.setdefault(citation.passage_id, numbered)
            citations.append(numbered)
        return statement.model_copy(update={"citations": tuple(citations)})

    def citations(self) -> tuple[Citation, ...]:
        """Return each cited passage once, with the quote of its first use."""
        return tuple(self._first.values())
