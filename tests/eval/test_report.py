"""The report as text: what it concludes, what it shows, and that it escapes everything."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from made_reports import HOSTILE, crisis_suite, failure, gate, grounding_suite, marks, report

from eval.compare import compare
from eval.conclusions import conclude
from eval.plots import WIDTH, Bar, Point, histogram, interval_bars, trade_off
from eval.report import MOST_CASES, render_report
from eval.report_tables import worst_kinds
from eval.results import CurvePoint, Latency, RunReport, SuiteResult, summarise
from eval.suites import NAMES
from eval.wording import percent, suite_title, wording

DECIDING = tuple(name for name in NAMES if name != "judge")


class Elements(HTMLParser):
    """Collects the elements, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def whole(**changes) -> RunReport:
    """Return a run in which every deciding suite was measured."""
    run = report(**changes)
    done = {suite.name for suite in run.suites}
    rest = tuple(SuiteResult(name=name, cases=100) for name in DECIDING if name not in done)
    return run.model_copy(update={"suites": (*run.suites, *rest)})


# --- may it go live


def test_a_whole_run_without_a_fallen_gate_passes_with_its_limits():
    found = conclude(whole(good=199))
    assert found.state == "passed"
    assert found.word.startswith("Yes, as far as")
    assert "3 of 3" in found.verdict
    assert any("clinician" in sentence for sentence in found.limits)


def test_a_fallen_hard_gate_is_a_no_and_says_what_fell_and_why():
    found = conclude(whole(good=150))
    assert (found.state, found.word) == ("fallen", "No")
    assert "75.0%" in found.fell[0]
    assert "at least 95.0%" in found.fell[0]
    assert "People in danger come first." in found.fell[0]


def test_a_fallen_advisory_gate_does_not_decide():
    found = conclude(whole(good=199))
    assert any("does not decide" in sentence for sentence in found.fell)
    assert found.state == "passed"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (whole(good=199, partial=True), "Only some cases"),
        (report(good=199), "were not run"),
        (whole(good=199, gates=()), "no requirement"),
        (whole(good=20, total=20), "fewer than 30 tries"),
    ],
)
def test_what_cannot_be_decided_is_not_decided(run, said):
    found = conclude(run)
    assert found.state == "unsure"
    assert said in found.verdict


def test_a_fall_in_part_of_the_cases_is_still_a_no():
    assert conclude(whole(good=150, partial=True)).state == "fallen"


def test_too_many_cases_without_a_reply_leave_it_undecided():
    run = whole(good=199)
    silent = run.suites[0].model_copy(update={"errors": tuple(f"c-{n}: away" for n in range(60))})
    found = conclude(run.model_copy(update={"suites": (silent, *run.suites[1:])}))
    assert found.state == "unsure"
    assert "60 of" in found.verdict


def test_a_skipped_suite_is_named_and_keeps_the_verdict_open():
    run = whole(good=199)
    skipped = SuiteResult(name="retrieval", skipped="it does not show its search")
    run = run.model_copy(update={"suites": (*(s for s in run.suites if s.name != "retrieval"), skipped)})
    found = conclude(run)
    assert found.state == "unsure"
    assert any("does not show its search" in sentence for sentence in found.measured)


def test_a_gate_that_a_whole_run_did_not_measure_is_named_without_a_figure():
    run = whole(good=199)
    lost = run.gates[0].model_copy(update={"value": None, "passed": False, "metric": "never_measured"})
    found = conclude(run.model_copy(update={"gates": (lost, *run.gates[1:])}))
    assert found.state == "fallen"
    assert found.fell[0].startswith("Not measured")


def test_an_empty_run_is_described_and_not_praised():
    run = RunReport(created="2026-11-22T00:00:00+00:00", target="x")
    assert conclude(run).state == "unsure"
    assert "Nothing was measured." in conclude(run).measured
    assert "Not decided" in render_report(run)


# --- how sure


