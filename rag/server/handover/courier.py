"""Delivers hand-overs in the background: attempts with growing pauses, until they arrive or are given up."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

import httpx

from rag.server.handover.options import HandOverSettings
from rag.server.handover.outbox import Claim, DeadLetters, Outbox
from rag.server.handover.senders import Parcel, RefusedError, Sender, TryAgainError
from rag.server.handover.targets import Target
from rag.server.logs import place_of

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 600.0
_AT_ONCE = 8
_REMEMBERED = 10_000
_GRACE_SECONDS = 3.0


class Fate(StrEnum):
    """What has become of a hand-over so far."""

    TRYING = "trying"
    ARRIVED = "arrived"
    GIVEN_UP = "given-up"


@dataclass
class Delivery:
    """One hand-over on its way; its text is forgotten with its task.

    Attributes:
        fate: What has become of it.
        kept: Whether it outlasts this process.
        task: Makes the attempts.
    """

    fate: Fate = Fate.TRYING
    kept: bool = False
    task: asyncio.Task[None] | None = None


class Courier:
    """Makes the attempts.

    Args:
        options: Times and limits.
        targets: By site.
        senders: By kind of target.
        transport: Of the HTTP client; for tests.
        jitter: Returns a number from 0 to 1.
    """

    def __init__(
        self,
        options: HandOverSettings,
        targets: Mapping[str, Target],
        senders: Mapping[str, Sender],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._options = options
        self._targets = targets
        self._senders = senders
        self._jitter = jitter
        self._outbox = Outbox(options.outbox) if options.outbox else None
        self._dead = DeadLetters(options.dead_letters) if options.dead_letters else None
        self._known: OrderedDict[str, Delivery] = OrderedDict()
        self._beginning = asyncio.Lock()
        self._places = asyncio.Semaphore(_AT_ONCE)
        # No proxies or credentials from the environment, no redirects: exactly the configured address.
        self._client = httpx.AsyncClient(
            timeout=options.attempt_seconds, follow_redirects=False, trust_env=False, transport=transport
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver what an earlier process or a dead replica left, too, until the block ends."""
        sweeper = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper
            await self._stop()
            await self._client.aclose()

    async def submit(self, parcel: Parcel) -> Delivery:
        """Begin delivery, or find the one that is under way, and wait a little for how it goes."""
        async with self._beginning:
            delivery = self._known.get(parcel.reference)
            # One that another replica had may have arrived or died since; the receiver knows a repeat.
            if delivery is None or delivery.task is None or delivery.fate is Fate.GIVEN_UP:
                delivery = await self._begin(parcel)
        if delivery.task is not None:
            await asyncio.wait({delivery.task}, timeout=self._options.wait_seconds)
        return delivery

    async def _begin(self, parcel: Parcel) -> Delivery:
        if self._pending() >= self._options.max_pending:
            logger.error("hand-over refused: %d are on their way already", self._pending())
            return Delivery(Fate.GIVEN_UP)
        delivery = Delivery()
        self._remember(parcel.reference, delivery)
        claim = None
        if self._outbox is not None:
            try:
                claim = await asyncio.to_thread(self._outbox.put, parcel)
            except OSError as error:
                logger.error("the outbox cannot be written (%s); hand-overs are held in memory", type(error).__name__)
            else:
                delivery.kept = True
                if claim is None:  # another replica is delivering it
                    return delivery
        delivery.task = asyncio.create_task(self._deliver(parcel, delivery, claim))
        return delivery

    async def _deliver(self, parcel: Parcel, delivery: Delivery, claim: Claim | None) -> None:
        try:
            attempts, reason = await self._attempts(parcel)
            if reason is None:
                delivery.fate = Fate.ARRIVED
                logger.info("hand-over %s of site %s arrived, attempt %d", parcel.reference, parcel.site, attempts)
            else:
                delivery.fate = Fate.GIVEN_UP
                await self._bury(parcel, reason, attempts)
            if claim is not None:
                await asyncio.to_thread(claim.finish)
        except asyncio.CancelledError:
            if claim is not None:
                claim.give_up()
            elif self._dead is not None:
                self._dead.add(parcel, "the program stopped", 0)
            raise

    async def _attempts(self, parcel: Parcel) -> tuple[int, str | None]:
        """Return how many attempts were made, and why the last one failed, if it did."""
        deadline = parcel.requested + self._options.hours * 3600
        pause, attempts = self._options.first_pause, 0
        while True:
            attempts += 1
            try:
                async with self._places:
                    await self._attempt(parcel)
                return attempts, None
            except RefusedError as error:
                return attempts, error.reason
            except TryAgainError as error:
                wait = max(min(error.after, _LONGEST_PAUSE), pause * (0.5 + self._jitter() / 2))
                if time.time() + wait > deadline:
                    return attempts, error.reason
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _attempt(self, parcel: Parcel) -> None:
        target = self._targets.get(parcel.site)
        if target is None or target.kind not in self._senders:
            raise RefusedError("the site has no hand-over any more")
        try:
            async with asyncio.timeout(self._options.attempt_seconds):
                await self._senders[target.kind].deliver(self._client, target, parcel)
        except TimeoutError:
            raise TryAgainError("no answer in time") from None
        except httpx.TransportError as error:
            raise TryAgainError(type(error).__name__) from None
        except (TryAgainError, RefusedError):
            raise
        except Exception as error:
            # The message of an error may quote what was sent, so only its type and place are logged.
            logger.error("a hand-over failed: %s", place_of(error))
            raise RefusedError(type(error).__name__) from None

    async def _bury(self, parcel: Parcel, reason: str, attempts: int) -> None:
        kept = "in the dead-letter file" if self._dead else "nowhere, as no dead-letter file is configured"
        if self._dead is not None:
            try:
                await asyncio.to_thread(self._dead.add, parcel, reason, attempts)
            except OSError as error:
                kept = f"nowhere, as the dead-letter file cannot be written ({type(error).__name__})"
        logger.error(
            "hand-over %s of site %s was given up after %d attempts (%s); it is kept %s",
            parcel.reference, parcel.site, attempts, reason, kept,
        )  # fmt: skip

    async def _sweep(self) -> None:
        while self._outbox is not None:
            try:
                await self._take_over(self._outbox)
            except OSError as error:
                logger.error("the outbox cannot be read (%s)", type(error).__name__)
            await asyncio.sleep(self._options.sweep_seconds)

    async def _take_over(self, outbox: Outbox) -> None:
        for reference in await asyncio.to_thread(lambda: list(outbox.waiting())):
            known = self._known.get(reference)
            if (known is not None and known.task is not None) or self._pending() >= self._options.max_pending:
                continue
            try:
                found = await asyncio.to_thread(outbox.claim, reference)
            except ValueError:
                logger.error("hand-over %s in the outbox is damaged; look at its file and remove it", reference)
                continue
            if found is not None:
                parcel, claim = found
                delivery = known or Delivery(kept=True)
                self._remember(reference, delivery)
                delivery.task = asyncio.create_task(self._deliver(parcel, delivery, claim))

    def _pending(self) -> int:
        return sum(1 for delivery in self._known.values() if delivery.task is not None and not delivery.task.done())

    def _remember(self, reference: str, delivery: Delivery) -> None:
        self._known[reference] = delivery
        self._known.move_to_end(reference)
        for old in list(self._known)[: max(0, len(self._known) - _REMEMBERED)]:
            if self._known[old].fate is not Fate.TRYING:
                del self._known[old]

    async def _stop(self) -> None:
        """Give what is on its way a moment; then leave it in the outbox, or say that it is lost."""
        tasks = {delivery.task for delivery in self._known.values() if delivery.task and not delivery.task.done()}
        if tasks:
            _, tasks = await asyncio.wait(tasks, timeout=_GRACE_SECONDS)
        lost = sum(1 for delivery in self._known.values() if delivery.task in tasks and not delivery.kept)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if lost:
            where = "are in the dead-letter file" if self._dead else "are lost"
            logger.error("%d hand-overs had not arrived and %s; set KRATOM_EVIDENCE_HANDOVER_OUTBOX", lost, where)
