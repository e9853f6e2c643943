"""A hand-over as text, for help-desks that take messages, and as a `mailto:` link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from rag.server.handover.package import CitedSource, Package, Said
from rag.server.handover.wording import Wording

Escape = Callable[[str], str]

# Longer links are cut or refused by browsers and mail programs on some systems.
LONGEST_LINK = 1900
# What Markdown could read as a link, an image, a heading or HTML.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return text without control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def no_markdown(text: str) -> str:
    """Return text that reads the same where Markdown is rendered."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def as_text(package: Package, wording: Wording, escape: Escape = plain) -> str:
    """Return the whole package as text.

    What people wrote is indented, so that none of it can pass for a heading of ours.

    Args:
        package: What is handed over.
        wording: Labels.
        escape: Makes a piece of the package safe where the text is shown.
    """
    parts = [*_head(package, wording, escape), wording.say("text.conversation")]
    parts += [_turn(said, wording, escape) for said in package.conversation]
    if package.sources:
        parts.append(wording.say("text.sources"))
        parts += [_source(source, escape) for source in package.sources]
    parts.append(f"{wording.say('text.fingerprint')}: {package.fingerprint}")
    return "\n\n".join(parts)


def mail(package: Package, wording: Wording, address: str) -> dict[str, str]:
    """Return address, subject and body of an e-mail, short enough for a link; the newest turns come first to stay."""
    subject = wording.say("text.subject", risk=wording.say(f"text.risks.{package.risk_level}"))
    head = "\n\n".join((*_head(package, wording, plain), wording.say("text.conversation")))
    turns = [_turn(said, wording, plain) for said in package.conversation]
    left_out = wording.say("text.left_out")

    def fits(body: str) -> bool:
        return len(mail_link({"to": address, "subject": subject, "body": body})) <= LONGEST_LINK

    for first in range(len(turns) + 1):
        kept = turns[first:]
        body = "\n\n".join((head, *([left_out] if first else ()), *kept))
        if kept and fits(body):
            return {"to": address, "subject": subject, "body": body}
    # Not even the newest turn fits whole: as much of it as does.
    whole = "\n\n".join((head, *turns[-1:]))
    return {"to": address, "subject": subject, "body": _longest(whole, f"\n\n{wording.say('text.cut')}", fits)}


def mail_link(parts: dict[str, str]) -> str:
    """Return the `mailto:` link that opens an e-mail with these parts."""
    fields = {"subject": parts["subject"], "body": parts["body"].replace("\n", "\r\n")}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    return f"mailto:{quote(parts['to'], safe='@+')}?{query}"


def _head(package: Package, wording: Wording, escape: Escape) -> Iterator[str]:
    yield f"{wording.say('text.lead')} {wording.say('text.not_verified')}"
    say, nothing = wording.say, wording.say("text.nothing")
    lines = [
        f"{say('text.risk')}: {say(f'text.risks.{package.risk_level}')}",
        f"{say('text.reason')}: {say(f'text.reasons.{package.reason}')}",
        f"{say('text.site')}: {escape(package.site)}",
        f"{say('text.country')}: {escape(package.country)}",
        f"{say('text.contact')}: {_line(escape(package.contact or '')) or nothing}",
    ]
    if package.note:
        lines.append(f"{say('text.note')}:\n{_indented(escape(package.note))}")
    if package.context:
        pairs = "\n".join(f"{escape(name)}: {escape(value)}" for name, value in package.context.items())
        lines.append(f"{say('text.context')}:\n{_indented(pairs)}")
    yield "\n".join(lines)


def _turn(said: Said, wording: Wording, escape: Escape) -> str:
    cited = ", ".join(f"{item.number}: {item.passage_id}" for item in said.citations)
    marks = f"\n{_indented(escape(cited))}" if cited else ""
    return f"{wording.say(f'text.{said.role}')}:\n{_indented(escape(said.text))}{marks}"


def _source(source: CitedSource, escape: Escape) -> str:
    year = f" ({source.year})" if source.year else ""
    title = escape(f"{source.id}: {source.title}{year}. {source.organization or ''}".strip())
    passages = "\n".join(_indented(escape(f"{passage.id}: {passage.text}")) for passage in source.passages)
    return f"{_line(title)}\n{_indented(plain(source.url))}\n{passages}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def _line(text: str) -> str:
    return " ".join(text.split())


def _longest(text: str, ending: str, fits: Callable[[str], bool]) -> str:
    """Return the longest beginning of a text that fits with its ending."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle] + ending) else (low, middle - 1)
    return text[:low] + ending
