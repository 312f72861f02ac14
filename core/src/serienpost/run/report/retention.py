"""`purge`, `export-person`, `erase-person`: how long the ledger knows whom."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, or_

from serienpost.documents import Plain, Record
from serienpost.errors import LedgerError
from serienpost.ledger.rows import MESSAGE, MessageRow
from serienpost.ledger.schema import (
    archive,
    asset,
    attempt,
    event,
    journal,
    message,
    once,
    run,
    suppression,
)
from serienpost.ledger.states import ENDED, OWNED
from serienpost.ledger.store import slices
from serienpost.ledger.transitions import move_messages
from serienpost.run.prepare.plan import write_plan_hash
from serienpost.run.report.answers import MessageStory, SentTest
from serienpost.run.report.history import sent_tests, story
from serienpost.run.report.preview import PREVIEWS, file_name
from serienpost.run.send.archive import waiting_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy import ColumnElement

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger, Tx

_PERSONAL = {"number": None, "name": None, "address": None, "macro_values": None}


@dataclass(frozen=True, slots=True)
class PersonMessage(MessageStory):
    """A message with all that the ledger keeps of the person it was for."""

    run: str
    number: str | None
    name: str | None
    address: str | None
    macro_values: Plain | None
    consent: list[Plain] | None
    occasion: str | None
    event: str | None


class Suppressed(NamedTuple):
    """An address of a person on the suppression list."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonExport(Record):
    """Everything that the ledger knows about a person (Art. 15 GDPR).

    `tests` are those that were sent with the person's data or to one of the person's addresses; of
    the latter only the person's own row is named.
    """

    person: str
    messages: tuple[PersonMessage, ...]
    suppressed: tuple[Suppressed, ...]
    tests: tuple[SentTest, ...]


@dataclass(frozen=True, slots=True)
class Purged(Record):
    """How many runs lost their values, were removed unapproved, were removed for their age."""

    values: int
    unapproved: int
    messages: int


def purge(context: PracticeContext, ledger: Ledger, user: str) -> Purged:
    """Remove what `retention:` no longer covers, in the ledger, its free pages and the previews.

    Counts, hashes and evidence stay until `retention.messages`; the keyed hashes of "once" stay.
    """
    keep = context.config.retention
    c = run.c
    over = func.coalesce(c.finished_at, c.progress_at, c.approved_at, c.created_at)
    with ledger.begin("purge") as tx:
        old = _runs(tx, c.state.in_(ENDED), over < tx.now - keep.messages)
        never = _runs(
            tx, c.state.in_(("preparing", "prepared")), c.created_at < tx.now - keep.unapproved
        )
        done = _runs(tx, c.state.in_(ENDED), over < tx.now - keep.values, c.purged_at.is_(None))
        waiting = waiting_runs(tx)
        done = [run_id for run_id in done if run_id not in old and run_id not in waiting]
        for run_id in done:
            _forget_values(tx, run_id)
        for run_id in (*old, *never):
            _forget_run(tx, run_id)
        tx.note(user, "purge", detail={"values": len(done), "runs": len(old) + len(never)})
    for run_id in (*done, *old, *never):
        shutil.rmtree(context.path(PREVIEWS) / run_id, ignore_errors=True)
    compact(ledger)
    return Purged(len(done), len(never), len(old))


def export_person(context: PracticeContext, ledger: Ledger, person: str) -> PersonExport:
    """Everything that the ledger knows about a person (Art. 15 GDPR).

    Raises:
        LedgerError: nothing is known.
    """
    c = message.c
    with ledger.read() as tx:
        theirs = tx.select(message).where(or_(c.person == person, c.consenting == person))
        rows = tx.all(theirs.order_by(c.run, c.no))
        if not rows:
            raise LedgerError(f"the ledger knows nothing about {person}")
        hashes = {row.address_hash for row in rows if row.address_hash}
        listed = tx.all(tx.select(suppression).where(suppression.c.address_hash.in_(hashes)))
        tests = _tests_of(tx, context.zone, rows, hashes)
        runs = {row.run for row in rows}
        reported = tx.all(tx.select(event).where(event.c.run.in_(runs)).order_by(event.c.at))
        events = {(one.run, one.no): one.kind for one in reported}
    messages = []
    for row in rows:
        (told,) = story(ledger, row.run, row.row_id, context.zone)
        known = {name: getattr(row, name) for name in (*_PERSONAL, "consent", "occasion")}
        mine = {one.name: getattr(told, one.name) for one in fields(told)}
        last = events.get((row.run, row.no))
        messages.append(PersonMessage(**mine, run=row.run, **known, event=last))
    return PersonExport(
        person, tuple(messages), tuple(Suppressed(s.kind, s.reason) for s in listed), tests
    )


