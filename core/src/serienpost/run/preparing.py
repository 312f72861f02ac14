"""`prepare`: select, review, render and freeze, batch by batch, into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from serienpost.collecting import seldom_collected
from serienpost.contracts.rows import Row
from serienpost.ledger.owners import is_dead, ownership
from serienpost.ledger.schema import asset, message, once, run
from serienpost.ledger.states import HOLDS_ONCE
from serienpost.ledger.store import new_ref
from serienpost.run.earlier import refuse_unknown_mailings, unmark_recipients_of
from serienpost.run.plan import write_plan_hash
from serienpost.run.reviewing import review_rows
from serienpost.run.rows import ledger_row
from serienpost.run.shared_addresses import unmark_same_address, unmarked_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.run.blueprint import Blueprint

_ALREADY_SENT = {
    "code": "already_sent",
    "reason": "hat diesen Serienversand schon erhalten",
    "includable": False,
}


def prepare(
    blueprint: Blueprint,
    ledger: Ledger,
    user: str,
    *,
    exclude_already_sent: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> str:
    """Read, review and freeze all rows of a checked mailing; returns the run id.

    A process that dies here leaves a run that can never be sent.

    Raises:
        SourceError: the source cannot deliver; the run is removed.
    """
    others = blueprint.header.exclude_recipients_of
    refuse_unknown_mailings(blueprint.context, ledger, others)
    with ownership(ledger) as owner:
        run_id = _create(blueprint, ledger, owner)
        try:
            with seldom_collected():
                _fill(blueprint, ledger, run_id, progress)
        except BaseException:
            discard(ledger, run_id)
            raise
        with ledger.begin("freeze") as tx:
            if exclude_already_sent:
                _unmark_already_sent(tx, run_id)
            if others:
                unmark_recipients_of(tx, run_id, others)
            if blueprint.header.same_address == "one":
                unmark_same_address(tx, run_id)
            write_plan_hash(tx, run_id)
            tx.execute(
                tx.update(run)
                .where(run.c.id == run_id, run.c.state == "preparing")
                .values(state="prepared", owner=None, prepared_at=tx.now)
            )
            tx.note(user, "prepare", run_id)
    return run_id


def discard(ledger: Ledger, run_id: str) -> None:
    """Remove a run that was never prepared, with everything it holds."""
    with ledger.begin("discard") as tx:
        gone = tx.execute(tx.delete(run).where(run.c.id == run_id, run.c.state == "preparing"))
        for table in (message, asset) if gone else ():
            tx.execute(tx.delete(table).where(table.c.run == run_id))


def discard_dead(ledger: Ledger) -> int:
    """Remove the runs of processes that died while preparing; returns how many."""
    with ledger.read() as tx:
        rows = tx.all(tx.select(run, run.c.id, run.c.owner).where(run.c.state == "preparing"))
    dead = [row.id for row in rows if is_dead(ledger, row.owner)]
    for run_id in dead:
        discard(ledger, run_id)
    return len(dead)


def _create(blueprint: Blueprint, ledger: Ledger, owner: str) -> str:
    header = blueprint.header
    with ledger.begin("create") as tx:
        run_id = f"{header.due.replace('-', '')}-{new_ref(4).lower()}"
        while tx.first(tx.select(run, run.c.id).where(run.c.id == run_id)):
            run_id = f"{header.due.replace('-', '')}-{new_ref(4).lower()}"
        tx.insert(
            run,
            [
                {
                    "id": run_id,
                    "mailing": header.mailing,
                    "title": header.title,
                    "kind": header.kind,
                    "channel": header.channel,
                    "account": header.account,
                    "purpose": header.purpose,
                    "due": header.due,
                    "state": "preparing",
                    "owner": owner,
                    "header": header.to_json(),
                    "carries": blueprint.carried.pairs,
                    "created_at": tx.now,
                }
            ],
        )
        tx.insert(
            asset,
            [{"run": run_id, "name": n, "data": data} for n, data in blueprint.assets.items()],
        )
    return run_id


def _fill(
    blueprint: Blueprint, ledger: Ledger, run_id: str, progress: Callable[[int], None]
) -> None:
    number = 0
    several = len(blueprint.blocks) > 1
    for block, rows in _batches(blueprint):
        new = _not_yet(ledger, run_id, rows) if several else rows
        limit = blueprint.header.limit
        if limit is not None:
            new = new[: max(0, limit - number)]
        reviewed = review_rows(blueprint, new, block)
        found = [
            {**ledger_row(blueprint, ledger, one, number + offset), "run": run_id}
            for offset, one in enumerate(reviewed, start=1)
        ]
        with ledger.begin("batch") as tx:
            tx.insert(message, found)
        number += len(found)
        progress(number)
        if limit is not None and number >= limit:
            return


def _batches(blueprint: Blueprint) -> Iterator[tuple[int, Sequence[Row]]]:
    registry = blueprint.context.registry
    for index, block in enumerate(blueprint.blocks):
        name = block.source.name
        answer = block.source.rows(blueprint.context, block.selection, blueprint.request(block))
        batches: Iterable[object] = registry.answered("sources", name, "rows", answer, Iterable)
        for batch in batches:
            rows: Sequence[Row] = registry.answered("sources", name, "rows", batch, (list, tuple))
            for row in rows:
                registry.answered("sources", name, "rows", row, Row)
            yield index, rows


def _not_yet(ledger: Ledger, run_id: str, rows: Sequence[Row]) -> list[Row]:
    """Rows that an earlier block has not selected already."""
    with ledger.read() as tx:
        known = {
            row.row_id
            for row in tx.all(
                tx.select(message, message.c.row_id).where(
                    message.c.run == run_id, message.c.row_id.in_([row.id for row in rows])
                )
            )
        }
    return [row for row in rows if row.id not in known]


def _unmark_already_sent(tx: Tx, run_id: str) -> None:
    """Unmark who holds a place in "once", or without one had an earlier run of the mailing."""
    c = message.c
    held = select(once.c.key).where(once.c.practice == tx.practice)
    mailing = tx.scalar(tx.select(run, run.c.mailing).where(run.c.id == run_id))
    runs = tx.select(run, run.c.id).where(run.c.mailing == mailing, run.c.id != run_id)
    reached = tx.select(message, c.person).where(c.run.in_(runs), c.state.in_(HOLDS_ONCE))
    tx.execute(
        tx.update(message)
        .where(
            c.run == run_id,
            c.marked,
            or_(c.once_key.in_(held), and_(c.once_key.is_(None), c.person.in_(reached))),
        )
        .values(unmarked_columns(_ALREADY_SENT))
    )