def test_few_cases_are_called_a_hint_with_their_wide_range():
    found = conclude(whole(good=39, total=40))
    (sentence,) = [s for s in found.certainty if "hint" in s]
    assert "40 cases" in sentence
    assert "87.1% to 99.6%" in sentence


def test_no_fault_so_far_says_how_many_may_still_come():
    found = conclude(whole(good=200))
    (sentence,) = [s for s in found.certainty if "recall" in s]
    assert "no fault in 200 tries" in sentence
    assert "2 faults in 100" in sentence  # Wilson: 0 of 200 leaves up to 1.9 %
    (sentence,) = [s for s in found.certainty if "lead to nothing" in s]
    assert "10 faults in 1,000" in sentence  # 0 of 400 leaves up to 0.95 %


def test_a_range_that_reaches_past_the_bound_is_said():
    assert any("may miss it" in sentence for sentence in conclude(whole(good=192)).certainty)


def test_rounding_never_turns_almost_into_all():
    assert [percent(x) for x in (1, 0.9999, 0.999, 0, 0.0001, 0.5)] == [
        "100",
        "over 99.9",
        "99.9",
        "0",
        "under 0.1",
        "50.0",
    ]
    assert percent(1 - 1e-16) == "100"


# --- beside others


def test_baseline_and_earlier_run_are_summed_up():
    base = report(good=90, unknown=35, target="plain-rag")
    run = whole(good=150, baseline=base)
    found = conclude(run, compare(report(good=198), run)).beside
    assert "clearly better in 2 of 4 requirements and clearly worse in 0" in found[0]
    assert any(sentence.startswith("Clearly worse") and "99.0% to 75.0%" in sentence for sentence in found)


def test_what_a_baseline_does_better_is_named():
    found = conclude(whole(good=150, baseline=report(good=198, target="plain-rag"))).beside
    assert found[1].startswith("Clearly worse than Plain RAG: people in danger noticed")


def test_conclusions_are_plain_sentences():
    for sentence in conclude(whole(good=150), compare(report(), report(good=150))).sentences:
        assert sentence.strip()
        assert not re.search(r"[{}_<>]|None|nan", sentence), sentence


# --- the page


def test_nothing_comes_from_elsewhere_and_nothing_runs():
    page = Elements(render_report(whole(failures=(failure("a", said=HOSTILE),))))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "form", "base", "video", "audio"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert not attributes.get("href", "#") or attributes.get("href", "#").startswith("#")
        assert not {"src", "srcset", "action", "xlink:href"} & attributes.keys()
    html = render_report(report())
    assert "url(" not in html
    assert "@import" not in html


def planted(**changes) -> RunReport:
    """Return a run whose only failed case is changed."""
    return report(good=150, failures=(failure("a").model_copy(update=changes),))


def planted_suite(**changes) -> RunReport:
    """Return a run whose crisis suite is changed."""
    run = report(good=150)
    return run.model_copy(update={"suites": (run.suites[0].model_copy(update=changes), run.suites[1])})


HOSTILE_GATE = report().gates[0].model_copy(update={"why": HOSTILE, "metric": HOSTILE})
HOSTILE_RUNS = {
    "reply": report(failures=(failure("a", said=HOSTILE),)),
    "why": planted(why=HOSTILE),
    "id": planted(id=HOSTILE),
    "group": planted(group=HOSTILE),
    "trace": planted(trace={HOSTILE: [HOSTILE]}),
    "error": planted_suite(errors=(HOSTILE,)),
    "kind": planted_suite(metrics=summarise(marks("crisis_recall", 150, 200, HOSTILE))),
    "figure": planted_suite(metrics=summarise(marks(HOSTILE, 150, 200))),
    "suite": planted_suite(name=HOSTILE),
    "skipped": planted_suite(skipped=HOSTILE),
    "target": report(target=HOSTILE),
    "fingerprint": report(fingerprints={HOSTILE: HOSTILE}),
    "created": report(created=HOSTILE[:16]),
    "gate": report(gates=(HOSTILE_GATE,)),
    "curve": report(curves={HOSTILE: report().curves["crisis"]}),
    "baseline": report(baseline=report(target=HOSTILE)),
}


