"""What a worker does for a practice: go on with one run, do the day's chores, say that it lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from serienpost.contracts.channels import HasEvents
from serienpost.documents import Record
from serienpost.errors import LedgerError
from serienpost.ledger.connections import deliverers
from serienpost.ledger.runs import find_run
from serienpost.ledger.serving import serving_workers
from serienpost.ledger.states import BY_PERSON, RELEASED
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.retention import PURGE, purge
from serienpost.run.send.events import poll_events
from serienpost.run.send.finish import BusyError
from serienpost.run.send.workers import useful_workers
from serienpost.service.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from serienpost.run.report.answers import RunStatus
    from serienpost.run.send.stop import Stop
    from serienpost.service.opened import OpenedPractice

# A worker that was not seen for so long does not serve, though its process may live.
SEEN_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class WorkerLine(Record):
    """A worker that the ledger names as serving this practice.

    Args:
        process: its number on the machine that it runs on.
        since: when it began.
        seen_at: when it last said that it is at work.
        serves: whether it lives and was seen within three minutes.
    """

    process: int
    since: datetime
    seen_at: datetime
    serves: bool


def workers(practice: OpenedPractice) -> list[WorkerLine]:
    """See `Practice.workers`."""
    ledger, zone = practice.ledger, practice.context.zone
    oldest = ledger.clock() - SEEN_WITHIN
    return [
        WorkerLine(
            one.process,
            one.since.astimezone(zone),
            one.seen_at.astimezone(zone),
            one.is_living and one.seen_at >= oldest,
        )
        for one in serving_workers(ledger)
    ]


def continue_by_itself(practice: OpenedPractice, run_id: str, stop: Stop) -> RunStatus | None:
    """Deliver a run as far as it can go on now, for whatever reason somebody thinks that it can.

    Returns:
        How it stands then; None where there is nothing to do here: no such run, none that was
        released, one that waits for its time or a person, or that another process delivers.

    Raises:
        SerienpostError: it cannot be continued; this concerns this run only.
    """
    with practice.ledger.read() as tx:
        try:
            row = find_run(tx, run_id)
        except LedgerError:
            return None
        waits = row.until is not None and row.until > tx.now + timedelta(seconds=1)
    if row.state not in RELEASED or row.reason in BY_PERSON or waits:
        return None
    try:
        return Run(practice, row.id).deliver(
            wait=False,
            by_itself=True,
            join=_is_of_use(practice, row.id),
            workers=practice.context.config.workers,
            stop=stop,
        )
    except BusyError:
        return None


def _is_of_use(practice: OpenedPractice, run_id: str) -> bool:
    """Whether one more process has something to do beside those that deliver a run."""
    with practice.ledger.read() as tx:
        others = len(deliverers(tx, run_id))
    if not others:
        return False
    renderer = load_renderer(practice.context, practice.ledger, run_id)
    return others < useful_workers(renderer, practice.ledger, run_id)


def chores(practice: OpenedPractice) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done once a day: its name, and how."""
    context, ledger = practice.context, practice.ledger
    for account, settings in context.config.accounts.items():
        if isinstance(context.registry.channels[settings.channel], HasEvents):
            yield f"events {account}", partial(poll_events, context, ledger, account)
    # It rewrites the whole file of a SQLite ledger, while nobody here delivers.
    yield PURGE, partial(purge, context, ledger, practice.actor)
