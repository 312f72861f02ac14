"""`deliver`: the send loop. Claim, door, intent, wire, outcome, until nothing is open.

One event loop runs the calls, one thread commits to the ledger, one thread at a time reads source
and consent. The intents of a call are durable before it starts; its outcomes go into the very next
commit, together with the intents of the calls that take the freed slots.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from serienpost.contracts.channels import Deferred, Message, Outcome, Unknown
from serienpost.errors import LedgerError, PluginError, UnavailableError
from serienpost.faults import faultpoint
from serienpost.ledger import claims
from serienpost.run.courier import Call, Courier
from serienpost.run.door import (
    FRESH_SECONDS,
    ContentChangedError,
    Door,
)
from serienpost.run.flow import Flow, Progress, Stop
from serienpost.run.kept import KeptTemplateChangedError, Watch
from serienpost.run.outcomes import (
    CONNECTION_FAILURES,
    GIVE_UP_AFTER,
    Halt,
    checked,
    halt,
    to_result,
)
from serienpost.run.timing import quiet_hours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from serienpost.contracts.channels import Sender
    from serienpost.ledger.claims import Outgoing
    from serienpost.ledger.delivery import Intent
    from serienpost.ledger.store import Ledger
    from serienpost.run.blueprint import Blueprint
    from serienpost.run.door import Ready

P = ParamSpec("P")
T = TypeVar("T")

LEASE_MARGIN = timedelta(minutes=5)
RENEW_SECONDS = 60.0
HEARTBEAT_SECONDS = 5.0
"""Without anything to write, the run's state is looked at this often."""

LARGEST_DOOR = 500
SLOW_READS = 5
"""So many reads in a row that one row does not survive fresh pause the run."""

LEDGER_PAUSES = (0.5, 1, 2, 4, 8)
"""Seconds between attempts to reach a ledger that fails."""