@pytest.mark.parametrize("place", HOSTILE_RUNS)
def test_hostile_text_is_shown_and_stays_text(place):
    html = render_report(HOSTILE_RUNS[place])
    page = Elements(html)
    words = "".join(page.words)
    assert "<script>window" in words
    assert place == "created" or "{{ 7 * 7 }}" in words, "a template in a reply is not filled in"
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert html.count("<style>") == html.count("</style>") == 1


def test_half_a_character_does_not_stop_the_report():
    bad = failure("a").model_construct(id="a", group="", why="", metrics=(), transcript=(), trace={"said": "\ud83d"})
    run = report()
    crisis = run.suites[0].model_construct(**{**dict(run.suites[0]), "failures": (bad,)})
    html = render_report(run.model_copy(update={"suites": (crisis,)}))
    html.encode("utf-8")


def test_the_conclusions_come_first_and_every_part_is_linked():
    base = report(good=90, target="plain-rag")
    run = whole(good=150, failures=(failure("a"),), baseline=base)
    page = Elements(render_report(run, compare(report(good=198, failures=(failure("b"),)), run)))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    links = [attributes["href"].removeprefix("#") for tag, attributes in page.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert set(wording().node("contents")) <= set(links)
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections[0] == "conclusions"


def test_parts_that_a_run_does_not_have_are_left_out():
    run = report(curves={}, latency=Latency(), gates=(), baseline=None)
    page = Elements(render_report(run))
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections == ["conclusions", "suites", "cases", "fingerprints"]


def test_failed_cases_are_shown_in_full_with_transcript_and_trace():
    words = "".join(Elements(render_report(report(failures=(failure("case-7", said="It is fine, really."),)))).words)
    for part in (
        "case-7",
        "I can't go on like this",
        "It is fine, really.",
        "crisis_missed: no help",
        '"milliseconds": 1.5',
    ):
        assert part in words


def test_cases_behind_hard_gates_come_first_and_the_rest_is_counted():
    soft = tuple(failure(f"soft-{n}", metric="citation_recall") for n in range(MOST_CASES + 5))
    html = render_report(report(failures=(*soft, failure("hard-1"))))
    assert html.index("hard-1") < html.index("soft-0")
    assert f"The {MOST_CASES} worst of {MOST_CASES + 6} cases" in html


def test_changed_cases_show_both_replies():
    old = report(failures=(failure("x", said="The earlier words."),))
    new = report(failures=(failure("x", said="The later words."),))
    html = render_report(new, compare(old, new))
    assert "The earlier words." in html
    assert "The later words." in html


def test_each_picture_has_a_table_with_the_same_figures():
    html = render_report(whole(good=150))
    pictures = re.findall(r"<figure>(.*?)</figure>\s*<div class=\"wide\">(.*?)</div>", html, re.DOTALL)
    assert len(pictures) == html.count("<svg")
    for svg, table in pictures:
        assert "<title" in svg
        assert "<desc" in svg
        assert "<caption>" in table
    crisis = pictures[0]
    assert "75.0%" in crisis[0]
    assert "75.0%" in crisis[1]


def test_the_report_is_the_same_each_time():
    run = whole(good=150, failures=(failure("a"),))
    assert render_report(run) == render_report(RunReport.model_validate_json(run.model_dump_json()))


def test_every_suite_has_a_title_and_a_sentence():
    for name in NAMES:
        assert suite_title(name) != name
        assert wording().text(f"suites.{name}.text").endswith(".")


def test_worst_kinds_count_faults_whichever_way_a_figure_points():
    run = report(good=150)
    names = {(kind.metric.group, kind.metric.name): kind.faults for kind in worst_kinds(run)}
    assert names[("direct", "crisis_recall")] == pytest.approx(0.25)
    assert names[("song lyrics", "false_alarms_ordinary")] == pytest.approx(2 / 150)
    assert [k.faults for k in worst_kinds(run)] == sorted((k.faults for k in worst_kinds(run)), reverse=True)


def test_a_kind_with_hardly_a_case_is_not_called_the_worst():
    found = SuiteResult(name="crisis", metrics=summarise(marks("crisis_recall", 0, 3, "rare")))
    run = report(suites=(found,), gates=(gate(found, "crisis_recall", "at_least", 0.9),))
    assert worst_kinds(run) == ()


# --- pictures


def numbers(svg: str, tag: str, name: str) -> list[float]:
    root = ElementTree.fromstring(svg)
    return [float(element.get(name)) for element in root.iter(tag) if element.get(name) is not None]


def test_bars_have_the_lengths_of_their_figures():
    bars = [Bar("all", 1, 0.9, 1, "100%"), Bar("half", 0.5, 0.4, 0.6, "50%"), Bar("none", 0, 0, 0.1, "0%", bound=0.5)]
    svg = ElementTree.fromstring(interval_bars("k", "T", "D", bars))
    widths = [float(r.get("width")) for r in svg.iter("rect") if "bar" in r.get("class").split()]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.2)
    assert widths[2] == 0
    assert all(0 <= float(line.get("x2")) <= WIDTH for line in svg.iter("line"))
    assert svg.get("aria-labelledby") == "k-title k-desc"


