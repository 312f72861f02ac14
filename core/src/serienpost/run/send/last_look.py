"""The last look, right before the first octet: what was decided may be old by then.

A process that was stopped goes on a day later; a server takes a minute to greet. A channel asks
`go` when its connection stands. As a rule commit and recheck have only just been and nothing is
read; else the messages pass the recheck again and the ledger is read again. After a no the intent
is taken back (`ledger/delivery.py`).

What is left is the time from the answer to the write: a process stopped there still sends the one
call that it has in hand, which is never sent again unless a person or the mailing's rule says so.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from serienpost.errors import LedgerError
from serienpost.fault_injection import faultpoint
from serienpost.run.send.recheck import elapsed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from serienpost.ledger.claims import UnderWay
    from serienpost.run.send.recheck import Ready

# Source and consent were read within this time before the first octet, the ledger within half of
# it.
LOOK_SECONDS = 2.0

_NEVER = float("-inf")


class LastLook:
    """Looks again for the calls of one run, for all slots at once.

    Args:
        read_ledger: what this process holds now.
        recheck: passes the messages of a call through the recheck again: when that was read; None
            where one of them may not leave as it is.
    """

    def __init__(
        self,
        read_ledger: Callable[[], Awaitable[UnderWay]],
        recheck: Callable[[Sequence[Ready]], Awaitable[float | None]],
    ) -> None:
        self.recheck = recheck
        self.is_over = False
        self._read_ledger = read_ledger
        self._reading = asyncio.Lock()
        self._found: tuple[float, UnderWay] = (_NEVER, frozenset())

    def forbid(self) -> None:
        """No call of the run begins any more: it was paused or cancelled, or the lock is lost."""
        self.is_over = True

    async def seen(self, messages: UnderWay) -> float:
        """When the ledger was last seen to give these messages to this process."""
        async with self._reading:
            if elapsed() - self._found[0] > LOOK_SECONDS / 2:
                begun = elapsed()
                self._found = begun, await self._read_ledger()
        at, held = self._found
        return at if messages <= held else _NEVER


class Departure:
    """The `go` of one call.

    Args:
        looks: those of the run.
        call: what it is about to send.
        seen_at: when the intents were committed, in seconds of `elapsed`.
    """

    def __init__(self, looks: LastLook, call: Sequence[Ready], seen_at: float) -> None:
        self.is_held_back = False
        self._looks = looks
        self._call = call
        self._seen_at = seen_at
        self._read_at = min([one.read_at for one in call])

    async def go(self) -> bool:
        """Whether the call may begin now; after one no it is over."""
        faultpoint("wire.look")
        allowed = await self.is_allowed()
        if allowed:
            faultpoint("wire.go")
        return allowed

    async def is_allowed(self) -> bool:
        """The answer of `go`."""
        if self.is_held_back:
            return False
        if self._is_fresh():
            return True
        try:
            await self._look_again()
        except LedgerError:  # the loop meets it as well, and says so
            self._seen_at = _NEVER
        self.is_held_back = self.is_held_back or not self._is_fresh()
        return not self.is_held_back

    def _is_fresh(self) -> bool:
        now = elapsed()
        return (
            now - self._read_at <= LOOK_SECONDS
            and now - self._seen_at <= LOOK_SECONDS / 2
            and not self._looks.is_over
        )

    async def _look_again(self) -> None:
        if elapsed() - self._read_at > LOOK_SECONDS:
            read_at = await self._looks.recheck(self._call)
            if read_at is None:
                self.is_held_back = True
                return
            self._read_at = read_at
        self._seen_at = await self._looks.seen(
            frozenset((one.no, one.fence + 1) for one in self._call)
        )
