"""What keeps a statement from doing more than reading, and from never ending.

Each barrier stands on its own: the file is opened read-only, SQLite's authorizer admits nothing
but reading, a progress handler or the server's time limit ends what takes too long. What the
account of a server may do is looked at in `roles`.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

# How long a statement may take before its first, and between two batches.
STATEMENT_SECONDS = 120.0

_STEPS_BETWEEN_LOOKS = 20_000
_READING = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
}
# Pragmas that tell the columns of a table, the schemas, and whether the file is a database.
_DESCRIBING = {"database_list", "table_info", "table_xinfo", "schema_version"}

_HARMFUL_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}


class Clock:
    """Tells how long SQLite has been at work since the last batch."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        """The next batch is asked for."""
        self._end = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        """Whether the statement is to be stopped."""
        return time.monotonic() > self._end


@contextmanager
def guarded(connection: sa.Connection, seconds: float, zone: str) -> Iterator[Clock]:
    """Admit nothing but reading, of one state of the database, no statement over `seconds`.

    On PostgreSQL times without a zone are in `zone`, by its IANA name. Both are set for the
    transaction, so that whatever options the connection was given stay as they are.
    """
    clock = Clock(seconds)
    dialect = connection.dialect.name
    if dialect == "sqlite":
        with _guarded_sqlite(connection, clock):
            yield clock
        return
    if dialect == "postgresql":
        connection.exec_driver_sql(
            "SELECT set_config('statement_timeout', %s, true), set_config('TimeZone', %s, true)",
            (str(int(seconds * 1000)), zone),
        )
    else:
        connection.exec_driver_sql(f"SET SESSION max_statement_time = {seconds}")
    yield clock


@contextmanager
def _guarded_sqlite(connection: sa.Connection, clock: Clock) -> Iterator[None]:
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.execute("BEGIN")
    driver.set_progress_handler(clock.is_over, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)
        driver.rollback()


def admit_reading_only(driver: sqlite3.Connection) -> None:
    """Let SQLite refuse on this connection, for good, every statement that does more than read.

    It examines a statement when it prepares it, and prepares all again after a change of this.
    """
    driver.set_authorizer(_admitted)


def _admitted(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    harmful = action == sqlite3.SQLITE_FUNCTION and str(second).lower() in _HARMFUL_FUNCTIONS
    describing = action == sqlite3.SQLITE_PRAGMA and first in _DESCRIBING
    admitted = describing or (action in _READING and not harmful)
    return sqlite3.SQLITE_OK if admitted else sqlite3.SQLITE_DENY
