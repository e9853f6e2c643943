"""Every cited sentence of every brief stands up to the checks that later hold model answers.

A sentence that fails them is mended, or a reader compares it with its passages and
accepts it in `read_by_hand.yaml`, with the reason. An entry that is no longer needed
is stale and fails too, so that the list never hides a new fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from rag.answering.mentions import MedicineNames
from rag.answering.quotes import locate_quote, widen_for_numbers
from rag.answering.verify import check_facts, shared_terms
from rag.library import Library, load_library
from rag.records import Brief, BriefSentence
from rag.text import words

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
READ_BY_HAND = Path(__file__).with_name("read_by_hand.yaml")
LEAST_COVERAGE = 0.4


@cache
def library() -> Library:
    return load_library(CORPUS)


@cache
def names() -> MedicineNames:
    texts = [f"{passage.heading} {passage.text}" for passage in library().passages.values()]
    texts += [sentence.text for brief in library().briefs.values() for sentence in cited_sentences(brief)]
    return MedicineNames(library().medicines, {word for text in texts for word in words(text)})


def cited_sentences(brief: Brief) -> Iterator[BriefSentence]:
    for point in (*brief.short_answer, *brief.evidence, *brief.unknowns):
        yield from point.sentences


def evidence_of(sentence: BriefSentence) -> str:
    """The cited passages with what a reader sees beside them: heading, year, sample."""
    parts = []
    for mark in sentence.passages:
        passage, source = library().passages[mark], library().source_of(mark)
        parts.append(f"{passage.heading}. {passage.text} {source.year or ''} {source.sample or ''}")
    return " ".join(parts)


def quotes_of(sentence: BriefSentence) -> list[str]:
    passages = [library().passages[mark].text for mark in sentence.passages]
    quotes = [locate_quote(sentence.text, passage).text for passage in passages]
    return widen_for_numbers(sentence.text, quotes, passages)


def failures(sentence: BriefSentence) -> list[str]:
    found = list(check_facts(sentence.text, evidence_of(sentence), names().ids))
    best = max(locate_quote(sentence.text, library().passages[mark].text).coverage for mark in sentence.passages)
    coverage = max(best, shared_terms(sentence.text, " ".join(quotes_of(sentence))))
    if coverage < LEAST_COVERAGE:
        found.append(f"few of its words in the passages: {coverage:.2f}")
    return found


def accepted() -> list[dict[str, str]]:
    return list(yaml.safe_load(READ_BY_HAND.read_text(encoding="utf-8")))


def accepted_for(brief_id: str) -> list[str]:
    return [entry["begins"] for entry in accepted() if entry["brief"] == brief_id]


@pytest.mark.parametrize("brief_id", sorted(path.stem for path in (CORPUS / "briefs").glob("*.md")))
def test_each_sentence_is_supported_or_was_read(brief_id: str) -> None:
    begins = accepted_for(brief_id)
    unsupported = [
        f"{sentence.text} {list(sentence.passages)}: {'; '.join(found)}"
        for sentence in cited_sentences(library().briefs[brief_id])
        if (found := failures(sentence)) and not sentence.text.startswith(tuple(begins))
    ]
    assert unsupported == []


@pytest.mark.parametrize("entry", accepted(), ids=lambda entry: f"{entry['brief']}-{entry['begins'][:20]}")
def test_no_reading_is_stale(entry: dict[str, str]) -> None:
    """An entry names one sentence that still fails a check, and gives a reason."""
    assert set(entry) == {"brief", "begins", "reason"} and len(entry["reason"].split()) >= 4
    meant = [s for s in cited_sentences(library().briefs[entry["brief"]]) if s.text.startswith(entry["begins"])]
    assert len(meant) == 1, "the words begin no sentence of the brief, or several"
    assert failures(meant[0]), "the sentence passes by itself now: remove the entry"


def test_every_quote_stands_in_its_passage() -> None:
    for brief in library().briefs.values():
        for sentence in cited_sentences(brief):
            for mark, quote in zip(sentence.passages, quotes_of(sentence), strict=True):
                assert quote and quote in library().passages[mark].text


def test_figures_of_a_sentence_stand_in_its_quotes() -> None:
    """What a reader is shown beside a sentence holds its figures, not only the passage behind it."""
    without = []
    for brief in library().briefs.values():
        for sentence in cited_sentences(brief):
            shown = " ".join([*quotes_of(sentence), *_beside(sentence)])
            without += [
                f"{brief.id}: {sentence.text}: {fact}"
                for fact in check_facts(sentence.text, shown, _no_names)
                if fact.startswith("number")
            ]
    assert without == []


def _beside(sentence: BriefSentence) -> list[str]:
    sources = [library().source_of(mark) for mark in sentence.passages]
    headings = [library().passages[mark].heading for mark in sentence.passages]
    return [*headings, *(f"{source.year or ''} {source.sample or ''}" for source in sources)]


def _no_names(_: str) -> frozenset[str]:
    return frozenset()
