"""Whom the ledger names: people by their id, number or name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_

from serienpost.ledger.schema import message, selected

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Table

    from serienpost.ledger.store import Tx


class NamedPerson(NamedTuple):
    """A person as some row of the ledger names it; names may be purged."""

    person: str
    number: str | None
    name: str | None


def named_persons(tx: Tx, words: str, limit: int) -> list[NamedPerson]:
    """The people whose id or number this is, or whose name holds it, each once."""
    found: dict[str, NamedPerson] = {}
    # SQLite knows small and capital letters of ASCII alone.
    spellings = {words, words.lower(), words.upper(), words.title()}
    for table in _tables(tx):
        c = table.c
        named = [c.name.icontains(one, autoescape=True) for one in spellings]
        is_meant = or_(c.person == words, c.number == words, *named)
        told = c.person, func.max(c.number).label("number"), func.max(c.name).label("name")
        rows = tx.select(table, *told).where(is_meant).group_by(c.person).order_by(c.person)
        for row in tx.all(rows.limit(limit)):
            found.setdefault(row.person, NamedPerson._make(row))
    return list(found.values())


def known_persons(tx: Tx, persons: Collection[str]) -> set[str]:
    """Those of these people whom the ledger has a message to, or in a selection."""
    found: set[str] = set()
    for table in _tables(tx):
        for column in (table.c.person, table.c.consenting):
            mine: ColumnElement[bool] = column.in_(persons)
            rows = tx.all(tx.select(table, column).where(mine).distinct())
            found.update(row[0] for row in rows)
    return found


def _tables(tx: Tx) -> list[Table]:
    return [message, *([selected] if tx.has(selected) else [])]
