from __future__ import annotations

import itertools
import json
import re

import pytest

from rag.library import Library
from rag.records import Trace
from rag.server import export
from rag.server.render import CitedSources, Renderer, is_web_address
from rag.server.turns import answer_packets
from rag.settings import Settings

from .fakes import HOSTILE, FakeAssistant


@pytest.fixture(scope="module")
def renderer(library: Library) -> Renderer:
    return Renderer(library, Settings(country="US"))


def packets(renderer: Renderer, question: str, **sent):
    assistant = FakeAssistant(renderer.library)
    return list(answer_packets(assistant, renderer, {"request": "r1", "question": question, **sent})), assistant


def last_items(renderer: Renderer, question: str, do: str):
    found, _ = packets(renderer, question)
    return [item for item in found[-1]["items"] if item["do"] == do]


def test_packets_grow_and_carry_each_statement_once(renderer: Renderer):
    found, _ = packets(renderer, "is kratom safer than prozac?")
    for earlier, later in itertools.pairwise(found):
        assert later["items"][: len(earlier["items"])] == earlier["items"]
    answer = found[-1]["items"][-1]["answer"]
    shown = [item for item in found[-1]["items"] if item["do"] == "statement"]
    assert len(shown) == len(answer["statements"])
    assert "trace" not in answer
    json.dumps(found[-1])


def test_a_card_shows_the_quote_marked_inside_its_passage(renderer: Renderer, library: Library):
    found, _ = packets(renderer, "is kratom safer than prozac?")
    cards = found[-1]["cards"]
    quote = library.passages["henningfield-2019-risk#1"].text.split(". ")[0]
    assert f"<mark>{quote}</mark>" in cards
    assert 'rel="noopener noreferrer"' in cards
    assert 'target="_blank"' in cards
    assert "PinneyAssociates" in cards  # conflicts of interest


def test_a_passage_quoted_twice_keeps_both_quotes(renderer: Renderer):
    answer = FakeAssistant(renderer.library)._answer("safer", "US")
    citation = answer.citations[0]
    other = citation.model_copy(update={"quote": citation.passage.split(". ")[1]})
    sources = CitedSources()
    assert [sources.add(citation), sources.add(other), sources.add(citation)] == [0, 1, 0]
    assert renderer.cards(sources).count("<mark>") == 2


def test_nothing_from_a_person_or_a_source_becomes_markup(renderer: Renderer):
    found, _ = packets(renderer, f"hostile {HOSTILE}")
    rendered = found[-1]["cards"] + "".join(item.get("html", "") for item in found[-1]["items"])
    assert "<img" not in rendered
    assert "<script" not in rendered
    assert "javascript:" not in rendered
    assert "onerror=&#34;" in rendered


def test_markdown_export_cannot_load_or_run_anything(renderer: Renderer):
    (done,) = last_items(renderer, "hostile ![x](https://evil.example/a.png)\n# heading", "done")
    assert "![x]" not in done["markdown"]
    assert re.search(r"(?<!\\)<(img|script)", done["markdown"]) is None
    assert re.search(r"^# ", done["markdown"], re.MULTILINE) is None


def test_export_and_copy_carry_sources_and_fingerprint(renderer: Renderer, library: Library):
    (done,) = last_items(renderer, "is kratom safer than prozac?", "done")
    for text in (done["plain"], done["markdown"]):
        assert "henningfield" in text.lower()
        assert "https://" in text
        assert library.fingerprint in text
    assert export.escape("a*b") == r"a\*b"


def test_an_exception_becomes_a_calm_packet_and_the_log_keeps_quiet(renderer: Renderer, caplog):
    found, _ = packets(renderer, "please break, I wrote something private")
    assert found[-1]["items"][-1] == {"do": "failed"}
    assert "RuntimeError" in caplog.text
    assert "private" not in caplog.text


