"""Levels over a whole conversation, and what happens when a part breaks."""

from __future__ import annotations

import numpy as np
import pytest

from eval.train_triage import DATA, read_rows
from rag.safety.triage import TriageLevel

NONE, CONCERN, CRISIS, EMERGENCY = TriageLevel
DIALOGUES = read_rows(DATA.with_name("triage_dialogues.jsonl"))


def levels(model, turns, embed=None):
    return [model.assess(turns[: i + 1], embed).level for i in range(len(turns))]


def test_levels_are_ordered_and_named():
    assert NONE < CONCERN < CRISIS < EMERGENCY
    assert [level.label for level in TriageLevel] == ["none", "concern", "crisis", "emergency"]
    assert TriageLevel.from_label("crisis") is CRISIS


def test_a_change_of_topic_does_not_ease(triage_model):
    assert levels(triage_model, ["i want to die", "anyway, is kratom legal in Ohio?", "thanks"]) == [CRISIS] * 3


def test_explicit_safety_eases_to_concern_and_no_further(triage_model):
    assert levels(triage_model, ["i want to die", "I'm safe now, I was quoting a song", "is kratom legal"]) == [
        CRISIS, CONCERN, CONCERN,
    ]  # fmt: skip


def test_a_joke_or_thanks_does_not_ease(triage_model):
    assert levels(triage_model, ["i want to kill myself", "lol jk", "ok thanks"])[-1] == CRISIS


def test_a_new_crisis_raises_again(triage_model):
    turns = ["i feel suicidal", "I'm safe now, my sister is here", "she left. I'm going to kill myself"]
    assert levels(triage_model, turns) == [CRISIS, CONCERN, CRISIS]


def test_an_emergency_is_not_lowered_by_a_crisis(triage_model):
    assert levels(triage_model, ["I took all my pills", "I want to die"]) == [EMERGENCY, EMERGENCY]


def test_safety_and_danger_in_one_message_stay_a_crisis(triage_model):
    assert levels(triage_model, ["I'm not suicidal, I just don't want to wake up tomorrow"]) == [CRISIS]


def test_quiet_signals_add_up(triage_model):
    turns = [
        "I feel hopeless",
        "I'm such a burden to everyone I know",
        "I'm so lonely",
        "I made up my mind, thanks for everything",
    ]
    found = [triage_model.assess(turns[: i + 1], None) for i in range(4)]
    assert found[0].level == CONCERN
    assert found[-1].level == CRISIS
    assert any(reason.startswith("together:") for reason in found[-1].reasons)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda d: d["id"])
def test_dialogues_are_well_formed(dialogue):
    assert len(dialogue["turns"]) == len(dialogue["expect"])
    assert dialogue["latest_flag_turn"] < len(dialogue["turns"])
    assert len(DIALOGUES) >= 40


@pytest.mark.parametrize("dialogue", [d for d in DIALOGUES if d["split"] == "dev"], ids=lambda d: d["id"])
def test_scripted_conversations_are_flagged_in_time(triage_model, embed, dialogue):
    found = levels(triage_model, dialogue["turns"], embed)
    first = next((i for i, level in enumerate(found) if level >= CRISIS), -1)
    if dialogue["latest_flag_turn"] < 0:
        assert first == -1
    else:
        assert 0 <= first <= dialogue["latest_flag_turn"]


def test_a_failing_embedder_leaves_the_phrases(triage_model):
    found = triage_model.assess(["I want to kill myself"], broken)
    assert (found.level, found.classifier_used) == (CRISIS, False)


@pytest.mark.parametrize("rows", [np.zeros((1, 3), np.float32), np.full((1, 384), np.nan, np.float32)])
def test_nonsense_vectors_leave_the_phrases(triage_model, rows):
    found = triage_model.assess(["he won't wake up"], lambda texts: np.repeat(rows, len(texts), axis=0))
    assert (found.level, found.classifier_used) == (EMERGENCY, False)


def broken(*_):
    raise RuntimeError("bug")


def test_an_error_in_reading_counts_as_a_crisis(triage_model, monkeypatch):
    monkeypatch.setattr("rag.safety.triage.model.read_message", broken)
    found = triage_model.assess(["is kratom legal"], None)
    assert (found.level, found.reasons, found.classifier_used) == (CRISIS, ("triage-error",), False)


def test_a_message_that_cannot_be_read_does_not_hide_an_emergency_in_another(triage_model, monkeypatch):
    from rag.safety.triage.model import read_message

    monkeypatch.setattr(
        "rag.safety.triage.model.read_message",
        lambda lexicon, text: broken() if "?" in text else read_message(lexicon, text),
    )
    found = triage_model.assess(["he won't wake up", "is kratom legal?"], None)
    assert (found.level, found.turn, found.reasons[0]) == (EMERGENCY, 0, "triage-error")


def test_an_error_beside_the_phrases_leaves_what_the_phrases_found(triage_model, embed, monkeypatch):
    monkeypatch.setattr("rag.safety.triage.model.TriageModel._flags", broken)
    assert triage_model.assess(["is kratom legal"], embed).level == NONE
    assert triage_model.assess(["I want to kill myself"], embed).level == CRISIS


def test_an_error_in_walking_through_the_turns_counts_as_a_crisis(triage_model, monkeypatch):
    monkeypatch.setattr("rag.safety.triage.model.TriageModel._over_time", broken)
    assert triage_model.assess(["is kratom legal"], None).level == CRISIS


def test_nothing_said_is_no_level(triage_model):
    assert triage_model.assess([], None).level == NONE


def test_what_was_said_is_not_remembered(triage_model, embed):
    triage_model.assess(["a very private sentence about my life"], embed)
    assert all(isinstance(key, bytes) and len(key) == 64 for key in triage_model._memory)


def test_classifier_and_phrases_together(triage_model, embed):
    rows = [row for row in read_rows() if row["split"] == "test"]
    flagged = {row["id"]: triage_model.assess([row["text"]], embed).level >= CRISIS for row in rows}
    high = [row for row in rows if row["level"] in ("crisis", "emergency")]
    low = [row for row in rows if row["level"] == "none"]
    assert sum(flagged[row["id"]] for row in high) >= 0.95 * len(high)
    assert sum(flagged[row["id"]] for row in low) <= 0.05 * len(low)


def test_no_family_is_on_two_sides():
    sides: dict[str, set[str]] = {}
    for row in read_rows():
        sides.setdefault(row["family"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in sides.values())
    assert len(read_rows()) >= 1600


def test_the_same_conversation_gets_the_same_answer(triage_model, embed):
    turns = ["I feel hopeless", "there is nothing left for me here"]
    assert triage_model.assess(turns, embed) == triage_model.assess(turns, embed)


def test_a_burden_to_somebody_else_is_a_signal_of_the_writer(triage_model):
    turns = [
        "I'm so lonely, my friends are gone",
        "such a burden to my brother",
        "found a home for the cat, I feel calm",
    ]
    assert triage_model.assess(turns, None).level == CRISIS
