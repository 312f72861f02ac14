"""What the ledger knows of selections: how they stand, why rows are not marked, what was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_

from serienpost.errors import LedgerError
from serienpost.ledger.owners import is_gone
from serienpost.ledger.reviewed import rows_of_selection
from serienpost.ledger.schema import selected
from serienpost.ledger.selections import (
    SelectionCounts,
    SelectionRow,
    all_selections,
    count_selected,
    find_selection,
    found_in,
    lock_selection,
)
from serienpost.run.prepare.people_check import READ
from serienpost.run.prepare.plan import Scope
from serienpost.run.prepare.reasons import general
from serienpost.run.prepare.stable_ids import UNSTABLE_IDS
from serienpost.run.report.answers import (
    Explanation,
    PlanCounts,
    SelectionStatus,
    UnmarkedReason,
)
from serienpost.run.report.history import local
from serienpost.run.report.recipients import (
    MOST_REASONS,
    recipient,
    searched,
    shown_columns,
    why_not,
)
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from serienpost.ledger.store import Ledger

_ = Texts(__name__)


def selection_status(ledger: Ledger, selection_id: str, zone: ZoneInfo) -> SelectionStatus:
    """How a selection stands; one whose reader died has failed.

    Raises:
        LedgerError: there is none.
    """
    with ledger.read() as tx:
        row = find_selection(tx, selection_id)
        counts = count_selected(tx, row.id, found_in(row.id))
        is_dead = row.owner is not None and is_gone(tx, row.owner)
    return _status(_failed(ledger, row) if is_dead else row, counts, zone)


def selection_statuses(ledger: Ledger, zone: ZoneInfo) -> list[SelectionStatus]:
    """How all selections stand, the newest first."""
    with ledger.read() as tx:
        rows = all_selections(tx)
        where = [one for row in rows for one in (row.id, found_in(row.id))]
        counts = count_selected(tx, *where) if rows else {}
        dead = {row.id for row in rows if row.owner is not None and is_gone(tx, row.owner)}
    found = [_failed(ledger, row) if row.id in dead else row for row in rows]
    return [_status(row, counts, zone) for row in found]


def _failed(ledger: Ledger, row: SelectionRow) -> SelectionRow:
    """The selection, with the death of its reader written down."""
    try:
        with ledger.begin("selection", counted=False) as tx:
            return lock_selection(tx, row.id)
    except LedgerError:
        return row


def _status(
    row: SelectionRow, counts: Mapping[str, SelectionCounts], zone: ZoneInfo
) -> SelectionStatus:
    scope, none = Scope.from_json(row.header), SelectionCounts()
    hits = counts.get(found_in(row.id), none)
    return SelectionStatus(
        selection=row.id,
        state=row.state,
        reason=row.reason,
        is_begun=row.owner is not None or row.state != "reading",
        kind=row.kind,
        account=row.account,
        purpose=row.purpose,
        due=row.due,
        counts=PlanCounts(*counts.get(row.rows, none)),
        hits=PlanCounts(*hits) if row.found_at is not None else None,
        searched=searched(scope),
        read=tuple(scope.extra.get(READ, ())),
        unstable_ids=scope.extra.get(UNSTABLE_IDS),
        created_at=row.created_at.astimezone(zone),
        created_by=row.created_by,
        found_at=local(row.found_at, zone),
        read_at=local(row.read_at, zone),
    )


def selection_reasons(ledger: Ledger, selection_id: str) -> tuple[UnmarkedReason, ...]:
    """Why rows are not marked, with how many, the most frequent first; the rest is one line."""
    rows = rows_of_selection(selection_id)
    c = selected.c
    with ledger.read() as tx:
        find_selection(tx, selection_id)
        unmarked = rows.of_these, c.because.is_not(None)
        total = int(tx.scalar(tx.select(selected, func.count()).where(*unmarked)))
        grouped = tx.select(
            selected, c.because, func.count().label("n"), func.min(c.no).label("first")
        )
        order = func.count().desc(), func.min(c.no)
        groups = tx.all(
            grouped.where(*unmarked).group_by(c.because).order_by(*order).limit(MOST_REASONS)
        )
        first = [group.first for group in groups]
        told = tx.select(selected, c.no, c.unreachable, c.consent, c.allowed, c.unmarked)
        examples = {row.no: row for row in tx.all(told.where(rows.of_these, c.no.in_(first)))}
    found = [UnmarkedReason(g.because, general(why_not(examples[g.first])), g.n) for g in groups]
    others = total - sum(one.rows for one in found)
    return (*found, *([UnmarkedReason(None, _("other reasons"), others)] if others else []))


def explain_selected(ledger: Ledger, selection_id: str, name: str, zone: ZoneInfo) -> Explanation:
    """What each check said about a row, and what would change it.

    Args:
        ledger: the practice's ledger.
        selection_id: the selection.
        name: the id of a row, or of a person, meaning all the person's rows.
        zone: of the practice.

    Raises:
        LedgerError: there is no such selection or row.
    """
    rows = rows_of_selection(selection_id)
    c = selected.c
    with ledger.read() as tx:
        row = find_selection(tx, selection_id)
        named = rows.of_these, or_(c.row_id == name, c.person == name)
        found = tx.all(tx.select(selected, *shown_columns(rows)).where(*named).order_by(c.no))
    if not found:
        raise LedgerError(_("selection {selection} has no such row", selection=selection_id))
    return Explanation(selection_id, local(row.read_at, zone), tuple(map(recipient, found)), {})
