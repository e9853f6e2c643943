"""Parsing into records, the fingerprint, and the conditions."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.library import load_library
from rag.library.reading import text_line

REAL = Path(__file__).resolve().parents[2] / "corpus"


def test_records_are_keyed_by_id_and_frozen(corpus: Path) -> None:
    library = load_library(corpus)
    assert set(library.sources) == {"survey", "tea", "rumour", "case", "act"}
    assert library.passages["survey#2"].heading == "What it cannot show"
    assert library.source_of("survey#2").id == "survey"
    with pytest.raises(ValidationError):
        library.passages["survey#2"].text = "changed"


def test_a_passage_is_one_paragraph_without_line_breaks(corpus: Path) -> None:
    text = load_library(corpus).passages["survey#1"].text
    assert "\n" not in text and text.startswith("A 2020 study") and text.endswith("none of these.")


def test_a_brief_keeps_points_sentences_and_citations(corpus: Path) -> None:
    brief = load_library(corpus).briefs["liver"]
    assert [s.passages for p in brief.evidence for s in p.sentences] == [("survey#1",), ("survey#2",)]
    assert brief.short_answer[0].sentences[0].text == "In one study, some regular users had dark urine or yellow eyes."
    assert brief.about_you[0].sentences[0].passages == ()
    assert brief.review_by == "2027-05-22"


def test_the_fingerprint_follows_content_and_names(corpus: Path) -> None:
    first = load_library(corpus).fingerprint
    assert first == load_library(corpus).fingerprint and len(first) == 16
    note = corpus / "sources" / "survey.md"
    note.write_text(note.read_text().replace("belly pain", "belly ache"))
    changed = load_library(corpus).fingerprint
    assert changed != first
    conditions = corpus / "conditions.yaml"
    conditions.write_text(conditions.read_text().replace("some users had them", "several users had them"))
    assert load_library(corpus).fingerprint not in {first, changed}


def test_conditions_name_the_sides_that_are_missing(corpus: Path) -> None:
    conditions = load_library(corpus).conditions
    assert conditions.leaf_only == {"tea"}
    ((contradiction, lacking),) = conditions.unshown_sides({"survey#1", "case#1"})
    assert contradiction.id == "liver-signs" and [side.says for side in lacking] == ["tea drinkers had none"]
    assert conditions.unshown_sides({"survey#1", "tea#1"}) == ()
    assert conditions.unshown_sides({"case#1"}) == ()


def test_rarity_goes_from_the_topic_to_the_general(corpus: Path) -> None:
    conditions = load_library(corpus).conditions
    assert conditions.rarity_passages({"liver", "kratom"}) == ("tea#2", "survey#2")
    assert conditions.rarity_passages({"heart"}) == ("survey#2",)


@pytest.mark.parametrize(
    ("words", "line"), [("alpha beta", 1), ("beta gamma", 1), ("delta", 3), ("missing", 1), ("", 1)]
)
def test_text_line_finds_words_across_line_breaks(words: str, line: int) -> None:
    assert text_line("alpha  beta\ngamma\ndelta (x", words) == line


def test_the_real_corpus_is_whole() -> None:
    library = load_library(REAL)
    assert len(library.sources) >= 330 and len(library.passages) >= 690
    assert len(library.briefs) >= 150 and len(library.claims) >= 100 and len(library.medicines) >= 120
    assert len(library.conditions.contradictions) >= 20
    assert all(line.seen for line in library.crisis_lines)


@pytest.mark.parametrize("brief_id", ["kratom-breastfeeding", "kratom-with-maois", "kratom-with-lithium"])
def test_without_evidence_a_brief_says_so_and_names_whom_to_ask(brief_id: str) -> None:
    brief = load_library(REAL).briefs[brief_id]
    first = brief.short_answer[0].sentences[0].text
    assert first.startswith("No ") and "found in these sources" in first
    assert "ask-prescriber" in brief.care
    about_you = " ".join(s.text for p in brief.about_you for s in p.sentences)
    assert any(word in about_you for word in ("pharmacist", "prescriber", "doctor"))
