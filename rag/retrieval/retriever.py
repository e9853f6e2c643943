"""Search over briefs and passages: the one way the rest of the program finds evidence."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelUnavailableError
from rag.library import Library
from rag.retrieval.embeddings import Embedder, Progress, SentenceEmbedder, Vectors, load_embedder, model_folder
from rag.retrieval.fusion import Ranked, spread
from rag.retrieval.hybrid import DenseUnits, HybridIndex
from rag.retrieval.index import Group, Index
from rag.retrieval.opening import MODEL_MISSING, STORE_UNREACHABLE, open_or_build
from rag.retrieval.units import ASKS, PASSAGES, SENTENCES, brief_text, passage_text
from rag.retrieval.vocabulary import Vocabulary, library_vocabulary
from rag.settings import Settings

LOG = logging.getLogger(__name__)

_QUERY_CHARS = 2000
_PER_SOURCE = 2
# Chosen on the follow-ups of the development split, of 0, 0.25, 0.5, 0.75 and 1.
_NEWS_WEIGHT = 0.5


@dataclass(frozen=True)
class Hit:
    """One found brief or passage.

    Attributes:
        id: Its id.
        score: Fused score, 0 to 1, comparable within one search only.
        dense: Cosine of the question with the best unit of it; 0 without the model.
        lexical: BM25 score.
    """

    id: str
    score: float
    dense: float
    lexical: float


@dataclass(frozen=True)
class Found:
    """What a search found, best first, and what it had to do without."""

    briefs: tuple[Hit, ...]
    passages: tuple[Hit, ...]
    degraded: tuple[str, ...] = ()


class Searcher:
    """Finds briefs and passages by meaning and words; `open` makes one.

    Example:
        found = Searcher.open(library, settings).search("does zoloft mix with kratom")
        found.briefs[0].id, found.passages[0].id

    Args:
        library: The corpus.
        settings: Weights and sizes.
        index: The open index, or None for search by words only.
        embedder: Embeds questions, or None for search by words only.
        degraded: What is missing for as long as this object lives.
    """

    def __init__(
        self,
        library: Library,
        settings: Settings,
        *,
        index: Index | None,
        embedder: Embedder | None,
        degraded: Sequence[str] = (),
    ) -> None:
        self._library = library
        self._settings = settings
        self._index = index
        self._embedder = embedder
        self._degraded = tuple(degraded)
        folder = model_folder(settings)
        self._vocabulary = library_vocabulary(library, folder / "vocab.txt" if folder else None)
        self._briefs = self._hybrid(ASKS, {key: brief_text(b) for key, b in sorted(library.briefs.items())})
        self._passages = self._hybrid(PASSAGES, {key: passage_text(p) for key, p in sorted(library.passages.items())})
        self._sources = [library.source_of(key) for key in self._passages.ids]
        self._sentences = _spans(index.groups[SENTENCES]) if index else {}

    @classmethod
    def open(
        cls,
        library: Library,
        settings: Settings,
        *,
        extra: Mapping[str, Sequence[str]] | None = None,
        progress: Progress | None = None,
        embedder: Embedder | None = None,
    ) -> Searcher:
        """Open the index, building it first when it is missing, stale or damaged.

        A missing model or an index that can neither be opened nor built never
        stops it: search falls back and `degraded` says so.

        Raises:
            CorpusError: `aliases.yaml` cannot be read.
        """
        extra = extra or {}
        degraded: list[str] = []
        if embedder is None:
            try:
                embedder = load_embedder(settings, threads=settings.build_threads)
            except ModelUnavailableError as error:
                LOG.warning("%s", error)
                degraded.append(MODEL_MISSING)
        index, notices = open_or_build(library, settings, extra, progress, embedder)
        if isinstance(embedder, SentenceEmbedder):
            embedder.threads = settings.query_threads
        return cls(library, settings, index=index, embedder=embedder, degraded=[*degraded, *notices])

    @property
    def embed(self) -> Embedder | None:
        """The embedder of questions, or None when there is no model."""
        return self._embedder

    @property
    def degraded(self) -> tuple[str, ...]:
        """What this searcher has to do without."""
        return self._degraded

    @property
    def vocabulary(self) -> Vocabulary:
        """Synonyms and spelling of this corpus."""
        return self._vocabulary

    def correct(self, text: str) -> str:
        """Return `text` with misspelt words replaced by the word of the corpus they resemble."""
        return self._vocabulary.correct(text)

    def search(
        self,
        query: str,
        *,
        k_briefs: int = 8,
        k_passages: int = 12,
        topics: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        populations: Collection[str] | None = None,
    ) -> Found:
        """Find the briefs and passages that speak to a stand-alone question.

        Args:
            query: The question, as the person wrote it or rewritten to stand alone.
            k_briefs: At most so many briefs.
            k_passages: At most so many passages.
            topics: Only briefs, and passages of sources, with one of these topics.
            kinds: Only passages of sources of these kinds.
            populations: Only passages of sources about these populations.
        """
        return self.search_many(
            [query], k_briefs=k_briefs, k_passages=k_passages, topics=topics, kinds=kinds, populations=populations
        )[0]

    def search_many(
        self,
        queries: Sequence[str],
        *,
        k_briefs: int = 8,
        k_passages: int = 12,
        contexts: Sequence[str] = (),
        topics: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        populations: Collection[str] | None = None,
    ) -> list[Found]:
        """Search for several questions; see `search`.

        Args:
            queries: The questions.
            k_briefs: At most so many briefs for each.
            k_passages: At most so many passages for each.
            contexts: For each query that ends with earlier words of a conversation, those words. What
                the query adds to them is what is asked now, and counts for more.
            topics: As for `search`.
            kinds: As for `search`.
            populations: As for `search`.
        """
        corrected = [self.correct(query[:_QUERY_CHARS]) for query in queries]
        vectors, notices = self._embed_queries(corrected, contexts)
        allowed = self._allowed_briefs(topics), self._allowed_passages(topics, kinds, populations)
        results = []
        for row, query in enumerate(corrected):
            terms, vector = self._vocabulary.terms(query), None if vectors is None else vectors[row]
            briefs, away = self._rank(self._briefs, vector, terms, allowed[0])
            passages, away_too = self._rank(self._passages, vector, terms, allowed[1])
            chosen = spread(passages, k_passages, lambda row: self._sources[row].id, _PER_SOURCE)
            lost = (STORE_UNREACHABLE,) if away or away_too else ()
            degraded = tuple(dict.fromkeys((*self._degraded, *notices, *lost)))
            results.append(Found(_hits(self._briefs, briefs[:k_briefs]), _hits(self._passages, chosen), degraded))
        return results

    def sentence_vectors(self, passage_ids: Collection[str]) -> Mapping[str, Vectors]:
        """Return the vectors of each passage's sentences, rows in `split_sentences` order; empty without an index."""
        if self._index is None:
            return {}
        group = self._index.groups[SENTENCES]
        return {key: group.vectors[self._sentences[key]] for key in passage_ids if key in self._sentences}

    def group_vectors(self, name: str) -> Vectors | None:
        """Return the vectors of an extra group, rows in the order given; None without an index."""
        if self._index is None or name not in self._index.groups:
            return None
        return self._index.groups[name].vectors

    def close(self) -> None:
        """Let go of files and connections."""
        if self._index is not None:
            self._index.store.close()

    def _hybrid(self, group: str, texts: Mapping[str, str]) -> HybridIndex:
        ids = tuple(texts)
        terms = [self._vocabulary.terms(text) for text in texts.values()]
        if self._index is None:
            return HybridIndex(ids, terms, None)
        part = self._index.groups[group]
        rows = {key: row for row, key in enumerate(ids)}
        owners = [rows[owner] for owner in part.owners]
        units = DenseUnits(
            group, part.ids, part.vectors, owners, documents=len(ids), store=self._index.store, exact=self._index.exact
        )
        return HybridIndex(ids, terms, units)

    def _rank(
        self, side: HybridIndex, vector: Vectors | None, terms: Sequence[str], allowed: NDArray[np.bool_] | None
    ) -> tuple[list[Ranked], bool]:
        weight, count = self._settings.dense_weight, self._settings.candidates
        return side.rank(vector, terms, candidates=count, dense_weight=weight, allowed=allowed)

    def _embed_queries(self, queries: Sequence[str], contexts: Sequence[str]) -> tuple[Vectors | None, tuple[str, ...]]:
        """Return the vectors of the questions, or None and why."""
        if self._embedder is None or self._index is None or not queries:
            return None, ()
        try:
            vectors = self._embedder(queries).copy()
            for row, context in enumerate(contexts):
                if context.strip():
                    vectors[row] = _away_from(vectors[row], self._embedder([self.correct(context[:_QUERY_CHARS])])[0])
            return vectors, ()
        except ModelUnavailableError as error:
            LOG.warning("%s", error)
            self._embedder = None
            self._degraded = (*self._degraded, MODEL_MISSING)
            return None, (MODEL_MISSING,)

    def _allowed_briefs(self, topics: Collection[str] | None) -> NDArray[np.bool_] | None:
        if topics is None:
            return None
        return np.array(
            [not set(topics).isdisjoint(self._library.briefs[key].topics) for key in self._briefs.ids], bool
        )

    def _allowed_passages(
        self, topics: Collection[str] | None, kinds: Collection[str] | None, populations: Collection[str] | None
    ) -> NDArray[np.bool_] | None:
        if topics is None and kinds is None and populations is None:
            return None
        passes = (
            (topics is None or not set(topics).isdisjoint(source.topics))
            and (kinds is None or source.kind in kinds)
            and (populations is None or source.population in populations)
            for source in self._sources
        )
        return np.fromiter(passes, dtype=bool, count=len(self._sources))


def _away_from(vector: Vectors, context: Vectors) -> Vectors:
    """Move a follow-up's vector away from what was asked before, so that the old question does not outweigh the new."""
    moved = vector + _NEWS_WEIGHT * (vector - context)
    return np.asarray(moved / np.linalg.norm(moved), dtype=np.float32)


def _hits(side: HybridIndex, ranked: Sequence[Ranked]) -> tuple[Hit, ...]:
    return tuple(Hit(side.ids[item.row], item.score, item.dense, item.lexical) for item in ranked)


def _spans(group: Group) -> dict[str, slice]:
    """Return for each owner the rows of its units, which stand together."""
    spans: dict[str, slice] = {}
    for row, owner in enumerate(group.owners):
        start = spans[owner].start if owner in spans else row
        spans[owner] = slice(start, row + 1)
    return spans
