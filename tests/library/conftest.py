"""A small corpus that passes every check, to plant faults in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import Problem
from rag.library import check_corpus

TODAY = dt.date(2026, 11, 22)
MESSAGE_FILES = sorted(path.name for path in (Path(__file__).resolve().parents[2] / "corpus").glob("messages*.yaml"))

NOTE = """---
id: {id}
title: "A study of {id}"
authors: ["Writer A"]
organization: null
year: 2020
venue: "Journal 1(1):1-2"
doi: null
pmid: null
url: "https://example.org/{id}"
kind: {kind}
population: humans
sample: "150 regular users"
country: null
conflicts: null
topics: [kratom, liver]
read: abstract
read_at: "publisher's page"
checked: "2026-11-22"
confidence: {confidence}
---

## What was found
A 2020 study of kratom and the liver asked 150 regular users about their health and found that some had belly pain,
dark urine or yellow eyes, while most had none of these.

## What it cannot show
The 2020 study of 150 regular kratom users had no comparison group, so it cannot show that kratom was the cause, nor
how often such harm happens among all users.
"""

BRIEF = """---
id: liver
title: "Can kratom hurt the liver?"
asks: ["is kratom bad for the liver", "can kratom cause jaundice", "liver and kratom", "kratom liver", "yellow eyes"]
topics: [kratom, liver]
claims: [kratom-is-harmless]
care: [liver-signs]
reviewed: 2026-11-22
review_by: 2027-05-22
---

## Short answer
In one study, some regular users had dark urine or yellow eyes. [survey#1]

## What the evidence shows
- Most of the 150 users had none of these. [survey#1]
- The study cannot show how often such harm happens. [survey#2]

## What is not known
- Whether kratom was the cause. [survey#2]

## If this is about you
See a doctor the same day for yellow eyes.
"""

CLAIMS = """- id: kratom-is-harmless
  claim: "Kratom is harmless."
  verdict: false
  asserts: ["It is harmless.", "It cannot hurt you.", "No risk at all.", "Perfectly safe."]
  asked_as: ["is it harmless", "is it safe", "any risk"]
  fair: ["Most users had no signs.", "Harm is not counted.", "Nobody knows the rate."]
  correction: "Some users had signs of liver injury."
  evidence: [survey#1]
  brief: liver
"""

LINES = """- id: us-988
  country: US
  name: "988"
  kind: crisis
  phone: "988"
  text: "988"
  web: null
  hours: "24/7"
  languages: [en]
  source_url: "https://988lifeline.org"
  seen: true
"""

MEDICINES = """- id: sertraline
  name: "sertraline"
  brands: ["Zoloft"]
  slang: []
  ambiguous: []
  class: ssri
  class_name: "an SSRI antidepressant"
  group: antidepressant
  prescription: true
  sedating: false
  brief: null
  topic_briefs: []
  notes: [survey#1]
  why: null
"""

CONDITIONS = """leaf_only: [tea]
contradictions:
  - id: liver-signs
    about: "how common liver signs are"
    sides:
      - says: "some users had them"
        passages: [survey#1]
      - says: "tea drinkers had none"
        passages: [tea#1]
rarity:
  general: [survey#2]
  liver: [tea#2]
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with one brief, four notes and every register."""
    for folder in ("sources", "briefs"):
        (tmp_path / folder).mkdir()
    write_note(tmp_path, "survey", "cross-sectional", "high")
    write_note(tmp_path, "tea", "cross-sectional", "medium")
    write_note(tmp_path, "rumour", "cross-sectional", "low")
    write_note(tmp_path, "case", "case-report", "high")
    write_note(tmp_path, "act", "law", "medium")
    (tmp_path / "briefs" / "liver.md").write_text(BRIEF)
    (tmp_path / "claims.yaml").write_text(CLAIMS.replace("verdict: false", 'verdict: "false"'))
    (tmp_path / "crisis_lines.yaml").write_text(LINES)
    (tmp_path / "medicines.yaml").write_text(MEDICINES)
    (tmp_path / "conditions.yaml").write_text(CONDITIONS)
    (tmp_path / "review.yaml").write_text("clinician: null\nreviewed: null\n")
    for name in MESSAGE_FILES:
        (tmp_path / name).write_text(f'{name.removesuffix(".yaml")}-greeting: "Hello"\n')
    return tmp_path


def write_note(corpus_dir: Path, name: str, kind: str, confidence: str) -> None:
    text = NOTE.format(id=name, kind=kind, confidence=confidence)
    (corpus_dir / "sources" / f"{name}.md").write_text(text)


@pytest.fixture
def plant(corpus: Path) -> Callable[[str, str, str], list[Problem]]:
    """Replace text of one file, once, and return the problems that the check finds then."""

    def change(file: str, old: str, new: str) -> list[Problem]:
        path = corpus / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))
        return check_corpus(corpus, today=TODAY)

    return change
