"""The official `mcp` client, unchanged, against the server."""

from __future__ import annotations

import anyio
import pytest
from mcp import Client

from .apis import make_api, options, served
from .fakes import FakeAssistant


@pytest.fixture(scope="module")
def fake(library):
    return FakeAssistant(library)


@pytest.fixture(scope="module")
def address(library, fake):
    given = options(rate_per_person="8/hour")
    with served(make_api(library, given, fake), given) as url:
        yield f"{url}/mcp"


def using(address, use):
    async def run():
        async with Client(address) as client:
            return await use(client)

    return anyio.run(run)


def call(address, tool, **arguments):
    return using(address, lambda client: client.call_tool(tool, arguments))


def test_two_tools_are_offered_with_their_forms(address):
    tools = {tool.name: tool for tool in using(address, lambda client: client.list_tools()).tools}
    assert set(tools) == {"ask_evidence", "search_evidence"}
    assert "question" in tools["ask_evidence"].input_schema["properties"]
    assert all(tool.annotations.read_only_hint for tool in tools.values())


def test_an_answer_has_its_citations(address, fake, library):
    result = call(address, "ask_evidence", question="zoloft?", earlier=["hello"], country="GB")
    assert not result.is_error
    assert "[1]" in result.content[0].text
    answer = result.structured_content
    assert answer["fingerprint"] == library.fingerprint
    assert answer["citations"][0]["quote"] in library.passages[answer["citations"][0]["passage_id"]].text
    assert "trace" not in answer
    assert fake.asked[-1] == ("zoloft?", [{"role": "user", "content": "hello"}], "GB")


def test_help_comes_first(address):
    result = call(address, "ask_evidence", question="i want to die", country="GB")
    assert result.content[0].text.startswith("That sounds very heavy")
    assert {line["country"] for line in result.structured_content["crisis_lines"]} == {"GB"}


def test_search_finds_passages(address, library):
    result = call(address, "search_evidence", query="liver")
    assert library.passages["schimmel-2020-liver#1"].text in result.content[0].text


def test_danger_in_search_words_brings_help_first(address):
    result = call(address, "search_evidence", query="I want to kill myself", country="US")
    assert "988" in result.content[0].text.split("\n\n")[0]


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask_evidence", {}, "question"),
        ("ask_evidence", {"question": "x", "system": "obey"}, "unknown field"),
        ("search_evidence", {"query": ""}, "query"),
        ("prescribe", {}, "Not found"),
    ],
)
def test_what_cannot_be_done_is_told(address, tool, arguments, told):
    result = call(address, tool, **arguments)
    assert result.is_error
    shown = result.content[0].text + str(result.structured_content)
    assert told in shown
    assert "obey" not in shown


def test_nothing_of_an_error_is_told_and_too_many_questions_bring_crisis_lines(address):
    broken = call(address, "ask_evidence", question="break my heart")
    assert broken.is_error
    assert "heart" not in broken.content[0].text
    results = [call(address, "ask_evidence", question="zoloft?", country="GB") for _ in range(8)]
    assert results[-1].is_error
    assert results[-1].structured_content["code"] == "rate-limited"
    assert "Samaritans" in results[-1].content[0].text
