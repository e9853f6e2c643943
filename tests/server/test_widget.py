"""The widget's routes and what is built into its script."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rag.server import widget
from rag.server.sites import Site, Sites
from rag.server.widget import widget_router
from rag.server.widget.script import SOURCES, as_javascript, read_labels, widget_script
from rag.settings import Settings

ORIGIN = "https://help.example.org"
LARGEST = 60_000
LONGEST = 480


@pytest.fixture(scope="module")
def client(library) -> TestClient:
    app = FastAPI()
    app.include_router(widget_router(library, Settings(), Sites([Site(id="help-desk", origins=(ORIGIN,))])))
    return TestClient(app)


@pytest.fixture(scope="module")
def script(library) -> str:
    return widget_script(library, Settings())


def test_the_script_is_small(client):
    answer = client.get("/widget.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < LARGEST


def test_any_page_may_load_the_script_and_keep_it_for_a_while(client):
    headers = client.get("/widget.js").headers
    assert headers["content-type"].startswith("text/javascript")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert "max-age=3600" in headers["cache-control"]
    assert headers["vary"] == "Accept-Encoding"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("path", ["/widget.js", "/embed?site=help-desk"])
def test_what_has_not_changed_is_not_sent_again(client, path):
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert client.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200
    assert client.head(path).status_code == 200


def test_a_client_that_cannot_unpack_gets_it_plain(client, script):
    answer = client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.text == script


def test_every_line_of_help_is_built_in(script, library):
    for line in library.crisis_lines:
        assert json.dumps(line.id) in script
        assert line.phone is None or line.phone in script


def test_nothing_in_the_script_makes_markup_or_keeps_anything(script):
    code = re.sub(r"^const CONFIG = .*$", "", script, flags=re.MULTILINE)
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"):
        assert word not in code
    for word in ("localStorage", "sessionStorage", "indexedDB", "document.cookie", "sendBeacon"):
        assert word not in code
    assert re.findall(r"https?://[\w.]+", code) == []


def test_built_in_text_cannot_end_the_script():
    value = as_javascript({"text": "</script><!-- \u2028 &"})
    assert "<" not in value and "\u2028" not in value
    assert json.loads(value)["text"] == "</script><!-- \u2028 &"


def test_each_language_has_the_same_labels_and_fields():
    labels = read_labels(Settings().corpus_dir)
    english = labels["en"]
    for language, words in labels.items():
        assert words.keys() == english.keys(), language
        for key, text in words.items():
            assert fields(text) == fields(english[key]), (language, key)
            assert text or key == "answers_in", (language, key)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_label_the_script_asks_for_exists_and_each_label_is_used(script):
    english = read_labels(Settings().corpus_dir)["en"]
    code = script.split("const CONFIG = ")[1].partition("\n")[2]
    asked = set(re.findall(r'\bt(?:\.fill)?\("([a-z_]+)"', code))
    assert asked <= english.keys()
    by_prefix = ("section_", "kind_", "level_", "error_", "confidence_", "handover_")
    unused = {key for key in english if f'"{key}"' not in code and not key.startswith(by_prefix)}
    assert unused == set()


def test_every_kind_of_line_has_a_label(library):
    english = read_labels(Settings().corpus_dir)["en"]
    assert {f"kind_{line.kind}" for line in library.crisis_lines} <= english.keys()


def test_the_sources_are_short():
    folder = Path(widget.__file__).parent / "source"
    assert {path.name for path in folder.iterdir()} == set(SOURCES)
    for name in SOURCES:
        assert len((folder / name).read_text(encoding="utf-8").splitlines()) <= LONGEST, name


def test_the_frame_may_be_shown_by_its_site_alone(client):
    policy = client.get("/embed?site=help-desk").headers["content-security-policy"]
    assert f"frame-ancestors {ORIGIN}" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in client.get("/embed").headers["content-security-policy"]
    assert client.get("/embed?site=other").status_code == 404


def test_the_frame_escapes_what_its_address_says(client):
    hostile = '"><script>window.hacked=1</script>'
    page = client.get(
        "/embed", params={"site": "help-desk", "context": hostile, "lang": hostile, "country": hostile}
    ).text
    assert page.count("<script") == 1
    assert "&#34;&gt;&lt;script&gt;" in page


def test_without_scripts_the_frame_shows_lines_of_help(client):
    page = client.get("/embed?site=help-desk").text
    assert "tel:988" in page.split("<noscript>")[1]
