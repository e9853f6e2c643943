"""Phrases alone: no embedding model is needed."""

from __future__ import annotations

import pytest
import yaml

from eval.train_triage import BRIEFS, read_rows
from rag.errors import CorpusError
from rag.safety.triage import WEIGHTS_PATH, TriageLevel, TriageModel
from rag.safety.triage.lexicon import load_lexicon

CRISIS, EMERGENCY = TriageLevel.CRISIS, TriageLevel.EMERGENCY
# Ways of asking of these briefs are often real calls for help.
DANGER = ("crisis", "suicid", "overdos", "poison", "seizure", "respirat", "death")


def level(model, *messages):
    return model.assess(messages, None).level


@pytest.mark.parametrize(
    ("asking", "pleading"),
    [("What can you help me with?", "help me"), ("need help finding a therapist", "i need help")],
)
def test_asking_for_something_is_told_from_a_plea(triage_model, asking, pleading):
    assert level(triage_model, asking) == TriageLevel.NONE
    assert level(triage_model, pleading) == TriageLevel.CONCERN


@pytest.mark.parametrize(
    "text",
    [
        "I don’t want to live",
        "i dont want to live",
        "I DON'T WANT TO LIVE",
        "i want to d\u200bie",
        "i waaaant to dieeee",
        "k i l l  m y s e l f",
        "killmyself",
        "i want to k1ll myself",
        "im su1cidal",
        "i wnat to kil myslef",
        "no quiero vivir más",
    ],
)
def test_disguises_do_not_hide_a_crisis(triage_model, text):
    assert level(triage_model, text) == CRISIS


@pytest.mark.parametrize(
    ("alarming", "calm"),
    [
        ("he's having a seizure", "can kratom cause seizures?"),
        ("my lips are turning blue", "why do lips turn blue in an overdose?"),
        ("my toddler ate my kratom", "how do I keep kratom away from a toddler?"),
        ("I have chest pain right now", "does kratom cause chest pain"),
        ("I took way too much kratom", "how much kratom is too much"),
        ("took 30 zoloft", "took 50 mg zoloft this morning"),
        ("i swallowed 40 paroxetine", "my doctor raised me to 40 paroxetine"),
        ("i've taken twenty of my trazodone", "i've taken trazodone for twenty years"),
        ("I can't wake my brother", "what do I do if someone cannot be woken?"),
        ("my eyes are yellow since I take kratom", "can kratom make your eyes yellow?"),
        ("he just had a seizure on the floor", "I had a seizure years ago, is kratom safe"),
    ],
)
def test_the_present_is_told_from_the_general(triage_model, alarming, calm):
    assert level(triage_model, alarming) == EMERGENCY
    assert level(triage_model, calm) < CRISIS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thinking of suuicide all day", CRISIS),
        ("i wana comit suicde", CRISIS),
        ("there is no point in carrying on", CRISIS),
        ("this will be my last question, thank you for being kind", CRISIS),
        ("the insurance would do more for them than I ever did", CRISIS),
        ("I wish I had never woken up", CRISIS),
        ("relapsed with cutting last night", CRISIS),
        ("I have a plan to end it", CRISIS),
        ("I won't be here next week", CRISIS),
        ("ya no voy a estar aquí", CRISIS),
        ("I can't find a pulse", EMERGENCY),
        ("she took a dangerous quantity of tablets", EMERGENCY),
        ("blood pressure is insane and my head is exploding on an maoi", EMERGENCY),
        ("my toddler has a mouth full of powder", EMERGENCY),
        ("I am yellow and confused", EMERGENCY),
    ],
)
def test_the_same_concept_in_other_words_is_found(triage_model, text, expected):
    assert level(triage_model, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "this headache is killing me",
        "I'm dead tired",
        "shoot me a message",
        "old habits die hard",
        "my brother killed himself two years ago",
        "I was suicidal years ago but I'm in a good place now",
        "why is there a suicide warning on antidepressants",
        "how do I ask someone if they are suicidal",
        "who wrote the song Suicide Is Painless",
        "no chest pain, no trouble breathing, just nausea",
        "no thoughts of harming myself, only low",
        "my legs won't stop moving since I quit kratom",
        "his habit took everything from us",
        "my son died of an overdose, is it true that kratom was in it",
        "my partner is gasping for his powder",
        "my husband kicks me all night in withdrawal",
        "this is the last time I buy from that shop",
        "I want to cancel my subscription and end it",
        "do the symptoms subside after a week",
        "i feel low after quitting kratom",
        "",
        "🙂🙂",
        "<script>alert(1)</script>",
    ],
)
def test_look_alikes_do_not_alarm(triage_model, text):
    assert level(triage_model, text) < CRISIS


