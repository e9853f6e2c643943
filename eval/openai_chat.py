"""Any chatbot behind an OpenAI-compatible address as a target.

Replies with marks like `[1]` are read with their sources where those come along: in our own
`evidence`, as `annotations` of the message (`url_citation`), as a list of `citations` or
`sources` beside the message, or as lines `[1] ...` below the text. Without a source, a mark
is an unknown key.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from eval.targets import Ability, Cited, Reply, Sentence
from rag.errors import KratomEvidenceError
from rag.records import CrisisLine, Message
from rag.text import split_sentences

if TYPE_CHECKING:
    from openai import OpenAI

_MARK = re.compile(r"\[(\d{1,3})\]")
_LATE_MARKS = re.compile(r"([.!?])\s*((?:\[\d{1,3}\]\s*)+)")
_LISTED = re.compile(r"^\s*(?:[-*]\s*)?\[(\d{1,3})\]:?\s+(\S.*)$")
_ADDRESS = re.compile(r"https?://[^\s<>\"”)]+")
_LONGEST_HEADING = 3
_SECONDS = 60.0
_RETRIES = 2


class TargetError(KratomEvidenceError):
    """A chatbot that is to be measured cannot be reached or set up."""


class OpenAIChat:
    """A chatbot that is reached through the official `openai` client.

    Args:
        address: Its base address, such as `http://localhost:8000/v1`.
        model: The model to ask for; None takes the first that it lists.
        api_key: Its key; most local servers take any.
        client: Used instead of a client for `address`, in tests.
    """

    abilities: frozenset[Ability] = frozenset(("citations",))

    def __init__(
        self, address: str, model: str | None = None, api_key: str = "none", *, client: OpenAI | None = None
    ) -> None:
        from openai import OpenAI  # slow to import, and only wanted for an outside target

        self._address = address
        self._client = client or OpenAI(
            base_url=address, api_key=api_key or "none", timeout=_SECONDS, max_retries=_RETRIES
        )
        self._model = model or self._first_model()

    @property
    def name(self) -> str:
        """The model and where it is reached."""
        return f"{self._model} at {self._address}"

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The model and its address; what is behind them cannot be seen from here."""
        return {"address": self._address, "model": self._model}

    def reply(self, question: str, history: Sequence[Message] = (), country: str | None = None) -> Reply:
        """Ask for one reply; `country` has no place in this protocol."""
        messages: Any = [
            *({"role": turn.role, "content": turn.content} for turn in history),
            {"role": "user", "content": question},
        ]
        start = time.perf_counter()
        try:
            completion = self._client.chat.completions.create(model=self._model, messages=messages, temperature=0)
            message = completion.choices[0].message
        except Exception as error:  # whatever the other side does, the case is reported and the run goes on
            return Reply(text="", error=f"no reply from {self._address} ({type(error).__name__}: {error})"[:300])
        elapsed = (time.perf_counter() - start) * 1000
        text, whole = message.content or "", completion.model_dump()
        return read_reply(text, _sources(whole, text), elapsed).model_copy(update=_shown(whole))

    def _first_model(self) -> str:
        try:
            return str(next(iter(self._client.models.list())).id)
        except Exception as error:  # the client has a dozen kinds of error; to a user they are all one
            raise TargetError(
                f"{self._address} does not list its models ({type(error).__name__}); "
                "check the address, which usually ends in /v1, and the key, or name the model with --model"
            ) from None


