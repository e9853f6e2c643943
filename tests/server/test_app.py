from __future__ import annotations

import http.client
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from .conftest import Running


def fetch(url: str, method: str = "GET", data: bytes | None = None, **headers: str):
    request = urllib.request.Request(url, method=method, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def test_health_names_the_corpus(running: Running, library):
    status, _, body = fetch(running.url + "/healthz")
    assert status == 200
    assert library.fingerprint in body


def test_the_page_has_strict_headers(running: Running):
    _, headers, _ = fetch(running.url + "/")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self' 'nonce-" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "http" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Set-Cookie"] is None


def test_each_response_has_its_own_nonce_on_every_script(running: Running):
    seen = set()
    for _ in range(2):
        _, headers, body = fetch(running.url + "/")
        nonce = headers["Content-Security-Policy"].split("'nonce-")[1].split("'")[0]
        seen.add(nonce)
        assert body.count("<script") == body.count(f'<script nonce="{nonce}"') > 0
    assert len(seen) == 2


def test_the_page_names_no_other_site_to_load_from(running: Running):
    _, _, body = fetch(running.url + "/")
    assert "og:image" not in body
    assert "manifest.json" not in body.split("</head>")[1]
    assert 'rel="manifest"' not in body


def test_without_scripts_the_page_shows_crisis_lines(running: Running):
    _, _, body = fetch(running.url + "/")
    assert "tel:988" in body.split("<noscript>")[1]


@pytest.mark.parametrize("path", ["/", "/gradio_api/startup-events", "/healthz"])
def test_other_origins_get_no_permission(running: Running, path):
    _, headers, _ = fetch(running.url + path, Origin="https://evil.example")
    assert headers["Access-Control-Allow-Origin"] is None
    assert headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/upload", "/gradio_api/call/ask", "/gradio_api/run/ask", "/gradio_api/file=/etc/passwd"),
        *("/gradio_api/proxy=http://127.0.0.1", "/gradio_api/info", "/gradio_api/runs", "/monitoring"),
        *("/monitoring/summary", "/gradio_api/component_server", "/config", "/gradio_api/vibe-code"),
        *("/login", "/manifest.json", "/redoc"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_the_page_does_not_need_is_closed(running: Running, path, method):
    status, _, _ = fetch(running.url + path, method, b"{}" if method == "POST" else None)
    assert status in (404, 405)


def test_large_bodies_are_refused(running: Running):
    for header, expected in (("Content-Length", 413), ("Transfer-Encoding", 411)):
        connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=10)
        connection.putrequest("POST", "/gradio_api/queue/join")
        connection.putheader(header, "2000001" if expected == 413 else "chunked")
        connection.endheaders()
        assert connection.getresponse().status == expected
        connection.close()


def test_gradio_reports_and_records_nothing(running: Running):
    _, _, body = fetch(running.url + "/")
    assert '"analytics_enabled": false' in body or '"analytics_enabled":false' in body


def test_the_access_log_is_off(running: Running):
    assert running.server.config.access_log is False


def test_reading_the_corpus_does_not_import_the_web():
    code = "import sys, rag, rag.records, rag.settings, rag.library; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
