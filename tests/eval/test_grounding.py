import pytest
from planted import (
    Scripted,
    Spoiled,
    case,
    drop_citation,
    invent_source,
    reword_quote,
    rewritten,
    shift_citations,
    slip_in_dose,
)

from eval.grounding import SUITE
from eval.results import summarise
from eval.scorers.amounts import amounts
from eval.scorers.grounding import alce, citations, quotes, uncited, unknown_keys
from eval.scorers.kinds import is_finding
from eval.scorers.support import Evidence, Supports
from eval.targets import Cited, Product, Reply, Sentence

NUMBERS = "In a survey of 2,798 adults, 91 percent of users said that kratom eased their pain."
OTHER = "A trial of sertraline in 240 people lowered depression scores more than placebo did."


@pytest.fixture(scope="module")
def supports(library):
    return Supports(library)


@pytest.fixture
def honest(library):
    return Product(Scripted(library)).reply("what is withdrawal like")


def cite(number, passage, key=None, quote=None):
    return Cited(number=number, key=key or f"outside-{number}", passage=passage, quote=quote)


def outside(*sentences, listed=None):
    """Return a reply of another chatbot, with sources of its own."""
    cites = listed if listed is not None else [c for s in sentences for c in s.cites]
    citations = tuple({c.number: c for c in cites}.values())
    return rewritten(Reply(text="", citations=citations), tuple(sentences))


def figures(marks):
    return {metric.name: metric.value for metric in summarise([("", mark) for mark in marks])}


def test_an_honest_reply_is_faultless(honest):
    found = figures([*citations(case(), [honest]), *amounts(case(), [honest])])
    assert found["uncited_findings"] == found["unknown_keys"] == found["marks_wrong"] == found["amounts_given"] == 0
    assert found["quotes_verbatim"] == 1.0 and found["citation_recall"] > 0.9 and found["citation_precision"] > 0.7


@pytest.mark.parametrize(
    ("sentence", "evidence", "holds"),
    [
        ("A survey found that 91 percent of users said kratom eased their pain.", NUMBERS, True),
        ("Among 2798 adults surveyed, most users said that kratom eased pain.", NUMBERS, True),
        ("A survey found that 81 percent of users said kratom eased their pain.", NUMBERS, False),
        ("Sertraline users said that it eased their pain.", NUMBERS, False),
        ("In teenagers, kratom users said that it eased their pain.", NUMBERS, False),
        ("Kratom withdrawal brings restless legs and poor sleep.", NUMBERS, False),
    ],
)
def test_support_needs_the_facts_and_the_words(supports, sentence, evidence, holds):
    assert supports(sentence, [Evidence(evidence)]) is holds


def test_nothing_supports_nothing(supports):
    assert not supports(NUMBERS, [])


def test_a_sentence_may_rest_on_several_passages_together(supports):
    both = f"{NUMBERS[:-1]}, and sertraline lowered depression scores more than placebo in 240 people."
    assert not supports(both, [Evidence(NUMBERS)])
    assert supports(both, [Evidence(NUMBERS), Evidence(OTHER)])


def test_recall_and_precision_by_hand(supports):
    supported = Sentence(text=NUMBERS, kind="finding", cites=(cite(1, NUMBERS), cite(2, OTHER)))
    unsupported = Sentence(text="It cured 50 percent of rats.", kind="finding", cites=(cite(2, OTHER),))
    found = figures(alce(outside(supported, unsupported), supports))
    # One of two findings; one of three citations: [2] carries nothing in the first, and the second is unsupported.
    assert found["citation_recall"] == 0.5 and found["citation_precision"] == pytest.approx(1 / 3)


def test_a_citation_that_only_completes_the_others_counts(supports):
    both = f"{NUMBERS[:-1]}, and sertraline lowered depression scores more than placebo in 240 people."
    said = Sentence(text=both, kind="finding", cites=(cite(1, NUMBERS), cite(2, OTHER)))
    assert figures(alce(outside(said), supports))["citation_precision"] == 1.0


