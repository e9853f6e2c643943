"""The widget in a real browser, in a page of another origin with a strict policy of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from rag.server.lines import linked_numbers, phone_pieces, text_pieces
from rag.server.widget.script import SOURCES
from rag.settings import Settings

from .fakes import HOSTILE
from .widget_stub import Stub, free_port, host_app, serving, stub_app

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
OPEN = "Ask about kratom or depression"


@dataclass
class Place:
    """A server, a site that may embed its widget, and one that may not."""

    stub: Stub
    server: str
    host: str
    stranger: str


@pytest.fixture(scope="module")
def served(library) -> Iterator[Place]:
    ports = [free_port() for _ in range(3)]
    server, host, stranger = (f"http://127.0.0.1:{port}" for port in ports)
    stub = Stub(library, {host})
    apps = (stub_app(stub, Settings(country="US")), host_app(server), host_app(server))
    with serving(apps[0], ports[0]), serving(apps[1], ports[1]), serving(apps[2], ports[2]):
        yield Place(stub, server, host, stranger)


@pytest.fixture
def place(served: Place) -> Place:
    served.stub.reset()
    return served


@pytest.fixture
def visit(browser: Browser, place: Place) -> Iterator:
    """Open a page with a widget in it; `at` is the origin of the page, `attributes` those of the element."""
    contexts: list[BrowserContext] = []

    def visited(attributes: str = "", *, at: str | None = None, element: str | None = None, **options) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 820}, **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.problems, page.addresses = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda said: page.problems.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda request: page.addresses.append(request.url))
        element = element or f'<kratom-evidence server="{place.server}" {attributes}></kratom-evidence>'
        page.goto(f"{at or place.host}/?element={quote(element)}")
        return page

    yield visited
    for context in contexts:
        context.close()


def opened(page: Page) -> Page:
    page.get_by_role("button", name=OPEN).click()
    page.locator(".greeting", has_text="Ask us").wait_for()
    return page


def ask(page: Page, question: str) -> None:
    before = page.locator("article.turn").count()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    finished(page, before + 1)


def finished(page: Page, turns: int) -> None:
    expect(page.locator("article.turn")).to_have_count(turns)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


def focused(page: Page) -> str:
    return page.evaluate(
        "() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;"
        " return e.id || e.className || e.tagName; }"
    )


def test_a_question_is_answered_in_sections_under_a_strict_policy(visit, place: Place):
    page = opened(visit())
    ask(page, "isn't kratom basically a gentler prozac?")
    expect(page.locator(".verdict")).to_have_text("Not shown")
    for heading in ("What the evidence shows", "What is not known", "If this is about you"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".notices")).to_contain_text("keep taking prescribed medicine")
    assert page.problems == []
    assert all(address.startswith((place.host, place.server)) for address in page.addresses)


def test_nothing_is_kept_in_the_browser_and_no_cookie_is_sent(visit, place: Place):
    page = opened(visit())
    ask(page, "is kratom safer?")
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    sent = [headers for path, headers in place.stub.requests if path.startswith("/v1")]
    assert sent and not any("cookie" in headers or "referer" in headers for headers in sent)


def test_a_mark_opens_the_card_with_the_quoted_words(visit, library):
    page = opened(visit())
    ask(page, "is kratom safer?")
    mark = page.locator(".cite").nth(2)
    number = mark.inner_text()
    mark.click()
    card = page.locator(".card.chosen")
    assert card.get_attribute("data-number") == number
    expect(card.locator("h4")).to_be_focused()
    expect(card.locator("mark")).to_be_in_viewport()
    quoted = card.locator("mark").inner_text()
    assert any(quoted in passage.text for passage in library.passages.values())
    for told in ("Who or what was studied", "Conflicts of interest", "What it cannot show"):
        expect(card.get_by_text(told)).to_be_visible()
    link = card.get_by_role("link", name="Open the original")
    assert link.get_attribute("rel") == "noopener noreferrer"
    page.keyboard.press("Escape")
    expect(mark).to_be_focused()
    expect(page.locator(".bar")).to_be_in_viewport()


def test_a_follow_up_sends_the_signed_turns_back(visit, place: Place):
    page = opened(visit())
    ask(page, "is kratom safer?")
    page.locator(".next button").first.click()
    finished(page, 2)
    body = place.stub.asked[-1]
    assert body["question"] == "What does kratom withdrawal feel like?"
    assert [turn["role"] for turn in body["history"]] == ["user", "assistant"]
    assert body["conversation"] == "signed-2"
    assert body["history"][1]["citations"] == ["x#1"]
    assert set(body) == {"question", "country", "history", "conversation"}


def test_a_conversation_the_server_cannot_read_starts_anew_and_says_so(visit, place: Place):
    page = opened(visit())
    ask(page, "is kratom safer?")
    place.stub.problem = (409, {"code": "conversation-invalid"})
    ask(page, "and with zoloft?")
    expect(page.locator("article.turn").last).to_contain_text("this answer stands alone")
    assert place.stub.asked[-1]["history"] == [] and place.stub.asked[-1]["conversation"] is None


def test_crisis_lines_are_pinned_at_once_and_stay(visit, place: Place):
    page = opened(visit())
    pinned = page.locator(".pinned")
    assert pinned.get_attribute("role") == "alert"
    place.stub.pause = 0.8
    page.locator("#question").fill("I just want to die")
    page.keyboard.press("Enter")
    expect(pinned.locator('a[href="tel:988"]')).to_be_visible()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()  # the answer is not whole yet
    finished(page, 1)
    place.stub.pause = 0.0
    expect(pinned.locator('a[href="sms:988"]')).to_be_visible()
    expect(pinned.locator('a[href="tel:911"]')).to_be_visible()
    expect(page.locator('.help a[href="tel:988"]')).to_be_visible()
    page.locator(".offer button").click()
    expect(pinned.locator('a[href="tel:988"]')).to_be_in_viewport()  # no sheet covers them
    assert page.locator("details").count() == 0


def test_the_country_can_be_changed_where_the_lines_are(visit, place: Place):
    page = opened(visit())
    ask(page, "I just want to die")
    page.get_by_role("button", name="Other countries").click()
    page.get_by_label("Help in").select_option("GB")
    expect(page.locator('.pinned a[href="tel:116123"]')).to_be_visible()
    expect(page.locator('.sheet a[href="tel:999"]').first).to_be_visible()
    page.keyboard.press("Escape")
    ask(page, "is it safer?")
    assert place.stub.asked[-1]["country"] == "GB"


def test_an_emergency_is_unmistakable(visit):
    page = opened(visit())
    ask(page, "he won't wake up")
    expect(page.locator(".pinned.urgent a").first).to_have_attribute("href", "tel:911")
    expect(page.locator('[data-behaviour="emergency"] .help a')).to_have_attribute("href", "tel:911")


@pytest.mark.parametrize("language", ["en-GB", "en-US"])
def test_the_country_of_the_browser_is_used(visit, place: Place, language):
    page = opened(visit(locale=language))
    ask(page, "is it safer?")
    assert place.stub.asked[-1]["country"] == language[-2:]


def test_a_conversation_is_handed_over_with_consent(visit, place: Place):
    page = opened(visit("context='Order 12 of red leaf'"))
    ask(page, "I want to die")
    page.locator(".offer button").click()
    page.locator("#contact").fill("me@example.org")
    assert place.stub.handed == []
    page.get_by_role("button", name="Show what will be sent").click()
    shown = page.locator(".payload")
    for told in ("I want to die", "A crisis", "me@example.org", "Order 12 of red leaf"):
        expect(shown).to_contain_text(told)
    assert [sent["preview"] for sent in place.stub.handed] == [True]
    page.get_by_role("button", name="Send this").click()
    expect(page.locator(".outcome")).to_contain_text("Sent.")
    preview, sent = place.stub.handed
    assert sent["consent"] is True and preview["consent"] is False
    assert sent["context"] == {"page": "Order 12 of red leaf"} and sent["contact"] == "me@example.org"
    assert sent["conversation"] == "signed-2" and sent["reason"] == "crisis" and len(sent["key"]) >= 16


def test_a_hand_over_can_be_cancelled(visit, place: Place):
    page = opened(visit())
    ask(page, "can a person help?")
    page.locator(".offer button").click()
    page.get_by_role("button", name="Show what will be sent").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".sheet")).to_be_hidden()
    expect(page.locator(".offer button")).to_be_focused()
    assert all(sent["preview"] for sent in place.stub.handed)


@pytest.mark.parametrize(
    ("status", "told"), [("queued", "not arrived yet"), ("mail", "by e-mail"), ("failed", "Nobody has seen it")]
)
def test_the_truth_is_told_about_a_hand_over(visit, place: Place, status, told):
    place.stub.handover_status = status
    page = opened(visit())
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_role("button", name="Show what will be sent").click()
    page.get_by_role("button", name="Send this").click()
    expect(page.locator(".outcome")).to_contain_text(told)
    assert page.locator('.sheet a[href^="mailto:"]').count() == (status == "mail")
    expect(page.locator('.sheet a[href="tel:988"]').first).to_be_visible()


def test_a_hand_over_that_breaks_off_is_repeated_with_the_same_key(visit, place: Place):
    page = opened(visit())
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_role("button", name="Show what will be sent").click()
    page.locator(".payload").wait_for()
    keys = []
    page.route("**/v1/handover*", lambda route: (keys.append(route.request.headers["idempotency-key"]), route.abort()))
    page.get_by_role("button", name="Send this").click()
    expect(page.locator(".outcome")).to_contain_text("not certain")
    page.unroute("**/v1/handover*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".outcome")).to_contain_text("Sent.")
    assert keys[0] == place.stub.handed[-1]["key"]


def test_without_a_hand_over_no_person_is_offered(visit, place: Place):
    place.stub.handover_available = False
    page = opened(visit())
    ask(page, "I want to die")
    expect(page.get_by_role("button", name="Talk to a person")).to_have_count(0)


def test_a_page_of_another_origin_is_refused(visit, place: Place):
    page = visit(at=place.stranger)
    page.get_by_role("button", name=OPEN).click()
    expect(page.locator('.failed a[href="tel:988"]').first).to_be_visible()
    page.locator("#question").fill("is it safer?")
    page.keyboard.press("Enter")
    expect(page.locator("article.turn .failed")).to_be_visible()
    assert place.stub.asked == []


def test_when_the_server_breaks_help_is_shown_and_the_question_kept(visit):
    page = opened(visit())
    ask(page, "please break")
    expect(page.locator(".failed")).to_contain_text("Something went wrong")
    expect(page.locator('.failed a[href="tel:988"]').first).to_be_visible()
    expect(page.locator("#question")).to_have_value("please break")


def test_a_busy_server_is_asked_again(visit, place: Place):
    page = opened(visit())
    place.stub.problem = (429, {"code": "rate-limited", "crisis_lines": place.stub.lines("GB")})
    ask(page, "is it safer?")
    expect(page.locator(".failed")).to_contain_text("Many people are asking")
    expect(page.locator('.failed a[href="tel:116123"]')).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    finished(page, 1)
    expect(page.locator(".verdict")).to_be_visible()


def test_help_is_there_when_the_server_never_was(visit):
    page = visit()
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name=OPEN).click()
    expect(page.locator(".trouble")).to_contain_text("cannot be reached")
    expect(page.locator('.trouble a[href="tel:988"]').first).to_be_visible()
    page.get_by_role("button", name="Get help now").click()
    page.get_by_label("Help in").select_option("AU")
    expect(page.locator('.sheet a[href="tel:131114"]')).to_be_visible()


def test_half_an_answer_is_taken_back_but_help_stays(visit, place: Place):
    page = opened(visit())
    place.stub.break_after = 2
    ask(page, "is it safer?")
    expect(page.locator(".failed")).to_contain_text("cannot be reached")
    expect(page.locator("article.turn .statement")).to_have_count(0)
    ask(page, "I want to die")
    expect(page.locator("article.turn .help .statement").first).to_be_visible()
    expect(page.locator('.pinned a[href="tel:988"]')).to_be_visible()


def test_an_answer_can_be_stopped(visit, place: Place):
    page = opened(visit())
    place.stub.pause = 0.4
    page.locator("#question").fill("is it safer?")
    page.keyboard.press("Enter")
    page.locator(".statement").first.wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("article.turn")).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "question",
    ["hostile", f"hostile {HOSTILE}", "hostile ![x](x onerror=window.hacked=1) <svg onload=window.hacked=1>"],
)
def test_hostile_text_is_shown_and_never_run(visit, place: Place, question):
    place.stub.greeting = HOSTILE
    page = visit(f"context='{HOSTILE.replace(chr(39), '')}' lang='{quote(HOSTILE)}'")
    page.get_by_role("button", name=OPEN).click()
    expect(page.locator(".greeting")).to_have_text(HOSTILE)
    ask(page, question)
    page.locator(".cite").first.click()
    expect(page.locator(".card")).to_contain_text("onerror")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_role("button", name="Show what will be sent").click()
    expect(page.locator(".payload")).to_contain_text("onerror")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None
    assert page.locator("kratom-evidence img, kratom-evidence svg, kratom-evidence script").count() == 0
    expect(page.locator(".asked p")).to_have_text(question)
    assert page.locator('a[href^="javascript"]').count() == 0
    assert page.problems == []


def test_the_page_gives_context_that_only_a_person_will_see(visit, place: Place):
    page = opened(visit())
    page.evaluate("document.querySelector('kratom-evidence').context = {page: 'Returns', order: 12, f: () => 1}")
    expect(page.locator(".context")).to_contain_text("From this page: Returns · 12")
    ask(page, "is it safer?")
    assert "Returns" not in str(place.stub.asked)
    page.get_by_role("button", name="Do not send what this page says").click()
    expect(page.locator(".context")).to_be_hidden()
    page.get_by_role("button", name="Talk to a person").click()
    page.get_by_role("button", name="Show what will be sent").click()
    page.locator(".payload").wait_for()
    assert "context" not in place.stub.handed[-1]


def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    page.get_by_role("button", name=OPEN).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("is it safer?")
    page.keyboard.press("Enter")
    finished(page, 1)
    for _ in range(80):
        page.keyboard.press("Shift+Tab")
        if focused(page) == "cite":
            break
    outline = "getComputedStyle(document.querySelector('kratom-evidence').shadowRoot.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".card.chosen h4")).to_be_focused()
    page.keyboard.press("Escape")
    assert focused(page) == "cite"
    page.keyboard.press("Escape")
    expect(page.locator("dialog.panel")).to_be_hidden()
    expect(page.get_by_role("button", name=OPEN)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("article.turn")).to_have_count(1)  # closing does not forget


def test_the_focus_stays_inside_only_where_the_panel_is_all_there_is(visit):
    for options, inside in (({}, False), (PHONE, True)):
        page = opened(visit(**options))
        out = 0
        for _ in range(40):
            page.keyboard.press("Tab")
            out += page.evaluate("document.activeElement.matches('a')")
        assert (out == 0) is inside
        assert page.locator("dialog.panel:modal").count() == inside


def test_a_panel_that_changes_shape_keeps_the_conversation(visit):
    page = opened(visit())
    ask(page, "is it safer?")
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("dialog.panel:modal")).to_be_visible()
    page.set_viewport_size({"width": 1100, "height": 800})
    expect(page.locator("dialog.panel:modal")).to_have_count(0)
    expect(page.locator(".verdict")).to_be_visible()
    assert page.evaluate("document.querySelector('kratom-evidence').hasAttribute('open')")


def test_statements_are_announced_once_each(visit, place: Place):
    page = opened(visit())
    log = page.get_by_role("log")
    assert log.get_attribute("aria-live") == "polite"
    page.evaluate(
        """() => { window.added = []; new MutationObserver((all) => {
            for (const one of all) for (const node of one.addedNodes) {
                const found = node.querySelectorAll ? [...node.querySelectorAll('.statement')] : [];
                if (node.matches?.('.statement')) found.push(node);
                for (const s of found) window.added.push(s.textContent);
            } }).observe(document.querySelector('kratom-evidence').shadowRoot.querySelector('[role=log]'),
            {childList: true, subtree: true}); }"""
    )
    place.stub.pause = 0.02
    ask(page, "is it safer?")
    added = page.evaluate("window.added")
    assert len(added) == page.locator(".statement").count() == len(set(added))


def test_clearing_leaves_nothing(visit, place: Place):
    page = opened(visit())
    ask(page, "I want to die, my name is Xaviera")
    page.get_by_role("button", name="Clear the conversation").click()
    expect(page.locator("article.turn")).to_have_count(0)
    expect(page.locator(".pinned")).to_be_empty()
    expect(page.locator("#question")).to_be_focused()
    ask(page, "is kratom safer?")
    assert place.stub.asked[-1]["history"] == [] and place.stub.asked[-1]["conversation"] is None


def test_leaving_replaces_the_page_at_once(visit):
    page = opened(visit())
    ask(page, "is it safer?")
    page.get_by_role("button", name="Leave", exact=True).click()
    page.wait_for_url("about:blank")


def test_events_say_what_happened_and_not_what_was_written(visit):
    page = visit()
    page.evaluate(
        """() => { window.told = []; for (const name of ['open', 'close', 'handover'])
            document.addEventListener(`kratom-evidence-${name}`, 
                (e) => told.push([name, JSON.stringify(e.detail)])); }"""
    )
    opened(page)
    ask(page, "I want to die")
    page.locator(".offer button").click()
    page.get_by_role("button", name="Show what will be sent").click()
    page.get_by_role("button", name="Send this").click()
    page.locator(".outcome").wait_for()
    page.evaluate("document.querySelector('kratom-evidence').hide()")
    assert page.evaluate("told") == [["open", "{}"], ["handover", '{"status":"delivered"}'], ["close", "{}"]]


def test_labels_follow_the_language_and_the_conversation_stays(visit):
    page = visit("lang='de'")
    page.get_by_role("button", name="Fragen zu Kratom oder Depression").click()
    expect(page.get_by_text("Die Antworten sind bisher auf Englisch.")).to_be_visible()
    ask(page, "is it safer?")
    page.evaluate("document.querySelector('kratom-evidence').lang = 'fr'")
    expect(page.get_by_role("button", name="Aide immédiate")).to_be_visible()
    expect(page.locator("article.turn")).to_have_count(1)


def test_the_site_themes_the_widget_and_cannot_hide_help(visit):
    policy_free = "<style>kratom-evidence { --kratom-accent: rgb(90, 20, 120); } .pinned { display: none }</style>"
    page = visit()
    page.evaluate(
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet]; }",
        policy_free.removeprefix("<style>").removesuffix("</style>"),
    )
    opened(page)
    ask(page, "I want to die")
    colour = "getComputedStyle(document.querySelector('kratom-evidence').shadowRoot.querySelector('.launcher'))"
    assert page.evaluate(f"{colour}.backgroundColor") == "rgb(90, 20, 120)"
    expect(page.locator('.pinned a[href="tel:988"]')).to_be_visible()


@pytest.mark.parametrize("position", ["bottom-right", "bottom-left"])
def test_the_button_stands_where_the_site_wants_it(visit, position):
    box = visit(f"position='{position}'").get_by_role("button", name=OPEN).bounding_box()
    assert (box["x"] < 100) is (position == "bottom-left")


def test_the_widget_in_a_frame(visit, place: Place):
    address = f"{place.server}/embed?site=help-desk&context=Returns"
    frame_of = f'<iframe src="{address}" title="Assistant" width="700" height="700"></iframe>'
    page = visit(element=frame_of)
    frame = page.frame_locator("iframe")
    expect(frame.locator(".greeting")).to_contain_text("Ask us")
    frame.locator("#question").fill("I want to die")
    frame.locator("#question").press("Enter")
    expect(frame.locator('.pinned a[href="tel:988"]')).to_be_visible()
    expect(frame.locator(".context")).to_contain_text("Returns")
    assert page.problems == []
    frame.get_by_role("button", name="Leave", exact=True).click()
    page.wait_for_url("about:blank")


def test_a_stranger_cannot_show_the_frame(visit, place: Place):
    page = visit(at=place.stranger, element=f'<iframe src="{place.server}/embed?site=help-desk"></iframe>')
    page.wait_for_timeout(500)
    assert page.frame_locator("iframe").locator("kratom-evidence").count() == 0
    assert any("frame-ancestors" in said for said in page.problems)


def test_on_a_phone_everything_is_in_reach(visit):
    page = opened(visit(**PHONE))
    ask(page, "is it safer?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".cite").nth(1).tap()
    expect(page.locator(".card.chosen mark")).to_be_in_viewport()
    page.get_by_role("button", name="Close", exact=True).tap()
    for name in ("Get help now", "Leave", "Ask"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["height"] >= 40


def test_at_four_times_zoom_everything_can_be_reached(visit):
    page = opened(visit(viewport={"width": 320, "height": 256}))
    ask(page, "is it safer?")
    page.locator(".cite").first.scroll_into_view_if_needed()
    expect(page.locator(".cite").first).to_be_in_viewport()
    page.locator(".cite").first.click()
    page.locator(".card.chosen mark").scroll_into_view_if_needed()
    expect(page.locator(".card.chosen mark")).to_be_in_viewport()


def test_little_motion_is_shown_to_those_who_want_little(visit):
    page = opened(visit(reduced_motion="reduce"))
    style = "getComputedStyle(document.querySelector('kratom-evidence').shadowRoot.querySelector('dialog'))"
    assert page.evaluate(f"{style}.animationName") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shape", [{}, PHONE], ids=["desktop", "phone"])
def test_no_accessibility_problem_is_found(visit, scheme, shape):
    page = visit(color_scheme=scheme, **shape)
    check_accessibility(page)
    opened(page)
    page.wait_for_timeout(250)  # until it has come to rest
    check_accessibility(page)
    ask(page, "is kratom safer?")
    check_accessibility(page)
    page.locator(".cite").first.click()
    check_accessibility(page)
    page.keyboard.press("Escape")
    ask(page, "I want to die")
    check_accessibility(page)
    page.locator(".offer button").click()
    check_accessibility(page)
    page.get_by_role("button", name="Show what will be sent").click()
    page.locator(".payload").wait_for()
    check_accessibility(page)
    page.keyboard.press("Escape")
    ask(page, "he won't wake up")
    ask(page, "please break")
    check_accessibility(page)
    page.get_by_role("button", name="Get help now").click()
    check_accessibility(page)


def test_no_accessibility_problem_is_found_in_the_frame(visit, place: Place):
    page = visit()
    page.goto(f"{place.server}/embed?site=help-desk")
    ask(page, "is kratom safer?")
    check_accessibility(page)


def check_accessibility(page: Page) -> None:
    rules = {"resultTypes": ["violations"], "rules": {"color-contrast-enhanced": {"enabled": True}}}
    found = Axe().run(page, options=rules).response["violations"]
    told = [
        (f["id"], [node["html"][:160] + str(node.get("failureSummary", ""))[:200] for node in f["nodes"]])
        for f in found
    ]
    assert told == []


def test_numbers_become_links_as_on_the_page(browser: Browser, library):
    folder = Path(__file__).parents[2] / "rag" / "server" / "widget" / "source"
    code = "\n".join((folder / name).read_text(encoding="utf-8") for name in SOURCES[:2])
    page = browser.new_page()
    sentences = ["Call 988 or 911 now, 15 minutes, 1-800-662-HELP.", *[line.name for line in library.crisis_lines]]
    lines = [line.model_dump(mode="json") for line in library.crisis_lines]
    told = page.evaluate(
        f"""([lines, sentences]) => {{ {code}
            const plain = (pieces) => pieces.map((piece) => [piece.text, piece.href ?? null]);
            return [lines.map((line) => plain(phonePieces(line.phone ?? ""))),
                lines.map((line) => plain(textPieces(line.text ?? ""))),
                sentences.map((sentence) => plain(helpPieces(sentence, lines)))]; }}""",
        [lines, sentences],
    )
    page.close()
    wanted = [
        [pairs(phone_pieces(line.phone or "")) for line in library.crisis_lines],
        [pairs(text_pieces(line.text or "")) for line in library.crisis_lines],
        [pairs(linked_numbers(sentence, library.crisis_lines)) for sentence in sentences],
    ]
    for ours, theirs in zip(told, wanted, strict=True):
        assert [[pair for pair in one if pair[0]] for one in ours] == [[p for p in one if p[0]] for one in theirs]


def pairs(pieces) -> list[list[str | None]]:
    return [[piece.text, piece.href] for piece in pieces]
