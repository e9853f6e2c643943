"""Signatures of webhooks: HMAC-SHA256 over the time and the bytes of the body.

    X-Kratom-Evidence-Timestamp: 1763841600
    X-Kratom-Evidence-Signature: v1=5257a869...
    X-Kratom-Evidence-Key-Id: 3f0c2a91
    Idempotency-Key: h_7Vq0mC1kYgA...

A receiver checks with `verify_signature`, or with the few lines in `docs/hand-over.md`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence

TIMESTAMP = "X-Kratom-Evidence-Timestamp"
SIGNATURE = "X-Kratom-Evidence-Signature"
KEY_ID = "X-Kratom-Evidence-Key-Id"
IDEMPOTENCY_KEY = "Idempotency-Key"

TOLERANCE_SECONDS = 300
_TIME = re.compile(r"[0-9]{1,12}")


def signed_headers(secret: str, body: bytes, reference: str, now: float | None = None) -> dict[str, str]:
    """Return the headers of one attempt at delivery.

    Args:
        secret: The secret that sender and receiver share.
        body: The bytes as they are sent.
        reference: The same for every attempt, so that a receiver can tell a repeat.
        now: Unix time; by default the current one.
    """
    timestamp = str(int(time.time() if now is None else now))
    return {
        TIMESTAMP: timestamp,
        SIGNATURE: f"v1={_digest(secret, timestamp, body)}",
        KEY_ID: key_id(secret),
        IDEMPOTENCY_KEY: reference,
    }


def verify_signature(
    headers: Mapping[str, str],
    body: bytes,
    secrets: str | Sequence[str],
    *,
    now: float | None = None,
    tolerance: float = TOLERANCE_SECONDS,
) -> bool:
    """Tell whether a webhook was signed with one of the secrets, lately.

    A request that is sent again within the tolerance passes: remember each `Idempotency-Key`
    for good, and answer a known one with 200 without acting on it.

    Args:
        headers: Of the request, in any case.
        body: The raw bytes, before any parsing.
        secrets: The secret; or several, while one is being replaced.
        now: Unix time; by default the current one.
        tolerance: Seconds by which the time may differ.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get(TIMESTAMP.lower(), ""), given.get(SIGNATURE.lower(), "")
    if not _TIME.fullmatch(timestamp) or not signature.isascii():
        return False
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        return False
    known = [secrets] if isinstance(secrets, str) else list(secrets)
    expected = [f"v1={_digest(secret, timestamp, body)}" for secret in known if secret]
    # Every secret is compared, so that the time it takes does not tell which one fits.
    return any([hmac.compare_digest(signature, value) for value in expected])


def key_id(secret: str) -> str:
    """Return which secret signed, without telling anything of it."""
    return hashlib.sha256(b"key-id\0" + secret.encode()).hexdigest()[:8]


def _digest(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