def read_reply(text: str, sources: Mapping[int, Cited], milliseconds: float = 0.0) -> Reply:
    """Return a reply with the sources that its marks name.

    Args:
        text: The reply; a list of sources at its end is read as such.
        sources: What came along, by mark.
        milliseconds: How long it took.
    """
    body, listed = _without_list(text)
    known = {**listed, **sources}
    # "... sentence. [1] Next" has its mark behind the full stop; it belongs to what stands before it.
    joined = _LATE_MARKS.sub(lambda match: f" {match.group(2).strip()}{match.group(1)} ", body)
    sentences = []
    for line in joined.split("\n"):
        for sentence in split_sentences(line.strip().lstrip("-*• ")):
            numbers = dict.fromkeys(int(mark) for mark in _MARK.findall(sentence))
            words = re.sub(r"\s+([.!?,])", r"\1", _MARK.sub("", sentence)).strip()
            if words:
                cites = tuple(known.get(n) or Cited(number=n, key=f"unknown-{n}") for n in numbers)
                sentences.append(Sentence(text=words, cites=cites))
    return Reply(text=body, sentences=tuple(sentences), citations=tuple(known.values()), milliseconds=milliseconds)


def _without_list(text: str) -> tuple[str, dict[int, Cited]]:
    """Split off the list of sources that ends a reply, with the line that announces it."""
    lines = text.rstrip().split("\n")
    listed: dict[int, Cited] = {}
    while lines and (match := _LISTED.match(lines[-1])):
        address = _ADDRESS.search(match[2])
        number = int(match[1])
        listed[number] = Cited(number=number, key=address.group() if address else match[2].strip(), title=match[2])
        lines.pop()
        while lines and not lines[-1].strip():
            lines.pop()
    if listed and lines and len(lines[-1].split()) <= _LONGEST_HEADING and not _MARK.search(lines[-1]):
        lines.pop()
    return "\n".join(lines).rstrip(), dict(sorted(listed.items()))


def _sources(completion: Mapping[str, Any], text: str) -> dict[int, Cited]:
    """Return the sources beside a reply, by number, from any of the places where servers put them."""
    message = completion["choices"][0]["message"]
    evidence = completion.get("evidence")
    if isinstance(evidence, Mapping) and evidence.get("citations"):
        listed = list(evidence["citations"])
    elif message.get("annotations"):
        return _annotated(message["annotations"], text)
    else:
        holders = ((holder, name) for holder in (message, completion) for name in ("citations", "sources"))
        listed = next((holder[name] for holder, name in holders if isinstance(holder.get(name), list)), [])
    found = (_source(item, number) for number, item in enumerate(listed, 1))
    return {cited.number: cited for cited in found}


def _annotated(annotations: Sequence[Any], text: str) -> dict[int, Cited]:
    """Return sources by the mark that each annotation stands on, or by the order of their addresses."""
    found: dict[int, Cited] = {}
    order: dict[str, int] = {}
    for note in annotations:
        item = (note.get("url_citation") or note) if isinstance(note, Mapping) else {}
        place = order.setdefault(str(item.get("url")), len(order) + 1)
        start, end = item.get("start_index"), item.get("end_index")
        mark = _MARK.fullmatch(text[start:end]) if isinstance(start, int) and isinstance(end, int) else None
        cited = _source(item, int(mark[1]) if mark else place)
        found.setdefault(cited.number, cited)
    return found


def _source(item: Any, position: int) -> Cited:
    if not isinstance(item, Mapping):
        return Cited(number=position, key=str(item))
    key = next((str(item[name]) for name in ("passage_id", "id", "url", "title") if item.get(name)), "")
    number, source = item.get("number"), item.get("source")
    return Cited(
        number=number if isinstance(number, int) else position,
        key=key or f"source-{position}",
        quote=_text(item, "quote"),
        passage=_text(item, "passage") or _text(item, "content"),
        title=_text(item, "title") or (_text(source, "title") if isinstance(source, Mapping) else None) or "",
    )


def _shown(completion: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a server of this project says of its reply: its kind, the triage, the pinned services."""
    evidence = completion.get("evidence")
    if not isinstance(evidence, Mapping):
        return {}
    names = ("behaviour", "triage", "verdict")
    found: dict[str, Any] = {name: evidence[name] for name in names if isinstance(evidence.get(name), str)}
    try:
        found["crisis_lines"] = tuple(CrisisLine.model_validate(line) for line in evidence.get("crisis_lines") or ())
    except ValidationError:
        pass  # another version's form: the reply's own words are still measured
    return found


def _text(item: Mapping[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) and value else None
