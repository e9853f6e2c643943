"""The example help-desk in a real browser, with the application as it is served, around a fake assistant."""

from __future__ import annotations

import gc
import hashlib
import hmac
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from server.fakes import HOSTILE, FakeAssistant
from server.widget_stub import free_port, host_app, serving
from starlette.applications import Starlette

from rag.server import create_app
from rag.server.handover import open_hand_over, verify_signature
from rag.server.options import ServerSettings
from rag.server.sites import load_sites
from rag.settings import Settings

FOLDER = Path(__file__).parents[2] / "examples" / "help-desk"
SECRET = "a secret of the tests that is long enough"
PACKAGE = {
    "version": 1,
    "site": "help-desk",
    "reason": "asked",
    "risk_level": "concern",
    "country": "US",
    "contact": HOSTILE,
    "note": HOSTILE,
    "context": {HOSTILE: HOSTILE},
    "conversation": [{"role": "user", "text": HOSTILE, "citations": []}],
    "sources": [{"title": HOSTILE, "url": "javascript:window.hacked=1", "kind": "x", "year": 1, "passages": []}],
}


def load(name: str) -> ModuleType:
    """Import a file of the example as it imports its neighbours."""
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(FOLDER))


desk_module = load("desk")
run_module = load("run")


@dataclass
class Place:
    """The help-desk, the assistant it embeds, and a page that may not."""

    desk: str
    assistant: str
    stranger: str
    app: Starlette


@pytest.fixture(scope="module")
def place(library, tmp_path_factory) -> Iterator[Place]:
    ports = [free_port() for _ in range(3)]
    desk, assistant, stranger = (f"http://127.0.0.1:{port}" for port in ports)
    sites = tmp_path_factory.mktemp("sites") / "sites.toml"
    sites.write_text(run_module.sites_for(ports[0]), encoding="utf-8")
    app = desk_module.create_desk(assistant, SECRET)
    served = assistant_app(library, sites)
    with serving(app, ports[0]), serving(served, ports[1]), serving(host_app(assistant), ports[2]):
        yield Place(desk, assistant, stranger, app)


