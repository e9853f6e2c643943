"""Hand-over into Chatwoot: a contact, a conversation and a message in an inbox of its API channel.

The client API of the inbox takes the message in the visitor's name. Where an agent bot looks
after the inbox, new conversations wait as `pending`; the bot's token then opens them for people.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx

from rag.server.handover.senders import Parcel, RefusedError, TryAgainError, check
from rag.server.handover.targets import Target
from rag.server.handover.text import as_text, no_markdown
from rag.server.handover.wording import Wording

_LARGEST_ANSWER = 4_000_000


class ChatwootSender:
    """Creates what is missing, so that an attempt goes on where an earlier one ended.

    Args:
        wording: Labels of the message.
    """

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    async def deliver(self, client: httpx.AsyncClient, target: Target, parcel: Parcel) -> None:
        """Make one attempt; it has arrived when people can see the message in an open conversation."""
        inbox = f"{target.url}/public/api/v1/inboxes/{target.inbox}"
        visitor = visitor_id(target, parcel.reference)
        # What the person gave as contact stays in the message: nobody has checked that it is theirs,
        # and Chatwoot would merge them with whoever has that address.
        await _call(
            client, "POST", f"{inbox}/contacts", {"source_id": visitor, "name": self._wording.say("text.visitor")}
        )
        contact = f"{inbox}/contacts/{visitor}"
        conversation = await self._conversation(client, contact)
        status, number = str(conversation.get("status", "open")), conversation.get("id")
        if not isinstance(number, int):
            raise RefusedError("the answer names no conversation")
        if status == "resolved":
            return  # people have dealt with it already
        if status == "pending" and not (target.account and target.secrets):
            raise RefusedError("the conversation waits for a bot; 'url' needs its account, 'secret_env' its token")
        content = as_text(parcel.package, self._wording, no_markdown)
        if not _has_message(conversation, content):
            await _call(client, "POST", f"{contact}/conversations/{number}/messages", {"content": content})
        if status == "pending":
            await _open(client, target, number)

    async def _conversation(self, client: httpx.AsyncClient, contact: str) -> dict[str, Any]:
        """Return the conversation of an earlier attempt, or a new one."""
        known = await _call(client, "GET", f"{contact}/conversations")
        if isinstance(known, list) and known and isinstance(known[0], dict):
            return known[0]
        made = await _call(client, "POST", f"{contact}/conversations", {})
        if not isinstance(made, dict):
            raise RefusedError("the answer is no conversation")
        return made


def visitor_id(target: Target, reference: str) -> str:
    """Return the name of the visitor in Chatwoot; whoever knows it can read the conversation there.

    The reference alone is shown to people, so the token or the inbox's identifier is mixed in.
    """
    key = (target.secrets[0] if target.secrets else target.inbox).encode()
    return f"ke-{hmac.new(key, reference.encode(), hashlib.sha256).hexdigest()[:40]}"


async def _open(client: httpx.AsyncClient, target: Target, number: int) -> None:
    """Give the conversation from the bot to people."""
    url = f"{target.url}/api/v1/accounts/{target.account}/conversations/{number}/toggle_status"
    await _call(client, "POST", url, {"status": "open"}, {"api_access_token": target.secrets[0]})


def _has_message(conversation: dict[str, Any], content: str) -> bool:
    messages = conversation.get("messages")
    listed = messages if isinstance(messages, list) else []
    return any(isinstance(message, dict) and message.get("content") == content for message in listed)


async def _call(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    async with client.stream(method, url, json=body, headers=headers) as answer:
        check(answer)
        data = b""
        async for part in answer.aiter_bytes():
            data += part
            if len(data) > _LARGEST_ANSWER:
                raise RefusedError("the answer is too large")
    try:
        return json.loads(data) if data else None
    except ValueError:
        raise TryAgainError("the answer is no JSON") from None
