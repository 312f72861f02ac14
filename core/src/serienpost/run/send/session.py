"""Continues a released run in this process, if nothing stands against it, and writes how it ended.

Which pauses end by themselves stands in `ledger/states.py`; `service/due.py` picks the runs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from serienpost.contracts.channels import HasFinish
from serienpost.errors import Exit, LedgerError, SecretError
from serienpost.gc_tuning import seldom_collected
from serienpost.ledger.claims import take_over
from serienpost.ledger.connections import deliverers
from serienpost.ledger.owners import ownership
from serienpost.ledger.runs import (
    allow_command,
    count_states,
    find_run,
    lock_run,
    runs_to_continue,
    set_paused,
)
from serienpost.ledger.schema import worker
from serienpost.ledger.states import BY_PERSON, RELEASED
from serienpost.ledger.transitions import move_run
from serienpost.run.prepare.changes import refuse_other_edition
from serienpost.run.prepare.policy import PolicyChangedError, PolicyWatch, refuse_changed_rules
from serienpost.run.prepare.renderer import RunRenderer, load_renderer
from serienpost.run.send.archive import store_entries
from serienpost.run.send.breaker import Series, find_series, leave_refused
from serienpost.run.send.day import confirm_day, leaving_days
from serienpost.run.send.doubts import apply_rule, give_back, look_up_doubts
from serienpost.run.send.finish import BusyError, complete, count_open
from serienpost.run.send.loop import Delivery, refuse_event_loop
from serienpost.run.send.outcomes import StopReason, policy_changed
from serienpost.run.send.processors import note_processor
from serienpost.run.send.schedule import held_until, is_stale, judged_at, not_now
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.context import PracticeContext
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.send.loop_state import LoopProgress
    from serienpost.run.send.stop import Stop

_ = Texts(__name__)


# Why one process stops although the others that deliver the run go on.
_OWN = {"crash", "interrupted", "rate", "deferral"}


class LedgerLostError(LedgerError):
    """The ledger failed while messages were being delivered; what is open goes on with `resume`."""

    exit_code = Exit.OPEN


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is continued.

    Args:
        wait: wait in this process for rate, schedule and retries instead of pausing.
        confirmed_by: who confirms a run that stood still for too long or is of another day, or a
            ledger that was put back.
        by_itself: only reasons that time releases; a run that needs a person is left alone.
        refused_left_by: who decides that messages refused in a row stay failed.
        join: deliver it beside other processes that do; else it is left to them. A run of which
            nothing is open is only finished, and `complete` lets one wait for the other.
        begun: is called once, when nothing stands against the run and it is about to be delivered;
            returns how many processes will deliver it, this one among them.
    """

    wait: bool = True
    confirmed_by: str | None = None
    by_itself: bool = False
    refused_left_by: str | None = None
    join: bool = False
    begun: Callable[[RunRenderer], int] = lambda _: 1


def continue_run(
    context: PracticeContext,
    ledger: Ledger,
    run_id: str,
    options: Options,
    *,
    report: Callable[[LoopProgress], None],
    stop: Stop,
) -> None:
    """Deliver what is open. How it ended stands in the run's state and reason.

    Raises:
        LedgerError: the run was never approved, is cancelled, or another edition rendered it.
        BusyError: another process delivers or finishes it.
        LedgerLostError: the ledger failed on the way.
        RuntimeError: called where an event loop runs.
    """
    refuse_event_loop()
    renderer = load_renderer(context, ledger, run_id)
    with ledger.read() as tx:
        is_finished = find_run(tx, run_id).state == "finished"
        in_doubt = count_states(tx, run_id).get("in_doubt")
    if not is_finished:
        refuse_other_edition(run_id, renderer.header)
    take_over(ledger, run_id, repeatable=renderer.channel.repeatable)
    if is_finished and in_doubt:
        look_up_doubts(renderer, ledger, run_id)
    if not _begin(context, ledger, run_id, renderer, options):
        store_entries(renderer, ledger, run_id)
        return
    with ledger.read() as tx:
        others, can_share = deliverers(tx, run_id), tx.has(worker)
        is_open = count_open(tx, run_id) > 0
        if is_open and others and not (options.join and can_share):
            raise BusyError(run_id, others[0])
        held = held_until(find_run(tx, run_id))
        days = leaving_days(tx, renderer, run_id)
        series = find_series(tx, run_id)
    expected = options.begun(renderer) if can_share else 1
    with ownership(ledger) as owner:
        delivery = Delivery(
            renderer,
            ledger,
            run_id,
            owner,
            wait=options.wait,
            report=report,
            stop=stop,
            held_until=held,
            days=days,
            breaker=series.breaker if series else None,
            expected=expected,
        )
        try:
            with seldom_collected():
                stopped_by = _delivered(delivery) if is_open else None
            _end(ledger, run_id, renderer, owner, stopped_by)
            if delivery.crash:
                raise delivery.crash
        except BusyError:
            raise
        except LedgerError as error:
            hint = _("serienpost resume {run}, when the ledger works again", run=run_id)
            raise LedgerLostError(error.sentence, hint=hint) from error


