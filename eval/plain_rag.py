"""The baseline: a plain LangChain RAG over the same evidence, as a tutorial would build it.

The notes are split by length, embedded with the same model as the product, kept in
Chroma in memory, and the nearest pieces are handed on. With a chat model, the model
answers from them; without one, the first sentence of each piece is the answer. There is
no triage, no claim check, no verification and no abstention: what the product adds is
measured against this.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from eval.targets import Ability, Cited, Reply, Sentence
from rag.library import Library
from rag.records import Message
from rag.retrieval.embeddings import Embedder, embed_all
from rag.text import split_sentences

if TYPE_CHECKING:
    from langchain_chroma import Chroma
    from langchain_core.language_models import BaseChatModel

CHUNK_CHARS, OVERLAP_CHARS = 1000, 150
_PROMPT = Path(__file__).parent / "templates" / "plain_rag.txt"
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
_MARK = re.compile(r"\s*\[(\d+)\]")
_MARK_AFTER_STOP = re.compile(r"([.!?])((?:\s*\[\d+\])+)")


class PlainRag:
    """A target without any of the product's guards.

    Args:
        library: The corpus whose notes are searched.
        embedder: Turns texts into vectors; the product's own, so that only the method differs.
        model: A LangChain chat model; None answers with sentences of the pieces found.
        k: How many pieces are taken.
    """

    name = "plain-rag"
    abilities: frozenset[Ability] = frozenset(("citations", "quotes"))

    def __init__(self, library: Library, embedder: Embedder, model: BaseChatModel | None = None, *, k: int = 4) -> None:
        self._library = library
        self._embedder = embedder
        self._model = model
        self._k = k
        self._building = Lock()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The corpus it searches, how that is cut up, and what words the reply."""
        model = "none" if self._model is None else self._model._llm_type
        return {
            "corpus": self._library.fingerprint,
            "index": f"pieces of {CHUNK_CHARS} characters, overlap {OVERLAP_CHARS}, {self._k} taken",
            "model": model,
        }

    def reply(self, question: str, history: Sequence[Message] = (), country: str | None = None) -> Reply:
        """Answer one message; `country` means nothing to a plain RAG."""
        try:
            self._open()
            start = time.perf_counter()  # a reply is timed, building the store is not
            pieces = self.search(question)
            sentences = _first_sentences(pieces) if self._model is None else self._asked(question, history, pieces)
        except Exception as error:  # a baseline that breaks is reported, and does not end the run
            return Reply(text="", error=f"the plain RAG could not answer ({type(error).__name__}: {error})"[:300])
        cited = tuple(dict.fromkeys(cite for sentence in sentences for cite in sentence.cites))
        return Reply(
            text=" ".join(_marked(sentence) for sentence in sentences),
            sentences=sentences,
            citations=cited,
            milliseconds=(time.perf_counter() - start) * 1000,
            trace={"pieces": [str(piece.id) for piece in pieces]},
        )

    def search(self, question: str) -> list[Document]:
        """Return the pieces nearest to a question, best first."""
        return self._open().similarity_search(question, k=self._k)

    def _open(self) -> Chroma:
        """Return the store, built by whoever comes first while the others wait."""
        with self._building:
            return self._store

    @cached_property
    def _store(self) -> Chroma:
        import chromadb  # slow to import, and only wanted with a baseline
        from langchain_chroma import Chroma

        # Collections in memory are shared by all clients of a process, so each store has a name of its own.
        store = Chroma(f"plain-rag-{uuid4().hex}", _Embeddings(self._embedder), client=chromadb.EphemeralClient())
        pieces = split_notes(self._library)
        store.add_documents(pieces, ids=[str(piece.id) for piece in pieces])
        return store

    def _asked(self, question: str, history: Sequence[Message], pieces: Sequence[Document]) -> tuple[Sentence, ...]:
        """Let the chat model answer, and read the marks it sets."""
        if self._model is None:
            return ()
        context = "\n\n".join(f"[{number}] {piece.page_content}" for number, piece in enumerate(pieces, 1))
        system = _PROMPT.read_text(encoding="utf-8").replace("{context}", context)
        turns = [(turn.role, turn.content) for turn in history]
        text = str(self._model.invoke([("system", system), *turns, ("user", question)]).text)
        # Marks after a full stop belong to the sentence before it.
        text = _MARK_AFTER_STOP.sub(r"\2\1", text)
        return tuple(_read_marks(sentence, pieces) for sentence in split_sentences(text))


def split_notes(library: Library) -> list[Document]:
    """Cut every note into pieces by length, whatever stands in them."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    texts: dict[str, list[str]] = {}
    for passage in library.passages.values():
        texts.setdefault(passage.source_id, []).append(f"## {passage.heading}\n{passage.text}")
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP_CHARS)
    return [
        Document(id=f"{key}/{number}", page_content=piece, metadata={"title": library.sources[key].title})
        for key, parts in texts.items()
        for number, piece in enumerate(splitter.split_text("\n\n".join(parts)), 1)
    ]


class _Embeddings(Embeddings):
    """The product's embedder as LangChain wants one."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = embed_all(self._embedder, texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        row: list[float] = self._embedder([text])[0].tolist()
        return row


def _first_sentences(pieces: Sequence[Document]) -> tuple[Sentence, ...]:
    """Return the first sentence of each piece, citing that piece."""
    found = []
    for number, piece in enumerate(pieces, 1):
        first = next(iter(split_sentences(_HEADING.sub("", piece.page_content))), "")
        if first:
            found.append(Sentence(text=first, kind="finding", cites=(_cited(piece, number, first),)))
    return tuple(found)


def _read_marks(sentence: str, pieces: Sequence[Document]) -> Sentence:
    """Return a sentence of the model with the pieces its marks name; other numbers are kept as unknown keys."""
    cites = []
    for number in dict.fromkeys(int(mark) for mark in _MARK.findall(sentence)):
        known = 1 <= number <= len(pieces)
        cites.append(_cited(pieces[number - 1], number) if known else Cited(number=number, key=f"unknown-{number}"))
    return Sentence(text=_MARK.sub("", sentence).strip(), cites=tuple(cites))


def _cited(piece: Document, number: int, quote: str | None = None) -> Cited:
    title = str(piece.metadata.get("title", ""))
    return Cited(number=number, key=str(piece.id), quote=quote, passage=piece.page_content, title=title)


def _marked(sentence: Sentence) -> str:
    return sentence.text + "".join(f" [{cite.number}]" for cite in sentence.cites)
