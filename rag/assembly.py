"""Puts the assistant together: which part gets which other parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.answering.answerable import Answerability
from rag.answering.chat_model import open_chat_model
from rag.answering.corrections import Corrections
from rag.answering.evidence import EvidenceAnswerer
from rag.answering.generative import GenerativeComposer
from rag.answering.mentions import MedicineNames
from rag.answering.replies import ReplyMaker
from rag.answering.understand import Understanding
from rag.assistant import Assistant
from rag.english import english_words
from rag.library import Library, load_library
from rag.library.checks import brief_texts
from rag.retrieval.embeddings import Progress
from rag.retrieval.retriever import Searcher
from rag.safety.claims import ClaimGuard, reference_texts
from rag.safety.files import require_phrases
from rag.safety.requests import has_amount_to_take
from rag.safety.triage import WEIGHTS_PATH, Triage, TriageLevel, TriageModel
from rag.settings import Settings
from rag.text import split_sentences, words

CLAIM_PHRASES = "claims"
BRIEF_SENTENCES = "brief-sentences"


def assemble(settings: Settings, *, progress: Progress | None = None) -> Assistant:
    """Load the corpus, open or build the index, and connect the rooms.

    Raises:
        CorpusError: the corpus does not pass its checks.
    """
    library = load_library(settings.corpus_dir)
    require_phrases(settings.corpus_dir)
    extra = extra_texts(library)
    searcher = Searcher.open(library, settings, extra=extra, progress=progress)
    names = MedicineNames(library.medicines, vocabulary(library))
    understanding = Understanding(names, searcher.correct)
    embed = KnownVectors(library, searcher, extra[BRIEF_SENTENCES]) if searcher.embed is not None else None
    guard = ClaimGuard(tuple(library.claims.values()), searcher.group_vectors(CLAIM_PHRASES), embed)
    output_guard = OutputGuard(guard, settings.corpus_dir)
    model = TriageModel.load(settings.corpus_dir / "triage.yaml", WEIGHTS_PATH)

    def triage(person: Sequence[str]) -> Triage:
        return model.assess(person, searcher.embed)

    composer = None
    if settings.chat_model is not None:
        composer = GenerativeComposer(
            library,
            open_chat_model(settings.chat_model, settings.chat_timeout),
            names=names.ids,
            guard=output_guard,
            timeout=settings.chat_timeout,
            embed=embed,
            may_send=lambda question: triage([question]).level is TriageLevel.NONE,
        )
    answerability = Answerability(library, names, searcher.embed)
    evidence = EvidenceAnswerer(library, searcher, answerability, composer)
    return Assistant(
        library,
        settings,
        triage=triage,
        replies=ReplyMaker(library, understanding, evidence, Corrections(library, guard)),
        output_guard=output_guard,
        searcher=searcher,
        degraded=searcher.degraded,
    )


def extra_texts(library: Library) -> dict[str, list[str]]:
    """Return the further texts whose vectors the index keeps, so that start-up embeds nothing."""
    sentences = [s for brief in library.briefs.values() for text in brief_texts(brief) for s in split_sentences(text)]
    return {
        CLAIM_PHRASES: reference_texts(tuple(library.claims.values())),
        BRIEF_SENTENCES: list(dict.fromkeys(sentences)),
    }


def vocabulary(library: Library) -> frozenset[str]:
    """Return the words that are never a misspelt medicine: English, and those of the evidence."""
    texts = [passage.text for passage in library.passages.values()]
    texts += [text for brief in library.briefs.values() for text in brief_texts(brief)]
    return english_words() | {word for text in texts for word in words(text)}


class OutputGuard:
    """Says why a sentence may not be shown: it asserts a registered claim, or gives an amount to take.

    Args:
        guard: Recognises asserted claims.
        corpus_dir: The corpus, whose phrases tell an amount to take.
    """

    def __init__(self, guard: ClaimGuard, corpus_dir: Path | None = None) -> None:
        self._guard = guard
        self._corpus_dir = corpus_dir
        # The corpus repeats its sentences; an answer checks the same ones again and again.
        self._reason = lru_cache(maxsize=8192)(self._judge)

    def __call__(self, text: str) -> str | None:
        """Return the reason, or None when the sentence may be shown."""
        return self._reason(text)

    def _judge(self, text: str) -> str | None:
        if has_amount_to_take(text, self._corpus_dir):
            return "gives an amount to take"
        matches = self._guard.asserted_by_each(split_sentences(text))
        return next((f"asserts the claim {match.claim_id}" for match in matches if match is not None), None)


class KnownVectors:
    """Embeds texts, taking those of the corpus from the index.

    Args:
        library: The corpus.
        searcher: Its index and embedder.
        brief_sentences: Texts of the group `BRIEF_SENTENCES`, in its order.
    """

    def __init__(self, library: Library, searcher: Searcher, brief_sentences: Sequence[str]) -> None:
        if searcher.embed is None:
            raise ValueError("there is no embedder")
        self._embed = searcher.embed
        self._known: dict[str, NDArray[np.float32]] = {}
        vectors = searcher.group_vectors(BRIEF_SENTENCES)
        if vectors is not None:
            self._known.update(zip(brief_sentences, vectors, strict=True))
        for passage_id, rows in searcher.sentence_vectors(list(library.passages)).items():
            self._known.update(zip(split_sentences(library.passages[passage_id].text), rows, strict=False))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape (len(texts), 384)."""
        unknown = [text for text in texts if text not in self._known]
        fresh = dict(zip(unknown, self._embed(unknown), strict=True)) if unknown else {}
        return np.stack([self._known[text] if text in self._known else fresh[text] for text in texts])
