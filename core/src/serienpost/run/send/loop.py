"""The send loop: claim, connect, recheck, intent, last look, wire, outcome, until nothing is open.

One event loop runs the calls, one thread commits to the ledger, one thread at a time reads source
and consent. The intents of a call are durable before it starts; its outcomes go into the very next
commit, together with the intents of the calls that take the freed slots.
"""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from serienpost.contracts.outcomes import (
    Accepted,
    Deferred,
    NotStarted,
    Outcome,
    Rejected,
    Unknown,
)
from serienpost.errors import LedgerError, UnavailableError
from serienpost.fault_injection import faultpoint
from serienpost.run.prepare.policy import PolicyChangedError, PolicyWatch, refuse_changed_rules
from serienpost.run.prepare.provider_template import ProviderTemplateChangedError, Watch
from serienpost.run.send.breaker import IN_A_ROW, Breaker, Refusal, alike
from serienpost.run.send.calls import cut, whole_parts
from serienpost.run.send.commit import Committer
from serienpost.run.send.company import STARVED, Company
from serienpost.run.send.day import LeavingDays
from serienpost.run.send.last_look import Departure, LastLook
from serienpost.run.send.loop_state import SILENCE, LoopProgress, LoopState
from serienpost.run.send.outcomes import (
    CONNECTION_FAILURES,
    GIVE_UP_AFTER,
    StopReason,
    checked,
    policy_changed,
    stop_reason,
    to_result,
)
from serienpost.run.send.reachability import PAUSE, Reachability
from serienpost.run.send.recheck import (
    FRESH_SECONDS,
    ContentChangedError,
    Recheck,
)
from serienpost.run.send.schedule import quiet_hours
from serienpost.run.send.slots import Slots
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from serienpost.contracts.channels import Sender
    from serienpost.ledger.claims import UnderWay
    from serienpost.ledger.delivery import Result
    from serienpost.ledger.rows import Outgoing
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.send.commit import Calls, Committed
    from serienpost.run.send.recheck import Ready
    from serienpost.run.send.stop import Stop

_ = Texts(__name__)

P = ParamSpec("P")
T = TypeVar("T")

LEASE_MARGIN = timedelta(minutes=5)
RENEW_SECONDS = 60.0
LARGEST_RECHECK = 500
# So many reads in a row that one row does not survive fresh pause the run.
SLOW_READS = 5

# Seconds between attempts to reach a ledger that fails.
LEDGER_PAUSES = (0.5, 1, 2, 4, 8)


