"""`purge`: how long the ledger knows whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func

from serienpost.documents import Record
from serienpost.ledger import drafts
from serienpost.ledger.logins import forget_old_logins
from serienpost.ledger.notifications import forget_told
from serienpost.ledger.schema import (
    archive,
    asset,
    attempt,
    due,
    event,
    journal,
    message,
    run,
    session,
)
from serienpost.ledger.selections import forget_selection, old_selections
from serienpost.ledger.states import ENDED
from serienpost.ledger.store import slices
from serienpost.ledger.tasks import forget_ended
from serienpost.ledger.transitions import NEW_DUE
from serienpost.ledger.users import forget_log_ins
from serienpost.run.prepare.uploaded_files import remove_abandoned
from serienpost.run.report.preview import remove_previews
from serienpost.run.send.approve import cancel_run
from serienpost.run.send.archive import waiting_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from serienpost.config.models import Retention
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx

# The journal's word for it.
PURGE = "purge"

# How long a list waits for people to be chosen from it.
_WAITING = timedelta(days=1)

# The columns of a message that hold a person's data.
PERSONAL = {"number": None, "name": None, "address": None, "macro_values": None}


@dataclass(frozen=True, slots=True)
class Purged(Record):
    """How many runs lost their values, were removed unapproved, were removed for their age; how
    many drafts were removed because nobody went on with them; how many selections of people, as
    runs that nobody approved are."""

    values: int
    unapproved: int
    messages: int
    drafts: int
    selections: int


class Expired(NamedTuple):
    """Ids of what retention no longer covers, each with the moment from which its time counts:
    runs that lose their values, runs that nobody approved, runs that go whole, drafts, selections.
    """

    values: dict[str, datetime]
    unapproved: dict[str, datetime]
    messages: dict[str, datetime]
    drafts: dict[str, datetime]
    selections: dict[str, datetime]


def purge(
    context: PracticeContext,
    ledger: Ledger,
    user: str,
    ended: Callable[[Tx], None] = lambda _: None,
) -> Purged:
    """Remove what `retention:` no longer covers, in the ledger, its free pages, the previews and
    the files of drafts, also those that a dead process left.

    Counts, hashes and evidence stay until `retention.messages`; the keyed hashes of "once" stay.
    `ended` is called in the transaction that removes all this.
    """
    keep = context.config.retention
    with ledger.begin("purge") as tx:
        over = expired(tx, keep)
        done, never, old = over.values, over.unapproved, over.messages
        for run_id in done:
            _forget_values(tx, run_id)
        for run_id in (*old, *never):
            _forget_run(tx, run_id)
        if tx.has(due):
            settled = due.c.state != NEW_DUE, due.c.until < tx.now - keep.messages
            tx.execute(tx.delete(due).where(*settled))
        forget_told(tx)
        if tx.has(session):
            forget_old_logins(tx)
        forget_log_ins(tx, tx.now - keep.values)
        forget_ended(tx)
        for draft_id in over.drafts:
            drafts.remove_draft(tx, draft_id)
        for selection_id in over.selections:
            forget_selection(tx, selection_id)
        if drafts.has_drafts(tx):
            drafts.forget_waiting_lists(tx, tx.now - _WAITING)
        tx.note(user, PURGE, detail={"values": len(done), "runs": len(old) + len(never)})
        ended(tx)
    for run_id in (*done, *old, *never):
        remove_previews(context, run_id)
    compact(ledger)
    remove_abandoned(context, ledger)
    return Purged(len(done), len(never), len(old), len(over.drafts), len(over.selections))


def expired(tx: Tx, keep: Retention) -> Expired:
    """What `purge` removes now: the one place that decides it, also for who only looks."""
    c = run.c
    over = func.coalesce(c.finished_at, c.progress_at, c.approved_at, c.created_at)
    old = _runs(tx, over, c.state.in_(ENDED), over < tx.now - keep.messages)
    never = _runs(
        tx,
        c.created_at,
        c.state.in_(("preparing", "prepared")),
        c.created_at < tx.now - keep.unapproved,
    )
    done = _runs(tx, over, c.state.in_(ENDED), over < tx.now - keep.values, c.purged_at.is_(None))
    for run_id in (*old, *waiting_runs(tx)):
        done.pop(run_id, None)
    left = drafts.old_drafts(tx, tx.now - keep.unapproved) if drafts.has_drafts(tx) else []
    written = {row.id: row.saved_at for row in left}
    # A draft that goes leaves people to whom nobody writes any more.
    chosen = old_selections(tx, tx.now - keep.unapproved, without_drafts=written)
    return Expired(done, never, old, written, chosen)


def forget_unapproved(tx: Tx, run_id: str, user: str) -> bool:
    """Discard a prepared run that nobody released. One that a test was sent from is cancelled
    instead: the ledger keeps whose data left.

    Returns:
        Whether it was removed.
    """
    state = tx.scalar(tx.select(run, run.c.state).where(run.c.id == run_id).with_for_update())
    if state != "prepared":
        return False
    c = journal.c
    if tx.first(tx.select(journal, c.id).where(c.run == run_id, c.action == "test")):
        cancel_run(tx, run_id, user)
        return False
    _forget_run(tx, run_id)
    return True


def compact(ledger: Ledger) -> None:
    """Leave nothing of removed rows in the database's files.

    SQLite copies what stays into a file without a name, beside the ledger and not in memory.
    """
    if ledger.engine.dialect.name != "sqlite":
        return
    beside = str(Path(str(ledger.engine.url.database)).absolute().parent).replace("'", "''")
    with ledger.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute(f"PRAGMA temp_store_directory = '{beside}'")
            raw.execute("PRAGMA temp_store = FILE")
            raw.execute("VACUUM")
            raw.execute("PRAGMA temp_store = MEMORY")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _runs(
    tx: Tx, since: ColumnElement[datetime], *conditions: ColumnElement[bool]
) -> dict[str, datetime]:
    found = tx.select(run, run.c.id, since.label("since")).where(*conditions)
    return {row.id: row.since for row in tx.all(found)}


def _forget_values(tx: Tx, run_id: str) -> None:
    for first, last in slices(tx, run_id):
        between = message.c.no.between(first, last)
        tx.execute(tx.update(message).where(message.c.run == run_id, between).values(**PERSONAL))
    tx.execute(tx.delete(asset).where(asset.c.run == run_id))
    tx.execute(tx.update(run).where(run.c.id == run_id).values(purged_at=tx.now, header={}))


def _forget_run(tx: Tx, run_id: str) -> None:
    for first, last in slices(tx, run_id):
        for table in (attempt, archive, event, journal, message):
            between = table.c.no.between(first, last)
            tx.execute(tx.delete(table).where(table.c.run == run_id, between))
    for table in (asset, event, journal):
        tx.execute(tx.delete(table).where(table.c.run == run_id))
    tx.execute(tx.delete(run).where(run.c.id == run_id))
