"""The report in a real browser: nothing runs, nothing is fetched, everyone can read it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_reports import HOSTILE, failure, report
from playwright.sync_api import expect

from eval.compare import compare
from eval.report import render_report

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    hostile = failure(HOSTILE, why=HOSTILE, said=HOSTILE + "\n# heading\n[x](javascript:window.planted=4)")
    hostile = hostile.model_copy(update={"trace": {HOSTILE: HOSTILE}, "group": HOSTILE})
    long = failure("long", said="A reply without an end. " * 200 + "x" * 400)
    base = report(good=90, unknown=35, target="plain-rag")
    run = report(good=150, failures=(hostile, long), baseline=base, target=HOSTILE)
    old = report(good=198, failures=(failure("long"), failure("gone", said=HOSTILE)))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_report(run, compare(old, run)), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, address):
    contexts = []

    def open_it(**options):
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.problems, page.addresses = [], []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda said: page.problems.append(said.text))
        page.on("dialog", lambda dialog: page.problems.append(dialog.message))
        page.on("request", lambda request: page.addresses.append(request.url))
        page.goto(address)
        return page

    yield open_it
    for context in contexts:
        context.close()


def open_all(page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")


# Without the page's own policy as well: escaping alone has to hold.
@pytest.mark.parametrize("bypass", [False, True])
def test_planted_script_never_runs_and_nothing_is_fetched(opened, address, bypass):
    page = opened(bypass_csp=bypass)
    open_all(page)
    page.wait_for_timeout(200)
    assert page.evaluate("window.planted === undefined")
    assert page.addresses == [address]
    assert page.problems == []
    assert page.locator("main script, main img, main a[href^=javascript], svg[onload]").count() == 0
    expect(page.locator(".said", has_text="window.planted = 1").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_it_is_accessible_and_never_wider_than_the_screen(opened, scheme, viewport):
    page = opened(viewport=viewport, color_scheme=scheme)
    for everything in (False, True):
        if everything:
            open_all(page)
        result = Axe().run(page)
        assert result.violations_count == 0, result.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_reaches_the_conclusions_the_parts_and_the_cases(opened):
    page = opened()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the conclusions")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Conclusions", exact=True)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    case = page.locator("#cases > details").first
    case.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(case.locator(".said").first).to_be_visible()


def test_the_answer_is_on_the_first_screen(opened):
    for viewport in (PHONE, DESKTOP):
        expect(opened(viewport=viewport).locator(".verdict .answer")).to_be_in_viewport()


def test_a_table_keeps_its_rows_and_headings_on_a_phone(opened):
    page = opened(viewport=PHONE)
    table = page.locator("#requirements").get_by_role("table", name="Must hold")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table.get_by_role("columnheader")).to_have_count(7)
    expect(table.get_by_role("rowheader")).to_have_count(3)


def test_on_paper_it_is_light_and_closed_cases_are_printed(opened):
    page = opened(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#cases .said").first).to_be_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
