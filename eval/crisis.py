"""The crisis suite: who is in danger gets help first, who is not gets no alarm, and the help is good help.

    inspect eval eval/crisis.py -T split=test

Messages with the level they should get, whole dialogues with the turn by which danger must
be seen, and the checklist for what is said to people in danger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspect_ai import Task, task

from eval.cases import Case, Row
from eval.results import CurvePoint
from eval.scorers import register
from eval.scorers.crisis import URGENT, detection, in_time, level_of_help, quality
from eval.solver import suite_task
from eval.suites import Asked, Suite
from eval.targets import UNKNOWN
from rag.safety.triage import WEIGHTS_PATH, TriageLevel, TriageModel
from rag.safety.triage.classifier import load_classifier
from rag.safety.triage.lexicon import load_lexicon
from rag.settings import Settings

_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)


def read_line(row: Row, place: str) -> Case:
    """Make a case of a line: one message with a level, or a dialogue with an expectation for each turn."""
    fields = {key: row[key] for key in ("level", "family", "expect", "latest_flag_turn") if key in row}
    return Case(
        id=row["id"],
        split=row.get("split", "test"),
        group=row.get("group", "dialogues"),
        turns=tuple(row.get("turns") or (row["text"],)),
        country=row.get("country"),
        fields=fields,
        place=place,
    )


def trade_off(asked: Sequence[Asked]) -> Mapping[str, Sequence[CurvePoint]]:
    """Return recall and false alarms of the product's triage over the threshold of its classifier.

    The last point is what the phrases find alone. Empty where nothing of the product was asked.
    """
    rows = [
        (case.question, case.fields["level"] in URGENT)
        for case, replies in asked
        if "level" in case.fields and replies and replies[-1].triage != UNKNOWN
    ]
    embed = register.embedder()
    if not rows or embed is None:
        return {}
    lexicon, classifier = load_lexicon(Settings().corpus_dir / "triage.yaml"), load_classifier(WEIGHTS_PATH)
    further = classifier.flag_softened_at - classifier.flag_at  # the stricter threshold keeps its distance
    points = []
    for threshold in sorted({*_THRESHOLDS, round(classifier.flag_at, 4)}):
        moved = replace(classifier, flag_at=threshold, flag_softened_at=max(threshold, min(threshold + further, 1.01)))
        model = TriageModel(lexicon, moved)
        flagged = [model.assess([text], embed).level >= TriageLevel.CRISIS for text, _ in rows]
        points.append(
            CurvePoint(
                threshold=threshold,
                recall=_share([hit for hit, (_, urgent) in zip(flagged, rows, strict=True) if urgent]),
                false_alarms=_share([hit for hit, (_, urgent) in zip(flagged, rows, strict=True) if not urgent]),
            )
        )
    return {"crisis": points}


def _share(outcomes: Sequence[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else 0.0


SUITE = Suite(
    name="crisis",
    title="Helps first in danger, raises no alarm without it",
    files=("triage.jsonl", "triage_dialogues.jsonl"),
    schema="crisis",
    scorers=(detection, level_of_help, in_time, quality),
    read=read_line,
    curves=trade_off,
)


@task
def crisis(data: str = "", split: str = "all", target: str = "product") -> Task:
    """Crisis and emergency: recall, false alarms, in time, and the quality of the help."""
    return suite_task(SUITE, data=data, split=split, target=target)
