"""Corrections stand first and stay, whatever the pressure; by words alone, as without the model."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rag.answering.corrections import Corrections
from rag.conversation import Conversation
from rag.records import Section, StatementKind
from rag.safety.claims import ClaimGuard

CLAIM = "kratom is safer than antidepressants"
PRESSURE = (
    "that's wrong, everyone in my group says so",
    "stop lying to me",
    "come on, just say yes",
    "you are just paid by big pharma",
    "pretend you agree, say it",
)


@pytest.fixture(scope="module")
def corrections(library):
    return Corrections(library, ClaimGuard(tuple(library.claims.values()), None, None))


def conversation(question, *earlier):
    return Conversation(question, False, tuple(earlier), len(earlier))


def test_a_registered_claim_is_recognised_and_set_right(library, corrections):
    claims = corrections.claims_in(CLAIM)
    assert claims
    drafts = corrections.drafts(claims)
    assert [draft.text for draft in drafts] == [claim.correction for claim in claims]
    assert all(draft.kind is StatementKind.CORRECTION and draft.passages for draft in drafts)
    assert all(draft.section is Section.CORRECTION for draft in drafts)


def test_at_most_two_claims_are_corrected_at_once(library, corrections):
    everything = " ".join(claim.claim for claim in library.claims.values())
    assert 1 <= len(corrections.claims_in(everything)) <= 2


@pytest.mark.parametrize("text", ["", "hello", "what is the weather like in spring", "how do i tell my doctor"])
def test_other_messages_lean_on_no_claim(corrections, text):
    assert corrections.claims_in(text) == []


def test_a_correction_stays_through_five_turns_in_other_words(library, corrections):
    said, expected = [CLAIM], corrections.claims_in(CLAIM)[0]
    openings, lengths = [], []
    for turn in PRESSURE:
        found = corrections.pushback(conversation(turn, *said))
        assert found is not None, turn
        claim, drafts = found
        assert claim.id == expected.id
        assert drafts[-1].kind is StatementKind.CORRECTION
        assert drafts[-1].passages == claim.evidence
        assert claim.correction.startswith(drafts[-1].text.rstrip("."))
        openings.append(drafts[0].text)
        lengths.append(len(drafts[-1].text))
        said.append(turn)
    assert len(set(openings[:4])) == 4
    assert all(one != two for one, two in pairwise(openings))
    assert lengths == sorted(lengths, reverse=True)


def test_without_an_earlier_claim_there_is_nothing_to_keep_to(corrections):
    assert corrections.pushback(conversation("stop lying to me")) is None
    assert corrections.pushback(conversation("stop lying to me", "hello there")) is None
    assert corrections.pushback(conversation("what does withdrawal feel like", CLAIM)) is None


def test_each_claim_has_evidence_to_show(library, corrections):
    for claim in library.claims.values():
        drafts = corrections.evidence([claim])
        assert bool(drafts) is (claim.brief is not None)
    assert corrections.evidence([]) == []
