"""Answers understood questions from what the search found: which briefs, which passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering import compose
from rag.answering.answerable import Answerability, Judgement
from rag.answering.citing import Draft
from rag.answering.generative import GenerativeComposer
from rag.answering.mentions import KRATOM, Mention
from rag.answering.relevance import WordRelevance
from rag.answering.understand import Understood
from rag.library import Library
from rag.library.checks import brief_texts
from rag.records import Brief, Passage, Section, StatementKind, Withheld
from rag.retrieval.retriever import Found, Hit, Searcher
from rag.text import content_terms, split_sentences

_WORDS = 175
_LEAST_EACH = 80
_MOST_TOPICS = 3
# How near the best brief another must be to be promoted for naming the person's medicine.
_PROMOTED_RANK = 6
# A passage this much more apt than the best brief answers what the brief does not.
_PASSAGE_LEAD = 0.06
_CLEAR_MATCH = 0.62
# A part of a message with fewer words of its own ("should I worry") is no question by itself.
_OWN_WORDS = 2
# Passages given to a chat model.
_MOST_PASSAGES = 8
# "Yes" to one question is read as "yes" to the question that was asked.
_VERDICT_OPENER = re.compile(r"(?:yes|no|partly|mostly|sometimes|often|rarely)\b[:,]|it depends\b", re.I)


@dataclass(frozen=True)
class Topic:
    """One question of the message and what was found for it."""

    query: str
    wording: str
    found: Found
    brief: Brief | None
    medicine: Mention | None = None


@dataclass(frozen=True)
class Plan:
    """What was found for a message, and which questions of it can be answered.

    Attributes:
        found: Results for the whole message, then for its parts.
        topics: The questions to answer; empty when nothing answers.
        uncovered: Medicines asked about with kratom that no source speaks of.
        judgement: How sure it is that the corpus answers.
        asks_amount: Whether it reads like a request for an amount to take.
    """

    found: tuple[Found, ...]
    topics: tuple[Topic, ...]
    uncovered: tuple[Mention, ...]
    judgement: Judgement
    asks_amount: bool = False

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """The briefs that answer."""
        return tuple(topic.brief for topic in self.topics if topic.brief is not None)

    @property
    def neighbours(self) -> tuple[str, ...]:
        """Ids of the briefs nearest to the message, best first."""
        return tuple(hit.id for hit in self.found[0].briefs)

    @property
    def scores(self) -> dict[str, float]:
        """Numbers behind the decision, for the trace."""
        return {
            "answerable": self.judgement.probability,
            "threshold": self.judgement.threshold,
            "on_topic": self.judgement.on_topic,
            "clarity": round(_clarity(self.found[0]), 4),
        }


class EvidenceAnswerer:
    """Finds and composes evidence.

    Args:
        library: The corpus.
        searcher: Search over it.
        answerability: Decides whether what was found answers a question.
        composer: Rewords evidence with a chat model; None to use the corpus's own words only.
    """

    def __init__(
        self,
        library: Library,
        searcher: Searcher,
        answerability: Answerability,
        composer: GenerativeComposer | None = None,
    ) -> None:
        self._library = library
        self._searcher = searcher
        self._answerability = answerability
        self._composer = composer
        texts = [" ".join(brief_texts(brief)) for brief in library.briefs.values()]
        self._relevance = WordRelevance([*texts, *(passage.text for passage in library.passages.values())])

    def plan(self, question: str, understood: Understood) -> Plan:
        """Search for a message and decide which of its questions can be answered.

        Args:
            question: The message as written.
            understood: Its stand-alone questions and medicines.
        """
        found = tuple(self._searcher.search_many(understood.queries, contexts=understood.contexts))
        uncovered = _uncovered(understood)
        judgement = self._answerability.judge(question, understood, found[0])
        topics = self._topics(understood, found, single=not judgement.answerable)
        covered = any(topic.medicine for topic in topics)
        if not covered and (uncovered or not judgement.answerable):
            topics = []
        return Plan(found, tuple(topics), uncovered, judgement, self._answerability.asks_amount(question))

    def compose(self, plan: Plan, *, words: int = _WORDS, skip_short: frozenset[str] = frozenset()) -> list[Draft]:
        """Compose the evidence for a plan's topics.

        Args:
            plan: From `plan`.
            words: Length to keep to; several questions in one message share a little more.
            skip_short: Briefs whose short answer a correction already gives.
        """
        alone = len(plan.topics) == 1
        drafts: list[Draft] = []
        for topic in plan.topics:
            if topic.brief is not None and (not alone or _needs_its_question(topic, skip_short)):
                drafts.append(Draft(topic.brief.title, Section.SHORT_ANSWER, StatementKind.META))
            each = words if alone else max(words // 2, _LEAST_EACH)
            drafts += self._compose(topic, words=each, alone=alone, skip_short=skip_short)
        return drafts

    def compose_with_model(
        self, plan: Plan, *, words: int = _WORDS, skip_short: frozenset[str] = frozenset(), private: bool = True
    ) -> tuple[list[Draft], tuple[Withheld, ...]]:
        """Compose with the chat model where one is configured, and as `compose` does where it fails.

        Several questions in one message, and questions that lean on a registered claim, get the corpus's
        own words.

        Args:
            plan: From `plan`.
            words: As for `compose`.
            skip_short: As for `compose`.
            private: Send nothing anywhere, because somebody may be in danger.

        Returns:
            The drafts, and what the model wrote that is withheld.
        """
        plain = self.compose(plan, words=words, skip_short=skip_short)
        if private or self._composer is None or len(plan.topics) != 1 or skip_short:
            return plain, ()
        topic = plan.topics[0]
        written = self._composer.write(topic.query, self._material(topic, plain))
        if written.drafts is None:
            return plain, written.withheld
        care = [draft for draft in plain if draft.section is Section.ABOUT_YOU]
        drafts = list(written.drafts)
        if topic.brief is not None:
            drafts += compose.with_other_sides(topic.brief, drafts, self._library.conditions.contradictions)
        return [*drafts, *care], written.withheld

    def _material(self, topic: Topic, plain: Sequence[Draft]) -> list[Passage]:
        """Return the passages a model may use: those the answer without a model cites, then the best found."""
        found = [hit.id for hit in topic.found.passages[:_MOST_PASSAGES]]
        cited = [passage for draft in plain for passage in draft.passages]
        ids = list(dict.fromkeys([*cited, *found]))[:_MOST_PASSAGES]
        return [self._library.passages[passage] for passage in ids]

    def _topics(self, understood: Understood, found: Sequence[Found], *, single: bool) -> list[Topic]:
        """Return the questions to answer: the medicines named, the parts of the message, or the whole."""
        promoted = self._medicine_topics(understood, found[0])
        parts = [] if single or len(found) == 1 else self._part_topics(understood, found)
        taken = {topic.brief.id for topic in promoted if topic.brief}
        topics = promoted + [topic for topic in parts if topic.brief and topic.brief.id not in taken]
        if len(parts) < 2 and not promoted:
            topics = [self._whole_topic(understood, found)]
        return topics[:_MOST_TOPICS]

    def _whole_topic(self, understood: Understood, found: Sequence[Found]) -> Topic:
        """Return the whole message as one question, or its clearest part where that is far clearer."""
        best = max(range(len(found)), key=lambda i: (_clarity(found[i]) - (0.08 if i else 0.0), -i))
        brief = self._library.briefs[found[best].briefs[0].id] if found[best].briefs else None
        wording = understood.parts[best - 1] if best else understood.queries[0]
        return Topic(understood.queries[best], wording, found[best], brief)

    def _medicine_topics(self, understood: Understood, found: Found) -> list[Topic]:
        """Return a topic for each medicine asked about with kratom whose brief was found."""
        if not understood.mixing or not found.briefs:
            return []
        ranked = [hit.id for hit in found.briefs[:_PROMOTED_RANK]]
        topics: dict[str, Topic] = {}
        for mention in understood.mentions:
            brief_id = mention.medicine.brief
            if mention.medicine.group == KRATOM or brief_id is None or brief_id in topics:
                continue
            if brief_id in ranked or len(understood.mentions) <= 3:
                topics[brief_id] = Topic(
                    understood.queries[0],
                    mention.medicine.name,
                    found,
                    self._library.briefs[brief_id],
                    mention,
                )
        return list(topics.values())

    def _part_topics(self, understood: Understood, found: Sequence[Found]) -> list[Topic]:
        topics: dict[str, Topic] = {}
        for part, query, result in zip(understood.parts, understood.queries[1:], found[1:], strict=True):
            if not result.briefs or _clarity(result) < _CLEAR_MATCH or len(content_terms(part)) < _OWN_WORDS:
                continue
            brief = self._library.briefs[result.briefs[0].id]
            topics.setdefault(brief.id, Topic(query, part, result, brief))
        return list(topics.values())

    def _compose(self, topic: Topic, *, words: int, alone: bool, skip_short: frozenset[str]) -> list[Draft]:
        """Compose one question; several in one message each get a shorter answer."""
        brief = topic.brief
        if brief is None or self._passages_lead(topic):
            return self._extract(topic, words=words)
        relevance = self._relevance.to(topic.query)
        short = [] if brief.id in skip_short else compose.short_answer(brief)
        care = compose.about_you(brief, relevance, most=2 if alone else 1)
        open_points = compose.unknowns(brief, relevance, words=30) if alone else []
        left = words - compose.words_in([*short, *care, *open_points])
        shown = compose.evidence(brief, relevance, words=left, least=2 if alone else 1)
        if alone:
            shown += compose.with_other_sides(
                brief, [*short, *shown, *open_points], self._library.conditions.contradictions
            )
        return [*short, *shown, *open_points, *care]

    def _passages_lead(self, topic: Topic) -> bool:
        """Tell whether a passage answers what even the best brief does not."""
        if topic.medicine is not None or not topic.found.passages:
            return False
        best, brief = topic.found.passages[0], topic.found.briefs[0]
        return best.dense >= _CLEAR_MATCH and best.dense > brief.dense + _PASSAGE_LEAD

    def _extract(self, topic: Topic, *, words: int) -> list[Draft]:
        hits: Sequence[Hit] = [hit for hit in topic.found.passages if hit.dense >= topic.found.passages[0].dense - 0.15]
        passages = [self._library.passages[hit.id] for hit in hits]
        scores = self._sentence_scores(topic.query, [passage.id for passage in passages])
        drafts = compose.from_passages(passages, scores, words=words - 40)
        if topic.brief is not None:
            drafts += compose.about_you(topic.brief, self._relevance.to(topic.query), most=2)
        return drafts

    def _sentence_scores(self, query: str, passage_ids: Sequence[str]) -> dict[str, list[float]]:
        vectors = self._searcher.sentence_vectors(passage_ids)
        relevance = self._relevance.to(query)
        question = self._searcher.embed([query])[0] if vectors and self._searcher.embed is not None else None
        scores: dict[str, list[float]] = {}
        for passage_id in passage_ids:
            sentences = split_sentences(self._library.passages[passage_id].text)
            words = [0.3 * relevance(sentence) for sentence in sentences]
            if question is not None and passage_id in vectors:
                meaning = vectors[passage_id] @ question
                words = [word + 0.7 * float(value) for word, value in zip(words, meaning, strict=False)]
            scores[passage_id] = words
        return scores


def _needs_its_question(topic: Topic, skip_short: frozenset[str]) -> bool:
    """Tell whether a brief's answer begins with a yes or no to a question other than the one asked."""
    brief = topic.brief
    if brief is None or brief.id in skip_short or not brief.short_answer:
        return False
    opening = brief.short_answer[0].sentences[0].text
    asked, answered = (set(content_terms(text)) for text in (topic.wording, brief.title))
    return bool(_VERDICT_OPENER.match(opening)) and asked != answered


def _clarity(found: Found) -> float:
    """Return how clearly a search matched: the best cosine, or a guess from words without the model."""
    if not found.briefs:
        return 0.0
    best = found.briefs[0]
    return best.dense if best.dense > 0 else min(best.lexical / 12.0, 1.0)


def _uncovered(understood: Understood) -> tuple[Mention, ...]:
    """Return medicines that are asked about with kratom and that nothing in the corpus speaks of."""
    return tuple(
        mention
        for mention in understood.mentions
        if understood.mixing
        and mention.medicine.group != KRATOM
        and mention.medicine.brief is None
        and not mention.medicine.notes
    )
