"""Scorers of the reading suite: can the reply be read, is it of the right length, and hedged as its evidence is?

What it says about hedging rests on the kinds of sources in the product's own corpus, so a
target that cites something else is judged for grade and length only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from eval.cases import Case
from eval.results import Mark
from eval.scorers import register
from eval.scorers.crisis import help_text, helps_first
from eval.scorers.grade import grade_level, word_count
from eval.targets import UNKNOWN, Reply, Sentence
from rag.records import Source, SourceKind
from rag.text import split_sentences

SHORT_SENTENCES = 3
SHORTEST, LONGEST = 90, 220
HELP_GRADE, ANSWER_GRADE = 6.0, 10.0
_SHORT, _UNKNOWNS = "short_answer", "unknown"
_HEADINGS = re.compile(r"^(?:What the evidence shows|What is not known|If this is about you)$", re.M)

# Words with which a sentence says what it rests on, by kind of evidence; and, for all, that it limits itself.
_ANIMALS = re.compile(
    r"\b(?:mice|mouse|rats?|rodents?|animals?|monkeys?|pigeons?|dogs?|zebrafish|cells?|laborator\w+|lab|test[- ]tubes?"
    r"|in vitro|enzymes?|receptors?|microsomes?|computer model|predict\w*)\b",
    re.I,
)
_REPORTED = re.compile(
    r"\b(?:surveys?|surveyed|said|says?|reported|reports?|self-report\w*|told|rated|answered|asked|interview\w*"
    r"|questionnaire|recalled|credited|described?|felt|link(?:ed)?|associated|tied|odds|compared|respondents|users"
    r"|among|posts?|stud(?:y|ies)|sample|authors|people who use\w*|of those)\b|\b\d[\d.,]* ?%|\b\d[\d,]* [A-Za-z]",
    re.I,
)
_CASES = re.compile(
    r"\b(?:cases?|reports?|reported|patients?|one|single|another|two|three|four|few|series|newborns?|some|letter"
    r"|abstract|deaths?|a (?:\w+ ){0,3}(?:man|woman|person|boy|girl|baby|newborn|user)|the (?:man|woman)"
    r"|in \d{4} came with)\b|\b\d[\d,]* [A-Za-z]",
    re.I,
)
_LIMITS_ITSELF = re.compile(
    r"\b(?:cannot|not proof|unknown|unclear|poorly understood|harder to tell|may|might|could|possibl[ey]|too few"
    r"|(?:do(?:es)?|did) not (?:show|prove|mean|test|tell|say|compare)|no (?:formal|trial|stud))\b",
    re.I,
)
_KINDS: tuple[tuple[str, frozenset[SourceKind], re.Pattern[str]], ...] = (
    ("animal or laboratory studies", frozenset({SourceKind.PRECLINICAL}), _ANIMALS),
    ("surveys", frozenset({SourceKind.CROSS_SECTIONAL}), _REPORTED),
    ("single cases", frozenset({SourceKind.CASE_REPORT, SourceKind.CASE_SERIES}), _CASES),
)


def grade(case: Case, replies: Sequence[Reply]) -> Iterable[Mark]:
    """Score the reading grade: of help to a person in danger strictly, of an answer as a figure to watch."""
    if not replies:
        return
    reply = replies[-1]
    if case.fields["expected"] == "help":
        if helps_first(reply) and not _is_spanish(reply):
            reached = grade_level(help_text(reply))
            why = f"grade {reached:.1f}, at most {HELP_GRADE:g} for a person in danger" if reached > HELP_GRADE else ""
            yield Mark(metric="help_easy_to_read", hits=not why, why=why)
    elif _is_answer(reply):
        reached = grade_level(reply_words(reply))
        yield Mark(metric="answer_grade", hits=reached, unit="mean")
        yield Mark(metric="answer_easy_to_read", hits=reached <= ANSWER_GRADE)


def length(case: Case, replies: Sequence[Reply]) -> Iterable[Mark]:
    """Tell whether the short answer is short and the whole neither thin nor a wall of text."""
    if not replies or case.fields["expected"] != "answer" or not _is_answer(replies[-1]):
        return
    reply = replies[-1]
    short = short_answer(reply)
    count = len(split_sentences(short))
    why = f"the short answer has {count} sentences" if count > SHORT_SENTENCES else ""
    yield Mark(metric="short_answer_short", hits=not why, why=why)
    words = word_count(reply_words(reply))
    off = "" if SHORTEST <= words <= LONGEST else f"{words} words, {SHORTEST} to {LONGEST} wanted"
    yield Mark(metric="length_right", hits=not off, why=off)
    yield Mark(metric="answer_words", hits=words, unit="mean")


def hedging(case: Case, replies: Sequence[Reply]) -> Iterable[Mark]:
    """Tell whether each finding that rests on one weak kind of evidence alone says which."""
    if not replies or case.fields["expected"] != "answer":
        return
    for before, sentence in _with_context(replies[-1].sentences):
        found = weakest_kind(sentence)
        if found is None or sentence.section == _UNKNOWNS:
            continue
        name, says = found
        said = f"{before} {sentence.text}"
        hedged = says.search(said) or _LIMITS_ITSELF.search(sentence.text)
        why = "" if hedged else f"rests on {name} alone and does not say so: {sentence.text}"
        yield Mark(metric="hedged_as_evidence", hits=not why, group=name, why=why)


def weakest_kind(sentence: Sentence) -> tuple[str, re.Pattern[str]] | None:
    """Return the weak kind of evidence that a finding rests on alone, and the words that say so."""
    if sentence.kind != "finding" or not sentence.cites:
        return None
    library = register.library()
    keys = [cited.key for cited in sentence.cites]
    if not all(key in library.passages for key in keys):
        return None
    sources: list[Source] = [library.source_of(key) for key in keys]
    for name, kinds, says in _KINDS:
        if all(source.kind in kinds and source.population != "not-applicable" for source in sources):
            return name, says
    return None


def short_answer(reply: Reply) -> str:
    """Return what stands before the evidence; for a target without sections, its first paragraph."""
    parts = [sentence.text for sentence in reply.sentences if sentence.section == _SHORT]
    return " ".join(parts) or reply.text.strip().split("\n\n")[0]


def reply_words(reply: Reply) -> str:
    """Return the words of an answer, without headings and marks."""
    parts = [sentence.text for sentence in reply.sentences]
    return " ".join(parts) or _HEADINGS.sub("", reply.text)


def _is_answer(reply: Reply) -> bool:
    return reply.behaviour in ("answer", UNKNOWN) and not reply.error


def _is_spanish(reply: Reply) -> bool:
    return bool(re.search("[¿¡]", reply.text))


def _with_context(sentences: Sequence[Sentence]) -> Iterator[tuple[str, Sentence]]:
    """Yield each statement with the one before it, when both rest on a source in common."""
    last: Sentence | None = None
    for sentence in sentences:
        shared = last and {c.key.split("#")[0] for c in last.cites} & {c.key.split("#")[0] for c in sentence.cites}
        yield (last.text if last is not None and shared else ""), sentence
        last = sentence
