"""What a chat model is told: the rules, the passages as numbered data, and the question.

The wording stands in `corpus/messages-model.yaml`. Only the stand-alone question and
passages of the corpus are ever put into a prompt; nothing else of a conversation is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.library.reading import parse_yaml, read_text
from rag.records import Passage, Section

FILE = "messages-model.yaml"
_FENCE = re.compile(r"<{2,}|>{2,}")


@dataclass(frozen=True)
class PromptText:
    """The wording of prompts.

    Attributes:
        system: The rules.
        question: How the question is given, with `{question}`.
        passage: How a passage is given, with `{number}`, `{heading}` and `{text}`.
        headings: What a model may head a section with.
    """

    system: str
    question: str
    passage: str
    headings: Mapping[str, Section]

    def user(self, question: str, passages: Sequence[Passage]) -> str:
        """Return the passages, numbered from 1, and the question, each between its delimiters."""
        parts = [
            self.passage.format(number=number, heading=_unfenced(passage.heading), text=_unfenced(passage.text))
            for number, passage in enumerate(passages, 1)
        ]
        return "\n".join([*parts, self.question.format(question=_unfenced(question))])


def read_prompt(corpus_dir: Path) -> PromptText:
    """Read the wording of prompts.

    Raises:
        UnreadableError: the file is missing or not YAML.
        KeyError: a text is missing.
    """
    tree = parse_yaml(read_text(corpus_dir / FILE), FILE)
    headings = {name.lower(): Section(section) for section, names in tree["headings"].items() for name in names}
    return PromptText(tree["system"], tree["question"], tree["passage"], headings)


def _unfenced(text: str) -> str:
    """Take delimiters out of data, so that data cannot end its own block."""
    return _FENCE.sub(" ", text)
