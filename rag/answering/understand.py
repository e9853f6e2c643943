"""Turns the latest turn of a conversation into questions that stand alone.

A follow-up such as "and for how long?" names nothing that can be searched for. It
is joined with what it leans on: the last question that named its subject, and the
medicines the person said they take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.answering.mentions import KRATOM, MedicineNames, Mention
from rag.text import content_terms, split_sentences, words

_OPENERS = re.compile(
    r"^(?:and|but|or|so|also|plus|then|what about|how about|what if|even|same|ok(?:ay)?|alright|right|"
    r"hmm+|but what|and what|"
    r"why(?: not)?|how come|how so|really|for how long|since when|which one|any other|anything else|"
    r"tell me more|more|go on)\b",
    re.I,
)
_ANAPHORA = re.compile(
    r"\b(?:it|its|that|this|these|those|them|they|one|ones|either|both|same|there|then|such)\b", re.I
)
_OWN_MEDICINE = re.compile(
    r"\b(?:my|the|these|those|his|her|their|our) (?:\w+ )?(?:meds?|medicines?|medications?|pills?|"
    r"tablets?|prescriptions?|"
    r"antidepressants?|ssris?|snris?|scripts?|rx)\b|\bwhat (?:i|he|she|they|we)(?:'m| am| is| are)? "
    r"(?:already |currently )?"
    r"(?:take|takes|taking|on)\b|\bi(?:'m| am) (?:already )?(?:on|taking)\b(?! (?:it|them)\b.*\bkratom)",
    re.I,
)
_MIXING = re.compile(
    r"\b(?:mix\w*|combin\w*|together|on top|as well(?! as)|too|alongside|interact\w*|clash\w*|allowed|at the "
    r"same time|same day|"
    r"safe for me|(?:ok|okay|fine|safe|bad|risky|dangerous) (?:for me|with|to (?:have|take|use|drink|try))|"
    r"with (?:it|that|this|those|them|what)|can i (?:still )?(?:have|take|use|drink|try|do)|should(?:n'?t)? i)\b",
    re.I,
)
_SWAPPING = re.compile(
    r"\b(?:instead|replac\w*|swap\w*|switch\w*|substitut\w*|in favou?r of|rather than|"
    r"give up|get(?:ting)? off|com(?:e|ing) off|"
    r"quit\w*|stop(?:ping)? (?:my|the|taking|his|her)|drop(?:ping)?|ditch\w*|bin(?:ning)?|vs\.?|versus|"
    r"compared?|better|safer|worse|gentler|stronger|than)\b",
    re.I,
)
_THIS_STUFF = re.compile(r"\b(?:this|that|the) (?:stuff|leaf|leaves|powder|plant|tea|shots?)\b", re.I)
_FOR_ME = re.compile(
    r"\b(?:for me|in my case|someone like me|with (?:that|this|my)|given that|am i|do i|should i|can i|my)\b", re.I
)
_WITH_KRATOM = re.compile(
    r"\b(?:with|and|plus|on|while|when|after|before|\+|&)\b(?: \w+){0,3}? \w*kratom|kratom\b(?: "
    r"\w+){0,4}? (?:with|and|plus|on|while)\b",
    re.I,
)
_ASKING = re.compile(
    r"\?|\b(?:can|could|should|would|will|is|are|am|does|do|did|has|have|how|what|which|who|when|"
    r"where|why|whats|hows|any(?:one)?)\b",
    re.I,
)
_JOINTS = re.compile(
    r"\s*(?:[;\n]+|(?<=\?)\s|,?\s+\band (?:also|another thing|one more thing)\b,?|,?\s+\balso\b,?|,?\s+\bplus\b,?"
    r"|,?\s+\band (?=(?:can|could|should|would|will|is|are|am|does|do|did|has|have|how|what|which|who|"
    r"when|where|why)\b)"
    r"|,\s+(?=(?:can|could|should|would|will|is|are|does|do|did|how|what|which|who|when|where|why)\b))\s*",
    re.I,
)
_ANCHORS = frozenset(
    content_terms(
        "depression depressed depressive anxiety anxious antidepressant ssri snri maoi tricyclic "
        "withdrawal addiction addictive"
        " addicted overdose therapy therapist cbt counselling psychotherapy psychiatrist suicide "
        "suicidal liver seizure"
        " heart pregnant pregnancy breastfeeding serotonin opioid opioids kava 988 phq craft rehab bipolar mania ptsd"
        " adhd insomnia sleep exercise ketamine detox relapse recovery cravings naloxone mitragynine "
        "crisis mood lonely"
        " supplements vitamin light mindfulness placebo trials survey fda dea legal law ban banned driving surgery"
    )
)
# What may stand beside a medicine in a message that states a fact and asks nothing.
_FACT_TERMS = frozenset(
    content_terms(
        "take takes taking use uses using get gets getting have has had prescribed prescription start started put "
        "been since for now still current currently daily day days week weeks month months year years morning night "
        "twice once dose low high mg mgs milligrams ml shot injection tablet tablets pill pills medicine medication "
        "meds january february march april may june july august september october november december last ago "
        "about around "
        "one two three four five six seven eight nine ten fifteen twenty thirty fifty couple few several "
        "mother father mum mom dad wife husband partner son daughter friend brother sister doctor gp old years"
    )
)
_STATEMENT = re.compile(
    r"^(?:hi |hello |hey |so |well |ok |okay |also |and |btw |oh )*"
    r"(?:i|i'm|im|i've|ive|on|my|he|she|he's|she's|we|they|currently|been|taking)\b",
    re.I,
)
_MAX_PARTS = 6
_MAX_CONTEXT_WORDS = 40


@dataclass(frozen=True)
class Understood:
    """What the latest turn asks, made to stand alone.

    Attributes:
        queries: Searches to make: first the whole question, then its parts if it has several.
        contexts: For each query, the earlier words it was joined with, or an empty text.
        parts: The wording of each question, for showing ("About ...").
        mentions: Medicines in force: named now or, where this turn leans on them, before.
        follow_up: Whether earlier turns were needed to make sense of it.
        mixing: Whether it asks about taking kratom together with something.
        by_length: Whether only its shortness makes it a follow-up; it may as well be a new subject.
    """

    queries: tuple[str, ...]
    parts: tuple[str, ...]
    mentions: tuple[Mention, ...]
    follow_up: bool
    mixing: bool = False
    by_length: bool = False
    contexts: tuple[str, ...] = ()


class Understanding:
    """Resolves follow-ups, spelling and several questions in one message.

    Args:
        names: Finds medicines in text.
        correct: Mends the spelling of words that the corpus does not know.
    """

    def __init__(self, names: MedicineNames, correct: Callable[[str], str] = lambda text: text) -> None:
        self._names = names
        self._correct = correct

    def read(self, question: str, earlier: Sequence[str] = ()) -> Understood:
        """Understand `question` in the light of the person's earlier turns, oldest first."""
        now = self._names.find(question)
        before = self._earlier_mentions(earlier)
        leans = bool(earlier) and self._leans(question, now)
        partners = self._partners(question, now, before)
        context = self._context(question, earlier, leans=leans, partners=partners, named=bool(now))
        mentions = _unique([*now, *(partners or (before if leans else ()))])
        if not mentions and not context and _THIS_STUFF.search(question):
            mentions = self._names.find(KRATOM)  # in this chat, "this stuff" is kratom
            partners = mentions
        parts = _split(question)
        whole = self._query(question, partners, context)
        asked = [(part, self._part_context(part, context)) for part in parts] if len(parts) > 1 else []
        queries = [whole, *(self._part_query(part, mentions, own) for part, own in asked)]
        follow_up = bool(context or (partners and earlier))
        by_length = follow_up and not now and not _OPENERS.search(question) and not _ANAPHORA.search(question)
        return Understood(
            tuple(queries),
            parts,
            mentions,
            follow_up,
            self._is_mixing(question, mentions),
            by_length,
            (context, *(own for _, own in asked)),
        )

    def _context(
        self, question: str, earlier: Sequence[str], *, leans: bool, partners: Sequence[Mention], named: bool
    ) -> str:
        """Return the earlier words that `question` has to be read with, or an empty text."""
        groups = {mention.medicine.group == KRATOM for mention in partners}
        if (named and partners) or len(groups) == 2:
            return ""
        return self._subject(earlier) if leans else self._background(question, earlier)

    def _is_mixing(self, question: str, mentions: Sequence[Mention]) -> bool:
        """Tell whether kratom and another thing are asked about together.

        A question with the two names and little else, such as "kratom lamictal", is one.
        """
        groups = {mention.medicine.group for mention in mentions}
        if not groups - {KRATOM} or _SWAPPING.search(question):
            return False
        named = {term for mention in mentions for term in content_terms(mention.named_as)}
        bare = KRATOM in groups and len(set(content_terms(question)) - named) <= 1
        return bare or bool(_MIXING.search(question) or _WITH_KRATOM.search(question))

    def is_bare_fact(self, question: str) -> bool:
        """Tell whether a message only says what someone takes or has, such as "on 100 mg zoloft since march"."""
        mentions = [mention for mention in self._names.find(question) if mention.medicine.group != KRATOM]
        if not mentions or "?" in question or not _STATEMENT.search(question):
            return False
        named = {term for mention in mentions for term in content_terms(mention.named_as)}
        left = set(content_terms(question)) - named - _FACT_TERMS
        return all(term.isdigit() for term in left)

    def names_kratom(self, texts: Sequence[str]) -> bool:
        """Tell whether any of `texts` names kratom or one of its products."""
        return any(mention.medicine.group == KRATOM for text in texts for mention in self._names.find(text))

    def _partners(self, question: str, now: Sequence[Mention], before: Sequence[Mention]) -> tuple[Mention, ...]:
        """Return what was named before and is asked about together with what is named now."""
        owns = bool(_OWN_MEDICINE.search(question))
        if not owns and not _MIXING.search(question):
            return ()
        about_kratom = any(mention.medicine.group == KRATOM for mention in now)
        others = [mention for mention in now if mention.medicine.group != KRATOM]
        earlier_kratom = tuple(mention for mention in before if mention.medicine.group == KRATOM)
        earlier_others = tuple(mention for mention in before if mention.medicine.group != KRATOM)
        if others and not about_kratom:
            return earlier_kratom
        if not others and (about_kratom or owns or earlier_kratom):
            return earlier_others + (() if about_kratom else earlier_kratom)
        return ()

    def _part_query(self, part: str, mentions: Sequence[Mention], context: str) -> str:
        """Give a part of a message the subject that the whole message names, unless it names its own."""
        if self._names.find(part):
            return self._query(part, (), "")
        about_kratom = [mention for mention in mentions if mention.medicine.group == KRATOM]
        return self._query(part, about_kratom or mentions, context)

    def _part_context(self, part: str, context: str) -> str:
        """Return the context a part needs: none where it names its own subject."""
        anchored = bool(self._names.find(part)) or bool(_ANCHORS.intersection(content_terms(part)))
        return "" if anchored else context

    def _query(self, text: str, partners: Sequence[Mention], context: str) -> str:
        added = " ".join(mention.medicine.name for mention in partners)
        pieces = (self._correct(self._with_generics(text)), added, context)
        return " ".join(piece for piece in pieces if piece).strip()

    def _with_generics(self, text: str) -> str:
        """Add the generic name and class of each medicine, which is what the corpus speaks of."""
        added = []
        folded = set(words(text))
        for mention in self._names.find(text):
            medicine = mention.medicine
            if medicine.id == KRATOM and KRATOM not in folded:
                added.append(KRATOM)
            elif medicine.id != KRATOM and not folded.issuperset(words(medicine.name)):
                added.append(medicine.name)
        return f"{text} ({', '.join(added)})" if added else text

    def _leans(self, question: str, now: Sequence[Mention]) -> bool:
        """Tell whether `question` cannot be searched for without what came before it."""
        terms = content_terms(question)
        anchored = bool(now) or bool(_ANCHORS.intersection(terms))
        opener = bool(_OPENERS.search(question))
        pointing = bool(_ANAPHORA.search(question))
        if not anchored:
            return opener or pointing or len(terms) <= 6
        about_kratom = any(mention.medicine.group == KRATOM for mention in now)
        return (opener or pointing) and len(terms) <= 5 and not about_kratom

    def _background(self, question: str, earlier: Sequence[str]) -> str:
        """Return what the person said of themselves just before, where they now ask what it means for them."""
        if not earlier or not _FOR_ME.search(question) or "?" in earlier[-1] or _ASKING.match(earlier[-1]):
            return ""
        return " ".join(earlier[-1].split()[:_MAX_CONTEXT_WORDS])

    def _subject(self, earlier: Sequence[str]) -> str:
        """Return the latest earlier question that names its own subject, shortened."""
        picked: list[str] = []
        for turn in reversed(earlier):
            picked.insert(0, turn)
            if self._names.find(turn) or _ANCHORS.intersection(content_terms(turn)):
                break
        text = self._with_generics(self._correct(" ".join(_questions_first(turn) for turn in picked)))
        return " ".join(text.split()[:_MAX_CONTEXT_WORDS])

    def _earlier_mentions(self, earlier: Sequence[str]) -> tuple[Mention, ...]:
        found = [mention for turn in reversed(earlier) for mention in self._names.find(turn)]
        return _unique(found)


def _unique(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    seen: dict[str, Mention] = {}
    for mention in mentions:
        seen.setdefault(mention.medicine.id, mention)
    return tuple(seen.values())


def _questions_first(turn: str) -> str:
    """Return the sentences of a turn that ask something, or the whole turn when none does."""
    asking = [sentence for sentence in split_sentences(turn) if "?" in sentence]
    return " ".join(asking) if asking else turn


def _split(question: str) -> tuple[str, ...]:
    """Split a message into the questions in it; a single question comes back whole."""
    pieces = [piece for sentence in split_sentences(question) for piece in _JOINTS.split(sentence)]
    asking = [
        piece.strip(" ,") for piece in pieces if piece and len(content_terms(piece)) >= 1 and _ASKING.search(piece)
    ]
    return tuple(asking[:_MAX_PARTS]) if len(asking) > 1 else (question,)
