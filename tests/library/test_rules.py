"""Each rule of the corpus refuses a planted fault and says which file, which line and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import CorpusError, Problem
from rag.library import check_corpus, load_library

Plant = Callable[[str, str, str], list[Problem]]
TODAY = dt.date(2026, 11, 22)

BRIEF = "briefs/liver.md"

# (file, text, replacement, words of the message, line it should name, words of the mend)
FAULTS = [
    ("sources/survey.md", "year: 2020\n", "", "'year' is missing", 1, "add it"),
    ("sources/survey.md", "kind: cross-sectional", "kind: rumour", "'kind' is wrong", 11, "format"),
    ("sources/survey.md", "population: humans", "population: elves", "'population' is wrong", 12, "format"),
    ("sources/survey.md", "topics: [kratom, liver]", "topics: [kratom, spleen]", "unknown topic: spleen", 16, "listed"),
    ("sources/survey.md", "year: 2020", "year: soon", "'year' is wrong", 6, "format"),
    ("sources/survey.md", "confidence: high", "confidence: excluded", "is excluded", 20, "remove the file"),
    ("sources/survey.md", "confidence: high", "confidence: high\nretracted: true", "retracted", 21, "remove the file"),
    ("sources/survey.md", "## What it cannot show", "## Empty\n\n## What it cannot show", "is empty", 27, "write it"),
    ("sources/survey.md", "id: survey", "id: other", "not the file's name", 2, "id: survey"),
    (
        "sources/survey.md",
        "asked 150 regular users",
        "asked users to take 3 capsules",
        "an amount",
        23,
        "take the amount out",
    ),
    ("briefs/liver.md", "[survey#2]", "[survey#9]", "survey#9, which does not exist", 17, "correct the id"),
    ("briefs/liver.md", "[survey#2]", "[ghost#1]", "ghost#1, which does not exist", 17, "correct the id"),
    ("briefs/liver.md", "review_by: 2027-05-22", "review_by: 2026-01-01", "to be reviewed by", 9, "review it"),
    ("briefs/liver.md", "review_by: 2027-05-22", "review_by: soon", "not a date", 9, "YYYY-MM-DD"),
    ("briefs/liver.md", "topics: [kratom, liver]", "topics: [spleen]", "unknown topic: spleen", 5, "listed"),
    ("briefs/liver.md", "care: [liver-signs]", "care: [hope]", "unknown care notice: hope", 7, "listed"),
    ("briefs/liver.md", "claims: [kratom-is-harmless]", "claims: [no-such]", "unknown claim: no-such", 6, "listed"),
    ("briefs/liver.md", '"liver and kratom", "kratom liver", ', "", "ways of asking", 4, "8 to 16"),
    ("briefs/liver.md", "eyes. [survey#1]", "eyes.", "without a citation", 13, "cite a passage"),
    ("briefs/liver.md", "## What is not known", "## What else", "unexpected section 'What else'", 19, "use each"),
    ("briefs/liver.md", "See a doctor", "Take 2 grams and see a doctor", "an amount", 23, "take the amount out"),
    ("briefs/liver.md", "See a doctor", "It peaks on day 2. See a doctor", "timetable", 23, "it varies"),
    ("briefs/liver.md", "dark urine or", "dark urine, [survey#2] or", "cuts the sentence", 13, "after the full stop"),
    (
        "claims.yaml",
        "evidence: [survey#1]",
        "evidence: [survey#7]",
        "survey#7, which does not exist",
        8,
        "correct the id",
    ),
    ("claims.yaml", "evidence: [survey#1]", "evidence: []", "no evidence", 1, "cite the passages"),
    ("claims.yaml", "brief: liver", "brief: spleen", "brief 'spleen', which does not exist", 9, "write null"),
    ("claims.yaml", '"It is harmless.", "It cannot hurt you.", ', "", "too few 'asserts'", 1, "at least 4"),
    (
        "medicines.yaml",
        "notes: [survey#1]",
        "notes: [survey#5]",
        "survey#5, which does not exist",
        13,
        "correct the id",
    ),
    ("medicines.yaml", "topic_briefs: []", "topic_briefs: [spleen]", "brief 'spleen'", 12, "write null"),
    ("crisis_lines.yaml", "seen: true", "seen: false", "not seen on a page", 1, "see it"),
    (
        "conditions.yaml",
        "leaf_only: [tea]",
        "leaf_only: [coffee]",
        "source coffee, which does not exist",
        1,
        "correct the id",
    ),
    ("conditions.yaml", "passages: [tea#1]", "passages: [tea#8]", "tea#8, which does not exist", 9, "correct the id"),
    ("conditions.yaml", "general: [survey#2]", "general: [survey#8]", "survey#8, which does not exist", 11, "correct"),
    ("conditions.yaml", "general: [survey#2]", "general: []", "no 'general' passages", 10, "list some"),
    ("conditions.yaml", "passages: [tea#1]", "passages: [survey#1]", "survey#1 on two sides", 3, "leave it on"),
    ("conditions.yaml", "liver: [tea#2]", "spleen: [tea#2]", "'rarity' is wrong", 10, "format"),
    ("conditions.yaml", "leaf_only: [tea]\n", "", "'leaf_only' is missing", 1, "add it"),
    ("review.yaml", "reviewed: null", "", "'clinician' and 'reviewed' are missing", 1, "write both"),
    ("messages.yaml", 'greeting: "Hello"', 'greeting: "Hel', "not valid YAML", 2, "check quotes"),
]


def test_the_small_corpus_has_no_problem(corpus: Path) -> None:
    assert check_corpus(corpus, today=TODAY) == []


@pytest.mark.parametrize(("file", "old", "new", "message", "line", "mend"), FAULTS, ids=lambda value: str(value)[:28])
def test_a_planted_fault_is_named(
    plant: Plant, file: str, old: str, new: str, message: str, line: int, mend: str
) -> None:
    problems = plant(file, old, new)
    meant = [problem for problem in problems if message in problem.message]
    assert meant, [str(problem) for problem in problems]
    assert {problem.file for problem in meant} == {Path(file).name}
    assert line in {problem.line for problem in meant}, [str(problem) for problem in meant]
    assert all(mend in problem.mend for problem in meant)


def test_a_low_note_alone_must_be_attributed(plant: Plant) -> None:
    problems = plant(BRIEF, "eyes. [survey#1]", "eyes. [rumour#1]")
    assert [p.message[:42] for p in problems] == ["rests on notes of low confidence alone: 'I"]
    assert problems[0].line == 13


def test_an_attributed_low_note_passes(plant: Plant) -> None:
    assert plant(BRIEF, "In one study, some regular users had dark urine or yellow eyes. [survey#1]",
                 "According to a news page, some users had yellow eyes. [rumour#1]") == []  # fmt: skip


def test_a_low_note_beside_a_better_one_passes(plant: Plant) -> None:
    assert plant(BRIEF, "eyes. [survey#1]", "eyes. [rumour#1] [survey#1]") == []


def test_a_case_report_needs_a_word_on_how_rare_or_proven(corpus: Path, plant: Plant) -> None:
    brief = corpus / BRIEF
    brief.write_text(brief.read_text().replace("- The study cannot show how often such harm happens. [survey#2]\n", ""))
    assert any("case reports" in p.message for p in plant(BRIEF, "eyes. [survey#1]", "eyes. [case#1]"))
    assert plant(BRIEF, "eyes. [case#1]", "eyes; one case cannot show how often. [case#1]") == []


def test_a_study_of_traditional_leaf_names_its_setting(plant: Plant) -> None:
    assert any("traditional leaf" in p.message for p in plant(BRIEF, "eyes. [survey#1]", "eyes. [tea#1]"))
    assert plant(BRIEF, "some regular users had", "some tea drinkers in Malaysia had") == []


def test_a_law_carries_its_date(plant: Plant) -> None:
    assert any("law without a date" in p.message for p in plant(BRIEF, "eyes. [survey#1]", "eyes. [act#1]"))
    assert plant(BRIEF, "In one study, some", "As of June 2026, some") == []


def test_every_problem_reads_as_one_line_with_a_mend(plant: Plant) -> None:
    for problem in plant(BRIEF, "[survey#2]", "[survey#9]"):
        assert str(problem) == f"{problem.file}:{problem.line}: {problem.message} ({problem.mend})"
        assert "\n" not in str(problem) and problem.line >= 1 and problem.mend


@pytest.mark.parametrize(
    "name", ["claims.yaml", "conditions.yaml", "crisis_lines.yaml", "medicines.yaml", "review.yaml"]
)
def test_a_missing_register_is_refused(corpus: Path, name: str) -> None:
    (corpus / name).unlink()
    problems = check_corpus(corpus, today=TODAY)
    assert (name, "the file is missing") in {(problem.file, problem.message) for problem in problems}
    with pytest.raises(CorpusError, match="the file is missing"):
        load_library(corpus)


@pytest.mark.parametrize("folder", ["sources", "briefs"])
def test_an_empty_folder_is_refused(corpus: Path, folder: str) -> None:
    for path in (corpus / folder).iterdir():
        path.unlink()
    assert any(problem.file == f"{folder}/" for problem in check_corpus(corpus, today=TODAY))


@pytest.mark.parametrize(("file", "message"), [("sources/survey.md", "no passage"), (BRIEF, "no section")])
def test_a_file_that_ends_after_its_fields_is_refused(corpus: Path, file: str, message: str) -> None:
    path = corpus / file
    path.write_text(path.read_text().partition("## ")[0])
    assert any(message in problem.message for problem in check_corpus(corpus, today=TODAY))


def test_one_id_used_twice_is_refused(corpus: Path) -> None:
    path = corpus / "crisis_lines.yaml"
    path.write_text(path.read_text() * 2)
    assert any("used twice" in problem.message and problem.line == 12 for problem in check_corpus(corpus, today=TODAY))


def test_one_contradiction_listed_twice_is_refused(corpus: Path) -> None:
    path = corpus / "conditions.yaml"
    text = path.read_text()
    block = text[text.index("  - id: liver-signs") : text.index("rarity:")]
    path.write_text(text.replace("rarity:", block + "rarity:"))
    assert any("listed twice" in problem.message for problem in check_corpus(corpus, today=TODAY))


def test_one_side_is_no_contradiction(plant: Plant) -> None:
    problems = plant("conditions.yaml", '      - says: "tea drinkers had none"\n        passages: [tea#1]\n', "")
    assert any("'contradictions' is wrong" in problem.message for problem in problems)


def test_load_refuses_a_corpus_with_a_problem_of_form(plant: Plant, corpus: Path) -> None:
    plant(BRIEF, "[survey#2]", "[survey#9]")
    with pytest.raises(CorpusError) as caught:
        load_library(corpus)
    assert "survey#9" in str(caught.value) and caught.value.problems
