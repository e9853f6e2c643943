"""How much is answered: rates per address, site and key, and a bound on work at the same time."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Generic, TypeVar

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from rag.errors import KratomEvidenceError

logger = logging.getLogger(__name__)

EventT = TypeVar("EventT")
_IPV6_BITS_OF_A_HOME = 64
# A store that does not answer at once must not hold up a person.
_REDIS: dict[str, str | float] = {"implementation": "redispy", "socket_timeout": 1.0, "socket_connect_timeout": 1.0}


class BusyError(Exception):
    """There is no free place, and none came free in time."""


class AnswerTimeoutError(Exception):
    """The answer took too long."""


class RateStorageError(KratomEvidenceError):
    """The store of shared rates cannot be used."""


@dataclass(frozen=True)
class Rate:
    """One thing that is counted.

    Attributes:
        rates: Such as `20/minute;200/hour`.
        who: Whose requests are counted together.
    """

    rates: str
    who: tuple[str, ...]


class RateLimits:
    """Counts requests; in memory, or in Redis for all replicas together.

    When Redis is away, each process counts for itself: people still get answers, and a
    flood is still held back.

    Args:
        storage: Where the counts are kept.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(storage) if storage is not None else None

    @classmethod
    def open(cls, address: str | None) -> RateLimits:
        """Open the store at a Redis address, or count in memory.

        Raises:
            RateStorageError: the address cannot be read, or its client library is missing.
        """
        if address is None:
            return cls()
        try:
            storage = storage_from_string(f"async+{address}", **_REDIS)
        except Exception as error:  # the message may hold a password
            raise RateStorageError(
                f"KRATOM_EVIDENCE_RATE_STORAGE cannot be used ({type(error).__name__}). It needs an address such as "
                "redis://host:6379, and the package 'redis'. Install it, or unset the option to count in memory."
            ) from None
        if not isinstance(storage, Storage):
            raise RateStorageError("KRATOM_EVIDENCE_RATE_STORAGE must be the address of a Redis server")
        return cls(storage)

    async def wait_for(self, *rates: Rate) -> int:
        """Count one request against all rates; return 0, or the seconds to wait when one is used up."""
        for rate in rates:
            for item in _parsed(rate.rates):
                wait = await self._hit(item, rate.who)
                if wait:
                    return wait
        return 0

    async def _hit(self, item: RateLimitItem, who: tuple[str, ...]) -> int:
        if self._shared is not None:
            try:
                return await _seconds_to_wait(self._shared, item, who)
            except Exception as error:
                logger.warning("shared rates are out of reach (%s); counting here", type(error).__name__)
        return await _seconds_to_wait(self._local, item, who)


class AddressKeys:
    """Turns an address into a key that cannot be turned back without the secret.

    Args:
        secret: The same on all replicas that share their counts.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, address: str) -> str:
        """Return the key of an address; one home with many IPv6 addresses has one key."""
        return hmac.new(self._secret, _network(address).encode(), hashlib.sha256).hexdigest()[:24]


class AnswerPool(Generic[EventT]):
    """Runs the assistant, which computes and blocks, in a few threads.

    Args:
        workers: Answers worked on at the same time.
        waiting: Answers that may wait for a worker.
        patience: Seconds that they wait at most.
        limit: Seconds that an answer may take.
    """

    def __init__(self, *, workers: int, waiting: int, patience: float, limit: float) -> None:
        self.workers = workers
        self._waiting_limit = waiting
        self._patience = patience
        self._limit = limit
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="answer")
        self._free = asyncio.Semaphore(workers)
        self.working = 0
        self.waiting = 0

    async def events(self, make: Callable[[], Iterator[EventT]]) -> AsyncGenerator[EventT, None]:
        """Yield what an iterator yields in its thread.

        Raises:
            BusyError: no place came free in time.
            AnswerTimeoutError: the iterator took too long. Its thread keeps its place until it returns.
        """
        await self._enter()
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[EventT | _End] = asyncio.Queue()
        left = threading.Event()
        loop.run_in_executor(self._executor, _produce, make, _Outlet(loop, queue, left, self._leave))
        deadline = loop.time() + self._limit
        try:
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
                        item = await queue.get()
                except TimeoutError:
                    raise AnswerTimeoutError from None
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        finally:
            left.set()

    async def call(self, make: Callable[[], EventT]) -> EventT:
        """Return what a function returns in its thread; raises as `events` does."""
        async for value in self.events(lambda: iter((make(),))):
            return value
        raise RuntimeError("a function returns once")

    def close(self) -> None:
        """Take no more work."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _enter(self) -> None:
        if self._free.locked() and self.waiting >= self._waiting_limit:
            raise BusyError
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError from None
        finally:
            self.waiting -= 1
        self.working += 1

    def _leave(self) -> None:
        self.working -= 1
        self._free.release()


@dataclass(frozen=True)
class _End:
    """The iterator has ended, perhaps with an error."""

    error: Exception | None


@dataclass(frozen=True)
class _Outlet(Generic[EventT]):
    """The way from a worker thread to the event loop."""

    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[EventT | _End]
    left: threading.Event
    leave: Callable[[], None]

    def put(self, item: EventT | _End) -> None:
        with suppress(RuntimeError):  # the loop has closed; nobody waits any more
            self.loop.call_soon_threadsafe(self.queue.put_nowait, item)

    def close(self) -> None:
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.leave)


def _produce(make: Callable[[], Iterator[EventT]], outlet: _Outlet[EventT]) -> None:
    """Run the iterator, and stop at its next step when the client has gone."""
    error: Exception | None = None
    try:
        for item in make():
            if outlet.left.is_set():
                break
            outlet.put(item)
    except Exception as caught:
        error = caught
    finally:
        outlet.put(_End(error))
        outlet.close()


async def _seconds_to_wait(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, who: tuple[str, ...]) -> int:
    if await limiter.hit(item, *who):
        return 0
    stats = await limiter.get_window_stats(item, *who)
    return max(1, math.ceil(stats.reset_time - time.time()))


@lru_cache(maxsize=256)
def _parsed(rates: str) -> tuple[RateLimitItem, ...]:
    return tuple(parse_many(rates))


def _network(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(int(parsed) >> (128 - _IPV6_BITS_OF_A_HOME))
    return str(parsed)
