"""A chat model that replies what a case says: honest sentences with hostile ones among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

_INVENTED = 97
_PIECE = 17


class ScriptedModel(BaseChatModel):
    """Streams a fixed reply in small pieces, cut anywhere, as a real model does.

    Attributes:
        reply: What it always replies.
    """

    reply: str

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=self.reply))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for start in range(0, len(self.reply), _PIECE):
            yield ChatGenerationChunk(message=AIMessageChunk(content=self.reply[start : start + _PIECE]))


def scripted_reply(sentences: Sequence[Mapping[str, str]], passages: Sequence[str]) -> str:
    """Return the reply of a case: each sentence on its line, with the number of the passage it cites.

    Args:
        sentences: The sentences of the case.
        passages: The ids of its passages, in the order in which the model is given them.
    """
    lines = ["SHORT ANSWER"]
    for position, sentence in enumerate(sentences):
        passage = sentence.get("passage")
        number = passages.index(passage) + 1 if passage in passages else _INVENTED
        lines += ["EVIDENCE"] if position == len(sentences) // 2 else []
        lines.append(f"{sentence['text']} [{number}]")
    return "\n".join(lines)