def _tests_of(
    tx: Tx, zone: ZoneInfo, rows: Sequence[Any], hashes: Collection[str]
) -> tuple[SentTest, ...]:
    own = {(row.run, row.row_id) for row in rows}
    return tuple(
        test._replace(row=test.row if (test.run, test.row) in own else None)
        for test in sent_tests(tx, zone)
        if (test.run, test.row) in own or test.to in hashes
    )


def erase_person(context: PracticeContext, ledger: Ledger, person: str, user: str) -> int:
    """Replace a person by a tombstone everywhere (Art. 17 GDPR); counts, hashes and outcomes stay.

    What has not been sent yet is cancelled. Returns how many messages were changed.

    Raises:
        LedgerError: nothing is known, or one of the messages is on the wire right now.
    """
    c = message.c
    grave = f"erased:{ledger.keyed_hash('person', person)[:16]}"
    with ledger.begin("erase") as tx:
        theirs = or_(c.person == person, c.consenting == person)
        found = tx.all(tx.select(message, *MESSAGE).where(theirs).with_for_update())
        mine = list(map(MessageRow._make, found))
        if not mine:
            raise LedgerError(f"the ledger knows nothing about {person}")
        if any(row.state in OWNED for row in mine):
            raise LedgerError(f"a message to {person} is being sent; try again in a minute")
        prepared = {row.run for row in mine if row.state == "planned"}
        for row in mine:
            _bury(tx, row, person, grave)
        for run_id in prepared:
            write_plan_hash(tx, run_id)
        tx.note(user, "erase", detail={"messages": len(mine)})
    for row in mine:
        folder = context.path(PREVIEWS) / row.run
        for path in folder.glob(f"{file_name(person)}[._]*"):
            path.unlink()
    compact(ledger)
    return len(mine)


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


def _runs(tx: Tx, *conditions: ColumnElement[bool]) -> list[str]:
    return [row.id for row in tx.all(tx.select(run, run.c.id).where(*conditions))]


def _forget_values(tx: Tx, run_id: str) -> None:
    for first, last in slices(tx, run_id):
        between = message.c.no.between(first, last)
        tx.execute(tx.update(message).where(message.c.run == run_id, between).values(**_PERSONAL))
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


def _bury(tx: Tx, row: MessageRow, person: str, grave: str) -> None:
    def without(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, str):
            return value.replace(person, grave)
        if isinstance(value, list):
            return [without(item) for item in value]
        if isinstance(value, dict):
            return {key: without(item) for key, item in value.items()}
        return value

    occasion = f"/{row.occasion}" if row.occasion else ""
    is_own = row.person == person
    values: dict[str, Any] = {
        **_PERSONAL,
        "row_id": f"{grave}{occasion}" if is_own else row.row_id,
        "person": grave if is_own else row.person,
        "consenting": None,
        "evidence": without(row.evidence),
        "consent": without(row.consent),
        "unmarked": without(row.unmarked),
        "override": None,
        "marked": row.marked and row.state != "planned",
    }
    this = message.c.no == row.no
    tx.execute(tx.update(message).where(message.c.run == row.run, this).values(**values))
    stopped = move_messages(tx, row.run, ("planned", "pending"), "cancelled", this)
    given_up = move_messages(tx, row.run, "in_doubt", "failed", this)
    where_queued = (archive.c.run == row.run, archive.c.no == row.no)
    tx.execute(tx.delete(archive).where(*where_queued, archive.c.state == "waiting"))
    if stopped or given_up:
        tx.execute(tx.delete(once).where(once.c.run == row.run, once.c.no == row.no))
    # A test keeps to whom it went, which is no data of this person.
    where_noted = (journal.c.run == row.run, journal.c.no == row.no, journal.c.action != "test")
    tx.execute(tx.update(journal).where(*where_noted).values(detail=None))
