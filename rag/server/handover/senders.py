"""How one attempt at delivery is made: a signed webhook, or messages in Chatwoot."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx

from rag.server.handover.package import Package
from rag.server.handover.signing import signed_headers
from rag.server.handover.targets import Target

REQUESTED = "X-Kratom-Evidence-Requested"
# Answers that may be others a moment later.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 522, 523, 524})


class TryAgainError(Exception):
    """This attempt failed, a later one may not.

    Attributes:
        reason: What happened, in a word or two and without anything that was sent.
        after: Seconds that the receiver asked to be left alone.
    """

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class RefusedError(Exception):
    """No attempt can succeed until the operator mends something."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Parcel:
    """A hand-over on its way.

    Attributes:
        reference: The same for every attempt, on every replica.
        site: Id of the site, which names the target.
        requested: Unix time at which the person agreed.
        package: What they agreed to.
    """

    reference: str
    site: str
    requested: float
    package: Package


class Sender(Protocol):
    """Delivers to one kind of target."""

    async def deliver(self, client: httpx.AsyncClient, target: Target, parcel: Parcel) -> None:
        """Make one attempt; return when it has arrived.

        Raises:
            TryAgainError: it may arrive later.
            RefusedError: it will not.
        """


class WebhookSender:
    """Posts the package as JSON, signed."""

    async def deliver(self, client: httpx.AsyncClient, target: Target, parcel: Parcel) -> None:
        """Make one attempt; any 2xx answer counts as received."""
        body = parcel.package.body()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            REQUESTED: str(int(parcel.requested)),
            **signed_headers(target.secrets[0], body, parcel.reference),
        }
        # The body of the answer is not read: nothing in it matters, and it may be of any size.
        async with client.stream("POST", target.url, content=body, headers=headers) as answer:
            check(answer)


def check(answer: httpx.Response) -> None:
    """Tell by the status of an answer whether it was received.

    Raises:
        TryAgainError: not now.
        RefusedError: not at all; redirects are not followed, so they count, too.
    """
    if answer.is_success:
        return
    if answer.status_code in _PASSING:
        raise TryAgainError(f"status {answer.status_code}", _seconds(answer))
    raise RefusedError(f"status {answer.status_code}")


def _seconds(answer: httpx.Response) -> float:
    value = answer.headers.get("retry-after", "")
    if value.isdigit():
        return float(value[:6])
    try:
        sent = parsedate_to_datetime(answer.headers.get("date", ""))
        return max(0.0, (parsedate_to_datetime(value) - sent).total_seconds())
    except (TypeError, ValueError):
        return 0.0
