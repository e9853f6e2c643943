"""The rules of the corpus: what `kratom-evidence corpus check` refuses.

Form (fields, sections, ids) is checked while reading; the rules here need the
whole corpus, or are about what may be said.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

from rag.errors import Problem
from rag.library.library import Library, read_library
from rag.library.reading import UnreadableError, field_line, read_document, read_entries, read_text, text_line
from rag.records import Brief, BriefPoint, Source, SourceKind

TOPICS = frozenset(
    "kratom mitragynine 7-hydroxymitragynine depression anxiety mood antidepressants psychotherapy cbt"
    " substance-use-disorder opioid-use-disorder withdrawal dependence efficacy pain pharmacology"
    " neurotransmitters interactions liver heart seizure respiratory death overdose poisoning pregnancy"
    " adolescents driving contamination product-quality regulation law crisis suicide treatment-access"
    " co-occurring-disorders side-effects discontinuation herbal-alternatives exercise prevalence"
    " long-term-use dosing".split()
)
CARE = frozenset(
    "keep-prescription ask-prescriber interaction-check do-not-mix no-dosing taper-with-help pregnancy liver-signs"
    " poison-help emergency crisis-line find-treatment check-local-law young-person".split()
)
_CASES = frozenset({SourceKind.CASE_REPORT, SourceKind.CASE_SERIES})
_PASSAGE_WORDS = range(20, 181)  # beyond 180 words the embedding model no longer sees the end
_UNIT = (
    r"(?:g|mg|grams?|milligrams?|capsules?|tablets?|pills?|spoons?|spoonfuls?|teaspoons?|scoops?|shots?|cups?"
    r"|glass(?:es)?)"
)
_AMOUNT = re.compile(
    r"\b(?:take|try|use|drink|swallow|start (?:with|at|on))\s+(?:about |around |up to |only )?"
    rf"(?:\d[\d.,-]*|one|two|three)\s*{_UNIT}\b",
    re.IGNORECASE,
)
_TIMETABLE = re.compile(
    r"\b(?:days?|hours?|weeks?) \d+ ?(?:-|–|to|through) ?\d+\b|\bday (?:one|two|three|\d+)\b"
    r"|\bpeaks? (?:at|on|by|around|within|between|after) |\bfirst (?:24|48|72) hours\b",
    re.IGNORECASE,
)
# Words with which a sentence says that it passes on a report, and whose.
_ATTRIBUTES = re.compile(
    r"\b(?:report(?:s|ed|edly)?|according to|says?|said|describes?|pages?|undated|news|newspaper|summar\w+"
    r"|lists? cite|weak source|not read|as of|in 20\d\d)\b",
    re.IGNORECASE,
)
# Words with which a brief says what a case report cannot.
_LIMITS_CASES = re.compile(
    r"\brare|\bhow (?:often|common)\b|\bcannot\b|\bproof\b|\bprov\w+|\bdo(?:es)? not (?:show|mean|give)\b"
    r"|\btoo few\b|\b(?:one|single) cases?\b|\bnot all users\b|\bsmall\b|\bno (?:trial|comparison|controlled)\b",
    re.IGNORECASE,
)
_TRADITIONAL = re.compile(r"malaysia|thai|\btea\b|juice|brew|leaf|chew|\btraditional", re.IGNORECASE)
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\bundated\b|\bno date\b", re.IGNORECASE)


def check_corpus(corpus_dir: Path, *, today: dt.date | None = None) -> list[Problem]:
    """Check the whole corpus.

    Args:
        corpus_dir: The folder `corpus/`.
        today: The day that `review_by` is held against; by default the current one.

    Returns:
        Every problem found, by file and line; empty when the corpus may be used.
    """
    day = today or dt.datetime.now(tz=dt.UTC).date()
    library, problems = read_library(corpus_dir)
    problems += _note_rules(corpus_dir)
    problems += _unseen_lines(corpus_dir)
    if library is not None:
        problems += _source_rules(library)
        for brief in library.briefs.values():
            problems += _brief_rules(brief, library, day)
        problems += _claim_rules(library)
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.message))


def _note_rules(corpus_dir: Path) -> list[Problem]:
    """A note that is excluded or retracted may not lie in the corpus at all."""
    problems = []
    for path in sorted((corpus_dir / "sources").glob("*.md")):
        try:
            document = read_document(path)
        except UnreadableError:
            continue  # already reported while reading
        mend = "remove the file and every citation of it"
        if document.fields.get("confidence") == "excluded":
            problems.append(Problem(path.name, field_line(document.raw, "confidence"), "the note is excluded", mend))
        if document.fields.get("retracted"):
            problems.append(Problem(path.name, field_line(document.raw, "retracted"), "the source is retracted", mend))
    return problems


def _unseen_lines(corpus_dir: Path) -> list[Problem]:
    """A crisis line whose number nobody has seen on a page may not lie in the corpus."""
    try:
        entries = read_entries(corpus_dir / "crisis_lines.yaml")
    except UnreadableError:
        return []
    return [
        Problem(
            "crisis_lines.yaml",
            entry.line,
            "a number that was not seen on a page",
            "remove it, or see it and say where",
        )
        for entry in entries
        if not entry.fields.get("seen")
    ]


def _source_rules(library: Library) -> list[Problem]:
    problems = []
    for source in library.sources.values():
        unknown = sorted(set(source.topics) - TOPICS)
        if unknown:
            line = field_line(_raw(library, f"sources/{source.id}.md"), "topics")
            problems.append(
                Problem(f"{source.id}.md", line, f"unknown topic: {', '.join(unknown)}", "use a listed topic")
            )
    for passage in library.passages.values():
        count = len(passage.text.split())
        message, mend = f"passage {passage.id} has {count} words", "write 40 to 120 words"
        if count in _PASSAGE_WORDS:
            if not _AMOUNT.search(passage.text):
                continue
            message, mend = f"passage {passage.id} reads as advice to take an amount", "take the amount out"
        line = text_line(_raw(library, f"sources/{passage.source_id}.md"), f"## {passage.heading}")
        problems.append(Problem(f"{passage.source_id}.md", line, message, mend))
    return problems


def _brief_rules(brief: Brief, library: Library, day: dt.date) -> list[Problem]:
    name, raw = f"{brief.id}.md", _raw(library, f"briefs/{brief.id}.md")
    found: list[tuple[str, str, str]] = []
    try:
        overdue = dt.date.fromisoformat(brief.review_by) < day
    except ValueError:
        overdue = False
        found.append(("review_by:", "review_by is not a date", "write it as YYYY-MM-DD"))
    if overdue:
        found.append(("review_by:", f"was to be reviewed by {brief.review_by}", "review it against its sources again"))
    for kind, field, used, known in (
        ("topic", "topics:", brief.topics, TOPICS),
        ("care notice", "care:", brief.care, CARE),
        ("claim", "claims:", brief.claims, library.claims),
    ):
        unknown = sorted(set(used) - set(known))
        if unknown:
            found.append((field, f"unknown {kind}: {', '.join(unknown)}", f"use a listed {kind}"))
    if not 5 <= len(brief.asks) <= 20:
        found.append(("asks:", f"{len(brief.asks)} ways of asking", "write 8 to 16"))
    found += [*_wording(brief), *_weak_support(brief, library), *_conditions(brief, library)]
    return [Problem(name, text_line(raw, needle), message, mend) for needle, message, mend in found]


def _wording(brief: Brief) -> list[tuple[str, str, str]]:
    """No sentence advises an amount, gives a withdrawal timetable or is cut off by a citation."""
    found = []
    for text in brief_texts(brief):
        if _AMOUNT.search(text):
            found.append((text, f"reads as advice to take an amount: '{text[:60]}'", "take the amount out"))
        if _TIMETABLE.search(text):
            found.append((text, f"reads as a timetable: '{text[:60]}'", "say that it varies, without days or hours"))
        if text[0].islower() or text[-1] in ",;:":
            found.append((text, f"a citation cuts the sentence: '{text[:60]}'", "put citations after the full stop"))
    return found


def _weak_support(brief: Brief, library: Library) -> list[tuple[str, str, str]]:
    """A finding may not rest on notes of low confidence alone without its point saying so."""
    found = []
    for point in (*brief.short_answer, *brief.evidence):
        sources = _sources(point, library)
        if sources and all(source.confidence == "low" for source in sources) and not _ATTRIBUTES.search(_text(point)):
            text = point.sentences[0].text
            message = f"rests on notes of low confidence alone: '{text[:60]}'"
            found.append((text, message, "say who reports it and when, or cite a better source"))
    return found


def _conditions(brief: Brief, library: Library) -> list[tuple[str, str, str]]:
    """Case reports, traditional-leaf studies and laws each need words that limit them."""
    points = (*brief.short_answer, *brief.evidence, *brief.unknowns)
    cases = [point for point in points if any(source.kind in _CASES for source in _sources(point, library))]
    leaf = [point for point in points if any(s.id in library.conditions.leaf_only for s in _sources(point, library))]
    laws = [point for point in points if any(source.kind is SourceKind.LAW for source in _sources(point, library))]
    found = []
    for some, within, limits, message, mend in (
        (
            cases,
            points,
            _LIMITS_CASES,
            "cites case reports without a word on how rare or proven",
            "say what a case cannot show",
        ),
        (
            leaf,
            leaf,
            _TRADITIONAL,
            "cites a study of traditional leaf without naming the setting",
            "say who was studied, and where",
        ),
        (laws, points, _DATED, "cites a law without a date", "say as of when"),
    ):
        if some and not any(limits.search(_text(point)) for point in within):
            found.append((some[0].sentences[0].text, message, mend))
    return found


def _claim_rules(library: Library) -> list[Problem]:
    raw = _raw(library, "claims.yaml")
    problems = []
    for claim in library.claims.values():
        line = text_line(raw, f"id: {claim.id}")
        for field, least in (("asserts", 4), ("asked_as", 3), ("fair", 3)):
            if len(getattr(claim, field)) < least:
                message = f"'{claim.id}' has too few '{field}'"
                problems.append(Problem("claims.yaml", line, message, f"write at least {least}"))
        if not claim.evidence:
            mend = "cite the passages that correct it"
            problems.append(Problem("claims.yaml", line, f"'{claim.id}' has no evidence", mend))
    return problems


def brief_texts(brief: Brief) -> Iterable[str]:
    """Yield every sentence of a brief."""
    for point in (*brief.short_answer, *brief.evidence, *brief.unknowns, *brief.about_you):
        for sentence in point.sentences:
            yield sentence.text


def _sources(point: BriefPoint, library: Library) -> list[Source]:
    marks = [mark for sentence in point.sentences for mark in sentence.passages]
    return [library.source_of(mark) for mark in marks if mark in library.passages]


def _text(point: BriefPoint) -> str:
    return " ".join(sentence.text for sentence in point.sentences)


def _raw(library: Library, file: str) -> str:
    """Return the text of a file, to name lines in it; a file that is not there has none."""
    try:
        return read_text(library.corpus_dir / file)
    except (UnreadableError, ValueError):  # ValueError: an id that no file name can hold
        return ""
