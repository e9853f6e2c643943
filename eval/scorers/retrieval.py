"""Whether the search finds what answers a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eval.beir import measure_each
from eval.cases import Case
from eval.results import Mark
from eval.targets import Ranking, Reply

RANKING = "ranking"
_NEVER = 10_000
_MEASURES = {"nDCG@10": "ndcg_at_10", "R@10": "recall_at_10", "RR": "mrr"}


def found(case: Case, replies: Sequence[Reply]) -> Iterator[Mark]:
    """Score the ranking kept with the reply.

    `found_first` and `found_in_5` ask whether any of what answers comes up, in briefs or
    passages; a message with several questions counts when each of them is. The usual
    measures are given for briefs and for passages, for messages with one question.
    """
    ranking = Ranking.model_validate(replies[-1].trace[RANKING])
    relevant: Mapping[str, Any] = case.fields["relevant"]
    topics = relevant.get("topics")
    if topics:
        lists = range(len(ranking.briefs))
        rank = max(min(_rank(ranking, row, topic) for row in lists) for topic in topics)
    else:
        rank = _rank(ranking, 0, relevant)
    place = "not among those found" if rank == _NEVER else f"found at place {rank + 1}"
    yield Mark(metric="found_first", hits=int(rank == 0))
    yield Mark(metric="found_in_5", hits=int(rank < 5), why="" if rank < 5 else f"{place}: {_named(relevant)}")
    if not topics:
        yield from _measures("briefs", relevant.get("briefs", ()), ranking.briefs[0])
        yield from _measures("passages", relevant.get("passages", ()), ranking.passages[0])


def _measures(kind: str, relevant: Sequence[str], ranked: Sequence[str]) -> Iterator[Mark]:
    if not relevant:
        return
    judged = {"q": dict.fromkeys(relevant, 1)}
    run = {"q": {key: float(len(ranked) - place) for place, key in enumerate(ranked)}}
    for name, values in measure_each(judged, run, tuple(_MEASURES)).items():
        yield Mark(metric=f"{kind}_{_MEASURES[name]}", hits=values[0], unit="mean")


def _rank(ranking: Ranking, row: int, relevant: Mapping[str, Sequence[str]]) -> int:
    """Return the better of the places among briefs and among passages, from 0."""
    lists = ((ranking.briefs[row], relevant.get("briefs", ())), (ranking.passages[row], relevant.get("passages", ())))
    return min((place for ranked, wanted in lists for place, key in enumerate(ranked) if key in wanted), default=_NEVER)


def _named(relevant: Mapping[str, Any]) -> str:
    parts = relevant.get("topics", [relevant])
    return "; ".join(", ".join((*part.get("briefs", ()), *part.get("passages", ()))[:3]) for part in parts)
