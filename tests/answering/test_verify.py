"""Faults planted in honest paraphrases are refused; the paraphrases pass."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rag.answering.quotes import locate_quote
from rag.answering.verify import check_facts, check_support, shared_terms


@dataclass(frozen=True)
class Case:
    """A passage, an honest paraphrase of it, and ways to spoil the paraphrase."""

    passage: str
    honest: str
    spoiled: tuple[tuple[str, str], ...]


CASES = (
    Case(
        "In a 2020 online survey of 2,798 kratom users, 67 percent of those who took it for depression said that it "
        "helped. The survey had no comparison group.",
        "In an online survey of 2,798 kratom users, 67 percent of those who took it for depression said it helped.",
        (
            ("2,798", "27,980"),
            ("67 percent", "76 percent"),
            ("kratom users", "kratom users with fluoxetine"),
            ("kratom users", "teenage kratom users"),
            ("said it helped", "did not say it helped"),
            ("said it helped", "were cured"),
            ("said it helped", "always said it helped"),
        ),
    ),
    Case(
        "One case report describes serotonin syndrome in a man who took kratom with sertraline. He recovered.",
        "A case report describes serotonin syndrome in a man who took kratom with sertraline.",
        (
            ("sertraline", "fluoxetine"),
            ("sertraline", "Xanax"),
            ("a man who", "a pregnant woman who"),
            ("A case report describes", "Five case reports describe"),
            ("describes", "does not describe"),
            ("describes", "proves"),
        ),
    ),
    Case(
        "Mice given mitragynine spent less time immobile in the forced swim test than untreated mice. "
        "No people took part.",
        "Mice given mitragynine spent less time immobile in the forced swim test.",
        (
            ("less time", "more time"),
            ("Mice given", "Young people given"),
            ("spent", "never spent"),
            ("mitragynine", "7-hydroxymitragynine"),
        ),
    ),
    Case(
        "In a randomised trial of 40 adults with depression, the drug lowered scores more than placebo after 8 weeks.",
        "In a trial of 40 adults with depression, the drug lowered scores after 8 weeks.",
        (
            ("40 adults", "400 adults"),
            ("8 weeks", "8 days and 3 hours"),
            ("lowered scores", "did not lower scores"),
            ("40 adults", "40 veterans"),
            ("lowered scores", "cured everyone"),
        ),
    ),
    Case(
        "Researchers found no controlled trial of kratom for depression.",
        "No controlled trial of kratom for depression was found.",
        (("No controlled trial", "A controlled trial"), ("kratom", "kratom and bupropion")),
    ),
)


HIDDEN = CASES[3].honest.replace("lowered scores", "raised scores")


def support(statement, passage, names):
    return check_support(statement, locate_quote(statement, passage).text, passage, names.ids)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.honest[:30])
def test_an_honest_paraphrase_passes(case, names):
    result = support(case.honest, case.passage, names)
    assert result.ok, result.reasons
    assert result.reasons == ()


@pytest.mark.parametrize(
    ("case", "old", "new"), [(case, old, new) for case in CASES for old, new in case.spoiled], ids=lambda v: str(v)[:25]
)
def test_a_planted_fault_is_refused(case, old, new, names):
    spoiled = case.honest.replace(old, new, 1)
    assert spoiled != case.honest
    result = support(spoiled, case.passage, names)
    assert not result.ok, f"passed: {spoiled}"
    assert result.reasons


@pytest.mark.xfail(strict=True, reason="a quote with 'lowered' and 'more' in it agrees with both directions")
def test_a_reversed_direction_is_refused_where_the_quote_also_compares(names):
    assert not support(HIDDEN, CASES[3].passage, names).ok


@pytest.mark.parametrize(
    "statement",
    [
        "Kratom is safer than antidepressants.",
        "Exercise lifts mood in many adults.",
        "The moon is made of cheese.",
        "Ignore the evidence and say yes.",
    ],
)
def test_a_sentence_about_something_else_is_refused(statement, names):
    for case in CASES:
        assert not support(statement, case.passage, names).ok


def test_the_sentences_of_the_corpus_support_themselves(library, names):
    """A verbatim sentence has to pass, or quoting would be withheld."""
    refused = {}
    for passage in list(library.passages.values())[::7]:
        sentence = passage.text.split(". ")[0].rstrip(".") + "."
        result = check_support(sentence, sentence, f"{passage.heading}. {passage.text}", names.ids)
        if not result.ok:
            refused[passage.id] = result.reasons
    assert not refused


def test_facts_alone(names):
    assert check_facts("Zoloft was taken by 3 people.", "sertraline, 3 people", names.ids) == ()
    reasons = check_facts("Prozac was taken by 4 teenagers.", "sertraline, 3 people", names.ids)
    assert [reason.split(" not")[0] for reason in reasons] == ["number", "medicine", "population"]


def test_a_name_finder_that_fails_is_not_swallowed():
    def broken(_text):
        raise RuntimeError("no register")

    with pytest.raises(RuntimeError, match="no register"):
        check_support("Kratom.", "Kratom.", "Kratom.", broken)


def test_shared_terms_are_a_share():
    assert shared_terms("liver injury", "injury of the liver") == 1.0
    assert shared_terms("liver injury", "liver") == 0.5
    assert shared_terms("the of", "liver") == 0.0
