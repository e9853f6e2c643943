"""The page in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import Running
from .fakes import HOSTILE

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

pytestmark = [
    # Gradio counts its events with pandas in ways that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def open_page(browser: Browser, running: Running) -> Iterator:
    contexts: list[BrowserContext] = []

    def opened(**options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.addresses = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: page.addresses.append(request.url))
        page.goto(running.url)
        page.locator(".page.ready").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()


def ask(page: Page, question: str) -> None:
    before = page.locator("article.turn").count()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    finished(page, before + 1)


def finished(page: Page, turns: int) -> None:
    expect(page.locator("article.turn")).to_have_count(turns)
    expect(page.locator(".busy")).to_have_count(0)


def test_the_first_screen_says_what_it_is_and_offers_six_questions(open_page):
    page = open_page()
    expect(page.locator(".intro").get_by_text("not a doctor")).to_be_visible()
    expect(page.locator(".intro").get_by_text("No clinician has reviewed it yet.")).to_be_visible()
    expect(page.locator(".examples button")).to_have_count(6)
    assert page.title() == "Kratom Evidence Assistant"


def test_asking_shows_statements_in_sections_with_a_verdict(open_page):
    page = open_page()
    ask(page, "isn't kratom basically a gentler prozac?")
    turn = page.locator("article.turn")
    expect(turn.locator(".verdict")).to_have_text("Not shown")
    for heading in ("What the evidence shows", "What is not known", "If this is about you"):
        expect(turn.get_by_role("heading", name=heading)).to_be_visible()
    expect(turn.locator(".notices")).to_contain_text("keep taking prescribed medicine")
    expect(turn.locator(".evidence-line")).to_contain_text("0 trials")
    expect(page.locator("#question")).to_have_value("")
    assert page.problems == []


def test_statements_that_belong_together_share_a_bullet(open_page, library):
    page = open_page()
    ask(page, "is kratom safer?")
    bullets = page.locator('[data-section="evidence"] li')
    expect(bullets).to_have_count(len(library.briefs["safer-than-antidepressants"].evidence))


def test_a_mark_opens_its_card_with_the_quoted_words_marked(open_page, library):
    page = open_page()
    ask(page, "is kratom safer?")
    mark = page.locator(".cite").nth(2)
    number = mark.inner_text()
    mark.click()
    card = page.locator(f'.panel .card[data-card="{number}"]')
    expect(card).to_have_class(re.compile("chosen"))
    expect(card.locator("h3")).to_be_focused()
    quoted = card.locator("figure:visible mark").inner_text()
    assert any(quoted in passage.text for passage in library.passages.values())
    link = card.get_by_role("link", name="Open the original")
    assert link.get_attribute("rel") == "noopener noreferrer"
    assert link.get_attribute("target") == "_blank"
    page.keyboard.press("Escape")
    expect(mark).to_be_focused()


def test_marks_of_an_earlier_answer_open_the_cards_of_that_answer(open_page):
    page = open_page()
    ask(page, "is kratom safer?")
    ask(page, "can i take it with zoloft")
    expect(page.locator(".panel .card").first).not_to_contain_text("Henningfield 2019")
    page.locator("article.turn").first.locator(".cite").first.click()
    expect(page.locator(".panel .card.chosen")).to_contain_text("Henningfield 2019")


def test_what_a_person_mentioned_is_shown(open_page):
    page = open_page()
    ask(page, "can i take it with zoloft")
    expect(page.get_by_text("You mentioned sertraline (Zoloft).")).to_be_visible()


def test_suggestions_and_examples_ask(open_page, running: Running):
    page = open_page()
    page.locator(".examples button").first.click()
    finished(page, 1)
    page.locator(".next button").first.click()
    finished(page, 2)
    question, history, country = running.assistant.asked[-1]
    assert question == "What does kratom withdrawal feel like?"
    assert [turn["role"] for turn in history] == ["user", "assistant"]
    assert country == "US"


def test_the_keyboard_alone_is_enough(open_page):
    page = open_page()
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("is it safer?")
    expect(page.locator("#question")).to_have_value("first line\nis it safer?")
    page.keyboard.press("Enter")
    finished(page, 1)
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('.cite')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".panel .card.chosen h3")).to_be_focused()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.cite')")


def test_the_focus_goes_through_the_page_in_reading_order(open_page):
    page = open_page()
    page.locator(".skip").focus()
    page.keyboard.press("Shift+Tab")
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("(e => e.dataset.action || e.id || e.dataset.role || e.className)(document.activeElement)")
        )
    wanted = ["skip", "country", "help", "leave", "scroll", "ask", "question", "send"]
    assert [name for name in dict.fromkeys(seen) if name in wanted] == wanted


def test_crisis_lines_are_pinned_for_the_rest_of_the_conversation(open_page):
    page = open_page()
    pinned = page.locator(".pinned")
    assert pinned.get_attribute("role") == "alert"
    ask(page, "I just want to die")
    expect(pinned.get_by_role("link", name="988").first).to_have_attribute("href", "tel:988")
    expect(pinned.locator('a[href="sms:988"]')).to_be_visible()
    expect(pinned.locator('a[href="tel:911"]')).to_be_visible()
    ask(page, "can i take it with zoloft")
    expect(pinned.locator('a[href="tel:988"]')).to_be_in_viewport()
    page.locator(".bar select").select_option("GB")
    expect(pinned.locator('a[href="tel:116123"]')).to_be_visible()
    assert page.locator("details").count() == 0


def test_an_emergency_is_unmistakable(open_page):
    page = open_page()
    ask(page, "he won't wake up")
    expect(page.locator(".pinned.urgent a").first).to_have_attribute("href", "tel:911")
    expect(page.locator('[data-behaviour="emergency"] .help-part a')).to_have_attribute("href", "tel:911")
    assert page.locator(".help-part").bounding_box()["y"] < page.locator('[data-role="ending"]').bounding_box()["y"]


def test_help_is_one_click_away_and_follows_the_country(open_page):
    page = open_page()
    page.get_by_role("button", name="Get help now").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator('a[href="tel:911"]')).to_be_visible()
    dialog.get_by_label("Help in").select_option("AU")
    expect(dialog.locator('a[href="tel:131114"]')).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".bar select")).to_have_value("AU")


def test_the_country_of_the_browser_is_offered(open_page):
    expect(open_page(locale="en-GB").locator(".bar select")).to_have_value("GB")
    expect(open_page(locale="fr-FR").locator(".bar select")).to_have_value("US")


@pytest.mark.parametrize("way", ["button", "escape"])
def test_leaving_replaces_the_page_at_once(open_page, way):
    page = open_page()
    ask(page, "is kratom safer?")
    if way == "button":
        page.get_by_role("button", name="Leave").click()
    else:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.wait_for_url("about:blank")
    assert page.evaluate("history.length") <= 2


def test_one_escape_does_not_leave(open_page, running: Running):
    page = open_page()
    page.get_by_role("button", name="Get help now").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert page.url.startswith(running.url)


def test_clearing_leaves_nothing(open_page, running: Running):
    page = open_page()
    ask(page, "I want to die, my name is Xaviera")
    ask(page, "is kratom safer?")
    page.get_by_role("button", name="Clear the conversation").click()
    expect(page.locator("article.turn")).to_have_count(0)
    expect(page.locator(".pinned")).to_be_empty()
    expect(page.locator(".panel .card")).to_have_count(0)
    expect(page.locator("#question")).to_be_focused()
    assert "Xaviera" not in page.content()
    ask(page, "is kratom safer?")
    assert running.assistant.asked[-1][1] == []


def test_nothing_is_stored_in_the_browser(open_page):
    page = open_page()
    ask(page, "is kratom safer?")
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    page.reload()
    page.locator(".page.ready").wait_for()
    expect(page.locator("article.turn")).to_have_count(0)


def test_the_server_keeps_no_answer_of_a_session(open_page, running: Running):
    page = open_page()
    ask(page, "is kratom safer? I am Xaviera")
    (gradio,) = [route.app for route in running.app.routes if hasattr(getattr(route, "app", None), "get_blocks")]
    sessions = gradio.get_blocks().state_holder.session_data
    asked = time.monotonic()
    while "Nobody can say so" in repr([session.config_values for session in sessions.values()]):
        assert time.monotonic() - asked < 10
        time.sleep(0.1)
    here = next(reversed(sessions))
    page.close()
    while here in sessions:
        assert time.monotonic() - asked < 30
        time.sleep(0.1)


@pytest.mark.parametrize("question", ["is it safer?", "I want to die", "please break"])
def test_the_page_loads_nothing_from_elsewhere(open_page, running: Running, question):
    page = open_page()
    ask(page, question)
    foreign = [address for address in page.addresses if not address.startswith((running.url, "data:", "blob:"))]
    assert foreign == []


@pytest.mark.parametrize(
    "question",
    [
        "hostile",
        f"hostile {HOSTILE}",
        "hostile ![x](x onerror=window.hacked=1) <svg onload=window.hacked=1>",
        "hostile `${window.hacked=1}` {{constructor.constructor('window.hacked=1')()}}",
    ],
)
def test_hostile_text_is_shown_and_never_run(open_page, question):
    page = open_page()
    ask(page, question)
    page.locator(".cite").first.click()
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".page img, .page svg, .page script").count() == 0
    expect(page.locator(".asked p")).to_have_text(question)
    assert page.locator('a[href^="javascript"]').count() == 0


def test_when_there_is_no_answer_help_is_shown_and_the_question_kept(open_page):
    page = open_page()
    ask(page, "please break")
    expect(page.locator(".failed")).to_contain_text("Something went wrong here")
    expect(page.locator('.failed a[href="tel:988"]').first).to_be_visible()
    expect(page.locator("#question")).to_have_value("please break")
    ask(page, "is kratom safer?")
    expect(page.locator(".verdict").last).to_be_visible()


def test_when_the_server_is_gone_help_is_shown_and_the_question_kept(open_page):
    page = open_page()
    page.route("**/gradio_api/**", lambda route: route.abort())
    page.route("**/healthz", lambda route: route.abort())
    page.locator("#question").fill("is kratom safer?")
    page.keyboard.press("Enter")
    expect(page.locator(".failed")).to_contain_text("cannot reach", timeout=15000)
    expect(page.locator('.failed a[href="tel:988"]').first).to_be_visible()
    expect(page.locator("#question")).to_have_value("is kratom safer?")


def test_statements_appear_one_by_one_and_are_announced_once(open_page, running: Running):
    page = open_page()
    assert page.locator("[role=log]").get_attribute("aria-live") == "polite"
    page.evaluate(
        """() => { window.added = []; new MutationObserver((all) => {
            for (const one of all) for (const node of one.addedNodes) {
                const found = node.querySelectorAll ? [...node.querySelectorAll('.statement')] : [];
                if (node.matches?.('.statement')) found.push(node);
                for (const s of found) window.added.push(s.textContent);
            } }).observe(document.querySelector('[role=log]'), {childList: true, subtree: true}); }"""
    )
    running.assistant.pause = 0.05
    try:
        page.locator("#question").fill("is kratom safer?")
        page.keyboard.press("Enter")
        page.locator(".statement").first.wait_for()
        assert page.locator(".busy").count() == 1
        finished(page, 1)
    finally:
        running.assistant.pause = 0.0
    added = page.evaluate("window.added")
    assert len(added) == page.locator(".statement").count()


def test_a_long_question_is_counted(open_page):
    page = open_page()
    page.locator("#question").fill("a" * 4100)
    expect(page.locator('[data-role="count"]')).to_have_text("4,100 characters. Only the first 4,000 will be read.")
    page.locator("#question").fill("short")
    expect(page.locator('[data-role="count"]')).to_have_text("")


def test_the_conversation_is_saved_with_its_sources(open_page, library):
    page = open_page()
    ask(page, "is kratom safer?")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as text").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".md")
    assert "> is kratom safer?" in text
    assert library.fingerprint in text
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as data").click()
    saved = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert saved["conversation"][0]["answer"]["citations"][0]["source"]["url"].startswith("https://")


def test_an_answer_is_copied_with_its_sources(open_page, running: Running):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.url)
    ask(page, "is kratom safer?")
    page.get_by_role("button", name="Copy with sources").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "[1] Henningfield" in page.evaluate("navigator.clipboard.readText()")


def test_on_a_phone_the_card_opens_as_a_sheet(open_page):
    page = open_page(**PHONE)
    ask(page, "is kratom safer?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".panel")).to_be_hidden()
    mark = page.locator(".cite").nth(1)
    mark.tap()
    sheet = page.get_by_role("dialog", name="Evidence for this answer")
    expect(sheet.locator(".card.chosen figure:visible mark")).to_be_in_viewport()
    sheet.get_by_role("button", name="Close").tap()
    expect(sheet).to_be_hidden()
    expect(mark).to_be_focused()
    for name in ("Get help now", "Leave"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["y"] > 700
        assert box["height"] >= 40


def test_at_four_times_zoom_everything_can_be_reached(open_page):
    page = open_page(viewport={"width": 320, "height": 256})
    ask(page, "is kratom safer?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator(".cite").first.scroll_into_view_if_needed()
    expect(page.locator(".cite").first).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", [{}, PHONE], ids=["desktop", "phone"])
def test_no_accessibility_problem_is_found(open_page, scheme, shape):
    page = open_page(color_scheme=scheme, **shape)
    check_accessibility(page)
    ask(page, "is kratom safer?")
    check_accessibility(page)
    page.locator(".cite").first.click()
    check_accessibility(page)
    page.keyboard.press("Escape")
    ask(page, "he won't wake up")
    check_accessibility(page)
    ask(page, "I want to die")
    ask(page, "please break")
    check_accessibility(page)
    page.get_by_role("button", name="Get help now").click()
    check_accessibility(page)


def check_accessibility(page: Page) -> None:
    rules = {"resultTypes": ["violations"], "rules": {"color-contrast-enhanced": {"enabled": True}}}
    found = Axe().run(page, options=rules).response["violations"]
    grave = [f for f in found if f["impact"] in {"serious", "critical"}]
    told = [
        (f["id"], [node["html"][:160] + str(node.get("failureSummary", ""))[:200] for node in f["nodes"]])
        for f in grave
    ]
    assert told == []


def test_dark_mode_is_dark(open_page):
    page = open_page(color_scheme="dark")
    ask(page, "is kratom safer?")
    red, green, blue = (
        int(v)
        for v in re.findall(
            r"\d+",
            page.evaluate(
                "getComputedStyle(document.querySelector('.scroll').parentElement.parentElement.parentElement).backgroundColor"
            ),
        )[:3]
    )
    assert max(red, green, blue) < 60
