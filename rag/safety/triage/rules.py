"""Reads one message with the lexicon: what stands in it, and in which context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.safety.triage.lexicon import Entry, Lexicon, without_commas
from rag.safety.triage.records import TriageLevel

_FIRST = re.compile(r"\b(?:i|me|my|mine|myself|we|us|yo|mi|me)\b")
_FIRST_SUBJECT = re.compile(r"\b(?:i|myself|im|yo)\b|^(?:me|no) ")
_ENGLISH = re.compile(r"\b(?:the|and|to|is|am|are|of|my|it|not|with|have|you|that|what|for|on|this)\b")
_SPANISH = re.compile(
    r"\b(?:el|la|los|que|de|mi|mis|un|una|por|para|estoy|con|del|muy|puedo|quiero|tengo|desde|otra)\b"
)
_OTHER = re.compile(
    r"\b(?:he|she|they|him|her|his|hers|himself|herself|baby|toddler|newborn|"
    r"(?:my|our|the|a|his|her|mi|mis) (?:\w+ ){0,2}"
    r"(?:wife|husband|partner|boyfriend|girlfriend|bf|gf|friend|mate|buddy|brother|sister|bro|sis|son|daughter|mother"
    r"|father|mum|mom|dad|parent|uncle|aunt|cousin|nephew|niece|grandpa|grandma|granddaughter|grandson|roommate"
    r"|flatmate|coworker|colleague|neighbou?r|student|teen|teenager|kid|child|baby|guy|girl|boy|ex|sponsor|toddler"
    r"|hermano|hermana|hijo|hija|amigo|amiga|novio|novia|mama|papa|esposo|esposa|marido))\b"
)

# "I think", "I found her": the writer is there, but it is not about the writer.
_FRAMING = re.compile(
    r"\b(?:i am (?:worried|scared|afraid|frightened|exhausted)|i (?:think|fear|believe|know|saw|found|love|gave"
    r"|shook|can not (?:wake|rouse|get)|do not know|just found|got|want to (?:help|learn)|chat|need help|shake|hear"
    r"|heard))\b"
)


@dataclass(frozen=True)
class Hit:
    """One entry found in force."""

    id: str
    level: TriageLevel
    kind: str
    points: int
    third_person: bool


@dataclass(frozen=True)
class Reading:
    """What the rules make of one message.

    Attributes:
        hits: Entries in force, most urgent first.
        softened: Ids of entries found but taken out of force by a context or a negation.
        contexts: Contexts of all sentences.
        figurative: A figure of speech was masked.
        says_safe: The person says that they are safe, or that it was a quotation.
        third_person: The message speaks of somebody else, not of its writer.
        plain: The plain sentences.
        english: The message has common English words; the embedding model knows no other language.
    """

    hits: tuple[Hit, ...]
    softened: tuple[str, ...]
    contexts: frozenset[str]
    figurative: bool
    says_safe: bool
    third_person: bool
    plain: tuple[str, ...]
    english: bool

    @property
    def level(self) -> TriageLevel:
        """The most urgent level in force."""
        return max((hit.level for hit in self.hits), default=TriageLevel.NONE)

    @property
    def top(self) -> Hit | None:
        """The most urgent hit."""
        return self.hits[0] if self.hits else None

    @property
    def points(self) -> int:
        """Weight of the quieter signals, each counted once."""
        return sum({hit.id: hit.points for hit in self.hits}.values())


def read_message(lexicon: Lexicon, message: str) -> Reading:
    """Find the entries of the lexicon in one message."""
    hits: list[Hit] = []
    softened: list[str] = []
    contexts: set[str] = set()
    figurative = says_safe = False
    sentences = lexicon.plain.sentences(message)
    whole = without_commas(" ".join(plain for plain, _ in sentences))
    around = lexicon.contexts_of(whole)
    for plain, is_question in sentences:
        masked, figure = lexicon.mask_figures(plain)
        figurative |= figure
        here = _in_force(lexicon.contexts_of(without_commas(masked)), around, is_question)
        contexts |= here
        says_safe |= "safe" in here
        found, taken = _match(lexicon, masked, here)
        hits += found
        softened += taken
    hits.sort(key=lambda hit: -hit.level)
    return Reading(
        tuple(hits), tuple(dict.fromkeys(softened)), frozenset(contexts), figurative, says_safe,
        _about_other(whole), tuple(plain for plain, _ in sentences), _seems_english(whole),
    )  # fmt: skip


def _in_force(here: frozenset[str], around: frozenset[str], is_question: bool) -> frozenset[str]:
    """Drop contexts that another context of the sentence or message takes back."""
    kept = set(here)
    if "past" in kept and "present" in kept and "resolved" not in around:
        kept.discard("past")
    if "not_media" in around:
        kept.discard("media")
    if "definite" in around and "general" not in kept:
        kept -= {"helper", "education"}
    if "ongoing" in kept:
        kept.discard("general")
    if is_question and "statistics" in kept:
        kept.add("statistics_strong")
    return frozenset(kept)


def _match(lexicon: Lexicon, sentence: str, contexts: frozenset[str]) -> tuple[list[Hit], list[str]]:
    hits: list[Hit] = []
    softened: list[str] = []
    bare = without_commas(sentence)
    other = _about_other(bare)
    blocks = contexts | ({"self_only"} if not _OTHER.search(bare) and _FIRST_SUBJECT.search(bare) else frozenset())
    for entry in lexicon.entries:
        match = entry.pattern.search(bare)
        if match is None:
            continue
        denied = (entry.negatable and lexicon.negated(sentence, match.start())) or entry.denies_inside(match.group())
        if denied or entry.blocked_by & blocks:
            softened.append(entry.id)
            continue
        hits.append(_hit(entry, other))
    return hits, softened


def _hit(entry: Entry, other: bool) -> Hit:
    third = entry.who == "other" or (entry.who == "any" and other)
    return Hit(entry.id, entry.level, entry.kind, entry.points, third)


def _about_other(text: str) -> bool:
    """Somebody else is named, and the writer is not the one who feels, wants or took something."""
    if not _OTHER.search(text):
        return False
    without_framing = _FRAMING.sub(" ", text)
    return not _FIRST_SUBJECT.search(without_framing)


def _seems_english(text: str) -> bool:
    spanish = len(_SPANISH.findall(text))
    return spanish == 0 or len(_ENGLISH.findall(text)) > spanish


def sentence_texts(message: str) -> Sequence[str]:
    """Return the sentences of a message as written, for the classifier."""
    parts = [part.strip() for part in re.split(r"(?<=[.!?;])\s+|\n+|,? but ", message)]
    return [part for part in parts if len(part) > 3]
