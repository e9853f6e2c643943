"""Shows an answer in a terminal: the same sections and sources as the web page."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rag.library import Messages
from rag.records import Answer, Citation, CrisisLine, Section, Statement

_BULLETED = (Section.EVIDENCE, Section.UNKNOWN)


def show_answer(console: Console, answer: Answer, messages: Messages) -> None:
    """Print a whole answer."""
    if answer.crisis_lines:
        console.print(crisis_table(answer.crisis_lines))
    for mention in answer.mentions:
        console.print(Text(mention, style="italic"))
    if answer.verdict:
        console.print(Text(answer.verdict, style="bold"))
    for renderable in _sections(answer.statements, messages):
        console.print(renderable)
    for notice in answer.notices:
        console.print(Padding(Text(f"! {notice.text}", style="yellow"), (0, 0, 0, 1)))
    _show_sources(console, answer)
    if answer.suggestions:
        console.print(Text("\nYou could also ask: " + "  ·  ".join(answer.suggestions), style="dim"))
    console.print(Text(f"corpus {answer.fingerprint}", style="dim"))


def _show_sources(console: Console, answer: Answer) -> None:
    if answer.citations:
        console.print(Text("\nSources", style="bold"))
    for citation in answer.citations:
        console.print(_source(citation))


def crisis_table(lines: tuple[CrisisLine, ...]) -> RenderableType:
    """Return the services of a country as a panel."""
    table = Table.grid(padding=(0, 2))
    for line in lines:
        reach = " · ".join(part for part in (line.phone, line.text, line.web) if part)
        table.add_row(Text(line.name), Text(reach, style="bold"), Text(line.hours or "", style="dim"))
    return Panel(table, title="Help now", border_style="cyan")


def _sections(statements: tuple[Statement, ...], messages: Messages) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for section, run in groupby(statements, key=lambda statement: statement.section):
        group = list(run)
        if messages.has(f"heading.{section}"):
            shown.append(Text("\n" + messages.text(f"heading.{section}"), style="bold"))
        if section in _BULLETED:
            shown.append(_bullets(group))
        else:
            shown.append(Text(" ").join(_marked(statement) for statement in group))
    return shown


def _bullets(statements: list[Statement]) -> RenderableType:
    points: list[Text] = []
    for statement in statements:
        if statement.joins_previous and points:
            points[-1] = Text(" ").join([points[-1], _marked(statement)])
        else:
            points.append(_marked(statement))
    table = Table.grid(padding=(0, 1))
    for point in points:
        table.add_row("•", point)
    return Group(table)


def _marked(statement: Statement) -> Text:
    text = Text(statement.text)
    for citation in statement.citations:
        text.append(f" [{citation.number}]", style="cyan")
    return text


def _source(citation: Citation) -> RenderableType:
    source = citation.source
    who = source.organization or ", ".join(source.authors[:2]) + (" et al." if len(source.authors) > 2 else "")
    facts = " · ".join(part for part in (source.evidence_label, source.sample, source.conflicts) if part)
    text = Text(f"[{citation.number}] ", style="cyan")
    text.append(f"{who or source.title} ({source.year or 'undated'}). {source.title}. ", style="default")
    text.append(f"{facts}\n", style="italic dim")
    text.append(f"“{citation.quote}”\n", style="default")
    text.append(source.url, style="dim underline")
    return Padding(text, (0, 0, 0, 2))
