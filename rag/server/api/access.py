"""Who may ask: pages by their origin, programs by their key or because they run on this machine.

An origin or a missing one proves nothing about a program, which can send what it likes; it
keeps other people's pages from using a visitor's browser. What holds back programs are the rates.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Scope

from rag.server.api.problems import ProblemError
from rag.server.limits import AddressKeys, Rate
from rag.server.options import ServerSettings, secrets_of
from rag.server.sites import Site, Sites, is_own_origin

_OWN_FETCHES = ("same-origin", "none")


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request, as far as limits and wording go.

    Attributes:
        site: The site that is asked for.
        address: Key of the address; see `AddressKeys`.
        key: Key of the API key, for programs that have one.
    """

    site: Site
    address: str
    key: str | None


class Access:
    """Decides who may ask.

    Args:
        sites: The sites that may embed the assistant.
        options: Keys, rates and the public address.
        addresses: Makes keys of addresses.
    """

    def __init__(self, sites: Sites, options: ServerSettings, addresses: AddressKeys) -> None:
        self._sites = sites
        self._options = options
        self._addresses = addresses
        self._keys = [_digest(key) for key in secrets_of(options.api_keys)]

    def caller(self, scope: Scope) -> Caller:
        """Return who asks.

        Raises:
            ProblemError: they may not.
        """
        headers = Headers(scope=scope)
        named = self._named_site(scope)
        key = self._key(headers)
        origin = headers.get("origin")
        if origin is not None:
            site = self._site_of_page(scope, headers, origin, named)
        elif headers.get("sec-fetch-site", "none") not in _OWN_FETCHES:
            raise ProblemError("origin-not-allowed")
        else:
            if key is None and "sec-fetch-site" not in headers and not self.is_local(scope):
                raise ProblemError("key-required")
            site = named or self._sites.own
        return Caller(site, self._addresses(_address(scope)), key)

    def is_operator(self, scope: Scope) -> bool:
        """Tell whether a request for operating comes from this machine or with a key, and from no page."""
        headers = Headers(scope=scope)
        if "origin" in headers or headers.get("sec-fetch-site", "none") not in _OWN_FETCHES:
            return False
        return self.is_local(scope) or (bool(self._keys) and self._key(headers) is not None)

    @staticmethod
    def is_local(scope: Scope) -> bool:
        """Tell whether a program on this machine asks, and no proxy for somebody else."""
        headers = Headers(scope=scope)
        if "x-forwarded-for" in headers or "forwarded" in headers:
            return False
        try:
            return ip_address(_address(scope)).is_loopback
        except ValueError:
            return False

    def rates(self, caller: Caller, kind: str) -> tuple[Rate, ...]:
        """Return what a request of one kind is counted against: `ask`, `read` or `handover`."""
        options, site = self._options, caller.site
        if kind == "read":
            return (Rate(options.reading_rate, ("read", caller.address)),)
        if kind == "handover":
            return (Rate(options.handover_rate, ("handover", caller.address)),)
        whole = Rate(site.rate or options.rate_per_site, ("site", site.label))
        if caller.key is not None:
            return Rate(options.rate_per_key, ("key", caller.key)), whole
        one = Rate(site.rate_per_person or options.rate_per_person, ("person", site.label, caller.address))
        return one, whole

    def _site_of_page(self, scope: Scope, headers: Headers, origin: str, named: Site | None) -> Site:
        if is_own_origin(origin, headers.get("host", ""), self._options.public_url):
            return named or self._sites.own
        site = self._sites.by_origin(origin)
        local = site is self._sites.own
        allowed = site is not None and (named is None or named is site or local)
        # Tools for developers come as programs, and from the server's own pages.
        if site is None or not allowed or scope["path"].startswith("/mcp"):
            raise ProblemError("origin-not-allowed")
        return named or site

    def _named_site(self, scope: Scope) -> Site | None:
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("site")
        if not given:
            return None
        site = self._sites.by_id(given[-1])
        if site is None:
            raise ProblemError("site-unknown")
        return site

    def _key(self, headers: Headers) -> str | None:
        """Return the key of the API key that was sent, where this server has keys."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if not self._keys or scheme.lower() != "bearer":
            return None
        digest = _digest(given.strip())
        if not any(hmac.compare_digest(digest, known) for known in self._keys):
            raise ProblemError("key-required")
        return digest[:16]


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("latin-1", "replace")).hexdigest()
