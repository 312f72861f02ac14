"""Reading past texts that are no UTF-8, which SQLite stores without a look.

One such text must not keep all other people from being read: its bytes become half characters
(PEP 383), which no message takes. Decoding every text that way costs more than reading it, so it is
done for statements that meet one.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa  # noqa: TID253  # imported when the database is read

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

# How the driver begins to say so; the text itself follows.
_UNDECODABLE = "Could not decode to UTF-8"


def read_all(
    connection: sa.Connection, statement: sa.Select[Any], bound: Mapping[str, Any]
) -> Sequence[Sequence[Any]]:
    """All records of a statement."""
    try:
        return connection.execute(statement, bound).all()
    except sa.exc.OperationalError as error:
        if not _is_undecodable(error):
            raise
    with _half_characters(connection):
        return connection.execute(statement, bound).all()


def read_in_batches(
    connection: sa.Connection, statement: sa.Select[Any], batch: int
) -> Iterator[Sequence[Sequence[Any]]]:
    """The records of a statement, `batch` at a time.

    The connection is in a transaction, so that what is read a second time is the same.
    """
    given = 0
    try:
        for records in _batches(connection, statement, batch):
            given += 1
            yield records
    except sa.exc.OperationalError as error:
        if not _is_undecodable(error):
            raise
    else:
        return
    with _half_characters(connection):
        yield from islice(_batches(connection, statement, batch), given, None)


def _batches(
    connection: sa.Connection, statement: sa.Select[Any], batch: int
) -> Iterator[Sequence[Sequence[Any]]]:
    options = {"yield_per": batch}
    with connection.execute(statement, execution_options=options) as result:
        yield from result.partitions()


def _is_undecodable(error: sa.exc.OperationalError) -> bool:
    return str(error.orig).startswith(_UNDECODABLE)


@contextmanager
def _half_characters(connection: sa.Connection) -> Iterator[None]:
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.text_factory = _decoded
    try:
        yield
    finally:
        driver.text_factory = str


def _decoded(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")
