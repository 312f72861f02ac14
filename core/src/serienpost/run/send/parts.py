"""Fixed parts: some channels take a run in parts that are cut at approval, one call each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func

from serienpost.contracts.channels import Generation, Sent
from serienpost.ledger.runs import find_run
from serienpost.ledger.schema import message
from serienpost.run.prepare.plan import Header

if TYPE_CHECKING:
    from serienpost.ledger.store import Ledger, Tx


def cut_parts(tx: Tx, run_id: str, size: int | None) -> None:
    """Give every pending message without a part one, in order, after the parts that are there.

    Args:
        tx: the transaction that made the messages pending.
        run_id: the run.
        size: messages of a part at most; None where the channel takes no parts.
    """
    if size is None:
        return
    c = message.c
    part, last = last_part(tx, run_id), 0
    open_now = (c.run == run_id, c.state == "pending", c.part.is_(None))
    following = tx.select(message, c.no).where(*open_now).order_by(c.no).limit(size)
    while mine := [row.no for row in tx.all(following.where(c.no > last))]:
        part, last = part + 1, mine[-1]
        between = c.no.between(mine[0], last)
        tx.execute(tx.update(message).where(*open_now, between).values(part=part))


def last_part(tx: Tx, run_id: str) -> int:
    """The highest part of a run, 0 where it has none."""
    highest = tx.select(message, func.max(message.c.part)).where(message.c.run == run_id)
    return int(tx.scalar(highest) or 0)


def generation_of(ledger: Ledger, run_id: str) -> Generation:
    """What the run delivered since it was last finished, in the order of the review."""
    c = message.c
    with ledger.read() as tx:
        row = find_run(tx, run_id)
        sent = tx.all(
            tx.select(message, c.ref, c.no, c.part, c.row_id, c.number, c.name, c.provider_ref)
            .where(c.run == run_id, c.part >= row.first_part, c.state == "accepted")
            .order_by(c.no)
        )
    return Generation(
        run=run_id,
        number=row.edition,
        title=row.title or row.mailing,
        language=Header.from_json(row.header).language,
        sent=[Sent(s.ref, s.no, s.part, s.row_id, s.number, s.name, s.provider_ref) for s in sent],
    )
