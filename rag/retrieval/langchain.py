"""The searcher as a LangChain retriever, for other people's chains."""

from __future__ import annotations

from collections.abc import Collection

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag.library import Library
from rag.retrieval.retriever import Hit, Searcher


class HybridRetriever(BaseRetriever):
    """Returns passages as LangChain documents, best first.

        retriever = HybridRetriever(searcher=searcher, library=library, k=6)
        retriever.invoke("does kratom help with depression?")

    Attributes:
        searcher: An open searcher.
        library: The corpus it searches.
        k: At most so many documents.
        topics: Only passages of sources with one of these topics.
        kinds: Only passages of sources of these kinds.
        populations: Only passages of sources about these populations.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    searcher: Searcher
    library: Library
    k: int = 6
    topics: Collection[str] | None = None
    kinds: Collection[str] | None = None
    populations: Collection[str] | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.searcher.search(
            query,
            k_briefs=0,
            k_passages=self.k,
            topics=self.topics,
            kinds=self.kinds,
            populations=self.populations,
        )
        return [self._document(hit) for hit in found.passages]

    def _document(self, hit: Hit) -> Document:
        passage, source = self.library.passages[hit.id], self.library.source_of(hit.id)
        return Document(
            id=hit.id,
            page_content=passage.text,
            metadata={
                "id": hit.id,
                "heading": passage.heading,
                "source": source.id,
                "title": source.title,
                "authors": list(source.authors),
                "year": source.year,
                "url": source.url,
                "kind": source.kind.value,
                "population": source.population,
                "confidence": source.confidence,
                "score": hit.score,
                "dense": hit.dense,
                "lexical": hit.lexical,
            },
        )
