"""The shipped topology holds when parts of it die: no wrong answer, no lost hand-over, and it mends by itself.

The tests of this file build on each other and run in this order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import chromadb
import httpx
import pytest

from rag.assembly import extra_texts
from rag.library import Library
from rag.retrieval.build import build_index
from rag.server.handover import verify_signature
from rag.settings import Settings
from tests.server.receiver import Receiver, receiving

from .processes import ORIGIN, SECRET, Topology, until

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None,
    reason="nginx is not installed; 'apt-get install nginx-light' (or your system's package) lets these tests run",
)

QUESTIONS = (
    "Is kratom safer than antidepressants?",
    "Can I take kratom with Zoloft?",
    "What does kratom withdrawal feel like?",
    "What is mitragynine?",
    "Has kratom been tested for depression in a trial?",
)
CLICKS = count()


@pytest.fixture(scope="module")
def desk() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def topology(library: Library, desk: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    build_index(library, Settings(), extra=extra_texts(library))
    made = Topology(tmp_path_factory.mktemp("topology"), Settings().index_dir, desk.url)
    try:
        made.start("chroma")
        made.wait("chroma", "/api/v2/heartbeat", 60)
        fill(made, library)
        for name in ("one", "two", "nginx"):
            made.start(name)
        for name in ("one", "two", "nginx"):
            made.wait(name, "/readyz", 300)
        yield made
    finally:
        made.stop()


def fill(topology: Topology, library: Library) -> None:
    """Fill the Chroma server, as the service `index` of the compose file does."""
    settings = Settings(chroma_url=topology.url("chroma"), index_dir=topology.folder / "index")
    info = build_index(library, settings, extra=extra_texts(library))
    server = chromadb.HttpClient(port=topology.ports["chroma"])
    found = {collection.name for collection in server.list_collections()}
    assert {f"kratom-evidence-{info.key}-{group}" for group in ("passages", "asks")} <= found


@pytest.fixture(scope="module")
def client(topology: Topology) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=topology.url("nginx"), headers={"Origin": ORIGIN}, timeout=30, trust_env=False) as made:
        yield made


@pytest.fixture(scope="module")
def known(topology: Topology, client: httpx.Client) -> dict[str, Any]:
    """What each question is answered with while everything is well."""
    return {question: content(ask(client, question)) for question in QUESTIONS}


def ask(client: httpx.Client, question: str, before: dict[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"question": question}
    if before is not None:
        body |= {"history": before["turns"], "conversation": before["conversation"]}
    answer = client.post("/v1/chat", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def content(reply: dict[str, Any]) -> dict[str, Any]:
    return {name: reply[name] for name in ("behaviour", "text", "statements", "citations", "fingerprint")}


def hand_over(client: httpx.Client, reply: dict[str, Any]) -> dict[str, Any]:
    body = {"preview": False, "consent": True, "history": reply["turns"], "conversation": reply["conversation"]}
    answer = client.post("/v1/handover", json=body, headers={"Idempotency-Key": f"one-click-{next(CLICKS)}"})
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def test_both_replicas_are_asked_and_agree(topology: Topology, known: dict[str, Any]):
    for name in ("one", "two"):
        with httpx.Client(base_url=topology.url(name), headers={"Origin": ORIGIN}, trust_env=False) as direct:
            assert content(ask(direct, QUESTIONS[0])) == known[QUESTIONS[0]]
        assert "route=/v1/chat" in topology.log(name)


def test_a_conversation_goes_on_whichever_replica_answers(client: httpx.Client, known: dict[str, Any]):
    with ThreadPoolExecutor(6) as pool:
        first = list(pool.map(lambda _: ask(client, QUESTIONS[1]), range(6)))
        list(pool.map(lambda reply: ask(client, "Why is that?", reply), first))


def test_the_proxy_streams_and_hides_what_is_for_operators(client: httpx.Client):
    headers = {"Accept": "text/event-stream"}
    with client.stream("POST", "/v1/chat", json={"question": QUESTIONS[0]}, headers=headers) as answer:
        events = [line for line in answer.iter_lines() if line.startswith("event:")]
    assert events[-1] == "event: done" and "event: statement" in events
    assert client.get("/metrics").status_code == 404
    assert client.post("/v1/chat", content=b"x" * 3_000_000).status_code == 413
    # An address that a visitor makes up is replaced, so it counts as this machine's by nobody.
    forged = client.get("/v1/sources", headers={"X-Forwarded-For": "127.0.0.1", "Origin": "https://evil.example"})
    assert forged.status_code == 403


def test_chroma_gone_is_said_and_it_comes_back_by_itself(
    topology: Topology, client: httpx.Client, known: dict[str, Any]
):
    assert ask(client, QUESTIONS[3])["degraded"] == ask(client, QUESTIONS[3])["degraded"] == []
    topology.kill("chroma")
    reply = ask(client, QUESTIONS[3])
    assert "store-unreachable" in [notice["id"] for notice in reply["degraded"]]
    for question in QUESTIONS:
        assert content(ask(client, question)) == known[question], "exact search gives the same answers"
    topology.start("chroma")
    topology.wait("chroma", "/api/v2/heartbeat", 60)

    def is_whole() -> bool:
        return not ask(client, QUESTIONS[3])["degraded"]

    until(is_whole, 30)


def test_a_replica_killed_under_load_costs_no_answer_and_no_hand_over(
    topology: Topology, client: httpx.Client, known: dict[str, Any], desk: Receiver
):
    before = len(desk.got)
    # The first replica is told to come back in a minute, which it does not live to see.
    desk.answers = [(503, {"Retry-After": "60"})]
    with httpx.Client(base_url=topology.url("one"), headers={"Origin": ORIGIN}, timeout=30, trust_env=False) as direct:
        left = hand_over(direct, ask(direct, QUESTIONS[0]))
    assert left["status"] == "queued"
    turn = count()

    def visit(number: int) -> str:
        if next(turn) == 12:
            topology.kill("one")
        question = QUESTIONS[number % len(QUESTIONS)]
        reply = ask(client, question)
        assert content(reply) == known[question]
        if number % 3:
            return ""
        told = hand_over(client, reply)
        assert told["status"] == "delivered"
        return str(told["reference"])

    with ThreadPoolExecutor(6) as pool:
        references = {reference for reference in pool.map(visit, range(36)) if reference}
    assert len(references) == 12
    until(lambda: not list((topology.folder / "outbox").iterdir()), 20)
    arrived = {got.headers["idempotency-key"] for got in desk.got[before + 1 :]}
    assert arrived == references | {left["reference"]}, "each has arrived, and nothing under another name"
    assert all(verify_signature(got.headers, got.body, SECRET) for got in desk.got[before:])
