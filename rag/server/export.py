"""An answer as text to copy or save, with its sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rag.records import Answer, Citation
from rag.server.render import Renderer, is_web_address, names

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#!|~])")


def plain_text(answer: Answer, renderer: Renderer) -> str:
    """Return the answer and its sources as plain text, for the clipboard."""
    parts = [answer.text]
    if answer.citations:
        parts.append(renderer.word("conversation.sources"))
        parts.append("\n".join(f"[{c.number}] {_reference(c)}. {c.source.url}" for c in _in_order(answer.citations)))
    return "\n\n".join([*parts, _stamp(answer, renderer)])


def markdown(question: str, answer: Answer, renderer: Renderer) -> str:
    """Return one exchange as Markdown. What people and sources wrote cannot become markup."""
    parts = ["\n".join(f"> {escape(line)}" for line in question.splitlines() or [""])]
    if answer.verdict:
        parts.append(f"**{escape(answer.verdict)}**")
    parts.append(escape(answer.text))
    parts += [f"- {escape(notice.text)}" for notice in answer.notices]
    if answer.citations:
        parts.append(f"### {renderer.word('conversation.sources')}")
        parts += [_markdown_reference(citation) for citation in _in_order(answer.citations)]
    return "\n\n".join([*parts, f"*{escape(_stamp(answer, renderer))}*"])


def data(answer: Answer) -> dict[str, Any]:
    """Return the answer as JSON values, without how it came about."""
    return answer.model_dump(mode="json", exclude={"trace"})


def escape(text: str) -> str:
    """Escape the characters that Markdown reads as markup."""
    return _MARKDOWN.sub(r"\\\1", text)


def _in_order(citations: Sequence[Citation]) -> list[Citation]:
    return sorted(citations, key=lambda citation: citation.number)


def _reference(citation: Citation) -> str:
    source = citation.source
    published = ", ".join(filter(None, [source.venue, str(source.year or "")]))
    told = [names(source), source.title, published, source.evidence_label, f"“{citation.quote}”"]
    return ". ".join(part.rstrip(".") for part in told if part)


def _markdown_reference(citation: Citation) -> str:
    url = citation.source.url
    link = f". <{url}>" if is_web_address(url) and not re.search(r"[<>\s]", url) else ""
    return f"\\[{citation.number}\\] {escape(_reference(citation))}{link}"


def _stamp(answer: Answer, renderer: Renderer) -> str:
    date = renderer.word("evidence.corpus", date=renderer.corpus_date)
    stamp = renderer.word("evidence.fingerprint", fingerprint=answer.fingerprint)
    reviewed = renderer.library.review.clinician is not None
    notes = [renderer.word("name"), date, stamp] + ([] if reviewed else [renderer.word("not_reviewed_short")])
    return " · ".join(notes)
