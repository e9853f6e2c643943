"""Server-sent events, with a sign of life while nothing happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from pydantic import BaseModel
from starlette.responses import StreamingResponse

PING = b": still here\n\n"
_PING_SECONDS = 15.0


class EventStream(StreamingResponse):
    """A response of server-sent events, which proxies neither keep nor collect."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[bytes]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(with_pings(content), headers=headers)


def event(name: str | None, data: object) -> bytes:
    """Return one event; JSON escapes every line break, so the data is one line."""
    values = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
    head = f"event: {name}\n" if name is not None else ""
    text = values if isinstance(values, str) else json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {text}\n\n".encode()


async def with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what was read ahead, then the rest."""
    yield first
    async for item in rest:
        yield item


async def with_pings(source: AsyncIterator[bytes], seconds: float = _PING_SECONDS) -> AsyncIterator[bytes]:
    """Yield what a source yields, and a comment whenever it is silent for long."""
    coming: asyncio.Task[bytes] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(source))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                yield PING
                continue
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                await coming
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()


async def _next(source: AsyncIterator[bytes]) -> bytes:
    return await anext(source)
