"""Judge: a language model's opinion on faithfulness and helpfulness. Advice, never a gate.

    KRATOM_EVIDENCE_JUDGE_MODEL=openai:gpt-4o kratom-evidence eval judge --limit 50
    inspect eval eval/judge.py

Runs only with a model configured, and only when it is named. Each reply is judged three
times; the spread of the runs is reported with the figures, and judgements that fail are
counted and left out. The questions and replies are sent to that model and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from eval.cases import Case
from eval.grounding import read
from eval.scorers.judge import JUDGED, Judgement, judged, read_judgement
from eval.solver import ask_in_turn, suite_task
from eval.suites import Ask, Suite
from eval.targets import Reply, Target
from rag.errors import KratomEvidenceError

Judge = Callable[[str], str]

_PROMPT = Path(__file__).parent / "templates" / "judge.txt"
_MOST_ERROR_CHARS = 200


class JudgeSettings(BaseSettings):
    """Which model judges; from the environment, since a key goes with it."""

    model_config = SettingsConfigDict(env_prefix="KRATOM_EVIDENCE_JUDGE_", frozen=True, extra="ignore")

    model: str = Field("", description="Chat model that judges, as LangChain names it: openai:gpt-4o, ollama:llama3.")
    base_url: str | None = Field(None, description="Address of an OpenAI-compatible server for the judge.")
    runs: int = Field(3, ge=1, le=9, description="How often each reply is judged.")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for one judgement.")


class JudgeUnavailableError(KratomEvidenceError):
    """No model is configured to judge, or it cannot be opened."""


@dataclass(frozen=True)
class JudgeSuite(Suite):
    """A suite that cannot be loaded before its model is ready, so that nothing is asked in vain."""

    def load(self, data: Path | None = None) -> tuple[Case, ...]:
        """Load the cases.

        Raises:
            JudgeUnavailableError: no model is configured, or it cannot be opened.
            CaseError: the data cannot be used.
        """
        if self.ask is _ask_configured:
            configured_judge()
        return super().load(data)


@cache
def configured_judge() -> tuple[Judge, int]:
    """Return the configured judge and how often it is asked.

    Raises:
        JudgeUnavailableError: none is configured, or it cannot be opened.
    """
    settings = JudgeSettings()
    if not settings.model:
        raise JudgeUnavailableError(
            "No model is configured to judge, so the suite 'judge' cannot run. Set KRATOM_EVIDENCE_JUDGE_MODEL, "
            "such as openai:gpt-4o, and the key of its provider; or leave the suite out: no gate needs it."
        )
    address: dict[str, Any] = {"base_url": settings.base_url} if settings.base_url else {}
    try:
        from langchain.chat_models import init_chat_model

        model = init_chat_model(settings.model, temperature=0, timeout=settings.timeout, max_retries=1, **address)
    except Exception as error:  # a missing package, name or key; each provider throws its own kind
        raise JudgeUnavailableError(
            f"The judge {settings.model!r} cannot be opened ({type(error).__name__}). Install LangChain's package "
            "for its provider, set the provider's key, and check the name in KRATOM_EVIDENCE_JUDGE_MODEL."
        ) from error
    return lambda prompt: str(model.invoke(prompt).text), settings.runs


def asking(judge: Judge, runs: int) -> Ask:
    """Return a way of asking that has every last reply judged `runs` times."""

    def ask(case: Case, target: Target) -> Sequence[Reply]:
        replies = list(ask_in_turn(case, target))
        if replies and not replies[-1].error:
            last = replies[-1]
            prompt = prompt_for(case.question, last)
            found = [_judge_once(judge, prompt, last).model_dump() for _ in range(runs)]
            replies[-1] = last.model_copy(update={"trace": {**last.trace, JUDGED: found}})
        return replies

    return ask


def prompt_for(question: str, reply: Reply) -> str:
    """Write what the judge reads; the fence is made from the material, so the material cannot contain it."""
    sentences = "\n".join(f"{number}. {sentence.text}" for number, sentence in enumerate(reply.sentences, 1))
    passages = dict.fromkeys(cite.passage for cite in reply.citations if cite.passage)
    parts = {
        "question": question,
        "sentences": sentences or reply.text,
        "passages": "\n\n".join(passages) or "none",
    }
    fence = "=" * 8 + hashlib.sha256("\0".join(parts.values()).encode("utf-8", "replace")).hexdigest()[:16]
    # Split at the fields rather than replaced one by one: a reply may contain the name of a field.
    before, rest = _PROMPT.read_text(encoding="utf-8").replace("{fence}", fence).split("{question}")
    between, rest = rest.split("{sentences}")
    last, after = rest.split("{passages}")
    return "".join((before, parts["question"], between, parts["sentences"], last, parts["passages"], after))


def _judge_once(judge: Judge, prompt: str, reply: Reply) -> Judgement:
    try:
        return read_judgement(judge(prompt), reply)
    except Exception as error:  # whatever a provider throws is one failed judgement
        return Judgement(error=f"the judge failed: {type(error).__name__}"[:_MOST_ERROR_CHARS])


def _ask_configured(case: Case, target: Target) -> Sequence[Reply]:
    judge, runs = configured_judge()
    return asking(judge, runs)(case, target)


SUITE = JudgeSuite(
    name="judge",
    title="Another language model's opinion",
    files=("retrieval.jsonl",),
    schema="grounding",
    scorers=(judged,),
    read=read,
    ask=_ask_configured,
    default=False,
)


@task
def judge(data: str = "", split: str = "test", target: str = "product") -> Task:
    """Faithfulness and helpfulness, three runs each, with their spread and errors."""
    return suite_task(SUITE, data=data, split=split, target=target)
