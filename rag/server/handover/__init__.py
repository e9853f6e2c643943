"""Handing a conversation to a person: by signed webhook, into Chatwoot, or by e-mail.

    service = open_hand_over(library, settings, sites)
    async with service.running():
        reply = await service.preview(case)     # what would be sent
        reply = await service.send(case)        # with consent

Receivers written in Python check a webhook with `verify_signature`.
"""

from __future__ import annotations

from rag.server.handover.options import HandOverSettings
from rag.server.handover.outbox import OutboxError
from rag.server.handover.package import Package
from rag.server.handover.service import HandOverService, open_hand_over
from rag.server.handover.signing import verify_signature
from rag.server.handover.targets import HandOverConfigError

__all__ = [
    "HandOverConfigError",
    "HandOverService",
    "HandOverSettings",
    "OutboxError",
    "Package",
    "open_hand_over",
    "verify_signature",
]
