"""Finds the briefs and passages that speak to a question, by meaning and by words.

    searcher = Searcher.open(load_library(settings.corpus_dir), settings)
    searcher.search("can i take kratom with zoloft").briefs

`HybridRetriever` in `rag.retrieval.langchain` is the same as a LangChain retriever.
"""

from rag.retrieval.build import build_index, index_status, open_index
from rag.retrieval.embeddings import Embedder, SentenceEmbedder, load_embedder
from rag.retrieval.index import IndexInfo
from rag.retrieval.retriever import Found, Hit, Searcher

__all__ = [
    "Embedder",
    "Found",
    "Hit",
    "IndexInfo",
    "Searcher",
    "SentenceEmbedder",
    "build_index",
    "index_status",
    "load_embedder",
    "open_index",
]
