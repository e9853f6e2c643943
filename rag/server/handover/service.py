"""The hand-over as the API uses it: preview, sending, and the truth about what became of it."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import httpx

from rag.answering.country import lines_for
from rag.library import Library
from rag.server.api.context import HandOverCase
from rag.server.api.models import HandOverReply
from rag.server.handover.chatwoot import ChatwootSender
from rag.server.handover.courier import Courier, Delivery, Fate
from rag.server.handover.options import HandOverSettings
from rag.server.handover.package import Package, pack
from rag.server.handover.senders import Parcel, Sender, WebhookSender
from rag.server.handover.targets import Target, read_targets
from rag.server.handover.text import mail, mail_link
from rag.server.handover.wording import Wording
from rag.server.sites import Site, Sites
from rag.settings import Settings

Status = Literal["preview", "delivered", "queued", "mail", "failed"]


class HandOverService:
    """Hands conversations to a person; fits the `HandOver` of the API.

    Args:
        library: The corpus, for cited sources and crisis lines.
        settings: Limits of the assistant.
        targets: By site.
        options: Options of the hand-over.
        transport: Of the HTTP client; for tests.
    """

    def __init__(
        self,
        library: Library,
        settings: Settings,
        targets: Mapping[str, Target],
        options: HandOverSettings,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._library = library
        self._settings = settings
        self._targets = targets
        self._options = options
        self._wording = Wording.read(library.corpus_dir)
        senders: dict[str, Sender] = {"webhook": WebhookSender(), "chatwoot": ChatwootSender(self._wording)}
        self._courier = Courier(options, targets, senders, transport=transport)

    def kind(self, site: Site) -> str | None:
        """Return how a site receives hand-overs, or None where it does not."""
        target = self._targets.get(site.label)
        return target.kind if target else None

    def running(self) -> AbstractAsyncContextManager[None]:
        """Deliver in the background, and what an earlier process left, until the block ends."""
        return self._courier.running()

    async def preview(self, case: HandOverCase) -> HandOverReply:
        """Return exactly what would be sent; send nothing."""
        target, package = self._prepared(case)
        if target.kind == "email":
            return self._reply(case, "preview", "preview_mail", _mail_parts(target, package, self._wording))
        return self._reply(case, "preview", "preview", package.as_json())

    async def send(self, case: HandOverCase) -> HandOverReply:
        """Send what the preview shows, and say truly what became of it."""
        target, package = self._prepared(case)
        if target.kind == "email":
            parts = _mail_parts(target, package, self._wording)
            return self._reply(case, "mail", "mail", parts, mailto=mail_link(parts))
        parcel = Parcel(_reference(case, package), case.site.label, time.time(), package)
        delivery = await self._courier.submit(parcel)
        status, key = _outcome(delivery, target.address is not None)
        link = None
        if status != "delivered" and target.address is not None:
            link = mail_link(_mail_parts(target, package, self._wording))
        return self._reply(case, status, key, package.as_json(), reference=parcel.reference, mailto=link)

    def _prepared(self, case: HandOverCase) -> tuple[Target, Package]:
        return self._targets[case.site.label], pack(case, self._library, self._settings.max_history_turns)

    def _reply(
        self,
        case: HandOverCase,
        status: Status,
        key: str,
        payload: dict[str, Any],
        reference: str | None = None,
        mailto: str | None = None,
    ) -> HandOverReply:
        say = self._wording.say
        name = case.site.name or say("people")
        parts = [say(f"reply.{key}", name=name, hours=f"{self._options.hours:g}")]
        if status == "queued" and mailto is not None:
            parts.append(say("reply.queued_mail"))
        urgent = case.level != "none" or status in ("queued", "failed")
        if urgent:
            parts.append(say("reply.urgent"))
        lines = lines_for(self._library.crisis_lines, case.country) if urgent else ()
        return HandOverReply(
            status=status, reference=reference, text=" ".join(parts), mailto=mailto, payload=payload, crisis_lines=lines
        )


def open_hand_over(
    library: Library,
    settings: Settings,
    sites: Sites,
    options: HandOverSettings | None = None,
    environ: Mapping[str, str] = os.environ,
) -> HandOverService:
    """Open the hand-over of all sites that have one.

    Args:
        library: The corpus.
        settings: Options of the assistant.
        sites: As read from `sites.toml`.
        options: Options of the hand-over; by default from the environment.
        environ: Where the secrets that sites name are found.

    Raises:
        HandOverConfigError: a target or its secret cannot be used.
        OutboxError: a configured file or folder cannot be written.
    """
    listed = {origin: sites.by_origin(origin) for origin in sites.origins}
    targets = read_targets((site for site in listed.values() if site is not None), environ)
    return HandOverService(library, settings, targets, options or HandOverSettings())


def _mail_parts(target: Target, package: Package, wording: Wording) -> dict[str, str]:
    return mail(package, wording, target.address or "")


def _reference(case: HandOverCase, package: Package) -> str:
    """Return a name that is the same for a repeated request on every replica, and for no other content."""
    key = case.idempotency_key or secrets.token_urlsafe(24)
    digest = hashlib.sha256("\0".join((case.site.label, key)).encode() + b"\0" + package.body()).digest()
    return f"h_{urlsafe_b64encode(digest[:15]).decode()}"


def _outcome(delivery: Delivery, has_mail: bool) -> tuple[Status, str]:
    """Return the state, and the key of the words that tell it."""
    if delivery.fate is Fate.ARRIVED:
        return "delivered", "delivered"
    if delivery.fate is Fate.GIVEN_UP:
        return "failed", "failed_mail" if has_mail else "failed"
    return "queued", "queued_kept" if delivery.kept else "queued"