@pytest.mark.parametrize(
    "sent", [None, "text", {}, {"request": "r"}, {"request": "r", "question": 5}, {"request": "r" * 99}]
)
def test_a_malformed_request_is_refused_calmly(renderer: Renderer, sent):
    (packet,) = answer_packets(FakeAssistant(renderer.library), renderer, sent)
    assert packet["items"] == [{"do": "failed"}]


def test_an_answer_that_ends_early_is_a_failure(renderer: Renderer):
    class Short:
        def stream(self, question, history=(), country=None):
            return iter(())

    (packet,) = answer_packets(Short(), renderer, {"request": "r", "question": "q"})
    assert packet["items"] == [{"do": "failed"}]


def test_history_is_capped_and_country_checked(renderer: Renderer):
    history = [{"role": "user", "content": str(number)} for number in range(500)]
    _, assistant = packets(renderer, "hello", history=history, country="XX")
    _, sent, country = assistant.asked[0]
    assert len(sent) == renderer.settings.max_history_turns
    assert sent[-1]["content"] == "499"
    assert country == "US"


def test_a_final_answer_that_differs_replaces_what_was_streamed(renderer: Renderer):
    real = FakeAssistant(renderer.library)

    class Changing:
        def stream(self, question, history=(), country=None):
            events = list(real.stream(question, history, country))
            yield events[2]
            yield events[-1]

    (*_, packet) = answer_packets(Changing(), renderer, {"request": "r", "question": "safer"})
    kinds = [item["do"] for item in packet["items"]]
    assert "restart" in kinds
    after = packet["items"][kinds.index("restart") :]
    assert sum(item["do"] == "statement" for item in after) == len(after[-1]["answer"]["statements"])


def test_emergency_pins_the_emergency_number_first(renderer: Renderer):
    (pin,) = last_items(renderer, "he won't wake up", "pin")
    assert pin["emergency"]
    assert pin["html"].index("tel:911") < pin["html"].index("tel:18002221222")
    (pin,) = last_items(renderer, "I want to die", "pin")
    assert not pin["emergency"]
    assert pin["html"].index("tel:988") < pin["html"].index("tel:911")


def test_a_part_that_did_not_work_is_said(renderer: Renderer):
    answer = FakeAssistant(renderer.library)._answer("safer", "US")
    assert 'class="missing"' not in renderer.ending(answer)
    trace = Trace(degraded=("model-missing", "something-for-developers"))
    html = renderer.ending(answer.model_copy(update={"trace": trace}))
    assert renderer.library.messages.text("degraded.model-missing") in html
    assert "something-for-developers" not in html


def test_help_sentences_link_their_numbers(renderer: Renderer):
    html = "".join(item["html"] for item in last_items(renderer, "I want to die", "statement"))
    assert '<a href="tel:988">988</a>' in html


def test_the_evidence_line_counts_sources_by_kind_and_names_missing_trials(renderer: Renderer):
    answer = FakeAssistant(renderer.library)._answer("safer", "US")
    counts = {count.name: count.number for count in renderer.counts(answer.citations)}
    assert counts["trials"] == 0
    assert sum(counts.values()) == len({citation.source.id for citation in answer.citations})
    assert renderer.counts(()) == ()


def test_every_kind_of_source_is_counted_and_every_country_named(renderer: Renderer, library: Library):
    counted = {kind for entry in library.messages.node("page.evidence.kinds") for kind in entry["of"]}
    assert counted == {source.kind.value for source in library.sources.values()} | counted
    assert set(renderer.countries) <= set(library.messages.node("page.countries"))
    assert {line.kind for line in library.crisis_lines} <= set(library.messages.node("page.help.kinds"))


def test_every_country_has_lines_in_the_page_with_and_without_scripts(renderer: Renderer, library: Library):
    for page in (renderer.shell(), renderer.without_script()):
        for line in library.crisis_lines:
            assert line.name.replace("&", "&amp;") in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "", None, "ftp://x"])
def test_only_web_addresses_become_links(address):
    assert not is_web_address(address)
