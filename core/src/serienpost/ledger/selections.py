"""Selections in the ledger: find them, find out that their reader died, what may be done with them.

An older ledger, used as it is while a run is open, has no selections.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func

from serienpost.errors import LedgerError, StillOpenError
from serienpost.ledger.owners import is_gone
from serienpost.ledger.schema import journal, selected, selection
from serienpost.ledger.transitions import move_selection
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.ledger.store import Tx

_ = Texts(__name__)


class SelectionRow(NamedTuple):
    """A selection, as `schema.selection` describes it."""

    id: str
    kind: str
    account: str
    purpose: str
    due: str
    header: dict[str, Any]
    state: str
    reason: str | None
    owner: str | None
    created_at: datetime
    created_by: str
    read_at: datetime | None


class SelectionCounts(NamedTuple):
    """Rows of a selection: `selected`, of these `reachable`, `allowed` and `marked`."""

    selected: int = 0
    reachable: int = 0
    allowed: int = 0
    marked: int = 0


_SELECTION = [selection.c[name] for name in SelectionRow._fields]
_READER_DIED = _("the process that read it has ended")


def find_selection(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id.

    Raises:
        LedgerError: there is none.
    """
    tx.require(selection)
    row = tx.first(tx.select(selection, *_SELECTION).where(selection.c.id == selection_id))
    if row is None:
        raise _missing(selection_id)
    return SelectionRow._make(row)


def lock_selection(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id, which no other process changes before this transaction ends; one
    whose reader died has failed.

    Raises:
        LedgerError: there is none.
    """
    tx.require(selection)
    mine = tx.select(selection, *_SELECTION).where(selection.c.id == selection_id)
    row = tx.first(mine.with_for_update())
    if row is None:
        raise _missing(selection_id)
    found = SelectionRow._make(row)
    if found.owner is None or not is_gone(tx, found.owner):
        return found
    end_reading(tx, found.id, "failed", reason=_READER_DIED)
    return found._replace(state="failed", owner=None, reason=_READER_DIED)


def require_ready(tx: Tx, selection_id: str) -> SelectionRow:
    """The selection of this id, which was read, and which no other process changes before this
    transaction ends.

    Raises:
        LedgerError: there is none, or it could not be read.
        StillOpenError: it is being read.
    """
    row = lock_selection(tx, selection_id)
    if row.state == "reading":
        raise StillOpenError(
            _("selection {selection} is being read", selection=selection_id),
            hint=_("wait until that is done"),
        )
    if row.state == "failed":
        raise LedgerError(
            _(
                "selection {selection} could not be read: {why}",
                selection=selection_id,
                why=row.reason or "",
            ),
            hint=_("check it again"),
        )
    return row


def all_selections(tx: Tx) -> list[SelectionRow]:
    """All selections, the newest first."""
    if not tx.has(selection):
        return []
    c = selection.c
    newest = tx.select(selection, *_SELECTION).order_by(c.created_at.desc(), c.id)
    return list(map(SelectionRow._make, tx.all(newest)))


def count_selected(tx: Tx, *ids: str) -> dict[str, SelectionCounts]:
    """The counts of selections; of those without rows nothing."""
    c = selected.c
    counts = tx.select(
        selected,
        c.selection,
        func.count().label("selected"),
        func.count().filter(c.unreachable.is_(None)).label("reachable"),
        func.count().filter(c.allowed).label("allowed"),
        func.count().filter(c.marked).label("marked"),
    )
    rows = tx.all(counts.where(c.selection.in_(ids)).group_by(c.selection))
    return {row.selection: SelectionCounts(*row[1:]) for row in rows}


def reading_into(selection_id: str) -> str:
    """To what the rows belong that are being read; no selection is called so."""
    return f"{selection_id}+"


def end_reading(tx: Tx, selection_id: str, state: str, **values: Any) -> int:  # noqa: ANN401
    """End the reading of a selection without what was read; returns 1, or 0 where nobody read."""
    tx.execute(tx.delete(selected).where(selected.c.selection == reading_into(selection_id)))
    return move_selection(tx, selection_id, "reading", state, **values)


def forget_selection(tx: Tx, selection_id: str) -> None:
    """Remove a selection with its rows and what the journal tells of it."""
    for one in (selection_id, reading_into(selection_id)):
        tx.execute(tx.delete(selected).where(selected.c.selection == one))
    tx.execute(tx.delete(journal).where(journal.c.run == selection_id))
    tx.execute(tx.delete(selection).where(selection.c.id == selection_id))


def _missing(selection_id: str) -> LedgerError:
    return LedgerError(
        _("there is no selection {selection}", selection=selection_id),
        hint=_("it may be over its time, or somebody has discarded it; choose the people again"),
    )
