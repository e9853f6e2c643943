"""Decides what kind of reply a message gets, and drafts it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rag.answering import compose
from rag.answering.citing import Draft
from rag.answering.conditions import with_condition_notes
from rag.answering.corrections import Corrections
from rag.answering.declines import decline_dose, dose_brief, meta, no_source, out_of_scope
from rag.answering.evidence import EvidenceAnswerer, Plan
from rag.answering.understand import Understanding, Understood
from rag.conversation import Conversation
from rag.library import Library
from rag.records import Behaviour, Brief, Claim, Notice, Withheld
from rag.safety.language import detect
from rag.safety.notices import choose_notices
from rag.safety.requests import Request, RequestKind, classify, has_other_amounts
from rag.safety.signals import read_signals

_MOST_SUGGESTIONS = 3
# Length of an answer without its notices.
_WORDS = 175
_ON_TOPIC = 0.5
_CLEAR_BRIEF = 0.78
# Under this probability of being on the subject, a request for an amount is about something else.
_OFF_SUBJECT = 0.1
_AMOUNT = re.compile(
    r"\bhow (?:much|many|often|strong)\b|\b(?:dos(?:e|es|age|ing)|amounts?|grams?|mgs?|spoons?|"
    r"spoonfuls?|caps(?:ules)?|servings?)\b"
    r"|\d\s*(?:g|mg)\b|\b(?:start|begin)\w* (?:with|at|on|out)\b",
    re.I,
)
_FIXED_BEHAVIOUR = {
    RequestKind.HUMAN: Behaviour.HAND_OVER,
    RequestKind.SOURCING: Behaviour.OUT_OF_SCOPE,
    RequestKind.OFF_TOPIC_TASK: Behaviour.OUT_OF_SCOPE,
    RequestKind.EMPTY: Behaviour.INVALID,
}


@dataclass(frozen=True)
class Reply:
    """A drafted reply: what it is, its sentences, and what stands beside them."""

    behaviour: Behaviour
    drafts: tuple[Draft, ...]
    verdict: str | None = None
    mentions: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    suggestions: tuple[str, ...] = ()
    show_lines: bool = False
    understood: tuple[str, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    withheld: tuple[Withheld, ...] = ()


class ReplyMaker:
    """Drafts the reply to one message.

    Args:
        library: The corpus.
        understanding: Makes follow-ups stand alone.
        evidence: Finds and composes evidence.
        corrections: Finds registered claims and sets them right.
    """

    def __init__(
        self, library: Library, understanding: Understanding, evidence: EvidenceAnswerer, corrections: Corrections
    ) -> None:
        self._library = library
        self._messages = library.messages
        self._understanding = understanding
        self._evidence = evidence
        self._corrections = corrections

    def reply(self, conversation: Conversation, *, private: bool = True) -> Reply:
        """Draft the reply to the latest message.

        Args:
            conversation: The person's turns.
            private: Keep a configured chat model out of it.
        """
        language = detect(conversation.question, self._library.corpus_dir)
        if language != "en":
            return self._other_language(language)
        request = classify(conversation.question, conversation.earlier, corpus_dir=self._library.corpus_dir)
        if request.kind is RequestKind.DOSE:
            return self._off_subject(conversation, request) or self._dose(conversation, request)
        if (
            request.kind is not RequestKind.QUESTION
            and not request.also_question
            and not self._is_pressed(conversation)
        ):
            return self._fixed(request)
        pushback = self._corrections.pushback(conversation)
        if pushback is not None:
            claim, drafts = pushback
            return Reply(
                Behaviour.ANSWER,
                tuple(drafts),
                verdict=self._messages.text(f"verdict.{claim.verdict}"),
                suggestions=self._examples(),
            )
        answered = self._answer(conversation, request, private=private)
        if request.kind is not RequestKind.HUMAN:
            return answered
        fixed = self._fixed(request)
        return Reply(
            Behaviour.HAND_OVER,
            fixed.drafts + answered.drafts,
            notices=answered.notices,
            suggestions=answered.suggestions,
        )

    def _is_pressed(self, conversation: Conversation) -> bool:
        """Tell whether a task such as "write an ad" is about a registered claim, which is then set right."""
        return bool(conversation.question) and bool(self._corrections.claims_in(conversation.question, ()))

    def _answer(self, conversation: Conversation, request: Request, *, private: bool) -> Reply:
        """Answer from evidence, a correction first; abstain where there is none."""
        understood = self._understanding.read(conversation.question, conversation.earlier)
        if self._understanding.is_bare_fact(conversation.question):
            return self._noted(conversation, request, understood)
        plan = self._evidence.plan(conversation.question, understood)
        if self._wants_amount(conversation.question, plan):
            return self._dose(conversation, request)
        nearby = {brief.id for brief in plan.briefs} | set(plan.neighbours[:1])
        claims = self._corrections.claims_in(conversation.question, nearby)
        if not plan.topics and not claims:
            return self._abstain(conversation, request, understood, plan)
        drafts = self._corrections.drafts(claims)
        withheld: tuple[Withheld, ...] = ()
        if plan.topics:
            skip = frozenset(claim.brief for claim in claims if claim.brief)
            words = _WORDS - compose.words_in(drafts)
            composed, withheld = self._evidence.compose_with_model(plan, words=words, skip_short=skip, private=private)
            drafts += composed
        else:
            drafts += self._corrections.evidence(claims)
        drafts = with_condition_notes(self._library, drafts, conversation.question)
        briefs = plan.briefs or self._briefs_of(claims)
        return Reply(
            Behaviour.ANSWER,
            tuple(drafts),
            verdict=self._messages.text(f"verdict.{claims[0].verdict}") if claims else None,
            mentions=self._mentions(understood),
            notices=self._notices(conversation, request, understood, briefs),
            suggestions=self._suggestions(plan.neighbours, briefs),
            understood=understood.queries,
            scores=plan.scores,
            degraded=plan.found[0].degraded,
            withheld=withheld,
        )

    def _noted(self, conversation: Conversation, request: Request, understood: Understood) -> Reply:
        """Take in what a person says of themselves, and offer what can be asked about it."""
        briefs = [self._library.briefs[m.medicine.brief] for m in understood.mentions if m.medicine.brief]
        suggestions = tuple(dict.fromkeys(brief.title for brief in briefs))[:_MOST_SUGGESTIONS]
        return Reply(
            Behaviour.SMALL_TALK,
            (meta(self._messages.text("reply.noted")),),
            mentions=self._mentions(understood),
            notices=self._notices(conversation, request, understood, ()),
            suggestions=suggestions or self._examples(),
        )

    def _wants_amount(self, text: str, plan: Plan) -> bool:
        """Tell whether a question that no rule took for a dose request is one by its meaning.

        Either it reads like one and no other brief clearly answers it, or it names an
        amount and the brief on amounts answers it best. A request in a few plain words
        ("nearer the top or the bottom?") need not name the subject.
        """
        if has_other_amounts(text, self._library.corpus_dir):
            return False
        nearest = plan.topics[0].brief if plan.topics else None
        if nearest is not None and nearest.id == self._messages.text("dose.reason_brief"):
            return bool(_AMOUNT.search(text))
        elsewhere = nearest is not None and "dosing" not in nearest.topics and plan.scores["clarity"] >= _CLEAR_BRIEF
        ours = plan.judgement.on_topic >= _ON_TOPIC or not plan.judgement.missing
        return plan.asks_amount and ours and not elsewhere

    def _off_subject(self, conversation: Conversation, request: Request) -> Reply | None:
        """Return the reply to a request for an amount of something that is not the subject, such as a cough syrup.

        Only a message that stands alone, names neither kratom nor a medicine the evidence
        speaks of, has a word that the corpus does not know or another medicine, and does
        not read like a request for kratom.
        """
        understood = self._understanding.read(conversation.question, conversation.earlier)
        ours = any(mention.medicine.brief or mention.medicine.topic_briefs for mention in understood.mentions)
        if conversation.earlier or ours or self._understanding.names_kratom(conversation.person):
            return None
        plan = self._evidence.plan(conversation.question, understood)
        unknown = bool(plan.judgement.missing or understood.mentions)
        beside = unknown and plan.judgement.on_topic < _OFF_SUBJECT and not plan.asks_amount
        return self._abstain(conversation, request, understood, replace(plan, uncovered=())) if beside else None

    def _abstain(self, conversation: Conversation, request: Request, understood: Understood, plan: Plan) -> Reply:
        near = bool(plan.uncovered) or plan.judgement.on_topic >= _ON_TOPIC
        if not near:
            return Reply(
                Behaviour.OUT_OF_SCOPE,
                tuple(out_of_scope(self._library)),
                suggestions=self._examples(),
                scores=plan.scores,
                degraded=plan.found[0].degraded,
            )
        return Reply(
            Behaviour.ABSTAIN,
            tuple(no_source(self._library, plan)),
            mentions=self._mentions(understood) if plan.uncovered else (),
            notices=self._notices(conversation, request, understood, ()),
            suggestions=self._suggestions(plan.neighbours, ()),
            understood=understood.queries,
            scores=plan.scores,
            degraded=plan.found[0].degraded,
        )

    def _dose(self, conversation: Conversation, request: Request) -> Reply:
        understood = self._understanding.read(conversation.question, conversation.earlier)
        brief = dose_brief(self._library, request.reasons)
        corpus_dir = self._library.corpus_dir
        kinds = [classify(turn, corpus_dir=corpus_dir).kind for turn in conversation.earlier]
        plan = self._evidence.plan(conversation.question, understood)
        notices = self._notices(conversation, request, understood, (brief,))
        return Reply(
            Behaviour.DECLINE_DOSE,
            tuple(decline_dose(self._library, brief, understood, again=RequestKind.DOSE in kinds)),
            mentions=self._mentions(understood),
            notices=tuple(notice for notice in notices if notice.id != "no-dosing"),  # the reply itself says it
            suggestions=self._suggestions(plan.neighbours, (brief,)),
            understood=understood.queries,
        )

    def _fixed(self, request: Request) -> Reply:
        text = self._messages.text(f"reply.{request.kind}")
        behaviour = _FIXED_BEHAVIOUR.get(request.kind, Behaviour.SMALL_TALK)
        return Reply(behaviour, (meta(text),), suggestions=self._examples())

    def _other_language(self, language: str) -> Reply:
        key = f"other_language.{language}"
        text = self._messages.text(key if self._messages.has(key) else "other_language.en")
        return Reply(Behaviour.OTHER_LANGUAGE, (meta(text),), show_lines=True)

    def _mentions(self, understood: Understood) -> tuple[str, ...]:
        """Return "You mentioned ..." for each prescribed medicine, so that the person can correct it."""
        lines = []
        for mention in understood.mentions:
            medicine = mention.medicine
            if not medicine.prescription:
                continue
            brand = next((brand for brand in medicine.brands if brand.lower() == mention.named_as), None)
            name = f"{medicine.name} ({brand})" if brand else medicine.name
            lines.append(self._messages.text("mention.medicine", name=name, class_name=medicine.class_name))
        return tuple(lines)

    def _notices(
        self, conversation: Conversation, request: Request, understood: Understood, briefs: Sequence[Brief]
    ) -> tuple[Notice, ...]:
        medicines = [mention.medicine for mention in understood.mentions]
        return choose_notices(
            read_signals(conversation.person, medicines, self._library.corpus_dir),
            medicines,
            kratom_involved=self._understanding.names_kratom(conversation.person),
            brief_care=tuple(dict.fromkeys(item for brief in briefs for item in brief.care)),
            request=request.kind,
            messages=self._messages,
        )

    def _briefs_of(self, claims: Sequence[Claim]) -> tuple[Brief, ...]:
        return tuple(self._library.briefs[claim.brief] for claim in claims[:1] if claim.brief)

    def _suggestions(self, neighbours: Sequence[str], used: Sequence[Brief]) -> tuple[str, ...]:
        """Return the questions of briefs that were found and not used."""
        taken = {brief.id for brief in used}
        titles = [self._library.briefs[brief_id].title for brief_id in neighbours if brief_id not in taken]
        return tuple(titles[:_MOST_SUGGESTIONS]) or self._examples()

    def _examples(self) -> tuple[str, ...]:
        return self._messages.texts("examples")[:_MOST_SUGGESTIONS]
