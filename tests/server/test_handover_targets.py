"""Where hand-overs may go, and what stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.server.handover import HandOverConfigError
from rag.server.handover.targets import read_targets
from rag.server.handover.wording import Wording
from rag.server.sites import HandOverTarget, Site, load_sites
from rag.settings import PROJECT_ROOT, Settings

SECRET = "a secret of the help-desk that is long enough"


def read(environ: dict[str, str] | None = None, **values: str | None):
    given = {"kind": "webhook", "url": "https://help.example.org/tickets", "secret_env": "DESK_SECRET", **values}
    site = Site(id="desk", origins=("https://help.example.org",), handover=HandOverTarget(**given))
    return read_targets([site], {"DESK_SECRET": SECRET} if environ is None else environ)["desk"]


@pytest.mark.parametrize(
    "url", ["https://10.0.0.7/x", "http://127.0.0.1:8/x", "http://[::1]:8/x", "http://localhost/x", "http://127.9.9.9/"]
)
def test_these_addresses_may_be_configured(url: str):
    assert read(url=url).url == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://help.example.org/x", "https://"),
        ("http://localhost.example.org/x", "https://"),
        ("http://127.0.0.1.example.org/x", "https://"),
        ("http://10.0.0.7/x", "https://"),
        ("https://user:word@help.example.org/x", "password"),
        ("https://help.example.org/x#y", "fragment"),
    ],
)
def test_these_may_not(url: str, message: str):
    with pytest.raises(HandOverConfigError, match=message):
        read(url=url)


@pytest.mark.parametrize(
    ("environ", "secret_env", "message"),
    [
        ({}, "DESK_SECRET", "DESK_SECRET is not set"),
        ({"DESK_SECRET": " , "}, "DESK_SECRET", "DESK_SECRET is not set"),
        ({"DESK_SECRET": "short"}, "DESK_SECRET", "shorter than 32"),
        ({"DESK_SECRET": f"{SECRET},short"}, "DESK_SECRET", "shorter than 32"),
        ({}, None, "secret_env"),
    ],
)
def test_a_webhook_needs_a_secret(environ: dict[str, str], secret_env: str | None, message: str):
    with pytest.raises(HandOverConfigError, match=message) as raised:
        read(environ, secret_env=secret_env)
    assert "short," not in str(raised.value) and SECRET not in str(raised.value)


def test_a_secret_is_never_shown():
    target = read()
    assert target.secrets == (SECRET,) and SECRET not in repr(target)


def test_the_account_of_chatwoot_is_read_from_the_address_that_agents_see():
    target = read(kind="chatwoot", url="https://chat.example.org/app/accounts/3/inbox/7", inbox="a-B_9")
    assert (target.url, target.account, target.inbox) == ("https://chat.example.org", "3", "a-B_9")
    plain = read({}, kind="chatwoot", url="https://chat.example.org/", inbox="a", secret_env=None)
    assert (plain.url, plain.account) == ("https://chat.example.org", None)
    for inbox in (None, "a/../b", "a b"):
        with pytest.raises(HandOverConfigError, match="inbox"):
            read(kind="chatwoot", inbox=inbox)


@pytest.mark.parametrize("address", ["help", "a@b?bcc=c@d", "a@b,c@d", "a b@c", "a@b\nc"])
def test_a_mail_address_is_one_plain_address(address: str):
    with pytest.raises(HandOverConfigError, match="mail address"):
        read(kind="email", url=None, address=address)


def test_the_example_of_sites_can_be_used():
    sites = load_sites(PROJECT_ROOT / "sites.example.toml")
    site = sites.by_id("help-desk")
    assert site is not None
    assert read_targets([site], {"HELP_DESK_SECRET": SECRET})["help-desk"].kind == "webhook"


def test_every_wording_in_the_code_is_in_the_corpus():
    wording = Wording.read(Settings().corpus_dir)
    folder = Path(PROJECT_ROOT / "rag" / "server" / "handover")
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for group in ("risk", "reason", "site", "country", "contact", "note", "context", "conversation", "sources"):
        assert wording.say(f"text.{group}") and f"text.{group}" in code
    for level in ("none", "concern", "crisis", "emergency"):
        assert wording.say(f"text.risks.{level}")
    for reason in ("asked", "abstained", "concern", "crisis", "emergency"):
        assert wording.say(f"text.reasons.{reason}")
    for reply in ("preview", "preview_mail", "delivered", "queued", "queued_kept", "failed", "failed_mail", "mail"):
        assert "{" not in wording.say(f"reply.{reply}", name="x", hours="6")
    for other in ("reply.queued_mail", "reply.urgent", "people", "text.user", "text.assistant", "text.visitor"):
        assert wording.say(other)
