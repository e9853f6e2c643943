"""Who may ask: sites and their origins, programs, operators, proxies."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from rag.server.sites import Site, Sites, SitesError, is_own_origin, load_sites
from rag.settings import PROJECT_ROOT

from .apis import asking, make_api, options

DESK = "https://help.example.org"
KEY = "k" * 32


@pytest.fixture(scope="module")
def client(library, tmp_path_factory):
    with asking(library, options(tmp_path_factory.mktemp("sites")), address="203.0.113.7") as asked:
        yield asked


def ask(client, path="/v1/chat", **headers):
    return client.post(path, json={"question": "zoloft?"}, headers=headers)


def test_a_listed_origin_may_ask_and_read(client):
    response = ask(client, Origin=DESK)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == DESK
    assert "access-control-allow-credentials" not in response.headers
    assert "Origin" in response.headers["vary"]


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "", "https://help.example.org.evil.example", "https://sub.help.example.org"),
        *("http://help.example.org", "https://help.example.org:8443", "HTTPS://HELP.EXAMPLE.ORG"),
        *("http://localhost:8000", "http://127.0.0.1:1", "file://", "https://help.example.org/"),
    ],
)
def test_any_other_origin_is_refused_and_may_not_read(client, origin):
    for response in (ask(client, Origin=origin), client.get("/v1/search?q=x", headers={"Origin": origin})):
        assert (response.status_code, response.json()["code"]) == (403, "origin-not-allowed")
        assert "access-control-allow-origin" not in response.headers


def test_preflight_is_exact(client):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = client.options("/v1/chat", headers={"Origin": DESK, **asked})
    assert allowed.headers["access-control-allow-origin"] == DESK
    assert "*" not in allowed.headers.values()
    refused = client.options("/v1/chat", headers={"Origin": "https://evil.example", **asked})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


def test_a_page_cannot_ask_for_another_site(client):
    assert ask(client, "/v1/chat?site=help-desk", Origin=DESK).status_code == 200
    assert ask(client, "/v1/chat?site=clinic", Origin=DESK).status_code == 403
    assert ask(client, "/v1/chat?site=nobody", Origin=DESK).json()["code"] == "site-unknown"


def test_refusals_of_a_listed_page_can_be_read_by_it(client):
    head = {"Origin": DESK, "Content-Type": "application/json"}
    response = client.post("/v1/chat", content=b"x" * 600_000, headers=head)
    assert response.status_code == 413
    assert response.headers["access-control-allow-origin"] == DESK
    assert {line["country"] for line in response.json()["crisis_lines"]} == {"GB"}


def test_other_pages_cannot_ask_without_an_origin_either(client):
    for kind in ("cross-site", "same-site"):
        response = client.get("/v1/search?q=x", headers={"Sec-Fetch-Site": kind})
        assert response.json()["code"] == "origin-not-allowed"
    assert client.get("/v1/search?q=x", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_own_page_may_ask_and_names_its_site(client):
    own = {"Origin": "http://127.0.0.1:7860"}
    assert ask(client, **own).status_code == 200
    site = client.get("/v1/site?site=help-desk", headers=own).json()
    assert site["id"] == "help-desk"


@pytest.mark.parametrize(
    ("origin", "host", "public", "own"),
    [
        ("http://127.0.0.1:7860", "127.0.0.1:7860", None, True),
        ("http://localhost:7860", "localhost:7860", None, True),
        ("http://[::1]:7860", "[::1]:7860", None, True),
        ("http://192.168.1.5:7860", "192.168.1.5:7860", None, True),
        ("http://localhost:7861", "localhost:7860", None, False),
        ("http://evil.example:7860", "evil.example:7860", None, False),  # DNS rebinding
        ("https://evidence.example.org", "internal:80", "https://evidence.example.org/chat", True),
        ("https://evil.example", "evidence.example.org", "https://evidence.example.org", False),
    ],
)
def test_only_names_of_this_machine_and_the_public_address_are_own(origin, host, public, own):
    assert is_own_origin(origin, host, public) is own


def test_programs_elsewhere_need_a_key(library, client):
    assert (ask(client).status_code, ask(client).json()["code"]) == (401, "key-required")
    assert ask(client).headers["www-authenticate"] == "Bearer"
    with asking(library, options(api_keys=f"{'x' * 40}, {KEY}"), address="203.0.113.7") as keyed:
        assert ask(keyed, Authorization=f"Bearer {KEY}").status_code == 200
        for wrong in ("Bearer nothing", "Bearer ", f"Basic {KEY}", KEY):
            assert ask(keyed, Authorization=wrong).status_code == 401


def test_programs_here_need_none_unless_a_proxy_speaks_for_them(library):
    with asking(library, options()) as local:
        assert ask(local).status_code == 200
        assert ask(local, Authorization="Bearer whatever a client must send").status_code == 200
        assert ask(local, **{"X-Forwarded-For": "203.0.113.7"}).status_code == 401
        assert ask(local, Forwarded="for=203.0.113.7").status_code == 401


def test_metrics_are_for_the_operator(library, client):
    assert client.get("/metrics").status_code == 401
    with asking(library, options()) as local:
        assert local.get("/metrics").status_code == 200
        assert local.get("/metrics", headers={"Origin": "http://127.0.0.1:7860"}).status_code == 401
    with asking(library, options(api_keys=KEY), address="203.0.113.7") as keyed:
        assert keyed.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200


def test_forwarded_addresses_are_believed_from_listed_proxies_only(library):
    given = options(rate_per_person="1/hour", trusted_proxies="10.0.0.0/8")
    for peer, statuses in (("10.1.2.3", [200, 200]), ("203.0.113.7", [200, 429])):
        app = ProxyHeadersMiddleware(make_api(library, given), trusted_hosts=list(given.trusted_proxies))
        with TestClient(app, client=(peer, 1), base_url="http://127.0.0.1:7860") as client:
            own = {"Origin": "http://127.0.0.1:7860"}
            found = [ask(client, **own, **{"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in (1, 2)]
        assert found == statuses


def test_development_opens_this_machine_alone(library):
    with asking(library, options(development=True), address="203.0.113.7") as client:
        for origin in ("http://localhost:8000", "http://127.0.0.1:9", "http://[::1]:5173"):
            response = ask(client, Origin=origin)
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == origin
        for origin in ("http://localhost.evil.example", "http://localhost:8000.evil.example", "http://10.0.0.1"):
            assert ask(client, Origin=origin).status_code == 403


def test_pages_cannot_reach_mcp(client):
    assert client.post("/mcp", json={}, headers={"Origin": DESK}).status_code == 403
    assert client.post("/mcp", json={}).status_code == 401


def test_frames_are_for_the_site_alone(client):
    policy = client.get("/embed?site=help-desk").headers["content-security-policy"]
    assert f"frame-ancestors {DESK} http://127.0.0.1:9911" in policy
    assert "frame-ancestors 'none'" in client.get("/embed").headers["content-security-policy"]


def test_the_example_can_be_used():
    sites = load_sites(PROJECT_ROOT / "sites.example.toml")
    site = sites.by_origin(DESK)
    assert site is not None and site.handover is not None
    assert site.handover.kind == "webhook"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[site", "TOML"),
        ("[server]\n", "server"),
        ('[[site]]\nid = "a"\n', "origins"),
        ('[[site]]\norigins = ["https://a.example"]\n', "id"),
        ('[[site]]\nid = "A b"\norigins = ["https://a.example"]\n', "id"),
        ('[[site]]\nid = "a"\norigins = ["*"]\n', "origin"),
        ('[[site]]\nid = "a"\norigins = ["https://*.example"]\n', "wildcards"),
        ('[[site]]\nid = "a"\norigins = ["https://a.example/"]\n', "origin"),
        ('[[site]]\nid = "a"\norigins = ["https://A.example"]\n', "lower case"),
        ('[[site]]\nid = "a"\norigins = ["https://a.example"]\nrate = "often"\n', "rates"),
        ('[[site]]\nid = "a"\norigins = ["https://a.example"]\ncolour = "red"\n', "colour"),
        ('[[site]]\nid = "a"\norigins = ["https://a.example"]\n[site.handover]\nkind = "email"\n', "address"),
        ('[[site]]\nid = "a"\norigins = ["https://a.example"]\n[site.handover]\nkind = "webhook"\n', "url"),
        (
            '[[site]]\nid = "a"\norigins = ["https://a.example"]\n[[site]]\nid = "a"\norigins = ["https://b.example"]\n',
            "twice",
        ),
        (
            '[[site]]\nid = "a"\norigins = ["https://a.example"]\n[[site]]\nid = "b"\norigins = ["https://a.example"]\n',
            "two sites",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_mend(tmp_path, text, told):
    path = tmp_path / "sites.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SitesError, match=told):
        load_sites(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(SitesError, match="KRATOM_EVIDENCE_SITES_FILE"):
        load_sites(tmp_path / "nowhere.toml")


def test_without_a_file_nobody_may():
    sites = load_sites(None)
    assert sites.origins == ()
    assert sites.by_origin("http://localhost:8000") is None
    assert sites.frame_ancestors(Site()) == "'none'"
    assert Sites(development=True).frame_ancestors(Site()) == "http://localhost:* http://127.0.0.1:*"


@pytest.mark.parametrize(
    "values",
    [
        {"conversation_secret": "short"},
        {"api_keys": f"{KEY},short"},
        {"trusted_proxies": "everyone"},
        {"public_url": "evidence.example.org"},
        {"rate_per_person": "a lot"},
    ],
)
def test_options_that_cannot_be_used_are_refused_without_telling_secrets(values):
    with pytest.raises(ValueError) as caught:
        options(**values)
    assert "short" not in str(caught.value)