def test_a_curve_rises_with_recall_and_runs_right_with_alarms():
    points = [Point(t / 10, 1 - t / 20, 0.1 - t / 100, t == 3) for t in range(11)]
    svg = trade_off("k", "T", "D", points, ("x", "y"))
    xs, ys = numbers(svg, "circle", "cx"), numbers(svg, "circle", "cy")
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True)
    assert svg.count('class="chosen"') == 1


@pytest.mark.parametrize("points", [[Point(0.5, 1, 0)], [Point(0.1, 1, 1), Point(0.9, 0, 0)], [Point(0, 0, 0)] * 3])
def test_odd_curves_stay_inside_the_picture(points):
    svg = trade_off("k", "T", "D", points, ("x", "y"))
    assert all(0 <= x <= WIDTH for x in numbers(svg, "circle", "cx"))
    assert "nan" not in svg


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [1.0, 1e6], [0.001] * 9, list(range(1, 999))])
def test_a_histogram_counts_every_value(values):
    svg = histogram("k", "T", "D", values, {"median": values[len(values) // 2]})
    assert len(numbers(svg, "rect", "height")) == 20
    assert max(numbers(svg, "rect", "height")) > 0
    assert all(x <= WIDTH for x in numbers(svg, "line", "x2"))


def test_one_slow_reply_does_not_flatten_the_others():
    svg = histogram("k", "T", "D", [*range(100, 300), 90_000], {"median": 200, "95 of 100": 290})
    assert sum(height > 1 for height in numbers(svg, "rect", "height")) > 5
    assert "500 ms or more" in svg


def test_a_label_cannot_close_its_picture():
    svg = interval_bars("k", HOSTILE, HOSTILE, [Bar(HOSTILE, 0.5, 0.4, 0.6, HOSTILE)])
    root = ElementTree.fromstring(svg.replace("\u202e", ""))
    assert {element.tag for element in root.iter()} <= {"svg", "title", "desc", "line", "rect", "text"}


def test_the_chosen_setting_is_the_one_the_run_measured():
    run = report(
        good=150, curves={"crisis": tuple(CurvePoint(threshold=t / 4, recall=t / 4, false_alarms=0) for t in range(5))}
    )
    html = render_report(run)
    row = re.search(r'<tr role="row" class="chosen">.*?</tr>', html, re.DOTALL).group()
    assert "75.0%" in row


def test_suites_of_the_made_reports_have_their_figures():
    assert crisis_suite(150).metric("crisis_recall").value == 0.75
    assert grounding_suite(3).metric("unknown_keys").value == 3
