"""The journal as a whole: who did what and when, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func

from serienpost.ledger.schema import journal, message, run

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Row

    from serienpost.ledger.store import Tx


def journal_page(
    tx: Tx,
    page: int,
    size: int,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    users: Collection[str] | None = None,
) -> tuple[int, Sequence[Row[Any]]]:
    """How many lines there are, and those of one page from 1, the newest first; each with the
    mailing of its run and the id of its row.

    Args:
        tx: reads the ledger.
        page: from 1.
        size: lines of a page.
        only: lines of these actions.
        without: no lines of these.
        users: lines of these actors.
    """
    c = journal.c
    which: list[ColumnElement[bool]] = [c.action.not_in(without)]
    if only is not None:
        which.append(c.action.in_(only))
    if users is not None:
        which.append(c.user.in_(users))
    total = tx.scalar(tx.select(journal, func.count()).where(*which))
    of_run = and_(run.c.practice == c.practice, run.c.id == c.run)
    of_row = and_(message.c.practice == c.practice, message.c.run == c.run, message.c.no == c.no)
    lines = tx.select(journal, *c, run.c.mailing, message.c.row_id).where(*which)
    joined = lines.outerjoin(run, of_run).outerjoin(message, of_row)
    ordered = joined.order_by(c.at.desc(), c.id)
    return total or 0, tx.all(ordered.limit(size).offset((page - 1) * size))


def journal_users(tx: Tx) -> list[str]:
    """Everybody who stands in the journal, by name."""
    found = tx.all(tx.select(journal, journal.c.user).distinct().order_by(journal.c.user))
    return [row.user for row in found]
