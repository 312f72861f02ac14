"""The slots of an open account: which of them are connected, and which of those are free."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from serienpost.contracts.channels import HasDisconnect
from serienpost.fault_injection import faultpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.contracts.channels import Sender


# Taking leave of a server lasts no longer.
CLOSING_SECONDS = 30.0


class Slots:
    """Connects slots before they are given a call, as many as are needed.

    Args:
        sender: the open account.
        longest: seconds after which connecting is over for certain.
        wake: called when a slot has become free.
    """

    def __init__(self, sender: Sender, longest: float, wake: Callable[[], None]) -> None:
        self.free: list[int] = []
        # How many may be connected: the others are those of other processes.
        self.limit = sender.slots
        self._count = sender.slots
        self._closed = list(range(sender.slots))[::-1]
        # What may have a connection, also while it rests among the closed ones.
        self._connected: set[int] = set()
        # When each began.
        self._opening: dict[asyncio.Task[None], float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._sender = sender
        self._longest = longest
        self._wake = wake

    @property
    def connected(self) -> int:
        """How many connections may be open."""
        return len(self._connected)

    @property
    def at_rest(self) -> int:
        """Slots without a call that may be used and are not just being connected."""
        resting = len(self.free) + len(self._closed)
        under_way = self._count - resting - len(self._closing)
        return max(0, min(resting, self.limit - under_way))

    @property
    def opening_since(self) -> float | None:
        """When the first of those that are just being connected was begun."""
        return min(self._opening.values(), default=None)

    def close(self, slot: int) -> None:
        """Take back a slot; it is connected when it is needed again."""
        self._closed.append(slot)

    def close_free(self) -> None:
        """After a pause: servers may have closed what rested."""
        self._closed += self.free
        self.free.clear()

    def give_up_surplus(self) -> None:
        """Close connections at rest that are more than the limit, where the channel can."""
        if not isinstance(self._sender, HasDisconnect):
            return
        resting = [*(slot for slot in self._closed if slot in self._connected), *self.free]
        surplus = len(self._connected) - len(self._closing) - self.limit
        for slot in resting[: max(0, surplus)]:
            (self.free if slot in self.free else self._closed).remove(slot)
            task = asyncio.create_task(self._disconnect(self._sender, slot))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _disconnect(self, sender: HasDisconnect, slot: int) -> None:
        # What fails or lasts too long stays counted: who knows what stands.
        with contextlib.suppress(Exception, asyncio.CancelledError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await sender.disconnect(slot)
            self._connected.discard(slot)
        self._closed.append(slot)
        self._wake()

    def open(self, wanted: int) -> None:
        """Begin to connect closed slots until so many are free."""
        missing = wanted - len(self.free) - len(self._opening)
        for _ in range(missing):
            slot = self._next()
            if slot is None:
                return
            task = asyncio.create_task(self._open(slot))
            self._opening[task] = time.monotonic()
            # One that is cancelled before its first step knows nothing of its end.
            task.add_done_callback(lambda done: self._opening.pop(done, None))

    def _next(self) -> int | None:
        """A closed slot to connect, of those that are connected if there is one; None where the
        limit is reached."""
        if self._count - len(self.free) - len(self._closed) - len(self._closing) >= self.limit:
            return None
        slot = next((one for one in reversed(self._closed) if one in self._connected), None)
        if slot is None and len(self._connected) < self.limit and self._closed:
            slot = self._closed[-1]
        if slot is not None:
            self._closed.remove(slot)
            self._connected.add(slot)
        return slot

    async def _open(self, slot: int) -> None:
        task = asyncio.current_task()
        if task:
            await self.make_ready(slot, task)

    async def make_ready(self, slot: int, task: asyncio.Task[None]) -> None:
        """Connect a slot in this task; it is free then. What failed is said by its next call."""
        self._opening[task] = time.monotonic()
        try:
            await self._sender.ready(slot)
            faultpoint("wire.ready")
        except asyncio.CancelledError:
            self.close(slot)
            raise
        except Exception:  # noqa: BLE001  # as if it had not been asked
            self.free.append(slot)
        else:
            self.free.append(slot)
        finally:
            self._opening.pop(task, None)
            self._wake()

    async def one_is_free(self) -> None:
        """Wait for the first of those that are being connected, if none is free."""
        while not self.free and self._opening:
            await asyncio.wait(self._opening, return_when=asyncio.FIRST_COMPLETED)

    def cancel_late(self) -> None:
        """Give up what takes too long; it is begun again when it is needed."""
        for task, begun in self._opening.items():
            if time.monotonic() - begun > self._longest:
                task.cancel()

    def cancel(self) -> None:
        """Connect no further, and take leave no longer."""
        for task in (*self._opening, *self._closing):
            task.cancel()

    async def end(self) -> None:
        """Connect no further, and wait until that is over."""
        while self._opening or self._closing:
            self.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([*self._opening, *self._closing])