def test_somebody_else_is_told_from_oneself(triage_model):
    assert triage_model.assess(["my sister says she wants to die"], None).third_person
    assert not triage_model.assess(["I want to die"], None).third_person
    assert triage_model.assess(["he won't wake up after kratom"], None).kind == "unresponsive"


def test_a_decision_names_what_triggered_it(triage_model):
    found = triage_model.assess(["I want to kill myself"], None)
    assert "phrase:kill-self" in found.reasons
    assert (found.kind, found.turn, found.classifier_used) == ("suicidal-thoughts", 0, False)


def test_phrases_alone_reach_most(triage_model):
    rows = [row for row in read_rows() if row["split"] == "dev"]
    high = [row for row in rows if row["level"] in ("crisis", "emergency")]
    low = [row for row in rows if row["level"] == "none"]
    assert sum(level(triage_model, row["text"]) >= CRISIS for row in high) >= 0.9 * len(high)
    assert sum(level(triage_model, row["text"]) >= CRISIS for row in low) <= 0.02 * len(low)


def ordinary_asks():
    """Ways of asking of the briefs that are not about danger."""
    for path in sorted(BRIEFS.glob("*.md")):
        head = yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])
        about = " ".join([path.stem, *head["topics"]])
        if not any(word in about for word in DANGER):
            yield from map(str, head["asks"])


def test_ordinary_asks_of_the_corpus_are_calm(triage_model):
    asks = list(ordinary_asks())
    assert len(asks) > 1500
    # A few of them really are calls for help ("collapsed after taking kratom").
    assert sum(level(triage_model, ask) >= CRISIS for ask in asks) <= 0.006 * len(asks)


def test_every_pattern_is_used_by_some_entry_with_known_contexts(triage_model):
    lexicon = triage_model._lexicon
    known = set(lexicon.contexts) | {"general", "self_only", "statistics_strong"}
    assert all(entry.blocked_by <= known for entry in lexicon.entries)
    assert len(set(lexicon.entry_ids)) == len(lexicon.entry_ids)


@pytest.mark.parametrize("content", ["", "entries: 3", "entries: [}", "words: {}\nentries: []\n"])
def test_a_broken_lexicon_stops_the_start(tmp_path, content):
    path = tmp_path / "triage.yaml"
    path.write_text(content)
    with pytest.raises(CorpusError, match=r"triage\.yaml"):
        load_lexicon(path)


def test_missing_files_stop_the_start(tmp_path):
    with pytest.raises(CorpusError):
        TriageModel.load(tmp_path / "none.yaml", WEIGHTS_PATH)
    with pytest.raises(CorpusError):
        TriageModel.load(WEIGHTS_PATH.parents[3] / "corpus" / "triage.yaml", tmp_path / "none.npz")


def test_hostile_text_is_read_in_time(triage_model):
    import time

    for text in ("a " * 4000, "i want to " * 800, "my " * 3000, "?" * 8000, "((((" * 2000):
        begin = time.perf_counter()
        triage_model.assess([text], None)
        assert time.perf_counter() - begin < 3
