"""The rules of the corpus: what `kratom-evidence corpus check` refuses.

Form (fields, sections, ids) is checked while reading; the rules here need the
whole corpus, or are about what may be said.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rag.errors import Problem
from rag.library.library import Library, read_library
from rag.library.reading import UnreadableError, parse_yaml, read_document, read_entries, read_text
from rag.records import Brief, SourceKind

TOPICS = frozenset(
    "kratom mitragynine 7-hydroxymitragynine depression anxiety mood antidepressants psychotherapy cbt"
    " substance-use-disorder opioid-use-disorder withdrawal dependence efficacy pain pharmacology neurotransmitters"
    " interactions liver heart seizure respiratory death overdose poisoning pregnancy adolescents driving contamination"
    " product-quality regulation law crisis suicide treatment-access co-occurring-disorders side-effects discontinuation"
    " herbal-alternatives exercise prevalence long-term-use dosing".split()
)
CARE = frozenset(
    "keep-prescription ask-prescriber interaction-check do-not-mix no-dosing taper-with-help pregnancy liver-signs"
    " poison-help emergency crisis-line find-treatment check-local-law young-person".split()
)
_CASES = {SourceKind.CASE_REPORT, SourceKind.CASE_SERIES}
_PASSAGE_WORDS = range(20, 181)  # beyond 180 words the embedding model no longer sees the end
_AMOUNT = re.compile(
    r"\b(?:take|try|use|start (?:with|at|on))\s+(?:about |around |up to |only )?\d[\d.,-]*\s*(?:g|mg|grams?|capsules?|spoons?)\b",
    re.IGNORECASE,
)


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
            fields = read_document(path).fields
        except UnreadableError:
            continue  # already reported while reading
        if fields.get("confidence") == "excluded":
            problems.append(Problem(path.name, 1, "the note is excluded", "remove the file and every citation of it"))
        if fields.get("retracted"):
            problems.append(Problem(path.name, 1, "the source is retracted", "remove the file and every citation of it"))
    return problems


def _unseen_lines(corpus_dir: Path) -> list[Problem]:
    """A crisis line whose number nobody has seen on a page may not lie in the corpus."""
    try:
        entries = read_entries(corpus_dir / "crisis_lines.yaml")
    except UnreadableError:
        return []
    return [
        Problem("crisis_lines.yaml", entry.line, "a number that was not seen on a page", "remove it, or see it and say where")
        for entry in entries
        if not entry.fields.get("seen")
    ]


def _source_rules(library: Library) -> list[Problem]:
    problems = []
    for source in library.sources.values():
        unknown = sorted(set(source.topics) - TOPICS)
        if unknown:
            problems.append(Problem(f"{source.id}.md", 1, f"unknown topic: {', '.join(unknown)}", "use a listed topic"))
    for passage in library.passages.values():
        count = len(passage.text.split())
        if count not in _PASSAGE_WORDS:
            problems.append(
                Problem(f"{passage.source_id}.md", 1, f"passage {passage.id} has {count} words", "write 40 to 120 words")
            )
    return problems


def _brief_rules(brief: Brief, library: Library, day: dt.date) -> list[Problem]:
    name = f"{brief.id}.md"
    problems = []
    try:
        overdue = dt.date.fromisoformat(brief.review_by) < day
    except ValueError:
        return [Problem(name, 1, "review_by is not a date", "write it as YYYY-MM-DD")]
    if overdue:
        problems.append(Problem(name, 1, f"was to be reviewed by {brief.review_by}", "review it against its sources again"))
    for kind, used, known in (("topic", brief.topics, TOPICS), ("care notice", brief.care, CARE)):
        unknown = sorted(set(used) - known)
        if unknown:
            problems.append(Problem(name, 1, f"unknown {kind}: {', '.join(unknown)}", f"use a listed {kind}"))
    unknown = sorted(set(brief.claims) - set(library.claims))
    if unknown:
        problems.append(Problem(name, 1, f"unknown claim: {', '.join(unknown)}", "use an id in claims.yaml"))
    if not 5 <= len(brief.asks) <= 20:
        problems.append(Problem(name, 1, f"{len(brief.asks)} ways of asking", "write 8 to 16"))
    problems += _weak_support(brief, library)
    problems += [
        Problem(name, 1, f"reads as advice to take an amount: '{text[:60]}'", "take the amount out")
        for text in brief_texts(brief)
        if _AMOUNT.search(text)
    ]
    return problems


def _weak_support(brief: Brief, library: Library) -> list[Problem]:
    """A short answer may not rest on notes of low confidence alone without saying so."""
    problems = []
    for point in brief.short_answer:
        for sentence in point.sentences:
            sources = [library.source_of(mark) for mark in sentence.passages if mark in library.passages]
            if sources and all(source.confidence == "low" for source in sources) and not _says_so(sentence.text):
                problems.append(
                    Problem(
                        f"{brief.id}.md", 1, f"rests on notes of low confidence alone: '{sentence.text[:60]}'",
                        "say who reports it and when, or cite a better source",
                    )
                )  # fmt: skip
    return problems


def _says_so(text: str) -> bool:
    return bool(re.search(r"\b(?:report(?:s|ed|edly)?|according to|says?|said|describes?|page|undated|news|as of|in 20\d\d)\b", text, re.I))


def _claim_rules(library: Library) -> list[Problem]:
    problems = []
    for claim in library.claims.values():
        for field, least in (("asserts", 4), ("asked_as", 3), ("fair", 3)):
            if len(getattr(claim, field)) < least:
                problems.append(Problem("claims.yaml", 1, f"'{claim.id}' has too few '{field}'", f"write at least {least}"))
        if not claim.evidence:
            problems.append(Problem("claims.yaml", 1, f"'{claim.id}' has no evidence", "cite the passages that correct it"))
    return problems


def brief_texts(brief: Brief) -> Iterable[str]:
    """Yield every sentence of a brief."""
    for point in (*brief.short_answer, *brief.evidence, *brief.unknowns, *brief.about_you):
        for sentence in point.sentences:
            yield sentence.text