def refuse_event_loop() -> None:
    """Delivering blocks and runs an event loop of its own; better said before anything is written.

    Raises:
        RuntimeError: an event loop runs in this thread.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("an event loop runs here; call this in a thread (asyncio.to_thread)")


class Delivery:
    """Delivers one run in this process.

    `crash` is what was raised on the way, a listener's error included; whoever delivers raises it
    when it is written down how the run ended.

    Args:
        renderer: the run's frozen header and files.
        ledger: the practice's ledger.
        run_id: an approved, sending or paused run.
        owner: the owner id under whose lock this process works.
        wait: wait in this process for rate and retries instead of pausing the run.
        report: called now and then with the progress.
        stop: how others ask the loop to stop.
        held_until: when the provider is to send what it gets before.
        days: on which it may leave; any, unless given.
        breaker: counts refusals in a row; with those of an earlier process, unless it is new.
        expected: processes, with this one, that are just coming to deliver the run.
    """

    def __init__(
        self,
        renderer: RunRenderer,
        ledger: Ledger,
        run_id: str,
        owner: str,
        *,
        wait: bool,
        report: Callable[[LoopProgress], None],
        stop: Stop,
        held_until: datetime | None = None,
        days: LeavingDays | None = None,
        breaker: Breaker | None = None,
        expected: int = 1,
    ) -> None:
        self.renderer = renderer
        self.ledger = ledger
        self.wait = wait
        self.report = report
        self.stop = stop
        self.recheck = Recheck(renderer, ledger, held_until)
        self.held_until = held_until
        self.days = days or LeavingDays(renderer)
        self.breaker = breaker or Breaker()
        self.reachability = Reachability(renderer.header.account, wait)
        self.lease = timedelta(seconds=renderer.channel.longest_call) + LEASE_MARGIN
        self.committer = Committer(renderer, ledger, run_id, owner, self.lease)
        self.stop_reason: StopReason | None = None
        self._state = LoopState()
        self._slots: Slots
        self._last_look = LastLook(self._under_way, self._read_again)
        self._reading = asyncio.Lock()
        self._watch = Watch(renderer)
        self._policy = PolicyWatch(renderer.context)
        self._wake = asyncio.Event()
        self._rechecking: asyncio.Task[None] | None = None
        self.crash: BaseException | None = None
        self._part_size = renderer.header.part_size
        self._recheck_rows = self._largest_recheck = max(LARGEST_RECHECK, self._part_size or 0)
        self._too_slow = 0
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._renewed = self._looked = time.monotonic()
        self._company = Company(expected)
        self._asked_refusals = 0

    async def run(self) -> StopReason | None:
        """Deliver until nothing is open or something stops the run; returns what did."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(self._wake.set)

        self.stop.wake = wake
        try:
            async with self.renderer.open() as sender:
                self._slots = Slots(sender, self.renderer.channel.longest_call, self._wake.set)
                self._recheck_rows = self._largest_recheck = max(LARGEST_RECHECK, sender.batch)
                whole = sender.slots, 0, self._company.expected
                share = await self._in_thread(self.committer.take_share, *whole)
                self._company.heed(share, self._slots)
                try:
                    await self._pump(sender)
                except LedgerError:
                    raise  # nothing more can be written down
                except Exception as error:  # noqa: BLE001  # raised again when all is written down
                    self._fail(error)
                    await self._pump(sender)
                finally:
                    await self._slots.end()
        finally:
            await self._in_thread(self.committer.release)
            self._thread.shutdown()
        return self.stop_reason

    def _fail(self, error: BaseException) -> None:
        """Begin nothing more because of this; calls under way end and are written down."""
        self.crash = self.crash or error
        name = type(error).__name__
        is_bug = isinstance(error, Exception)
        why = StopReason("crash", name) if is_bug else StopReason("interrupted", name)
        self.stop_reason = self.stop_reason or why

    def _report(self, progress: LoopProgress) -> None:
        """Tell the progress. Whatever the listener raises, no outcome is lost for it."""
        try:
            self.report(progress)
        except BaseException as error:  # noqa: BLE001  # raised again when all is written down
            self._fail(error)

    async def _pump(self, sender: Sender) -> None:
        state = self._state
        while True:
            self._heed_stop()
            self._end_pause()
            self._slots.cancel_late()
            self._slots.give_up_surplus()
            self._start_recheck(sender)
            self._connect(sender, len(state.ready))
            calls = {} if self.stop_reason else self._next_calls(sender)
            if state.results or calls or time.monotonic() - self._looked > self._company.heartbeat:
                await self._commit(sender, calls)
                await self._heed_refusals()
                continue
            idle = not state.tasks and self._rechecking is None
            if idle and (self.stop_reason or not await self._more_to_come()):
                return
            await self._rest()

    def _heed_stop(self) -> None:
        if self.stop.requests and self.stop_reason is None:
            self.stop_reason = StopReason("interrupted", _("stopped by a signal"))
        if self.stop.requests > 1:
            for task in self._state.tasks:
                task.cancel()
        if self.stop_reason:
            self._slots.cancel()

    def _connect(self, sender: Sender, messages: int) -> None:
        """Connect the slots that so many messages will go out on."""
        if not self.stop_reason and not self._is_blocked():
            most = 1 if self.reachability.is_doubtful else messages
            self._slots.open(math.ceil(min(messages, most) / sender.batch))

    def _start_recheck(self, sender: Sender) -> None:
        """Start the next read of source and consent when free slots will need more messages."""
        state = self._state
        if self.stop_reason or self._rechecking or self._is_blocked():
            return
        if not self._may_leave_at(self.ledger.clock()):
            return
        ahead = min(int(state.rate * 0.5), self._recheck_rows)
        at_rest = self._slots.at_rest
        needed = at_rest * sender.batch + ahead
        fresh = state.fresh_count()
        if not at_rest or fresh >= needed:
            return
        state.claimed += [state.ready.popleft().row for _ in range(len(state.ready) - fresh)]
        if state.claims_empty and not state.claimed:
            return
        size = min(self._recheck_rows, max(needed, int(state.rate)))
        if self._part_size:
            size = max(1, min(at_rest, size // self._part_size)) * self._part_size
        self._rechecking = asyncio.create_task(self._run_recheck(sender, size))

    def _may_leave_at(self, now: datetime) -> bool:
        """Whether the hour and the day permit it; else they stop the run."""
        renderer, leaves_at = self.renderer, max(now, self.held_until or now)
        quiet = quiet_hours(renderer.context, renderer.kind.name, leaves_at)
        reason = quiet or self.days.another_day(leaves_at)
        self.stop_reason = self.stop_reason or reason
        return reason is None

    async def _run_recheck(self, sender: Sender, size: int) -> None:
        state = self._state
        rows, state.claimed = self._first_claimed(size)
        try:
            missing = (size - len(rows)) // (self._part_size or 1)
            if missing > 0:
                new = await self._in_thread(self.committer.claim, missing)
                state.claims_empty = not new
                rows = [*rows, *new]
            if rows:
                self._connect(sender, len(rows) + len(state.ready))
                if not state.tasks:
                    await self._slots.one_is_free()
                if self.stop_reason:
                    return
                async with self._reading:
                    begun = time.monotonic()
                    ready, closed = await self._read(rows)
                state.ready.extend(ready)
                state.results.extend(closed)
                self._mind_pace(len(rows), time.monotonic() - begun)
        except Exception as error:  # noqa: BLE001  # raised again when the calls have ended
            self._stop_because(error)
        finally:
            self._rechecking = None
            self._wake.set()

    async def _read(self, rows: Sequence[Outgoing]) -> tuple[list[Ready], list[Result]]:
        """Pass rows through the recheck, in a thread beside the loop; none where now is not the
        time."""
        refuse_changed_rules(await asyncio.to_thread(self._policy.look), self.renderer.header)
        await self._watch.look()
        now = self.ledger.clock()
        if not self._may_leave_at(now):
            return [], []
        return await asyncio.to_thread(self.recheck.run, rows, now)

    async def _read_again(self, call: Sequence[Ready]) -> float | None:
        """Pass messages of a call through the recheck again, when they are about to leave; None
        where one of them may not, or not as it is."""
        try:
            async with self._reading:
                ready = (await self._read([one.row for one in call]))[0]
        except Exception as error:  # noqa: BLE001  # raised again when the calls have ended
            self._stop_because(error)
            return None
        before, now = ([(one.message, one.evidence) for one in them] for them in (call, ready))
        return ready[0].read_at if before == now else None

    def _stop_because(self, error: Exception) -> None:
        """What the recheck raised stops the run; a crash is raised when the calls have ended."""
        if isinstance(error, UnavailableError):
            found = StopReason("check_unavailable", error.sentence)
        elif isinstance(error, PolicyChangedError):
            found = policy_changed(error)
        elif isinstance(error, ProviderTemplateChangedError):
            found = StopReason("template_changed", error.sentence)
        elif isinstance(error, ContentChangedError):
            found = StopReason("content_changed", error.sentence)
        else:
            self._fail(error)
            return
        self.stop_reason = self.stop_reason or found

    async def _under_way(self) -> UnderWay:
        return await self._in_thread(self.committer.under_way)

    def _first_claimed(self, size: int) -> tuple[list[Outgoing], list[Outgoing]]:
        """The first rows of those claimed, and the rest; a part is never torn apart."""
        claimed = self._state.claimed
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
                self._recheck_rows = min(self._largest_recheck, self._recheck_rows * 2)
        elif rows > least:
            self._recheck_rows = max(least, rows // 4)
        else:
            self._too_slow += 1
        if self._too_slow == SLOW_READS:
            slow = _(
                "source and consent take more than {seconds} seconds to answer",
                seconds=FRESH_SECONDS,
            )
            self.stop_reason = self.stop_reason or StopReason("check_unavailable", slow)

    def _next_calls(self, sender: Sender) -> Calls:
        """Messages that passed the recheck, cut into as many calls as there are free slots."""
        state, free = self._state, self._slots.free
        if not free or not state.ready or self._is_blocked() or self._is_filling(sender):
            return {}
        space = len(free) * sender.batch
        stale = len(state.ready) - state.fresh_count()
        state.ready.rotate(-stale)
        count = min(space, len(state.ready) - stale)
        if self.reachability.is_doubtful:
            count = min(count, 1)
        if self._part_size and count:
            count = whole_parts(state.ready, count, len(free))
        taken = [state.ready.popleft() for _ in range(count)]
        state.ready.rotate(stale)
        fresh = {one.message.ref: one for one in taken}
        messages = [one.message for one in fresh.values()]
        made = cut(self.renderer, sender, messages) if fresh else []
        for late in made[len(free) :]:
            state.ready.extendleft(fresh[message.ref] for message in reversed(late))
        return {
            slot: [fresh[message.ref] for message in call]
            for slot, call in zip(reversed(free), made, strict=False)
        }

    def _is_filling(self, sender: Sender) -> bool:
        """Whether a call would leave half empty although the rest of it is just being read."""
        fresh = self._state.fresh_count()
        if self._part_size or self._rechecking is None or not 0 < fresh < sender.batch:
            return False
        oldest = self._state.ready[-fresh].read_at
        return time.monotonic() - oldest < FRESH_SECONDS / 2

    async def _commit(self, sender: Sender, calls: Calls) -> None:
        """Write outcomes and intents in one commit, then start the calls."""
        state = self._state
        results, state.results = state.results, []
        self._looked = time.monotonic()
        renew = self._looked - self._renewed > RENEW_SECONDS
        open_now = self._company.to_share(self._slots)
        shares = None if open_now is None else (sender.slots, open_now, self._company.expected)
        committed = await self._in_thread(self.committer.commit, results, calls, renew, shares)
        if renew:
            self._renewed = self._looked
        state.settled += sum(r.state not in ("pending", "sending") for r in results)
        self._heed_ledger(committed)
        if committed.free_at:
            state.blocked_until, state.blocked_by = committed.free_at, "rate"
        if not state.tasks:
            state.heard = time.monotonic()
        state.ready.extendleft(reversed(committed.left))
        for slot, call in committed.calls.items():
            self._slots.free.remove(slot)
            departure = Departure(self._last_look, call, committed.seen_at)
            state.tasks.add(asyncio.create_task(self._deliver(sender, slot, call, departure)))
        await asyncio.sleep(0)  # a task that is cancelled before its first step has no outcome
        if state.blocked_until and state.blocked_by == "rate" and not self.wait:
            self._report(LoopProgress(state.settled))
            self.stop_reason = self.stop_reason or StopReason(
                "rate", _("the account's rate"), state.blocked_until
            )
        else:
            self._report_wait()

    def _heed_ledger(self, committed: Committed) -> None:
        """Heed what the ledger says of the run, of this process and of the others."""
        if committed.share:
            self._company.heed(committed.share, self._slots)
            if not committed.share.open:
                self._report(LoopProgress(self._state.settled, "rate"))
        if committed.run_state != "sending":
            self.stop_reason = self.stop_reason or StopReason("person", "")
        if not committed.is_owner:
            self.stop_reason = self.stop_reason or StopReason(
                "crash", _("the ledger's server dropped this process")
            )
        if committed.run_state != "sending" or not committed.is_owner:
            self._last_look.forbid()

    def _report_wait(self) -> None:
        """Tell the progress, and what is waited for: a time, or an answer that does not come."""
        self._report(self._state.progress(self.reachability, self._awaited_since()))

    def _awaited_since(self) -> float | None:
        """Since when an answer from elsewhere is awaited."""
        if self.renderer.channel.repeatable:
            return None
        calls = self._state.heard if self._state.tasks else None
        return min((at for at in (calls, self._slots.opening_since) if at), default=None)

    async def _deliver(
        self, sender: Sender, slot: int, call: list[Ready], departure: Departure
    ) -> None:
        """One wire request; whatever happens, there is an outcome for each of its messages."""
        state = self._state
        begun = time.monotonic()
        outcomes: list[Outcome]
        try:
            faultpoint("wire.before")
            async with asyncio.timeout(self.renderer.channel.longest_call):
                # Asked here too for a channel that does not ask.
                if await departure.is_allowed():
                    answer = await sender.send([one.message for one in call], slot, departure.go)
                else:
                    answer = [NotStarted()] * len(call)
            faultpoint("wire.after")
            outcomes = checked(answer, len(call), held_back=departure.is_held_back)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            outcomes = [Unknown("channel", type(error).__name__)] * len(call)
        self._settle(call, outcomes)
        seconds = max(time.monotonic() - begun, 1e-4)
        concurrent = len(state.tasks)
        state.rate = 0.7 * state.rate + 0.3 * (len(call) * concurrent / seconds)
        task = asyncio.current_task()
        if task:
            state.tasks.discard(task)
        if task and self._expects_more():
            self._wake.set()
            await self._slots.make_ready(slot, task)
        else:
            self._slots.close(slot)
            self._wake.set()

    def _expects_more(self) -> bool:
        """Whether a slot will have another call, as far as can be seen without asking."""
        state = self._state
        more = state.ready or state.claimed or self._rechecking or not state.claims_empty
        return bool(more) and self.stop_reason is None and not self._is_blocked()

    def _settle(self, call: list[Ready], outcomes: list[Outcome]) -> None:
        state = self._state
        now = self.ledger.clock()
        state.heard = time.monotonic()
        for one, outcome in zip(call, outcomes, strict=True):
            result = to_result(
                one,
                outcome,
                now,
                attempts_left=self._attempts_left(one, now),
                repeatable=self.renderer.channel.repeatable,
            )
            state.results.append(result)
            self._count_refusal(one, outcome, result)
            failed = isinstance(outcome, Deferred) and outcome.connection
            if not isinstance(outcome, NotStarted):
                state.failures = state.failures + 1 if failed else 0
        self.stop_reason = self.stop_reason or stop_reason(outcomes)
        self._heed_breaker()
        self._heed_silence([one for one in outcomes if not isinstance(one, NotStarted)], now)
        if state.failures >= CONNECTION_FAILURES and not self.reachability.is_doubtful:
            last = next(one.text for one in outcomes if isinstance(one, Deferred))
            said = _(
                "{times} times in a row turned away, the last time: {text}",
                times=CONNECTION_FAILURES,
                text=last,
            )
            self.stop_reason = self.stop_reason or StopReason("connection", said, now + PAUSE)

    def _heed_silence(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Begin nothing while the account rests since nobody answers; an answer ends that."""
        state = self._state
        if not outcomes:
            return
        self.stop_reason = self.stop_reason or self.reachability.heard(outcomes, now)
        if self.reachability.until:
            state.blocked_until, state.blocked_by = self.reachability.until, "connection"
        elif state.blocked_by == "connection":
            state.blocked_until = None

    def _count_refusal(self, one: Ready, outcome: Outcome, result: Result) -> None:
        if isinstance(outcome, Accepted):
            self.breaker.accepted()
        if result.state != "failed" or not isinstance(outcome, Rejected | Deferred):
            return
        if not isinstance(outcome, Rejected) or outcome.scope != "address":
            row = one.row
            cause = alike(outcome.code, outcome.text, row.address)
            self.breaker.refused(Refusal(row.no, row.person, row.address_hash, cause))

    def _heed_breaker(self) -> None:
        """What to write about the pause, and whether those at the end are enough, whoever ends it
        finds in the ledger (`session.py`)."""
        if not self._company.was_there and self.breaker.is_open():
            self.stop_reason = self.stop_reason or StopReason("refused", _("refused alike"))

    async def _heed_refusals(self) -> None:
        """Of several processes each sees its own answers; the row of all stands in the ledger, and
        is asked when this process's part of it may be enough."""
        people, enough = self.breaker.people, -(-IN_A_ROW // self._company.share.workers)
        is_news = people >= enough and people != self._asked_refusals
        if self.stop_reason or not (self._company.was_there and is_news):
            return
        self._asked_refusals = people
        if await self._in_thread(self.committer.is_refused):
            self.stop_reason = StopReason("refused", _("refused alike"))

    def _attempts_left(self, one: Ready, now: datetime) -> bool:
        made = one.attempt - one.row.attempts_before
        first = one.row.first_attempt_at or now
        return made < self.renderer.header.max_attempts and now - first < GIVE_UP_AFTER

    async def _more_to_come(self) -> bool:
        """Nothing is under way: is there more to claim, now or later?"""
        state = self._state
        if not self.wait and self._company.is_starving:
            text = _("others have all connections of the account")
            until = self.ledger.clock() + STARVED
            self.stop_reason = StopReason("rate", text, until)
            return False
        if state.ready or state.claimed or self._is_blocked() or not state.claims_empty:
            return True
        next_at, others = await self._in_thread(self.committer.waiting)
        if next_at is None:
            return bool(others) and self.wait and await self._wait_for_others()
        state.claims_empty = False
        if next_at > self.ledger.clock():
            if not self.wait:
                self.stop_reason = StopReason(
                    "deferral", _("temporary refusals are tried again later"), next_at
                )
                return False
            state.blocked_until, state.blocked_by = next_at, "deferral"
            self._report(LoopProgress(state.settled, "deferral", next_at))
        self._wake.set()
        return True

    async def _wait_for_others(self) -> bool:
        """What the others have in hand may come back, or be left by one that dies."""
        if await self._in_thread(self.committer.take_over):
            self._state.claims_empty = False
            self._wake.set()
        return True

    def _is_blocked(self) -> bool:
        return self._state.blocked_until is not None

    def _end_pause(self) -> None:
        until = self._state.blocked_until
        if until and until <= self.ledger.clock():
            self._state.blocked_until = None
            self._slots.close_free()

    async def _rest(self) -> None:
        """Sleep until a call ends, the recheck ends, a time comes or the lease must be renewed."""
        until = self._state.blocked_until
        seconds = self._company.heartbeat
        if until:
            seconds = min(seconds, max(0.0, (until - self.ledger.clock()).total_seconds()))
        awaited = self._awaited_since()
        if awaited and awaited + SILENCE > time.monotonic():
            seconds = min(seconds, awaited + SILENCE - time.monotonic())
        try:
            await asyncio.wait_for(self._wake.wait(), seconds + 0.001)
        except TimeoutError:
            if awaited:
                self._report_wait()
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
