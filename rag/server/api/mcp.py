"""The same assistant as two tools for MCP clients, over streamable HTTP at `/mcp`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field, StringConstraints, ValidationError
from starlette.routing import BaseRoute

from rag.records import CrisisLine
from rag.server.api.access import Caller
from rag.server.api.asking import Asked, whole_answer
from rag.server.api.context import Api
from rag.server.api.models import Country, ProblemBody, Request
from rag.server.api.openai import answer_text
from rag.server.api.problems import ProblemError, of_validation, remember_country
from rag.server.api.sources import search_reply
from rag.server.sessions import Turn

PATH = "/mcp"
_ASK = "ask_evidence"
_SEARCH = "search_evidence"


class AskArguments(Request):
    """A question to the assistant."""

    question: str = Field(max_length=20_000, description="The person's question in their own words, unchanged.")
    earlier: tuple[Annotated[str, StringConstraints(max_length=20_000)], ...] = Field(
        (), max_length=100, description="What the person wrote before in this conversation, oldest first."
    )
    country: Country | None = Field(None, description="Two letters, such as GB; whose crisis lines are shown.")


class SearchArguments(Request):
    """Words to search the evidence for."""

    query: str = Field(min_length=1, max_length=2000, description="Words or a question.")
    limit: int = Field(8, ge=1, le=20, description="At most so many passages.")
    country: Country | None = Field(None, description="Two letters, such as GB; whose crisis lines are shown.")


_READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_TOOLS = [
    types.Tool(
        name=_ASK,
        title="Ask about kratom and depression",
        description=(
            "Answers a question about kratom, depression and its treatment only from vetted evidence. Every finding is "
            "cited with the words that support it. Says when evidence is missing. Gives no dose and changes no "
            "prescription. When the person may be in danger, help comes first: show it to them before anything else. "
            "Pass on the wording as it is; it was checked sentence by sentence."
        ),
        input_schema=AskArguments.model_json_schema(),
        annotations=_READ_ONLY,
    ),
    types.Tool(
        name=_SEARCH,
        title="Search the evidence on kratom and depression",
        description=(
            "Finds passages of vetted sources and reviewed answers. It finds; it does not judge whether they answer a "
            "question. Cite a passage by its id and quote it word for word."
        ),
        input_schema=SearchArguments.model_json_schema(),
        annotations=_READ_ONLY,
    ),
]


class McpEndpoint:
    """The MCP server; `routes` go into the application, `running` around its life.

    Args:
        api: The parts that answer.
        name: Name of the assistant.
        version: Of this package.
    """

    def __init__(self, api: Api, *, name: str, version: str) -> None:
        self._api = api
        self._tools: dict[str, Callable[[Caller, dict[str, Any]], Awaitable[types.CallToolResult]]] = {
            _ASK: self._ask,
            _SEARCH: self._search,
        }
        server: Server[Any] = Server(
            "kratom-evidence", title=name, version=version, on_list_tools=_list_tools, on_call_tool=self._call
        )
        # Every request stands for itself, so any replica can answer it. The gate has checked
        # host and origin already.
        application = server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self.routes: list[BaseRoute] = list(application.routes)
        self._manager = server.session_manager

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return what must be open while requests come."""
        return self._manager.run()

    async def _call(self, context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        state = context.request.scope["state"]
        arguments = dict(params.arguments or {})
        remember_country(context.request, arguments)
        try:
            if params.name not in self._tools:
                raise ProblemError("not-found")
            return await self._tools[params.name](state["caller"], arguments)
        except ValidationError as error:
            problem = of_validation([dict(item) for item in error.errors()])
        except ProblemError as error:
            problem = error
        return _failure(self._api.problems.body(problem, state["request_id"], state.get("country")))

    async def _ask(self, caller: Caller, arguments: dict[str, Any]) -> types.CallToolResult:
        asked = AskArguments.model_validate(arguments)
        await self._count(caller, "ask")
        country = self._api.country(asked.country, caller.site)
        history = tuple(Turn(role="user", content=text) for text in asked.earlier)
        answer = await whole_answer(self._api, Asked("mcp", caller.site, asked.question, country, history))
        return _result(answer_text(self._api, answer), answer.model_dump(mode="json", exclude={"trace"}))

    async def _search(self, caller: Caller, arguments: dict[str, Any]) -> types.CallToolResult:
        asked = SearchArguments.model_validate(arguments)
        await self._count(caller, "read")
        country = self._api.country(asked.country, caller.site)
        found = await search_reply(self._api, asked.query, asked.limit, country)
        parts = [f"[{p.passage_id}] {p.heading}: {p.text} ({p.source.title}. {p.source.url})" for p in found.passages]
        if found.crisis_lines:
            help_first = [self._api.library.messages.text("page.help.lead")]
            help_first += [_line(line) for line in found.crisis_lines]
            parts.insert(0, "\n".join(help_first))
        return _result("\n\n".join(parts), found.model_dump(mode="json"))

    async def _count(self, caller: Caller, kind: str) -> None:
        wait = await self._api.limits.wait_for(*self._api.access.rates(caller, kind))
        if wait:
            self._api.metrics.refusal("mcp", "rate-limited")
            raise ProblemError("rate-limited", retry_after=wait)


async def _list_tools(_context: Any, _params: object) -> types.ListToolsResult:
    return types.ListToolsResult(tools=_TOOLS)


def _result(text: str, structured: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], structured_content=structured)


def _failure(problem: ProblemBody) -> types.CallToolResult:
    wrong = [f"{error.field}: {error.message}" for error in problem.errors]
    shown = [f"{problem.title}. {problem.detail}", *wrong, *filter(None, [problem.help])]
    text = "\n".join([*shown, *map(_line, problem.crisis_lines)])
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, structured_content=problem.model_dump(mode="json"), is_error=True)


def _line(line: CrisisLine) -> str:
    return f"{line.name}: {line.phone or line.text or line.web}"
