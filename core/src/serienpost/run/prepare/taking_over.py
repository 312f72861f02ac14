"""A run takes over who was chosen before there was its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from serienpost.config.mailing import SelectBlock
from serienpost.errors import ConfigError, LedgerError, Problem
from serienpost.ledger.schema import journal, message, selected
from serienpost.ledger.selections import SelectionRow, found_in, lock_selection, require_ready
from serienpost.run.prepare.choose import BY_HAND
from serienpost.run.prepare.people import configured, frozen_selection
from serienpost.run.prepare.people_check import placed_at
from serienpost.run.prepare.plan import Scope
from serienpost.run.prepare.review import unmarked_columns
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.contracts.rows import Row
    from serienpost.ledger.store import Ledger, Tx

_ = Texts(__name__)

# Ids of people who are there no more that a run remembers.
_NAMED = 20
_UNMARKED: dict[str, Any] = {
    "code": "unmarked_in_selection",
    "reason": _("unmarked by hand in the selection"),
    "includable": True,
}
_NOT_MARKED: dict[str, Any] = {**_UNMARKED, "reason": _("not marked in the selection")}
_CHOOSE_AGAIN = _("choose the people again for it")
_NEW: dict[str, Any] = {
    "code": "not_in_selection",
    "reason": _("was not in the selection that was checked"),
    "includable": True,
}


def ready_selection(ledger: Ledger, selection_id: str) -> SelectionRow:
    """The selection of this id, which was read.

    Raises:
        LedgerError: there is none, or it could not be read.
        StillOpenError: it is being read.
    """
    with ledger.begin("selection", counted=False) as tx:
        return require_ready(tx, selection_id)


def with_people_of(context: PracticeContext, mailing: Mailing, row: SelectionRow) -> Mailing:
    """The mailing with the people of a selection in place of its own; whom it leaves out, it still
    does.

    Raises:
        ConfigError: the selection was judged for another kind of contact or purpose, or for none.
    """
    if row.kind is None or row.purpose is None:
        said = _("the people of selection {selection} are not checked yet", selection=row.id)
        raise ConfigError(Problem(said, _("check them for a kind of contact and a purpose")))
    kind = context.kind_of(mailing.account)
    scope = Scope.from_json(row.header)
    problems = []
    if kind.name != row.kind:
        titles = {one.name: one.title for one in context.registry.kinds().values()}
        said = _(
            "the account {account} sends {own}; the people of selection {selection} were checked"
            " for {theirs}",
            account=mailing.account,
            own=kind.title,
            selection=row.id,
            theirs=titles.get(row.kind, row.kind),
        )
        problems.append(placed_at(mailing, "account", Problem(said, _CHOOSE_AGAIN)))
    if mailing.purpose != row.purpose:
        said = _(
            "the mailing is for the purpose {own}; the people of selection {selection} were checked"
            " for {theirs}",
            own=mailing.purpose,
            selection=row.id,
            theirs=row.purpose,
        )
        problems.append(placed_at(mailing, "purpose", Problem(said, _CHOOSE_AGAIN)))
    if problems:
        raise ConfigError(*problems)
    return for_people(context, mailing, scope)


def for_people(context: PracticeContext, mailing: Mailing, scope: Scope) -> Mailing:
    """The mailing with the sources and selections of a scope in place of its own."""
    sources = context.registry.sources
    blocks = [
        SelectBlock(
            one.source,
            frozen_selection(configured(sources, one.source, "source"), one.selection),
        )
        for one in scope.blocks
    ]
    chosen = {
        "blocks": tuple(blocks),
        "order_by": list(scope.order_by),
        "limit": "all" if scope.limit is None else scope.limit,
        "rows": "all",
        "include": [],
    }
    return mailing.model_copy(update=chosen)


class TakenOver:
    """A selection whose marks a run takes over: who is not marked in it is not written to.

    Args:
        ledger: the practice's ledger.
        row: the selection, ready.
    """

    def __init__(self, ledger: Ledger, row: SelectionRow) -> None:
        self._ledger = ledger
        self._row = row

    def of_these(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that the run is for. Who was found and not marked before anybody was judged is
        none of them; who was not even found then is one, and is left out."""
        if self._row.found_at is None:
            return rows
        c = selected.c
        hits = c.selection == found_in(self._row.id), c.row_id.in_([row.id for row in rows])
        with self._ledger.read() as tx:
            not_wanted = tx.select(selected, c.row_id).where(*hits, c.marked.is_(False))
            gone = {row.row_id for row in tx.all(not_wanted)}
        return [row for row in rows if row.id not in gone]

    def left_out(self, rows: Sequence[Row]) -> list[dict[str, Any] | None]:
        """Why each of these rows is not written to; None for one that is marked."""
        c = selected.c
        mine = c.selection == self._row.id, c.row_id.in_([row.id for row in rows])
        with self._ledger.read() as tx:
            found = tx.all(tx.select(selected, c.row_id, c.marked, c.because).where(*mine))
        known = {
            row.row_id: None
            if row.marked
            else (_UNMARKED if row.because == BY_HAND else _NOT_MARKED)
            for row in found
        }
        return [known.get(row.id, _NEW) for row in rows]

    def settle(self, tx: Tx, run_id: str) -> dict[str, Any]:
        """Unmark who was unmarked in the selection meanwhile; returns what the journal keeps.

        Raises:
            LedgerError: the selection was discarded or read again meanwhile.
        """
        now = lock_selection(tx, self._row.id)
        if (now.state, now.read_at) != (self._row.state, self._row.read_at):
            raise LedgerError(
                _("selection {selection} was checked again meanwhile", selection=now.id),
                hint=_("prepare again"),
            )
        c, m = selected.c, message.c
        marked = select(c.row_id).where(c.practice == tx.practice, c.selection == now.id, c.marked)
        late = tx.update(message).where(m.run == run_id, m.marked, m.row_id.not_in(marked))
        tx.execute(late.values(**unmarked_columns(_UNMARKED)))
        there = select(m.row_id).where(m.practice == tx.practice, m.run == run_id)
        gone = c.selection == now.id, c.marked, c.row_id.not_in(there)
        number = int(tx.scalar(tx.select(selected, func.count()).where(*gone)))
        named = tx.select(selected, c.row_id).where(*gone).order_by(c.no).limit(_NAMED)
        ids = [row.row_id for row in tx.all(named)] if number else []
        return {"selection": now.id, "vanished": number, "vanished_rows": ids}


def taken_selection(tx: Tx, run_id: str) -> tuple[str, int, list[str]] | None:
    """The selection that a run took over, how many of it were there no more, and the rows of the
    first of them; None where it took over none."""
    j = journal.c
    prepared = tx.select(journal, j.detail).where(j.run == run_id, j.action == "prepare")
    detail = tx.scalar(prepared) or {}
    if "selection" not in detail:
        return None
    return detail["selection"], detail["vanished"], detail["vanished_rows"]