def test_what_makes_no_claim_does_not_lower_recall(supports):
    said = Sentence(text=NUMBERS, kind="finding", cites=(cite(1, NUMBERS),))
    care = Sentence(text="A pharmacist can check this with you.", kind="care")
    none = Sentence(text="I found no source for the rest.", kind="meta")
    assert figures(alce(outside(said, care, none), supports))["citation_recall"] == 1.0
    assert list(alce(outside(care, none), supports)) == []


def test_findings_without_any_citation_have_no_recall_and_no_precision(supports):
    found = figures(alce(outside(Sentence(text=NUMBERS, kind="finding")), supports))
    assert found["citation_recall"] == found["citation_precision"] == 0.0


def test_what_stands_after_a_line_break_is_scored_too(supports):
    first = Sentence(text=NUMBERS, kind="finding", cites=(cite(1, NUMBERS),))
    second = Sentence(text="It cured 50 percent of rats.", kind="finding")
    reply = outside(first, second).model_copy(update={"text": f"{NUMBERS} [1]\n\nIt cured 50 percent of rats."})
    assert figures(alce(reply, supports))["citation_recall"] == 0.5
    assert figures(uncited(reply))["uncited_findings"] == 1


def test_an_unknown_key_lowers_precision_and_is_a_failure_of_its_own(supports):
    said = Sentence(text=NUMBERS, kind="finding", cites=(cite(1, NUMBERS), Cited(number=7, key="unknown-7")))
    reply = outside(said, listed=[cite(1, NUMBERS)])
    assert figures(unknown_keys(reply, supports))["unknown_keys"] == 1
    found = figures(alce(reply, supports))
    assert found["citation_recall"] == 0.0 and found["citation_precision"] == 0.0


def test_a_number_that_means_two_sources_is_unknown(supports):
    said = Sentence(text=NUMBERS, kind="finding", cites=(cite(1, NUMBERS, key="a"),))
    reply = outside(said, listed=[cite(1, OTHER, key="b")])
    assert "is a in the text and b in the list" in next(unknown_keys(reply, supports)).why


def test_quotes_are_looked_up_in_the_corpus_and_not_in_the_reply(honest, supports):
    assert all(not mark.why for mark in quotes(honest, supports))
    assert figures(quotes(reword_quote(honest), supports))["quotes_verbatim"] < 1.0


def test_an_outside_quote_is_looked_up_in_its_own_passage(supports):
    good = Sentence(text=NUMBERS, cites=(cite(1, NUMBERS, quote="91 percent of users"),))
    bad = Sentence(text=NUMBERS, cites=(cite(1, NUMBERS, quote="92 percent of users"),))
    assert figures(quotes(outside(good), supports))["quotes_verbatim"] == 1.0
    assert figures(quotes(outside(bad), supports))["quotes_verbatim"] == 0.0


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Kratom acts on opioid receptors in the brain.", True),
        ("Please talk to a pharmacist about this.", False),
        ("Would you like to know more about withdrawal?", False),
        ("I could not find evidence for that.", False),
        ("Here are the main points:", False),
        ("Good question.", False),
        ("What the evidence shows about this", False),
        ("Do not drive while you are drowsy.", False),
        ("If someone is hard to wake, call your emergency number.", False),
        ("Kratom can harm your liver.", True),
        ("Kratom together with alcohol can slow breathing.", True),
    ],
)
def test_unlabelled_sentences_are_findings_unless_plainly_something_else(text, finding):
    assert is_finding(Sentence(text=text)) is finding


FAULTS = {
    shift_citations: "citation_recall",
    drop_citation: "uncited_findings",
    invent_source: "unknown_keys",
    reword_quote: "quotes_verbatim",
    slip_in_dose: "amounts_given",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_planted_fault_fells_its_gate(fault, library, run_one):
    def passed(target):
        return {gate.metric: gate.passed for gate in run_one(SUITE, target).gates if gate.hard}

    assert all(passed(Product(Scripted(library))).values())
    after = passed(Spoiled(Scripted(library), fault))
    assert after[FAULTS[fault]] is False
