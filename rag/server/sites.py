"""The sites that may embed the assistant: `sites.toml`, and who a request comes from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rag.errors import KratomEvidenceError
from rag.server.options import Rates

LOCAL_ORIGIN = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class SitesError(KratomEvidenceError):
    """The file of sites cannot be used; the message names each thing to mend."""


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{text!r} is no origin; write scheme, host and port only, such as https://help.example.org")
    if "*" in text or "@" in text or text != text.lower():
        raise ValueError(f"{text!r}: origins are exact: lower case, no wildcards, no user names")
    return text


Origin = Annotated[str, AfterValidator(_origin)]


class HandOverTarget(BaseModel):
    """Where a site receives the conversations that are handed to a person.

    Attributes:
        kind: How they are delivered.
        url: Address for webhook and Chatwoot.
        address: Mail address, for `email`.
        secret_env: Name of the environment variable with the signing secret or token.
        inbox: Inbox or account, where the receiving system needs one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["webhook", "chatwoot", "email"]
    url: str | None = None
    address: str | None = None
    secret_env: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]*$")
    inbox: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> HandOverTarget:
        if self.kind == "email" and not self.address:
            raise ValueError("a hand-over by email needs 'address'")
        if self.kind != "email" and (not self.url or urlsplit(self.url).scheme not in ("http", "https")):
            raise ValueError(f"a hand-over by {self.kind} needs 'url', which begins with https://")
        return self


class Site(BaseModel):
    """One site that embeds the assistant; without an id, the server's own page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    origins: tuple[Origin, ...] = ()
    name: str | None = Field(None, max_length=120)
    country: str | None = Field(None, pattern=r"^[A-Z]{2,3}$")
    greeting: str | None = Field(None, max_length=500)
    rate: Rates | None = None
    rate_per_person: Rates | None = None
    handover: HandOverTarget | None = None

    @property
    def label(self) -> str:
        """The id for logs and metrics; `own` for the server's own page."""
        return self.id or "own"


class Sites:
    """The sites by id and by origin.

    Args:
        sites: As read from the file.
        development: Whether pages on this machine may embed the assistant, too.

    Raises:
        SitesError: an id or an origin stands in two sites, or a site has neither id nor origins.
    """

    def __init__(self, sites: Sequence[Site] = (), *, development: bool = False) -> None:
        self.development = development
        self.own = Site()
        self._by_id: dict[str, Site] = {}
        self._by_origin: dict[str, Site] = {}
        for site in sites:
            self._add(site)

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that is allowed by name."""
        return tuple(self._by_origin)

    def by_id(self, site_id: str) -> Site | None:
        """Return the site of an id."""
        return self._by_id.get(site_id)

    def by_origin(self, origin: str) -> Site | None:
        """Return the site of an exact origin; in development any local origin is the own page's."""
        found = self._by_origin.get(origin)
        if found is None and self.development and LOCAL_ORIGIN.fullmatch(origin):
            return self.own
        return found

    def frame_ancestors(self, site: Site) -> str:
        """Return the `frame-ancestors` of a Content-Security-Policy for the embedded page of a site."""
        local = ("http://localhost:*", "http://127.0.0.1:*") if self.development else ()
        return " ".join((*site.origins, *local)) or "'none'"

    def _add(self, site: Site) -> None:
        if site.id is None or not site.origins:
            raise SitesError("each [[site]] needs an 'id' and at least one of 'origins'")
        if site.id in self._by_id:
            raise SitesError(f"the site id {site.id!r} is used twice; rename one")
        self._by_id[site.id] = site
        for origin in site.origins:
            if origin in self._by_origin:
                raise SitesError(f"the origin {origin} stands in two sites; an origin belongs to one")
            self._by_origin[origin] = site


def load_sites(path: Path | None, *, development: bool = False) -> Sites:
    """Read `sites.toml`; without a file there are no sites.

    Raises:
        SitesError: the file is missing, is no TOML, or holds something unknown.
    """
    if path is None:
        return Sites(development=development)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SitesError(
            f"{path.name} cannot be read ({type(error).__name__}); check KRATOM_EVIDENCE_SITES_FILE"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SitesError(f"{path.name} is no valid TOML: {error}") from None
    return Sites(_parse(data, path.name), development=development)


def is_local_host(host: str) -> bool:
    """Tell whether a host name is that of this machine."""
    return host in _LOCAL_HOSTS


def is_own_origin(origin: str, host: str, public_url: str | None) -> bool:
    """Tell whether a page of this very server asks.

    A host name that anyone can point at this address proves nothing (DNS rebinding), so
    only names of this machine, bare addresses and the configured public address count.
    """
    if public_url is not None and origin == _origin_of(public_url):
        return True
    parts = urlsplit(origin)
    if parts.netloc != host or not parts.hostname:
        return False
    return is_local_host(parts.hostname) or _is_address(parts.hostname)


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _parse(data: Mapping[str, object], name: str) -> list[Site]:
    listed = data.get("site", [])
    unknown = sorted(data.keys() - {"site"})
    if unknown or not isinstance(listed, list):
        raise SitesError(f"{name} holds {unknown or ['site']}; write each site under [[site]]")
    found = []
    for number, entry in enumerate(listed, start=1):
        try:
            found.append(Site.model_validate(entry))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise SitesError(f"{name}, site {number}: {problems}") from None
    return found
