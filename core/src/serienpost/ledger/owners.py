"""Owners: worker processes, each behind a lock that the system drops with the process."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from serienpost.ledger.locks import file_is_free, file_lock, is_free, lock_folder, lock_number
from serienpost.ledger.store import failure, new_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Ledger, Tx


@contextmanager
def ownership(ledger: Ledger) -> Iterator[str]:
    """Hold a lock under a new owner id for as long as the block runs.

    On PostgreSQL it belongs to a connection of its own and is lost with it, see `is_held`.

    Raises:
        LedgerError: a process works with another file that is the same SQLite ledger; of two that
            start at once, at least one sees the other's lock.
    """
    owner = f"{os.getpid()}-{new_ref()}"
    if ledger.engine.dialect.name == "sqlite":
        with file_lock(lock_folder(ledger.engine), owner):
            ledger.refuse_copy()
            yield owner
    else:
        with ExitStack() as held:
            try:
                connection = held.enter_context(ledger.engine.connect())
                lock = text("SELECT pg_advisory_lock(:key)")
                connection.execute(lock, {"key": lock_number(owner)})
                connection.commit()
            except SQLAlchemyError as error:
                raise failure(error, ledger.engine) from error
            try:
                yield owner
            finally:
                connection.invalidate()


def is_dead(ledger: Ledger, owner: str) -> bool:
    """Whether the process behind this owner id is gone."""
    if ledger.engine.dialect.name == "sqlite":
        return file_is_free(lock_folder(ledger.engine) / owner)
    with ledger.read() as tx:
        return is_free(tx.connection, owner)


def is_gone(tx: Tx, owner: str) -> bool:
    """As `is_dead`, within a transaction."""
    connection = tx.connection
    if connection.dialect.name == "sqlite":
        return file_is_free(lock_folder(connection.engine) / owner)
    return is_free(connection, owner)


def is_held(tx: Tx, owner: str) -> bool:
    """Whether this process still has the lock: a PostgreSQL server that was restarted, or that
    closed the connection, has dropped it, and other processes may take the rows over."""
    return tx.connection.dialect.name == "sqlite" or not is_free(tx.connection, owner)
