"""Composes the evidence part of an answer from briefs and from passages, word for word.

Nothing here writes a sentence: a brief's sentences are reviewed, a passage's are
quoted. What is decided is which of them answer the question, and in what order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from rag.answering.citing import Draft
from rag.library.conditions import Contradiction
from rag.records import Brief, BriefPoint, Passage, Section, StatementKind
from rag.text import split_sentences

Relevance = Callable[[str], float]

_SHORT_SENTENCES = 3
_CARE_SENTENCES = 3
# A sentence that points back to one before it cannot be shown without it.
_LEANING = re.compile(
    r"^(?:it|its|they|their|them|he|his|she|her|this|that|these|those|such|both|others?|another|"
    r"however|also|the (?:same|authors?|"
    r"review|study|survey|report|researchers|writers|other|rest|group|page|trial|man|woman|men|women|"
    r"two|three|case)|but|and|so|"
    r"then|only|most|half|some|none|all)\b",
    re.I,
)
_LIMITING = re.compile(
    r"\b(?:cannot|can not|could not|not (?:show|prove|known|clear|enough|tested|possible|every)|"
    r"unclear|unknown|too (?:few|small|little)|"
    r"no (?:trial|control|comparison|study|proof)|did not (?:measure|test|compare|show|prove)|does "
    r"not (?:show|prove|mean|tell|say)|"
    r"small (?:study|number|group)|limited|low[- ]quality|one case|only a|not all users)\b",
    re.I,
)


def words_in(drafts: Iterable[Draft]) -> int:
    """Return the number of words in the drafts."""
    return sum(len(draft.text.split()) for draft in drafts)


def short_answer(brief: Brief) -> list[Draft]:
    """Return the short answer of a brief: at most three sentences."""
    drafts = _point_drafts(brief.short_answer, Section.SHORT_ANSWER)
    return [draft for draft in drafts if len(split_sentences(draft.text)) <= _SHORT_SENTENCES][:_SHORT_SENTENCES]


def evidence(brief: Brief, relevance: Relevance, *, words: int, least: int = 2) -> list[Draft]:
    """Return the points of a brief's evidence that matter to the question, in the brief's order.

    Args:
        brief: The brief.
        relevance: How much a text has to do with the question, 0 to 1.
        words: Length to keep to.
        least: Points to give even where they are longer than that.
    """
    return _chosen_points(brief.evidence, Section.EVIDENCE, relevance, words=words, least=least)


def unknowns(brief: Brief, relevance: Relevance, *, words: int) -> list[Draft]:
    """Return what a brief says is not known, most relevant first within `words`."""
    return _chosen_points(brief.unknowns, Section.UNKNOWN, relevance, words=words, least=1)


def about_you(brief: Brief, relevance: Relevance, *, most: int = _CARE_SENTENCES) -> list[Draft]:
    """Return the practical sentences of a brief, the first always and then the most relevant."""
    sentences = [s for point in brief.about_you for sentence in point.sentences for s in split_sentences(sentence.text)]
    marks = {
        s: sentence.passages
        for point in brief.about_you
        for sentence in point.sentences
        for s in split_sentences(sentence.text)
    }
    ranked = sorted(range(1, len(sentences)), key=lambda i: (-relevance(sentences[i]), i))[: most - 1]
    kept = [sentences[i] for i in sorted({0, *ranked}) if i < len(sentences)]
    return [Draft(text, Section.ABOUT_YOU, StatementKind.CARE, marks[text]) for text in kept]


def from_passages(
    passages: Sequence[Passage], relevance: Mapping[str, Sequence[float]], *, words: int, most: int = 3
) -> list[Draft]:
    """Return verbatim runs of sentences from passages, a finding with the sentence that limits it.

    Args:
        passages: Best first; at most one run is taken from each.
        relevance: Per passage id, how well each of its sentences answers the question.
        words: Length to keep to.
        most: At most so many passages.
    """
    drafts: list[Draft] = []
    for passage in passages[: most * 2]:
        run = _run(passage, relevance.get(passage.id, ()))
        if drafts and words_in([*drafts, *run]) > words:
            continue
        drafts.extend(run)
        if len({draft.passages for draft in drafts}) == most:
            break
    return drafts


def everything(brief: Brief) -> list[Draft]:
    """Return every sentence that a brief may be quoted with."""
    points = ((brief.short_answer, Section.SHORT_ANSWER), (brief.evidence, Section.EVIDENCE))
    drafts = [draft for part, section in points for draft in _point_drafts(part, section)]
    drafts += _point_drafts(brief.unknowns, Section.UNKNOWN)
    return [*drafts, *about_you(brief, no_preference, most=len(brief.about_you) * 4)]


def no_preference(_text: str) -> float:
    """Find every text equally relevant, so that a brief's own order decides."""
    return 0.0


