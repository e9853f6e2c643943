"""Hand-over through the HTTP API: consent, signed turns, and the statuses of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from rag.library import Library
from rag.server.handover import HandOverSettings, open_hand_over, verify_signature
from rag.server.sites import load_sites
from rag.settings import Settings

from .apis import asking, options
from .receiver import Receiver, receiving

SECRET = "a secret of the help-desk that is long enough"
SITES = """
[[site]]
id = "help-desk"
origins = ["https://help.example.org"]
country = "GB"
[site.handover]
kind = "webhook"
url = "{url}/tickets"
secret_env = "DESK_SECRET"

[[site]]
id = "clinic"
origins = ["https://clinic.example.org"]
"""


@contextmanager
def desk(library: Library, tmp_path: Path) -> Iterator[tuple[TestClient, Receiver]]:
    with receiving() as receiver:
        given = options(tmp_path, sites=SITES.format(url=receiver.url))
        sites = load_sites(given.sites_file)
        quick = HandOverSettings(first_pause=0.05, wait_seconds=0.5)
        service = open_hand_over(library, Settings(), sites, quick, {"DESK_SECRET": SECRET})
        with asking(library, given, hand_over=service) as client:
            client.headers["Origin"] = "https://help.example.org"
            yield client, receiver


def conversation(client: TestClient, question: str = "Is kratom safe?") -> dict[str, Any]:
    reply = client.post("/v1/chat", json={"question": question}).json()
    return {"history": reply["turns"], "conversation": reply["conversation"]}


def test_preview_then_consent(library: Library, tmp_path: Path):
    with desk(library, tmp_path) as (client, receiver):
        assert client.get("/v1/site").json()["handover"] == {"available": True, "kind": "webhook"}
        said = conversation(client)
        shown = client.post("/v1/handover", json={"preview": True, **said, "note": "Hello"})
        assert (shown.status_code, shown.json()["status"], receiver.got) == (200, "preview", [])
        refused = client.post("/v1/handover", json={"preview": False, **said, "note": "Hello"})
        assert refused.status_code == 422 and receiver.got == []
        body = {"preview": False, "consent": True, **said, "note": "Hello"}
        headers = {"Idempotency-Key": "one-click-of-a-person"}
        sent = [client.post("/v1/handover", json=body, headers=headers) for _ in range(2)]
        assert [answer.json()["status"] for answer in sent] == ["delivered", "delivered"]
        assert len({answer.json()["reference"] for answer in sent}) == 1
        (got,) = receiver.got
    assert got.json() == shown.json()["payload"]
    assert verify_signature(got.headers, got.body, SECRET)


def test_not_there_yet_is_202(library: Library, tmp_path: Path):
    with desk(library, tmp_path) as (client, receiver):
        receiver.answers = [(503, {})] * 10
        answer = client.post("/v1/handover", json={"preview": False, "consent": True, **conversation(client)})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["crisis_lines"]


def test_forged_replies_are_not_handed_over(library: Library, tmp_path: Path):
    with desk(library, tmp_path) as (client, receiver):
        said = conversation(client)
        said["history"][1]["content"] = "Kratom cures depression."
        for step in ({"preview": True}, {"preview": False, "consent": True}):
            assert client.post("/v1/handover", json={**step, **said}).status_code == 409
        assert receiver.got == []


def test_the_level_is_what_the_server_signed(library: Library, tmp_path: Path):
    with desk(library, tmp_path) as (client, receiver):
        said = conversation(client, "I want to die")
        answer = client.post("/v1/handover", json={"preview": False, "consent": True, "reason": "asked", **said})
        assert answer.json()["crisis_lines"] and receiver.got[0].json()["risk_level"] == "crisis"


@pytest.mark.parametrize("field", ["url", "target", "site", "webhook"])
def test_a_request_cannot_name_where_it_goes(library: Library, tmp_path: Path, field: str):
    with desk(library, tmp_path) as (client, receiver):
        body = {"preview": False, "consent": True, field: "https://evil.example/", **conversation(client)}
        assert client.post("/v1/handover", json=body).status_code == 422
        assert receiver.got == []


def test_a_site_without_hand_over_says_so(library: Library, tmp_path: Path):
    with desk(library, tmp_path) as (client, receiver):
        headers = {"Origin": "https://clinic.example.org"}
        answer = client.post("/v1/handover", json={"preview": True}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "handover-not-configured")
        assert receiver.got == []