def assistant_app(library, sites: Path) -> FastAPI:
    settings, options = Settings(country="US"), ServerSettings(sites_file=sites, conversation_secret=SECRET)
    service = open_hand_over(library, settings, load_sites(sites), environ={"HELP_DESK_SECRET": SECRET})
    with warnings.catch_warnings():
        # Gradio makes event loops while it builds a page and leaves them to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        app = create_app(FakeAssistant(library), settings, library, options=options, hand_over=service)
        gc.collect()
    return app


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 820})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    opened.on("console", lambda said: opened.problems.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()


def ask(page: Page, question: str) -> None:
    before = page.locator("article.turn").count()
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    expect(page.locator("article.turn")).to_have_count(before + 1)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_from_a_question_to_a_ticket(place: Place, page: Page, library):
    page.goto(place.desk)
    page.get_by_role("button", name="Ask about kratom or depression").click()
    expect(page.locator(".greeting")).to_contain_text("or talk to us")
    ask(page, "is kratom safer?")
    page.locator(".cite").first.click()
    quoted = page.locator(".card.chosen mark").inner_text()
    assert any(quoted in passage.text for passage in library.passages.values())
    page.keyboard.press("Escape")
    ask(page, "can i take it with zoloft")
    expect(page.locator(".mentions")).to_contain_text("sertraline")
    ask(page, "I just want to die")
    expect(page.locator('.pinned a[href="tel:988"]')).to_be_visible()
    page.locator(".offer button").last.click()
    page.locator("#contact").fill("me@example.org")
    page.get_by_role("button", name="Show what will be sent").click()
    expect(page.locator(".payload")).to_contain_text("can i take it with zoloft")
    assert place.app.state.desk.tickets == {}
    page.get_by_role("button", name="Send this").click()
    expect(page.locator(".outcome")).to_contain_text("Sent.")
    assert page.problems == []

    page.goto(f"{place.desk}/tickets")
    ticket = page.locator("article.ticket.crisis")
    for told in ("is kratom safer?", "can i take it with zoloft", "me@example.org", "Help page"):
        expect(ticket).to_contain_text(told)
    expect(ticket.locator(".turn.assistant")).to_have_count(3)
    links = [link.get_attribute("href") for link in ticket.get_by_role("link").all()]
    assert links and set(links) <= {source.url for source in library.sources.values()}
    assert page.problems == []


def test_the_frame_answers_too(place: Place, page: Page):
    page.goto(f"{place.desk}/frame")
    frame = page.frame_locator("iframe")
    expect(frame.locator(".greeting")).to_contain_text("or talk to us")
    frame.locator("#question").fill("he won't wake up")
    frame.locator("#question").press("Enter")
    expect(frame.locator('.pinned.urgent a[href="tel:911"]')).to_be_visible()
    assert page.problems == []


def test_a_page_that_is_not_listed_is_refused_and_shows_help(place: Place, page: Page):
    page.goto(f"{place.stranger}/?element=<kratom-evidence site='help-desk'></kratom-evidence>")
    page.get_by_role("button", name="Ask about kratom or depression").click()
    expect(page.locator('.failed a[href="tel:988"]').first).to_be_visible()
    page.goto(f"{place.stranger}/?element=<iframe src='{place.assistant}/embed?site=help-desk'></iframe>")
    page.wait_for_timeout(500)
    assert page.frame_locator("iframe").locator("kratom-evidence").count() == 0


def test_what_a_ticket_holds_is_shown_and_never_run(place: Place, page: Page):
    assert post(place, PACKAGE, "h_hostile").status_code == 200
    page.goto(f"{place.desk}/tickets")
    expect(page.locator("article.ticket.concern")).to_contain_text("onerror")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0
    place.app.state.desk.tickets.pop("h_hostile")


def headers(body: bytes, reference: str, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "X-Kratom-Evidence-Timestamp": timestamp,
        "X-Kratom-Evidence-Signature": f"v1={digest}",
        "Idempotency-Key": reference,
    }


def post(place: Place, package: object, reference: str, **values) -> httpx.Response:
    body = json.dumps(package).encode()
    sent = headers(body, reference, **values)
    assert verify_signature(sent, body, SECRET) or values  # the form that the assistant itself uses
    return httpx.post(f"{place.desk}/webhook", content=body, headers=sent)


def test_a_webhook_is_taken_in_once(place: Place):
    tickets = place.app.state.desk.tickets
    for _ in range(2):
        assert post(place, PACKAGE, "h_twice").status_code == 200
    assert [reference for reference in tickets if reference == "h_twice"] == ["h_twice"]
    tickets.pop("h_twice")


@pytest.mark.parametrize("wrong", [{"secret": "another"}, {"at": time.time() - 4000}, {"at": time.time() + 4000}])
def test_what_is_not_signed_or_too_old_is_refused(place: Place, wrong):
    assert post(place, PACKAGE, "h_wrong", **wrong).status_code == 401
    assert "h_wrong" not in place.app.state.desk.tickets


def test_a_changed_body_and_one_too_large_are_refused(place: Place):
    sent = headers(b"{}", "h_changed")
    assert httpx.post(f"{place.desk}/webhook", content=b"{ }", headers=sent).status_code == 401
    assert httpx.post(f"{place.desk}/webhook", content=b"x" * 2_000_000, headers=sent).status_code == 413
    assert "h_changed" not in place.app.state.desk.tickets


def test_the_pages_have_a_strict_policy(place: Place):
    policy = httpx.get(place.desk).headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert f"script-src {place.assistant};" in policy
    assert httpx.get(place.desk, headers={"Host": "evil.example"}).status_code == 400


def test_the_sites_file_follows_the_port():
    assert "http://127.0.0.1:9000/webhook" in run_module.sites_for(9000)
    assert '"http://127.0.0.1:9000"' in run_module.sites_for(9000)
