"""The connections of an account: one budget, shared by the living processes that deliver with it.

Each process has a row with the number that it may have open. It is raised only by what the others
leave, and lowered only to what is open still, so the sum never exceeds the account's, whoever comes
or dies. A process that is frozen keeps its connections for as long as its lease, which is longer
than a server keeps one on which nothing moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from serienpost.ledger.owners import is_gone
from serienpost.ledger.schema import account as accounts
from serienpost.ledger.schema import message, worker
from serienpost.ledger.states import OWNED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from typing import Any

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.store import Tx

# The role of a process that delivers a run.
DELIVERS = "deliver"


class Share(NamedTuple):
    """What a process has of its account now.

    Args:
        open: connections that it may have open from now on.
        fair: those that it will have once the others have closed theirs.
        workers: living processes that deliver the same run, this one among them.
    """

    open: int
    fair: int
    workers: int


def take_share(
    tx: Tx,
    owner: str,
    run: str,
    account: str,
    total: int,
    open_now: int,
    *,
    lease: timedelta,
    expected: int = 1,
) -> Share:
    """Share an account's connections out anew; the first time, join those that deliver the run.

    Args:
        tx: a transaction; it locks the account until it ends.
        owner: of this process, which holds its lock.
        run: that it delivers.
        account: of the run.
        total: connections of the account.
        open_now: connections that this process may have open at this moment.
        lease: after which this process is taken for frozen, unless it asks again.
        expected: so many processes at least will share them.
    """
    if not tx.has(worker):  # an older ledger: nobody can join
        return Share(total, total, 1)
    tx.insert_new(accounts, [{"account": account, "last_permit": 0, "last_stamp": None}])
    tx.first(tx.select(accounts).where(accounts.c.account == account).with_for_update())
    mine = {"role": DELIVERS, "run": run, "account": account, "connections": 0}
    tx.insert_new(worker, [{"owner": owner, "since": tx.now, "seen_at": tx.now, **mine}])
    living = _living(tx, worker.c.account == account, mine=owner)
    names = [row.owner for row in living]
    tx.execute(tx.delete(worker).where(worker.c.account == account, worker.c.owner.not_in(names)))
    found = [row for row in living if row.owner == owner or _is_awake(tx, row)]
    place = [row.owner for row in found].index(owner)
    count = max(len(found), expected)
    fair = total // count + (place < total % count)
    others = sum(row.connections for row in found if row.owner != owner)
    may_open = max(0, min(fair, total - others))
    held = {"connections": max(open_now, may_open), "seen_at": tx.now}
    held |= {"lease_until": tx.now + lease}
    tx.execute(tx.update(worker).where(worker.c.owner == owner).values(held))
    return Share(may_open, fair, sum(row.run == run for row in found))


def leave(tx: Tx, owner: str) -> None:
    """This process delivers no more and has closed its connections."""
    if tx.has(worker):
        tx.execute(tx.delete(worker).where(worker.c.owner == owner))


def deliverers(tx: Tx, run: str) -> list[str]:
    """The owners of living processes that deliver a run, the first to come first; none of those
    that are frozen."""
    living = _living(tx, worker.c.run == run) if tx.has(worker) else []
    joined = [row.owner for row in living if _is_awake(tx, row)]
    frozen = {row.owner for row in living}.difference(joined)
    held = message.c.run == run, message.c.state.in_(OWNED)
    holding = tx.all(tx.select(message, message.c.owner).where(*held).distinct())
    others = {row.owner for row in holding if row.owner}.difference(joined, frozen)
    return [*joined, *(owner for owner in sorted(others) if not is_gone(tx, owner))]


def _is_awake(tx: Tx, row: Row[Any]) -> bool:
    return row.lease_until is None or row.lease_until > tx.now


def _living(tx: Tx, which: ColumnElement[bool], mine: str | None = None) -> Sequence[Row[Any]]:
    """Rows of processes that live, the first to come first."""
    order = worker.c.since, worker.c.owner
    found = tx.all(tx.select(worker).where(which).order_by(*order))
    return [row for row in found if row.owner == mine or not is_gone(tx, row.owner)]