class Delivery:
    """Delivers one run in this process.

    Args:
        blueprint: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: an approved, sending or paused run.
        owner: the owner id under whose lock this process works.
        wait: wait in this process for rate and retries instead of pausing the run.
        report: called now and then with the progress.
        stop: how others ask the loop to stop.
        held_until: when the provider is to send what it gets before.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        ledger: Ledger,
        run_id: str,
        owner: str,
        *,
        wait: bool,
        report: Callable[[Progress], None],
        stop: Stop,
        held_until: datetime | None = None,
    ) -> None:
        self.blueprint = blueprint
        self.ledger = ledger
        self.wait = wait
        self.report = report
        self.stop = stop
        self.door = Door(blueprint, ledger, held_until)
        self.held_until = held_until
        self.lease = timedelta(seconds=blueprint.channel.longest_call) + LEASE_MARGIN
        self.courier = Courier(blueprint, ledger, run_id, owner, self.lease)
        self.halt: Halt | None = None
        self._flow = Flow()
        self._watch = Watch(blueprint)
        self._wake = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._crash: Exception | None = None
        self._part_size = blueprint.header.part_size
        self._door_rows = self._largest_door = max(LARGEST_DOOR, self._part_size or 0)
        self._too_slow = 0
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._renewed = self._looked = time.monotonic()

    async def run(self) -> Halt | None:
        """Deliver until nothing is open or something halts the run; returns what halted it."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self.stop.wake = wake
        try:
            async with self.blueprint.open() as sender:
                self._flow.free = list(range(sender.slots))[::-1]
                self._door_rows = self._largest_door = max(LARGEST_DOOR, sender.batch)
                await self._pump(sender)
        finally:
            await self._in_thread(self.courier.release)
            self._thread.shutdown()
        if self._crash:
            raise self._crash
        return self.halt

    async def _pump(self, sender: Sender) -> None:
        flow = self._flow
        while True:
            self._heed_stop()
            self._open_door(sender)
            calls = [] if self.halt else self._next_calls(sender)
            if flow.results or calls or time.monotonic() - self._looked > HEARTBEAT_SECONDS:
                await self._commit(sender, calls)
                continue
            idle = not flow.tasks and self._opening is None
            if idle and (self.halt or not await self._more_to_come()):
                return
            await self._rest()

    def _heed_stop(self) -> None:
        if self.stop.requests and self.halt is None:
            self.halt = Halt("interrupted", "stopped by a signal")
        if self.stop.requests > 1:
            for task in self._flow.tasks:
                task.cancel()

    def _open_door(self, sender: Sender) -> None:
        """Start the next read of source and consent when free slots will need more messages."""
        flow = self._flow
        if self.halt or self._opening or self._is_blocked():
            return
        blueprint = self.blueprint
        now = self.ledger.clock()
        leaves_at = max(now, self.held_until or now)
        self.halt = quiet_hours(blueprint.context, blueprint.kind.name, leaves_at)
        if self.halt:
            return
        ahead = min(int(flow.rate * 0.5), self._door_rows)
        needed = len(flow.free) * sender.batch + ahead
        fresh = flow.fresh_count()
        if not flow.free or fresh >= needed:
            return
        flow.claimed += [flow.ready.popleft().row for _ in range(len(flow.ready) - fresh)]
        if flow.claims_empty and not flow.claimed:
            return
        size = min(self._door_rows, max(needed, int(flow.rate)))
        if self._part_size:
            size = max(1, min(len(flow.free), size // self._part_size)) * self._part_size
        self._opening = asyncio.create_task(self._pass_door(size))

    async def _pass_door(self, size: int) -> None:
        flow = self._flow
        rows, flow.claimed = self._first_claimed(size)
        try:
            await self._watch.look()
            missing = (size - len(rows)) // (self._part_size or 1)
            if missing > 0:
                new = await self._in_thread(self.courier.claim, missing)
                flow.claims_empty = not new
                rows = [*rows, *new]
            if rows:
                begun = time.monotonic()
                ready, closed = await asyncio.to_thread(self.door.open, rows, self.ledger.clock())
                flow.ready.extend(ready)
                flow.results.extend(closed)
                self._mind_pace(len(rows), time.monotonic() - begun)
        except UnavailableError as error:
            self.halt = self.halt or Halt("check_unavailable", str(error))
        except KeptTemplateChangedError as error:
            self.halt = self.halt or Halt("template_changed", str(error))
        except ContentChangedError as error:
            self.halt = self.halt or Halt("content_changed", str(error))
        except Exception as error:  # noqa: BLE001  # raised again when the calls have ended
            self._crash = error
            self.halt = Halt("crash", type(error).__name__)
        finally:
            self._opening = None
            self._wake.set()

    def _first_claimed(self, size: int) -> tuple[list[Outgoing], list[Outgoing]]:
        """The first rows of those claimed, and the rest; a part is never torn apart."""
        claimed = self._flow.claimed
        if self._part_size and size < len(claimed):
            begun = claimed[size - 1].part
            while size < len(claimed) and claimed[size].part == begun:
                size += 1
        return claimed[:size], claimed[size:]

    def _mind_pace(self, rows: int, seconds: float) -> None:
        """Read as many rows at once as stay fresh; least ones that never do stop the run."""
        least = self._part_size or 1
        if seconds < FRESH_SECONDS:
            self._too_slow = 0
            if seconds < FRESH_SECONDS / 4:
                self._door_rows = min(self._largest_door, self._door_rows * 2)
        elif rows > least:
            self._door_rows = max(least, rows // 4)
        else:
            self._too_slow += 1
        if self._too_slow == SLOW_READS:
            slow = f"source and consent take more than {FRESH_SECONDS:g} seconds to answer"
            self.halt = self.halt or Halt("check_unavailable", slow)

    def _next_calls(self, sender: Sender) -> list[Call]:
        """Messages that passed the door, cut into as many calls as there are free slots."""
        flow = self._flow
        if not flow.free or not flow.ready or self._is_blocked() or self._is_filling(sender):
            return []
        space = len(flow.free) * sender.batch
        stale = len(flow.ready) - flow.fresh_count()
        flow.ready.rotate(-stale)
        count = min(space, len(flow.ready) - stale)
        if self._part_size:
            count = self._whole_parts(count)
        taken = [flow.ready.popleft() for _ in range(count)]
        flow.ready.rotate(stale)
        fresh = {one.message.ref: one for one in taken}
        cut = self._cut(sender, [one.message for one in fresh.values()]) if fresh else []
        for late in cut[len(flow.free) :]:
            flow.ready.extendleft(fresh[message.ref] for message in reversed(late))
        return [
            Call(slot, [fresh[message.ref] for message in call])
            for slot, call in zip(reversed(flow.free), cut, strict=False)
        ]

    def _is_filling(self, sender: Sender) -> bool:
        """Whether a call would leave half empty although the rest of it is just being read."""
        fresh = self._flow.fresh_count()
        if self._part_size or self._opening is None or not 0 < fresh < sender.batch:
            return False
        oldest = self._flow.ready[-fresh].read_at
        return time.monotonic() - oldest < FRESH_SECONDS / 2

    def _whole_parts(self, count: int) -> int:
        """How many of the first `count` messages are parts to their last message that is ready."""
        ready = [one.row.part for one in itertools.islice(self._flow.ready, count + 1)]
        parts = list(dict.fromkeys(ready[:count]))[: len(self._flow.free)]
        if len(ready) > count and ready[count] == parts[-1] and len(parts) > 1:
            del parts[-1]
        return sum(part in parts for part in ready[:count])

    def _cut(self, sender: Sender, messages: list[Message]) -> list[Sequence[Message]]:
        """The calls that the channel makes of these messages.

        Raises:
            PluginError: it does not make lists that hold each message once.
        """
        context, name = self.blueprint.context, self.blueprint.channel.name
        answered = partial(context.registry.answered, "channels", name, "calls")
        answer: Iterable[object] = answered(sender.calls(messages), Iterable)
        calls: list[Sequence[Message]] = [answered(call, (list, tuple)) for call in answer]
        refs = sorted(answered(message, Message).ref for call in calls for message in call)
        if refs != sorted(message.ref for message in messages):
            raise PluginError(
                f"the channel {name} does not put each message into one call",
                hint="tell who maintains it",
            )
        return calls

    async def _commit(self, sender: Sender, calls: list[Call]) -> None:
        """Write outcomes and intents in one commit, then start the calls."""
        flow = self._flow
        results, flow.results = flow.results, []
        self._looked = time.monotonic()
        renew = self._looked - self._renewed > RENEW_SECONDS
        committed = await self._in_thread(self.courier.commit, results, calls, renew)
        if renew:
            self._renewed = self._looked
        flow.settled += sum(r.state not in ("pending", "sending") for r in results)
        if committed.run_state != "sending":
            self.halt = self.halt or Halt("person", "")
        if not committed.is_owner:
            self.halt = self.halt or Halt("crash", "the ledger's server dropped this process")
        if calls:
            flow.blocked_until, flow.blocked_by = committed.free_at, "rate"
        flow.ready.extendleft(reversed(committed.left))
        for call in committed.calls:
            flow.free.remove(call.slot)
            task = asyncio.create_task(self._deliver(sender, call))
            flow.tasks[task] = call
        await asyncio.sleep(0)  # a task that is cancelled before its first step has no outcome
        self.report(Progress(flow.settled))
        if flow.blocked_until and not self.wait:
            self.halt = self.halt or Halt("rate", "the account's rate", flow.blocked_until)
        elif flow.blocked_until:
            self.report(Progress(flow.settled, flow.blocked_by, flow.blocked_until))

    async def _deliver(self, sender: Sender, call: Call) -> None:
        """One wire request; whatever happens, there is an outcome for each of its messages."""
        flow = self._flow
        begun = time.monotonic()
        outcomes: list[Outcome]
        try:
            faultpoint("wire.before")
            async with asyncio.timeout(self.blueprint.channel.longest_call):
                answer = await sender.send([one.message for one in call.ready], call.slot)
            faultpoint("wire.after")
            outcomes = checked(answer, len(call.ready))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            outcomes = [Unknown("channel", type(error).__name__)] * len(call.ready)
        self._settle(call, outcomes)
        seconds = max(time.monotonic() - begun, 1e-4)
        concurrent = len(flow.tasks)
        flow.rate = 0.7 * flow.rate + 0.3 * (len(call.ready) * concurrent / seconds)
        task = asyncio.current_task()
        if task:
            flow.tasks.pop(task, None)
        flow.free.append(call.slot)
        self._wake.set()

    def _settle(self, call: Call, outcomes: list[Outcome]) -> None:
        flow = self._flow
        now = self.ledger.clock()
        for one, intent, outcome in zip(call.ready, call.intents, outcomes, strict=True):
            flow.results.append(
                to_result(
                    intent,
                    outcome,
                    now,
                    attempts_left=self._attempts_left(one, intent, now),
                    repeatable=self.blueprint.channel.repeatable,
                )
            )
            failed = isinstance(outcome, Deferred) and outcome.connection
            flow.failures = flow.failures + 1 if failed else 0
        self.halt = self.halt or halt(outcomes)
        if flow.failures >= CONNECTION_FAILURES:
            self.halt = self.halt or Halt(
                "connection",
                f"{CONNECTION_FAILURES} failures to connect in a row",
                now + timedelta(minutes=5),
            )

    def _attempts_left(self, one: Ready, intent: Intent, now: datetime) -> bool:
        made = intent.attempt - one.row.attempts_before
        first = one.row.first_attempt_at or now
        return made < self.blueprint.header.max_attempts and now - first < GIVE_UP_AFTER

    async def _more_to_come(self) -> bool:
        """Nothing is under way: is there more to claim, now or later?"""
        flow = self._flow
        if flow.ready or flow.claimed or self._is_blocked() or not flow.claims_empty:
            return True
        next_at = await self._in_thread(self.courier.next_attempt)
        if next_at is None:
            return False
        flow.claims_empty = False
        if next_at > self.ledger.clock():
            if not self.wait:
                self.halt = Halt("deferral", "temporary refusals are tried again later", next_at)
                return False
            flow.blocked_until, flow.blocked_by = next_at, "deferral"
            self.report(Progress(flow.settled, "deferral", next_at))
        self._wake.set()
        return True

    def _is_blocked(self) -> bool:
        until = self._flow.blocked_until
        if until and until <= self.ledger.clock():
            self._flow.blocked_until = until = None
        return until is not None

    async def _rest(self) -> None:
        """Sleep until a call ends, the door opens, a time comes or the lease must be renewed."""
        until = self._flow.blocked_until
        seconds = HEARTBEAT_SECONDS
        if until:
            seconds = min(seconds, max(0.0, (until - self.ledger.clock()).total_seconds()))
        try:
            await asyncio.wait_for(self._wake.wait(), seconds + 0.001)
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ledger work on the committing thread; again for a while where the ledger fails."""
        loop = asyncio.get_running_loop()
        for pause in LEDGER_PAUSES:
            try:
                return await loop.run_in_executor(self._thread, partial(function, *args, **kwargs))
            except LedgerError:
                await asyncio.sleep(pause)
        return await loop.run_in_executor(self._thread, partial(function, *args, **kwargs))


def take_over_dead(blueprint: Blueprint, ledger: Ledger, run_id: str) -> int:
    """Free what dead processes left of this run."""
    return claims.take_over(ledger, run_id, repeatable=blueprint.channel.repeatable)
