"""The baseline: plain on purpose, and a fair target of the same suites."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

from eval.cases import Case
from eval.plain_rag import CHUNK_CHARS, PlainRag, split_notes
from eval.results import summarise
from eval.scorers.grounding import citations
from rag.records import Message
from rag.retrieval.embeddings import DIMENSION
from rag.text import words


def by_words(texts):
    """Vectors in which shared words bring texts together; enough to see that the nearest pieces are taken."""
    rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in words(text):
            rows[row, sum(word.encode()) * 31 % DIMENSION] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def small(library):
    """Twelve sources of the corpus, so that a store is built at once."""
    keys = sorted(library.sources)[:12]
    passages = {key: passage for key, passage in library.passages.items() if passage.source_id in keys}
    return replace(library, sources={key: library.sources[key] for key in keys}, passages=passages)


@pytest.fixture(scope="module")
def rag(small):
    return PlainRag(small, by_words)


def test_notes_are_cut_by_length_and_nothing_is_lost(library):
    pieces = split_notes(library)
    assert len({piece.id for piece in pieces}) == len(pieces)
    assert max(len(piece.page_content) for piece in pieces) <= CHUNK_CHARS
    together = " ".join(piece.page_content for piece in pieces)
    assert all(passage.heading in together for passage in library.passages.values())


def test_without_a_model_it_says_the_first_sentence_of_each_piece_found(rag, small):
    passage = next(iter(small.passages.values()))
    reply = rag.reply(passage.text)
    assert reply.error == ""
    assert reply.citations[0].key.startswith(passage.source_id)
    assert 1 <= len(reply.sentences) <= 4
    for sentence in reply.sentences:
        (cite,) = sentence.cites
        assert cite.quote == sentence.text
        assert cite.quote in cite.passage
        assert f"{sentence.text} [{cite.number}]" in reply.text


def test_it_has_no_guards_and_says_so(rag):
    reply = rag.reply("what should I have for breakfast?")
    assert (reply.behaviour, reply.triage) == ("unknown", "unknown")
    assert reply.sentences, "it never abstains"
    assert not reply.crisis_lines
    assert "product" not in rag.abilities


def test_the_same_question_gets_the_same_reply(rag, small):
    question = "does kratom harm the liver?"
    first, second = rag.reply(question), PlainRag(small, by_words).reply(question)
    assert first.text == second.text


def test_marks_of_a_chat_model_become_citations_and_others_unknown_keys(small):
    model = GenericFakeChatModel(messages=iter(["Most were mild [1]. Some died.[2] [9] I do not know."]))
    reply = PlainRag(small, by_words, model).reply("harm?")
    assert [sentence.text for sentence in reply.sentences] == ["Most were mild.", "Some died.", "I do not know."]
    keys = [[cite.number for cite in sentence.cites] for sentence in reply.sentences]
    assert keys == [[1], [2, 9], []]
    assert reply.sentences[1].cites[1].key == "unknown-9"
    assert reply.sentences[1].cites[1].passage is None


def test_a_chat_model_gets_the_pieces_and_the_conversation(small):
    seen = []

    class Listening(GenericFakeChatModel):
        def _generate(self, messages, *args, **kwargs):
            seen.extend(messages)
            return super()._generate(messages, *args, **kwargs)

    model = Listening(messages=iter(["Yes."]))
    history = (Message(role="user", content="hello {context}"), Message(role="assistant", content="hi"))
    PlainRag(small, by_words, model, k=2).reply("liver?", history)
    assert [message.type for message in seen] == ["system", "human", "ai", "human"]
    assert seen[0].content.count("## ") >= 1
    assert "[2] " in seen[0].content
    assert seen[1].content == "hello {context}"


def test_a_model_that_breaks_is_a_reply_with_an_error(small):
    reply = PlainRag(small, by_words, GenericFakeChatModel(messages=iter([]))).reply("harm?")
    assert reply.text == ""
    assert "could not answer" in reply.error


def test_the_grounding_suite_measures_it(rag):
    reply = rag.reply("does kratom harm the liver?")
    found = {m.name: m.value for m in summarise([("", m) for m in citations(Case(id="a", turns=("?",)), [reply])])}
    assert found["unknown_keys"] == 0
    assert found["quotes_verbatim"] == 1