def let_go_on(context: PracticeContext, ledger: Ledger, run_id: str, options: Options) -> None:
    """Move a run to `sending` if nothing stands against it, and leave its delivery to a worker.
    How it stands then is its state and reason.

    Raises:
        LedgerError: the run was never approved, is over, or another edition rendered it.
        BusyError: a process delivers it.
    """
    renderer = load_renderer(context, ledger, run_id)
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        others = deliverers(tx, run_id)
    allow_command(row, "pause", "resume")
    if others:
        raise BusyError(run_id, others[0])
    refuse_other_edition(run_id, renderer.header)
    take_over(ledger, run_id, repeatable=renderer.channel.repeatable)
    _begin(context, ledger, run_id, renderer, options)


def _delivered(delivery: Delivery) -> StopReason | None:
    """Why it stopped; an account whose secret no store gives now waits like a check."""
    try:
        return asyncio.run(delivery.run())
    except SecretError as error:
        return StopReason("check_unavailable", error.sentence)


def free_dead(context: PracticeContext, ledger: Ledger, run_id: str) -> int:
    """Free what dead processes left of a run that is not to be continued; its account and even
    its channel may be gone. Returns how many messages changed.

    Raises:
        LedgerError: there is no such run.
    """
    with ledger.read() as tx:
        channel = context.registry.channels.get(find_run(tx, run_id).channel)
    return take_over(ledger, run_id, repeatable=channel is not None and channel.repeatable)


def _begin(
    context: PracticeContext, ledger: Ledger, run_id: str, renderer: RunRenderer, options: Options
) -> bool:
    """Move the run to `sending` if nothing stands against it."""
    other_rules = _other_rules(renderer)
    with ledger.begin("begin") as tx:
        row = lock_run(tx, run_id)
        allow_command(row, "resume")
        if row.state == "finished":
            return False
        if row.state == "paused" and row.reason in BY_PERSON and options.by_itself:
            return False
        if not _is_newest(ledger, tx, row, options):
            return False
        unconfirmed = _unconfirmed(tx, row, renderer, options)
        series = find_series(tx, run_id)
        still_refused = _still_refused(tx, row, series, options)
        stopped_by = not_now(context, row, tx.now) or other_rules or unconfirmed or still_refused
        if stopped_by:
            set_paused(tx, run_id, stopped_by.reason, stopped_by.text, stopped_by.until)
            return False
        if series and series.is_open:
            if options.refused_left_by:
                leave_refused(tx, run_id, options.refused_left_by)
            else:
                give_back(tx, run_id, series.numbers, renderer.header)
        note_processor(tx, run_id, renderer.processor())
        afresh = dict.fromkeys(("reason", "reason_text", "until"))
        move_run(tx, run_id, RELEASED, "sending", progress_at=tx.now, **afresh)
    return True


