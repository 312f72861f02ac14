"""Changes that are built and compiled once, then executed for many rows.

SQLAlchemy would spend more time on the parameters of each row, and on each execution, than the
database on the row. Here the driver is called directly, and the caller gives every value as the
database stores it: times by `microseconds`, JSON as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Insert, Update
    from sqlalchemy.engine import Dialect

PRACTICE: BindParameter[str] = bindparam("b_practice")
"""The practice in a statement that is built once; a transaction binds it, so that such a statement
too sees one practice only."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A change in a database's own words.

    Args:
        text: the SQL.
        order: names of the parameters where the driver wants them in order, else None.
        constants: parameters that the statement itself sets.
    """

    text: str
    order: tuple[str, ...] | None
    constants: Mapping[str, Any]


@lru_cache(maxsize=64)
def compiled(change: Insert | Update, dialect: Dialect) -> Compiled:
    """The change for one kind of database."""
    found = change.compile(dialect=dialect)
    order = tuple(found.positiontup) if found.positional and found.positiontup else None
    return Compiled(found.string, order, found.params)


def execute(
    connection: Connection,
    change: Insert | Update,
    common: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> int:
    """Execute a change once per row, with parameters that are the same for all rows.

    Returns:
        How many rows of the database it changed.
    """
    known = compiled(change, connection.dialect)
    same = {**known.constants, **common}
    order = known.order
    bound: Any
    if order is None:
        bound = [{**same, **row} for row in rows]
    else:
        bound = [tuple(map({**same, **row}.__getitem__, order)) for row in rows]
    return run(connection, known.text, bound)


def run(connection: Connection, text: str, rows: Sequence[Any]) -> int:
    """Let the driver execute a statement once per row; returns how many rows it changed."""
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(text, rows)
        return cursor.rowcount
    finally:
        cursor.close()
