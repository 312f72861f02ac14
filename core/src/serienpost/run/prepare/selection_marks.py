"""Changes of the marks of a selection. Each change touches the rows that it names and no others, so
that of two people who mark at once neither undoes what the other did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from serienpost.errors import LedgerError
from serienpost.ledger.schema import selected
from serienpost.ledger.selections import (
    SelectionRow,
    forget_selection,
    lock_selection,
    require_read,
)
from serienpost.run.prepare.choose import BY_HAND, UNMARKED, refuse_used
from serienpost.run.prepare.review import denial
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# Rows that one statement names.
_AT_ONCE = 500

_MARKED: dict[str, Any] = {"marked": True, "unmarked": None, "because": None}
_LEFT_OUT: dict[str, Any] = {"marked": False, "unmarked": UNMARKED, "because": BY_HAND}


def change_rows(
    ledger: Ledger, selection_id: str, user: str, names: Sequence[str], *, mark: bool
) -> int:
    """Mark or unmark rows, all or none; returns how many marks changed.

    Args:
        ledger: the practice's ledger.
        selection_id: a selection that was read.
        user: who changes; recorded.
        names: ids of rows, or of persons, meaning all their rows.
        mark: mark them; else unmark them.

    Raises:
        LedgerError: one is not there, or is to be marked and was judged not to be reachable or
            allowed.
        StillOpenError: the selection is being read.
    """
    c = selected.c
    with ledger.begin("selection", counted=False) as tx:
        where = require_read(tx, selection_id)
        rows = _named(tx, where, list(dict.fromkeys(names)))
        for row in rows if mark and where.kind else ():
            _refuse_unmarkable(row)
        changing = [row for row in rows if row.marked is not mark]
        values = _values(where, mark=mark)
        for start in range(0, len(changing), _AT_ONCE):
            numbers = [row.no for row in changing[start : start + _AT_ONCE]]
            these = c.selection == where.rows, c.no.in_(numbers)
            tx.execute(tx.update(selected).where(*these, c.marked.is_(not mark)).values(**values))
        if changing:
            detail = {"rows": ", ".join(row.row_id for row in changing)}
            tx.note(user, "mark" if mark else "unmark", selection_id, detail=detail)
    return len(changing)


def change_all(
    ledger: Ledger,
    selection_id: str,
    user: str,
    which: Sequence[ColumnElement[bool]],
    told: dict[str, Any],
    *,
    mark: bool,
) -> int:
    """Mark or unmark all rows of which all this is true; returns how many marks changed.

    Who was judged not to be reachable or allowed is never marked.

    Args:
        ledger: the practice's ledger.
        selection_id: a selection that was read.
        user: who changes; recorded.
        which: conditions on the rows.
        told: how they were named, for the journal.
        mark: mark them; else unmark them.

    Raises:
        StillOpenError: the selection is being read.
    """
    c = selected.c
    with ledger.begin("selection", counted=False) as tx:
        where = require_read(tx, selection_id)
        can = (c.allowed, c.unreachable.is_(None)) if mark and where.kind else ()
        chosen = c.selection == where.rows, c.marked.is_(not mark), *can, *which
        changed = tx.execute(tx.update(selected).where(*chosen).values(**_values(where, mark=mark)))
        if changed:
            action = "mark all" if mark else "unmark all"
            tx.note(user, action, selection_id, detail={**told, "count": changed})
    return changed


def discard_selection(ledger: Ledger, selection_id: str, user: str) -> list[str]:
    """Remove a selection with all its rows; who reads it now notices. Returns the ids of its files,
    to be removed.

    Raises:
        LedgerError: there is none, a draft writes to it, or a run still reads a list of it.
    """
    with ledger.begin("selection", counted=False) as tx:
        lock_selection(tx, selection_id)
        refuse_used(tx, selection_id)
        files = forget_selection(tx, selection_id)
        tx.note(user, "discard selection", detail={"selection": selection_id})
    return files


def _values(where: SelectionRow, *, mark: bool) -> dict[str, Any]:
    """What a mark changes; why somebody is not marked is kept of those alone who were judged."""
    if where.kind is None:
        return {"marked": mark}
    return _MARKED if mark else _LEFT_OUT


def _named(tx: Tx, where: SelectionRow, names: list[str]) -> list[Row[Any]]:
    c = selected.c
    columns = (c.no, c.row_id, c.person, c.unreachable, c.consent, c.allowed, c.marked)
    found: list[Row[Any]] = []
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        theirs = c.selection == where.rows, or_(c.row_id.in_(some), c.person.in_(some))
        found += tx.all(tx.select(selected, *columns).where(*theirs).order_by(c.no))
    known = {name for row in found for name in (row.row_id, row.person)}
    for name in names:
        if name not in known:
            raise LedgerError(
                _("selection {selection} has no such row", selection=where.id),
                hint=_("it may have been checked again; look at the page anew"),
            )
    return list({row.no: row for row in found}.values())


def _refuse_unmarkable(row: Row[Any]) -> None:
    if row.unreachable:
        why = row.unreachable[1]
        raise LedgerError(
            _("{row} is not reachable: {why}", row=row.row_id, why=why),
            hint=_("correct the address where it is kept, then check again"),
        )
    if not row.allowed:
        answers = row.consent or []
        remedy = next((one.get("remedy") for one in answers if one["verdict"] == "deny"), None)
        again = _("check again")
        raise LedgerError(
            _("{row} is not allowed: {why}", row=row.row_id, why=denial(answers)),
            hint=_("{remedy} Then check again.", remedy=remedy) if remedy else again,
        )
