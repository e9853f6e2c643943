"""Where hand-overs go: from `sites.toml` and the environment alone, never from a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from rag.errors import KratomEvidenceError
from rag.server.options import SHORTEST_SECRET
from rag.server.sites import HandOverTarget, Site

_MAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}")
# The address of a Chatwoot account as its agents see it: https://chat.example.org/app/accounts/3
_ACCOUNT = re.compile(r"(?P<base>.*?)/(?:app|api/v1)/accounts/(?P<account>[0-9]+)(?:/.*)?")


class HandOverConfigError(KratomEvidenceError):
    """A hand-over in `sites.toml` cannot work; the message says what to mend."""


@dataclass(frozen=True)
class Target:
    """Where and how the hand-overs of one site are delivered.

    Attributes:
        kind: `webhook`, `chatwoot` or `email`.
        site: Id of the site.
        url: Of the webhook, or the base of Chatwoot.
        secrets: Of the webhook, the first signs; of Chatwoot, the token of its bot.
        inbox: Identifier of Chatwoot's API inbox.
        account: Chatwoot's account, where its bot may open conversations.
        address: Mail address, for `email` or where delivery fails.
    """

    kind: str
    site: str
    url: str = ""
    # Never shown, not even by accident in a log.
    secrets: tuple[str, ...] = field(default=(), repr=False)
    inbox: str = ""
    account: str | None = None
    address: str | None = None


def read_targets(sites: Iterable[Site], environ: Mapping[str, str]) -> dict[str, Target]:
    """Return the target of each site that has one.

    Raises:
        HandOverConfigError: an address or a secret cannot be used.
    """
    return {site.label: _read(site.label, site.handover, environ) for site in sites if site.handover is not None}


def _read(site: str, given: HandOverTarget, environ: Mapping[str, str]) -> Target:
    if given.address is not None and not _MAIL.fullmatch(given.address):
        raise _error(site, f"{given.address!r} is no plain mail address; write for example help@example.org")
    if given.kind == "email":
        return Target("email", site, address=given.address)
    url = _checked_url(site, given.url or "")
    secrets = _secrets(site, given, environ)
    if given.kind == "webhook":
        return Target("webhook", site, url, secrets, address=given.address)
    if not given.inbox or not re.fullmatch(r"[\w-]{1,100}", given.inbox):
        raise _error(site, "chatwoot needs 'inbox', the identifier of its API inbox (Settings, Inboxes, Configuration)")
    found = _ACCOUNT.fullmatch(url)
    base, account = (found["base"], found["account"]) if found else (url, None)
    return Target("chatwoot", site, base.rstrip("/"), secrets, given.inbox, account, given.address)


def _checked_url(site: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.password or parts.fragment:
        raise _error(site, "'url' must hold no user name, password or fragment; secrets belong into 'secret_env'")
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise _error(site, "'url' must begin with https://, as it carries what people wrote; http:// is for loopback")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _secrets(site: str, given: HandOverTarget, environ: Mapping[str, str]) -> tuple[str, ...]:
    if given.secret_env is None:
        if given.kind == "webhook":
            raise _error(site, "a webhook is signed; it needs 'secret_env', the name of the variable with the secret")
        return ()
    found = tuple(part.strip() for part in environ.get(given.secret_env, "").split(",") if part.strip())
    if not found:
        raise _error(site, f"the environment variable {given.secret_env} is not set; it holds the secret")
    if given.kind == "webhook" and any(len(secret) < SHORTEST_SECRET for secret in found):
        raise _error(
            site,
            f"the secret in {given.secret_env} is shorter than {SHORTEST_SECRET} characters; "
            "make one with 'openssl rand -hex 32'",
        )
    return found


def _error(site: str, text: str) -> HandOverConfigError:
    return HandOverConfigError(f"the hand-over of site {site!r} cannot be used: {text}")
