"""The crisis and emergency replies: a checklist over all templates and countries."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
import yaml

from rag.records import CrisisLine
from rag.safety.crisis import crisis_messages
from rag.safety.triage import Triage, TriageLevel

ROOT = Path(__file__).resolve().parents[2]
FIXED = yaml.safe_load((ROOT / "corpus" / "messages-crisis.yaml").read_text(encoding="utf-8"))
LINES = [
    CrisisLine(**raw) for raw in yaml.safe_load((ROOT / "corpus" / "crisis_lines.yaml").read_text(encoding="utf-8"))
]
COUNTRIES = sorted({line.country for line in LINES} | {"XX", ""})
CRISIS_KINDS = ["suicidal-thoughts", "self-harm", "violence", "harm-to-others"]
EMERGENCY_KINDS = [
    "overdose", "unresponsive", "breathing", "seizure", "chest-pain", "poisoned-child", "serotonin", "liver",
    "attempt", "violence", "medical",
]  # fmt: skip
MEANS = re.compile(r"\b(gun|rope|knife|blade|bridge|pills?|jump|cut|hang|train|pistola|cuerda|pastillas)\b", re.I)
FORBIDDEN = re.compile(
    r"\b(should not|must|you have to|selfish|promise|calm down|disorder|diagnos\w*|I cannot help|I can't help)\b", re.I
)


def triage(level, kind, third=False):
    return Triage(level, kind, ("phrase:test",), third, 0, False)


def reply(level, kind, third=False, country="US", repeats=0, also=False, language="en"):
    return crisis_messages(triage(level, kind, third), country, LINES, repeats, also, FIXED, language)


def text_of(parts):
    return " ".join(text for text, _ in parts)


def words(parts):
    return len(re.findall(r"[\w'’.:/+-]+", text_of(parts)))


def grade(text):
    """Flesch-Kincaid; web addresses, numbers and names of services do not count."""
    plain = re.sub(r"https?://\S+|[\d+][\d -]*", " ", text)
    for line in LINES:
        plain = plain.replace(line.name.split(" (")[0], " ")
    sentences = [s for s in re.split(r"[.!?:]+", plain) if re.search(r"[a-z]", s)]
    tokens = re.findall(r"[a-z']+", plain.lower())
    syllables = sum(_syllables(token) for token in tokens)
    return 0.39 * len(tokens) / len(sentences) + 11.8 * syllables / len(tokens) - 15.59


def _syllables(word):
    groups = len(re.findall(r"[aeiouy]+", word))
    return max(1, groups - (word.endswith("e") and not word.endswith("le") and groups > 1))


@pytest.mark.parametrize(("kind", "third", "country"), list(product(CRISIS_KINDS, (False, True), COUNTRIES)))
def test_crisis_checklist(kind, third, country):
    for repeats, language in product(range(6), ("en", "es")):
        parts = reply(TriageLevel.CRISIS, kind, third, country, repeats, True, language)
        shown = text_of(parts)
        kinds = [kind for _, kind in parts]
        assert kinds[0] == "acknowledge"
        assert {"line", "emergency", "near", "about-me", "also-asked"} <= set(kinds)
        assert "?" in parts[0][0]
        assert words(parts) <= 90, (words(parts), shown)
        assert not MEANS.search(shown) and not FORBIDDEN.search(shown)
        assert "{" not in shown and "None" not in shown
        assert ("computer program" if language == "en" else "programa") in shown
        if language == "en":
            assert grade(shown) <= 6, (grade(shown), shown)


@pytest.mark.parametrize(("kind", "third", "country"), list(product(EMERGENCY_KINDS, (False, True), COUNTRIES)))
def test_emergency_checklist(kind, third, country):
    for repeats, language in product(range(3), ("en", "es")):
        parts = reply(TriageLevel.EMERGENCY, kind, third, country, repeats, False, language)
        shown = text_of(parts)
        assert parts[0][1] == "call"
        assert sum(part == "step" for _, part in parts) <= 3
        assert words(parts) <= 110
        assert not FORBIDDEN.search(shown)
        assert "{" not in shown and "None" not in shown
        if language == "en":
            assert grade(shown) <= 6, (grade(shown), shown)


def test_variants_differ_on_repeats():
    for kind, third, language in product(CRISIS_KINDS, (False, True), ("en", "es")):
        said = {reply(TriageLevel.CRISIS, kind, third, repeats=n, language=language)[0][0] for n in range(4)}
        assert len(said) == 4


def test_the_line_and_number_of_the_country_are_named():
    shown = text_of(reply(TriageLevel.CRISIS, "suicidal-thoughts"))
    assert "988" in shown and "911" in shown
    shown = text_of(reply(TriageLevel.CRISIS, "suicidal-thoughts", country="IE"))
    assert "116 123" in shown and "112" in shown
    shown = text_of(reply(TriageLevel.CRISIS, "suicidal-thoughts", country="XX"))
    assert "findahelpline.com" in shown and "befrienders.org" in shown


def test_only_services_that_were_seen_are_shown():
    unseen = [
        line.phone for line in LINES if not line.seen and line.phone and not line.phone.startswith(("119", "911"))
    ]
    for country, level in product(COUNTRIES, (TriageLevel.CRISIS, TriageLevel.EMERGENCY)):
        shown = text_of(
            reply(level, "suicidal-thoughts" if level is TriageLevel.CRISIS else "overdose", country=country)
        )
        assert not any(phone in shown for phone in unseen)


def test_naloxone_and_poison_line_where_they_help():
    for kind in ("overdose", "unresponsive"):
        assert "naloxone" in text_of(reply(TriageLevel.EMERGENCY, kind, third=True))
    assert "1-800-222-1222" in reply(TriageLevel.EMERGENCY, "poisoned-child", third=True)[0][0]
    assert "1-800-222-1222" in text_of(reply(TriageLevel.EMERGENCY, "overdose"))


def test_an_ambulance_number_for_medical_help():
    assert "995" in reply(TriageLevel.EMERGENCY, "seizure", country="SG")[0][0]
    assert "999" in reply(TriageLevel.EMERGENCY, "violence", country="SG")[0][0]


def test_danger_from_a_person_puts_the_emergency_number_first():
    kinds = [kind for _, kind in reply(TriageLevel.CRISIS, "violence")]
    assert kinds.index("emergency") < kinds.index("line")


def test_no_services_at_all_still_gives_a_reply():
    parts = crisis_messages(triage(TriageLevel.CRISIS, "suicidal-thoughts"), "US", [], 0, False, FIXED)
    assert "112" in text_of(parts)


def test_unknown_kind_and_language_fall_back():
    assert reply(TriageLevel.CRISIS, "something-new")[0][1] == "acknowledge"
    assert reply(TriageLevel.EMERGENCY, "something-new")[0][1] == "call"
    assert reply(TriageLevel.CRISIS, "violence", language="fr") == reply(TriageLevel.CRISIS, "violence")


def test_concern_gets_one_kind_line_and_none_nothing():
    for country in COUNTRIES:
        parts = reply(TriageLevel.CONCERN, "distress", country=country)
        assert [kind for _, kind in parts] == ["concern"]
        assert grade(parts[0][0]) <= 6
    assert reply(TriageLevel.NONE, "none") == ()


def test_the_same_situation_gets_the_same_words():
    assert reply(TriageLevel.CRISIS, "self-harm", repeats=7) == reply(TriageLevel.CRISIS, "self-harm", repeats=7)


@pytest.mark.parametrize(("country", "phone"), [("AU", "13 11 14"), ("GB", "116 123"), ("US", "988")])
def test_the_line_named_first_is_one_for_everybody(country, phone):
    assert phone in text_of(reply(TriageLevel.CRISIS, "suicidal-thoughts", country=country))