def _is_newest(ledger: Ledger, tx: Tx, row: RunRow, options: Options) -> bool:
    """Whether the ledger is no older copy, or a person who was told so confirms it for this run.

    Else everything that is released is paused, until a person has confirmed each run.
    """
    checkpoint = ledger.checkpoint
    behind = checkpoint.behind(tx.connection) if checkpoint else None
    is_told = (row.state, row.reason) == ("paused", "restored")
    if is_told and options.confirmed_by is not None:
        if behind and checkpoint:
            checkpoint.accept(tx.connection)
        tx.note(options.confirmed_by, "confirm ledger", row.id)
        return True
    if behind is None:
        return not is_told
    released = [one.id for one in runs_to_continue(tx)]
    told = _("{why}; what left since is not known: {runs}", why=behind.text, runs=released)
    why = StopReason("restored", told)
    for run_id in released:
        set_paused(tx, run_id, why.reason, why.text)
    return False


def _other_rules(renderer: RunRenderer) -> StopReason | None:
    """That the run was released under other rules; nobody's word ends it, only the rules do."""
    try:
        refuse_changed_rules(PolicyWatch(renderer.context).look(), renderer.header)
    except PolicyChangedError as error:
        return policy_changed(error)
    return None


def _unconfirmed(tx: Tx, row: RunRow, renderer: RunRenderer, options: Options) -> StopReason | None:
    """Why a person must look at the run first; whoever confirms it now has."""
    leaves_at = judged_at(row, tx.now)
    other = leaving_days(tx, renderer, row.id).another_day(leaves_at)
    if options.confirmed_by is not None:
        if other:
            confirm_day(tx, renderer, row.id, options.confirmed_by, leaves_at)
        return None
    if is_stale(row, timedelta(seconds=renderer.header.stale_after), tx.now):
        stale = _("nothing happened for too long; look at it, then --confirm")
        return other or StopReason("stale", stale)
    return other


def _still_refused(
    tx: Tx, row: RunRow, series: Series | None, options: Options
) -> StopReason | None:
    """That the time after refusals in a row is not over; a person who resumes does not wait."""
    if series is None or not series.is_open or not options.by_itself:
        return None
    found = series.stop_reason(row.id)
    return found if found.until is None or found.until > tx.now else None


def complete_cancelled(context: PracticeContext, ledger: Ledger, run_id: str) -> None:
    """Complete what a cancelled run delivered before, where something follows delivery.

    Raises:
        SerienpostError: its account or files are not there any more, or another process
            finishes it and does not come to an end.
    """
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        accepted = count_states(tx, run_id).get("accepted")
    channel = context.registry.channels.get(row.channel)
    has_records = any(row.kind in one.kinds for one in context.registry.archives.values())
    if accepted and (has_records or isinstance(channel, HasFinish)):
        renderer = load_renderer(context, ledger, run_id)
        with ownership(ledger) as owner:
            complete(renderer, ledger, run_id, owner)


def _end(
    ledger: Ledger, run_id: str, renderer: RunRenderer, owner: str, stopped_by: StopReason | None
) -> None:
    look_up_doubts(renderer, ledger, run_id)
    with ledger.begin("settle") as tx:
        row = lock_run(tx, run_id)
        state, by_person = row.state, row.state == "paused" and row.reason == "person"
        if stopped_by and stopped_by.reason in _OWN and deliverers(tx, run_id):
            return
        if stopped_by and stopped_by.reason != "person":
            if stopped_by.reason == "refused" and (series := find_series(tx, run_id)):
                stopped_by = series.stop_reason(run_id)
            if not by_person:
                set_paused(tx, run_id, stopped_by.reason, stopped_by.text, stopped_by.until)
            return
        series = find_series(tx, run_id) if state == "sending" and not stopped_by else None
        if series and series.is_open:
            why = series.stop_reason(run_id)
            set_paused(tx, run_id, why.reason, why.text, why.until)
            return
        reopened = state == "sending" and apply_rule(tx, run_id, renderer.header)
    if state in ("sending", "cancelled") and not reopened:
        complete(renderer, ledger, run_id, owner)
