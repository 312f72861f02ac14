"""Sent messages go into the persons' records: a queue in the ledger, stored until it is empty."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, literal, select

from serienpost.contracts.channels import HasRecord
from serienpost.contracts.content import Refused
from serienpost.contracts.services import ArchiveEntry
from serienpost.errors import SerienpostError
from serienpost.fault_injection import faultpoint
from serienpost.ledger.rows import OUTGOING, Outgoing
from serienpost.ledger.schema import archive, message, run
from serienpost.ledger.store import slices
from serienpost.run.prepare.plan import from_json
from serienpost.run.prepare.renderer import message_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from serienpost.context import PracticeContext
    from serienpost.contracts.services import Archive
    from serienpost.ledger.rows import RunRow
    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.prepare.renderer import RunRenderer

# Entries that are handed over by one call.
_AT_ONCE = 50

_ = Texts(__name__)
_log = logging.getLogger(__name__)


class ArchiveUnavailableError(SerienpostError):
    """An archive cannot store now; its entries stay in the queue."""


def queue_entries(context: PracticeContext, tx: Tx, row: RunRow) -> None:
    """Put the accepted messages of a run that is being finished into the queue of each archive.

    Args:
        context: the practice.
        tx: the transaction that finishes the run.
        row: the run.
    """
    names = [name for name, one in _archives(context).items() if row.kind in one.kinds]
    c = message.c
    columns = ["practice", "run", "no", "archive", "state", "updated_at"]
    now = literal(tx.now, archive.c.updated_at.type)
    for name in names:
        sent = select(
            literal(tx.practice), c.run, c.no, literal(name), literal("waiting"), now
        ).where(
            c.practice == tx.practice,
            c.run == row.id,
            c.state == "accepted",
            c.macro_values.is_not(None),
        )
        for first, last in slices(tx, row.id):
            tx.copy_new(archive, columns, sent.where(c.no.between(first, last)))


def store_entries(renderer: RunRenderer, ledger: Ledger, run_id: str) -> None:
    """Store what waits. Killed at any point, the same entries are stored again, which is one.

    A person without a record stays in the queue's table with the reason.
    """
    with ledger.read() as tx:
        row = tx.first(tx.select(run).where(run.c.id == run_id))
    with_pdf = row is not None and row.archive == "pdf"
    for name, one in _archives(renderer.context).items():
        try:
            while waiting := _waiting(ledger, run_id, name):
                _store(renderer, ledger, one, waiting, with_pdf=with_pdf)
        except Exception as error:  # noqa: BLE001  # an archive is foreign code
            ours = error.sentence if isinstance(error, SerienpostError) else ""
            why = ours or type(error).__name__
            told = _(
                "run {run}: archive {name} cannot store: {why}", run=run_id, name=name, why=why
            )
            _log.warning("%s", told)


def archive_counts(ledger: Ledger, run_id: str) -> dict[str, int]:
    """How many entries of a run are `waiting`, `stored` or have `no_record`."""
    with ledger.read() as tx:
        rows = tx.all(
            tx.select(archive, archive.c.state, func.count().label("n"))
            .where(archive.c.run == run_id)
            .group_by(archive.c.state)
        )
    return {row.state: row.n for row in rows}


def waiting_runs(tx: Tx) -> set[str]:
    """Runs with messages that wait to be stored in the records."""
    queued = tx.select(archive, archive.c.run).where(archive.c.state == "waiting").distinct()
    return {row.run for row in tx.all(queued)}


def _archives(context: PracticeContext) -> dict[str, Archive]:
    return dict(sorted(context.registry.archives.items()))


class _Sent(NamedTuple):
    row: Outgoing
    sent_at: datetime


def _waiting(ledger: Ledger, run_id: str, name: str) -> list[_Sent]:
    a, c = archive.c, message.c
    with ledger.read() as tx:
        queued = tx.select(archive, a.no).where(
            a.run == run_id, a.archive == name, a.state == "waiting"
        )
        found = tx.all(
            tx.select(message, c.sent_at, *OUTGOING)
            .where(c.run == run_id, c.no.in_(queued))
            .order_by(c.no)
            .limit(_AT_ONCE)
        )
    return [_Sent(Outgoing._make(row[1:]), row.sent_at) for row in found]


def _store(
    renderer: RunRenderer,
    ledger: Ledger,
    one: Archive,
    waiting: Sequence[_Sent],
    *,
    with_pdf: bool,
) -> None:
    entries = [_entry(renderer, ledger, each, with_pdf=with_pdf) for each in waiting]
    faultpoint("archive.before")
    answers = one.store(renderer.context, entries)
    faultpoint("archive.after")
    if len(answers) != len(entries):
        raise ArchiveUnavailableError(
            _("{archive} did not answer for every entry", archive=one.name)
        )
    a = archive.c
    with ledger.begin("archive") as tx:
        for sent, reason in zip(waiting, answers, strict=True):
            tx.execute(
                tx.update(archive)
                .where(a.run == sent.row.run, a.no == sent.row.no, a.archive == one.name)
                .values(
                    state="stored" if reason is None else "no_record",
                    text=reason,
                    updated_at=tx.now,
                )
            )


def _entry(renderer: RunRenderer, ledger: Ledger, sent: _Sent, *, with_pdf: bool) -> ArchiveEntry:
    row, channel = sent.row, renderer.channel
    content = renderer.content(from_json(row.macro_values), row.address)
    if isinstance(content, Refused) or not renderer.is_same(content, row.content_hash):
        raise ArchiveUnavailableError(
            _("row {row} would now read differently than sent", row=row.row_id)
        )
    left = message_of(row, content)
    kept = content.text
    if isinstance(channel, HasRecord):
        kept = channel.record(renderer.account, left)
    return ArchiveEntry(
        message=f"{ledger.practice}:{row.ref}",
        run=row.run,
        person_id=row.person,
        sent_at=sent.sent_at,
        subject=content.subject,
        content=kept,
        pdf=channel.preview(renderer.account, left).get(".pdf") if with_pdf else None,
    )
