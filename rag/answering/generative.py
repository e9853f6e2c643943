"""Lets a chat model reword the evidence, and shows only those of its sentences that pass every check.

    composer = GenerativeComposer(library, model, names=names.ids, guard=output_guard, timeout=20)
    written = composer.write("Does kratom help with depression?", passages)
    written.drafts      # None when too little was left: the caller answers without the model

The model sees the stand-alone question and the passages, and nothing else. It is never
trusted: a sentence counts only if the passage it cites exists, carries its words, and
says the same (`rag.answering.verify`), and if the guard on claims and amounts lets it
pass. Whatever goes wrong, the result is an answer without the model.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, Queue
from threading import BoundedSemaphore, Event, Thread
from typing import TYPE_CHECKING, Any

from rag.answering.citing import Draft
from rag.answering.prompt import read_prompt
from rag.answering.quotes import locate_quote
from rag.answering.sentences import ModelSentence, SentenceReader
from rag.answering.support.content import Vectors
from rag.answering.support.figures import Names
from rag.answering.verify import CHECKS, Check, check_support
from rag.library import Library
from rag.records import Passage, Section, StatementKind, Withheld

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Guard = Callable[[str], str | None]

LEAST_FINDINGS = 2
_MOST_CHARS = 6000
_MOST_WAITING = 8
_WORDS = (4, 60)
_FORMATTED = re.compile(
    r"https?:|www\.|\b[\w-]+\.(?:com|org|net|io|ru|shop|store|info|biz|co)\b|[<>{}\[\]|`~^\\@#=_]"
    r"|\*(?!\w)|(?<!\w)\*|!\(|&\w+;|(?<!\d)\d{3}[-. ]\d{4}(?!\d)",
    re.I,
)
_PRINTABLE = re.compile(r"[A-Za-z0-9 .,;:%()'\"/+*°µ§–—−-]+|[\u2018\u2019\u201c\u201dÀ-ɏ]+")
# A sentence that points back may follow only the one it points to.
_LEANING = re.compile(
    r"^(?:it|its|they|their|them|he|his|she|her|this|that|these|those|such|both|so|but|and|however|also|"
    r"the (?:same|others?|rest))\b",
    re.I,
)


@dataclass(frozen=True)
class Written:
    """What came of asking the model.

    Attributes:
        drafts: The sentences to show; None when the caller has to answer without the model.
        withheld: Sentences that failed a check, and why; with an empty text, why the model was not used.
        accepted: Every sentence that passed, whether or not there were enough.
    """

    drafts: tuple[Draft, ...] | None
    withheld: tuple[Withheld, ...] = ()
    accepted: tuple[Draft, ...] = ()


class GenerativeComposer:
    """Composes drafts with a chat model.

    Args:
        library: The corpus.
        model: A LangChain chat model.
        names: Returns the ids of the medicines and drugs named in a text.
        guard: Returns why a sentence may not be shown (a registered claim, an amount), or None.
        timeout: Seconds after which the model is given up.
        embed: Turns texts into unit vectors; without it only words are compared.
        may_send: Tells whether a question may leave this program; an error counts as no.
        checks: The checks of support; all, but in tests.
    """

    def __init__(
        self,
        library: Library,
        model: BaseChatModel,
        *,
        names: Names,
        guard: Guard,
        timeout: float,
        embed: Vectors | None = None,
        may_send: Callable[[str], bool] | None = None,
        checks: Mapping[str, Check] = CHECKS,
    ) -> None:
        self._library = library
        self._model = model
        self._names = names
        self._guard = guard
        self._timeout = timeout
        self._embed = embed
        self._may_send = may_send
        self._checks = checks
        self._prompt = read_prompt(library.corpus_dir)
        self._waiting = BoundedSemaphore(_MOST_WAITING)

    def write(self, question: str, passages: Sequence[Passage]) -> Written:
        """Ask the model and check what it writes.

        Args:
            question: The stand-alone question.
            passages: The passages it may use, best first.

        Returns:
            The checked drafts; it never raises for what a model does.
        """
        accepted: list[Draft] = []
        withheld: list[Withheld] = []
        try:
            if not passages or (self._may_send is not None and not self._may_send(question)):
                return Written(None, (Withheld(text="", reason="the chat model was not asked"),))
            for sentence in self._sentences(question, passages):
                draft, reason = self._judge(sentence, passages, accepted)
                if draft is None:
                    withheld.append(Withheld(text=sentence.text, reason=reason))
                elif all(draft.text != other.text for other in accepted):
                    accepted.append(draft)
        except Exception as error:  # whatever a model or its client does, the person gets an answer
            withheld.append(Withheld(text="", reason=f"the chat model was not used: {type(error).__name__}"))
            return Written(None, tuple(withheld), tuple(accepted))
        has_short = any(draft.section is Section.SHORT_ANSWER for draft in accepted)
        enough = has_short and len(accepted) >= LEAST_FINDINGS
        return Written(_in_order(accepted) if enough else None, tuple(withheld), tuple(accepted))

    def _sentences(self, question: str, passages: Sequence[Passage]) -> Iterator[ModelSentence]:
        reader = SentenceReader(self._prompt.headings)
        taken = 0
        for piece in self._pieces(question, passages):
            taken += len(piece)
            if taken > _MOST_CHARS:
                raise ValueError("the reply is too long")
            yield from reader.feed(piece)
        yield from reader.end()

    def _pieces(self, question: str, passages: Sequence[Passage]) -> Iterator[str]:
        """Yield the reply as it comes in, from a thread that is left behind when time is up.

        Raises:
            TimeoutError: the model is too slow, or too many earlier ones still are.
        """
        messages = [("system", self._prompt.system), ("user", self._prompt.user(question, passages))]
        if not self._waiting.acquire(blocking=False):
            raise TimeoutError
        pieces: Queue[str | BaseException | None] = Queue()
        stop = Event()

        def run() -> None:
            try:
                for chunk in self._model.stream(messages):
                    if stop.is_set():
                        return
                    pieces.put(_text(chunk.content))
                pieces.put(None)
            except BaseException as error:
                pieces.put(error)
            finally:
                self._waiting.release()

        Thread(target=run, name="chat-model", daemon=True).start()
        try:
            yield from _until(pieces, time.monotonic() + self._timeout)
        finally:
            stop.set()

    def _judge(
        self, sentence: ModelSentence, passages: Sequence[Passage], before: Sequence[Draft]
    ) -> tuple[Draft | None, str]:
        """Return the draft of a sentence, or why it is withheld."""
        reason = _form(sentence.text)
        if reason is None and not sentence.numbers:
            reason = "cites nothing"
        if reason is None and any(not 1 <= number <= len(passages) for number in sentence.numbers):
            reason = "cites a passage that was not given"
        if reason is not None:
            return None, reason
        try:
            cited = [passages[number - 1] for number in sentence.numbers]
            kept, reason = self._supported(sentence.text, cited)
            reason = reason or self._guard(sentence.text)
        except Exception as error:  # a check that breaks has failed
            return None, f"check failed: {type(error).__name__}"
        ids = tuple(passage.id for passage in kept)
        leans = bool(_LEANING.search(sentence.text))
        if reason is None and leans and not (before and set(ids) & set(before[-1].passages)):
            reason = "points back to a sentence that is not shown"
        if reason is not None:
            return None, reason
        return Draft(sentence.text, sentence.section, StatementKind.FINDING, ids, joins=leans), ""

    def _supported(self, text: str, cited: Sequence[Passage]) -> tuple[Sequence[Passage], str | None]:
        """Return the passages that carry a sentence, or what is wrong with it: each alone first, then all."""
        alone = [passage for passage in cited if self._fault(text, [passage]) is None]
        if alone:
            return alone, None
        return cited, self._fault(text, cited)

    def _fault(self, text: str, cited: Sequence[Passage]) -> str | None:
        sources = [self._library.sources[passage.source_id] for passage in cited]
        populations = {source.population for source in sources}
        found = check_support(
            text,
            " ".join(locate_quote(text, passage.text).text for passage in cited),
            " ".join(passage.text for passage in cited),
            self._names,
            beside=" ".join(
                f"{passage.heading}. {source.year or ''}. {source.sample or ''}."
                for passage, source in zip(cited, sources, strict=True)
            ),
            population=populations.pop() if len(populations) == 1 else "",
            embed=self._embed,
            checks=self._checks,
        )
        return None if found.ok else "; ".join(found.reasons)


def _until(pieces: Queue[str | BaseException | None], deadline: float) -> Iterator[str]:
    """Yield what comes in before the deadline, up to the end of the reply."""
    while True:
        try:
            piece = pieces.get(timeout=max(deadline - time.monotonic(), 0.001))
        except Empty:
            raise TimeoutError from None
        if piece is None:
            return
        if isinstance(piece, BaseException):
            raise RuntimeError(type(piece).__name__)
        yield piece


def _form(text: str) -> str | None:
    """Return why a sentence is no plain sentence, or None."""
    if _FORMATTED.search(text):
        return "holds an address, a mark-up or a sign that plain sentences do not have"
    if _PRINTABLE.sub("", text).strip():
        return "holds characters that plain English sentences do not have"
    if not _WORDS[0] <= len(text.split()) <= _WORDS[1]:
        return "is too short or too long"
    if text[-1] not in ".)" or not text[0].isalnum():
        return "is no finished sentence"
    return None


def _in_order(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return the drafts section by section, each in the model's order."""
    order = (Section.SHORT_ANSWER, Section.EVIDENCE, Section.UNKNOWN)
    return tuple(draft for section in order for draft in drafts if draft.section is section)


def _text(content: Any) -> str:
    """Return the text of a chunk; some models send lists of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in parts)
