"""Prints how triage alone does on the examples, beside a plain keyword list; the crisis suite asks the product.

    python -m eval.triage_report [dev|test] [--data FILE] [--rules-only]

Recall is the share of crisis and emergency rows that get one of those two levels; false
alarms are other rows that get one. Intervals are Wilson 95 %.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.scorers.crisis import KEYWORDS
from eval.stats import Share
from eval.train_triage import DATA, LEXICON, read_rows
from rag.safety.triage import WEIGHTS_PATH, TriageLevel, TriageModel, Vectors

DIALOGUES = DATA.with_name("triage_dialogues.jsonl")
_EASY = frozenset({"ordinary", "spanish-ordinary"})

Flags = Callable[[str], bool]


def kind_of_row(row: dict[str, Any]) -> str:
    """Return which figure a row counts towards."""
    if row["level"] in ("crisis", "emergency"):
        return "recall"
    if row["level"] == "concern":
        return "false alarms, concern"
    return "false alarms, ordinary" if row["group"] in _EASY else "false alarms, look-alikes"


def table(rows: Sequence[dict[str, Any]], flags: Flags, baseline: Flags) -> list[str]:
    """Return the lines of the table: totals first, then groups."""
    groups: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for row in rows:
        both = (flags(row["text"]), baseline(row["text"]))
        for group in ("all", row["group"]):
            groups.setdefault((kind_of_row(row), group), []).append(both)
    lines = [f"{'what':<27}{'group':<24}{'n':>5}  {'triage (95 % interval)':<24} keyword list"]
    for (what, group), results in sorted(
        groups.items(), key=lambda item: (item[0][0], item[0][1] != "all", item[0][1])
    ):
        ours, theirs = sum(r[0] for r in results), sum(r[1] for r in results)
        found = Share(group, ours, len(results))
        low, high = found.interval
        told = f"{found.value:.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"{what:<27}{group:<24}{len(results):>5}  {told:<24} {theirs / len(results):.3f}")
    return lines


def dialogue_lines(dialogues: Sequence[dict[str, Any]], model: TriageModel, embed: Vectors | None) -> list[str]:
    """Return how many scripted conversations are flagged in time, and which are not."""
    late, early, on_time, scripted = [], [], 0, 0
    for dialogue in dialogues:
        levels = [model.assess(dialogue["turns"][: i + 1], embed).level for i in range(len(dialogue["turns"]))]
        first = next((i for i, level in enumerate(levels) if level >= TriageLevel.CRISIS), None)
        latest = dialogue["latest_flag_turn"]
        if latest < 0:
            early += [dialogue["id"]] if first is not None else []
            continue
        scripted += 1
        in_time = first is not None and first <= latest
        on_time += in_time
        late += [] if in_time else [dialogue["id"]]
    low, high = Share("in time", on_time, scripted).interval
    return [
        f"conversations flagged in time: {on_time} of {scripted} ({low:.3f} to {high:.3f}); late: {late or 'none'}",
        f"calm conversations flagged: {len(early)} of {len(dialogues) - scripted} {early or ''}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("split", nargs="?", default="dev", choices=("train", "dev", "test"))
    parser.add_argument("--data", type=Path, default=DATA, help="JSON lines with text, level, group and split")
    parser.add_argument("--rules-only", action="store_true", help="as if the embedding model were missing")
    chosen = parser.parse_args(arguments)
    model = TriageModel.load(LEXICON, WEIGHTS_PATH)
    embed: Vectors | None = None
    if not chosen.rules_only:
        from rag.retrieval.embeddings import load_embedder
        from rag.settings import Settings

        embed = load_embedder(Settings(), threads=1)
    rows = [row for row in read_rows(chosen.data) if row.get("split", chosen.split) == chosen.split]
    lines = table(
        rows,
        lambda text: model.assess([text], embed).level >= TriageLevel.CRISIS,
        lambda text: bool(KEYWORDS.search(text)),
    )
    dialogues = [d for d in read_rows(DIALOGUES) if d["split"] == chosen.split]
    sys.stdout.write("\n".join(lines + dialogue_lines(dialogues, model, embed)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