def is_limiting(text: str) -> bool:
    """Tell whether a sentence says what its evidence cannot show."""
    return bool(_LIMITING.search(text))


def with_other_sides(brief: Brief, chosen: Sequence[Draft], contradictions: Sequence[Contradiction]) -> list[Draft]:
    """Return points of the brief that show the other side of what the chosen points show.

    Args:
        brief: The brief, which shows both sides as a whole.
        chosen: The drafts taken from it.
        contradictions: Known disagreements between sources.
    """
    added: list[BriefPoint] = []
    points = (*brief.evidence, *brief.unknowns)
    cited = {passage for draft in chosen for passage in draft.passages}
    for contradiction in contradictions:
        shown = [bool(cited.intersection(side.passages)) for side in contradiction.sides]
        if not any(shown):
            continue
        for side, is_shown in zip(contradiction.sides, shown, strict=True):
            point = None if is_shown else next((p for p in points if _cites(p, side.passages)), None)
            if point is not None and point not in added:
                added.append(point)
                cited.update(passage for sentence in point.sentences for passage in sentence.passages)
    return _point_drafts(added, Section.EVIDENCE)


def _cites(point: BriefPoint, passages: Sequence[str]) -> bool:
    return any(passage in passages for sentence in point.sentences for passage in sentence.passages)


def _run(passage: Passage, scores: Sequence[float]) -> list[Draft]:
    """Return the best sentence of a passage with the one it leans on and the one that limits it."""
    sentences = split_sentences(passage.text)
    best = max(range(len(sentences)), key=lambda i: (scores[i] if i < len(scores) else 0.0, -i))
    first = best
    while first > 0 and _LEANING.search(sentences[first]):
        first -= 1
    chosen = list(range(max(first, best - 2), best + 1))
    if first < chosen[0]:
        chosen = [first, best]
    limiting = next((i for i in range(best + 1, len(sentences)) if _LIMITING.search(sentences[i])), None)
    if limiting is not None and not any(_LIMITING.search(sentences[i]) for i in chosen):
        chosen.append(limiting)
    return [
        Draft(
            sentences[i],
            Section.EVIDENCE,
            StatementKind.FINDING,
            (passage.id,),
            joins=i != chosen[0],
            quote=sentences[i],
        )
        for i in chosen
    ]


def _chosen_points(
    points: Sequence[BriefPoint], section: Section, relevance: Relevance, *, words: int, least: int
) -> list[Draft]:
    """Return whole points, the most relevant first, until `words` are used."""

    def score(index: int) -> tuple[float, int]:
        text = " ".join(sentence.text for sentence in points[index].sentences)
        # A brief puts what matters most first; relevance has to outweigh that.
        return (-(relevance(text) - 0.04 * index), index)

    chosen: list[int] = []
    used = 0
    for index in sorted(range(len(points)), key=score):
        length = sum(len(sentence.text.split()) for sentence in points[index].sentences)
        if len(chosen) >= least and used + length > words:
            continue
        chosen.append(index)
        used += length
    return _point_drafts([points[index] for index in sorted(chosen)], section)


def _point_drafts(points: Iterable[BriefPoint], section: Section) -> list[Draft]:
    return [
        Draft(
            sentence.text,
            section,
            StatementKind.FINDING if sentence.passages else StatementKind.META,
            sentence.passages,
            joins=position > 0,
        )
        for point in points
        for position, sentence in enumerate(point.sentences)
    ]
