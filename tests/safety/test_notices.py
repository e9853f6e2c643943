"""Signals read from a person's turns, and the notices that follow from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from rag.library.checks import CARE
from rag.library.messages import Messages
from rag.records import Medicine
from rag.safety.notices import MAX_NOTICES, CareSignals, choose_notices, read_signals
from rag.safety.requests import RequestKind, has_amount_to_take

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
MESSAGES = Messages(yaml.safe_load((CORPUS / "messages-requests.yaml").read_text(encoding="utf-8")))


def medicine(name: str, group: str, *, prescription: bool = True, sedating: bool = False) -> Medicine:
    fields = {"id": name, "name": name, "class": group, "class_name": group, "group": group, "brief": None}
    return Medicine.model_validate({**fields, "prescription": prescription, "sedating": sedating})


SERTRALINE = medicine("sertraline", "antidepressant")
ALPRAZOLAM = medicine("alprazolam", "benzodiazepine", sedating=True)
ALCOHOL = medicine("alcohol", "alcohol", prescription=False, sedating=True)


def ids(texts, medicines=(), care=(), request=RequestKind.QUESTION, kratom=None):
    signals = read_signals(texts, medicines)
    involved = "kratom" in signals.topics if kratom is None else kratom
    notices = choose_notices(
        signals, medicines, kratom_involved=involved, brief_care=care, request=request, messages=MESSAGES
    )
    return [notice.id for notice in notices]


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("stopping_medicine", "i want to come off my zoloft"),
        ("stopping_medicine", "quit lexapro cold turkey last week"),
        ("skipping_medicine", "i forgot my effexor for two days"),
        ("swapping_medicine", "can i use kratom instead of my antidepressant"),
        ("pregnant", "i'm 15 weeks pregnant"),
        ("breastfeeding", "still nursing my son"),
        ("trying_to_conceive", "we are trying for a baby"),
        ("under_18", "im 16 and curious about kratom"),
        ("under_18", "my 14 year old takes it"),
        ("older_adult", "my dad is 72 and drinks kratom"),
        ("liver_signs", "my eyes look yellow since yesterday"),
        ("liver_signs", "my pee is really dark"),
        ("driving", "can i drive after a kratom shot"),
        ("tapering_kratom", "i am tapering off kratom"),
        ("quitting_kratom", "day 4 off kratom"),
        ("surgery", "i have a wisdom tooth operation on friday"),
        ("drug_test", "will a urine test show it"),
        ("legal", "is it banned in ohio"),
        ("relapse", "i slipped up after two months"),
        ("in_recovery", "3 years sober from heroin"),
        ("uses_kratom", "i've been taking kratom for a year"),
        ("about_other", "my sister uses kratom"),
    ],
)
def test_a_signal_is_read(signal, text):
    assert getattr(read_signals([text], []), signal)


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("pregnant", "i'm not pregnant"),
        ("under_18", "i'm 16 days clean"),
        ("under_18", "i am 34"),
        ("driving", "this craving drives me crazy, driving me mad"),
        ("uses_kratom", "i have never taken kratom"),
        ("uses_kratom", "can i take kratom with zoloft"),
        ("liver_signs", "is yellow kratom different"),
        ("stopping_medicine", "i'm not going to stop my zoloft"),
        ("mixing_sedatives", "is kratom an opioid"),
    ],
)
def test_a_signal_is_not_read_into_other_words(signal, text):
    assert not getattr(read_signals([text], []), signal)


def test_the_last_word_counts():
    assert not read_signals(["i'm pregnant", "sorry, actually i'm not pregnant"], []).pregnant
    assert read_signals(["i'm not pregnant", "update: i am pregnant"], []).pregnant
    assert read_signals(["i'm 17", "typo, i am 27"], []).age == 27


def test_kratom_with_a_prescription_brings_both_notices():
    assert ids(["on zoloft since march", "can i have some kratom"], [SERTRALINE]) == [
        "interaction-check", "keep-prescription",
    ]  # fmt: skip


def test_mixing_with_a_sedative_comes_first():
    assert ids(["can i take kratom with xanax"], [ALPRAZOLAM])[0] == "do-not-mix"
    assert ids(["kratom and beer?"], [ALCOHOL]) == ["do-not-mix"]


def test_stopping_a_medicine_comes_before_checking_it():
    assert ids(["i want to stop my zoloft and use kratom"], [SERTRALINE])[0] == "keep-prescription"
    assert ids(["i skipped my zoloft all week"], [SERTRALINE]) == ["keep-prescription"]


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("i'm pregnant, is kratom safe", "pregnancy"),
        ("i am 15, is kratom ok", "young-person"),
        ("my skin turned yellow and i use kratom", "liver-signs"),
        ("can i drive on kratom", "driving"),
        ("i'm tapering off kratom on my own", "taper-with-help"),
        ("is kratom legal here", "check-local-law"),
        ("does kratom show on a drug test", "drug-test"),
    ],
)
def test_what_is_said_brings_its_notice(text, notice):
    assert notice in ids([text])


def test_a_dose_request_brings_no_dosing_and_small_talk_nothing():
    assert ids(["how much kratom"], request=RequestKind.DOSE) == ["no-dosing"]
    assert ids(["thanks, i take xanax and kratom"], [ALPRAZOLAM], request=RequestKind.THANKS) == []


def test_the_brief_adds_only_what_fits():
    everything = sorted(CARE)
    assert "pregnancy" not in ids(["is kratom addictive"], care=everything)
    assert "young-person" not in ids(["is kratom addictive"], care=everything)
    assert "no-dosing" not in ids(["is kratom addictive"], care=everything)
    assert ids(["is kratom legal in ohio"], care=["check-local-law", "keep-prescription"]) == ["check-local-law"]
    assert ids(["does kratom harm the liver"], care=["liver-signs", "emergency"]) == ["liver-signs"]


def test_there_are_never_too_many_nor_two_alike():
    texts = ["i'm 16, pregnant, stopped my xanax, my eyes are yellow, i drive and quit kratom with beer"]
    found = ids(texts, [ALPRAZOLAM, ALCOHOL], care=sorted(CARE))
    assert len(found) == len(set(found)) == MAX_NOTICES
    assert found[0] == "liver-signs"
    assert "emergency" not in found


def test_every_notice_and_reply_has_words_that_give_no_amount():
    for name in [*CARE, "driving", "drug-test"]:
        text = MESSAGES.text(f"notice.{name}")
        assert len(re.findall(r"[.!?](?:\s|$)", text)) <= 3, name
        assert not has_amount_to_take(text), name
    for kind in RequestKind:
        if kind not in (RequestKind.QUESTION, RequestKind.DOSE):
            assert not has_amount_to_take(MESSAGES.text(f"reply.{kind}")), kind
    for code in ("en", "es", "fr", "de", "pt", "it", "nl", "ms", "id", "th"):
        assert MESSAGES.has(f"other_language.{code}")


def test_no_words_no_signals():
    assert read_signals([], []) == CareSignals()
