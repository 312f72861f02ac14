"""Owners: worker processes, each behind a lock that the system drops with the process."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from serienpost.ledger.store import new_ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.ledger.store import Ledger, Tx


@contextmanager
def ownership(ledger: Ledger) -> Iterator[str]:
    """Hold a lock under a new owner id for as long as the block runs.

    On PostgreSQL it belongs to a connection of its own and is lost with it, see `is_held`.
    """
    owner = f"{os.getpid()}-{new_ref()}"
    if ledger.engine.dialect.name == "sqlite":
        with _file_lock(_lock_folder(ledger), owner):
            yield owner
    else:
        with ledger.engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _number(owner)})
            connection.commit()
            try:
                yield owner
            finally:
                connection.invalidate()


def is_dead(ledger: Ledger, owner: str) -> bool:
    """Whether the process behind this owner id is gone."""
    if ledger.engine.dialect.name == "sqlite":
        return _file_is_free(_lock_folder(ledger) / owner)
    with ledger.read() as tx:
        return _is_free(tx, owner)


def is_held(tx: Tx, owner: str) -> bool:
    """Whether this process still has the lock: a PostgreSQL server that was restarted, or that
    closed the connection, has dropped it, and other processes may take the rows over."""
    return tx.connection.dialect.name == "sqlite" or not _is_free(tx, owner)


def _is_free(tx: Tx, owner: str) -> bool:
    """Whether nobody holds the lock; shared, so that those who look do not see each other."""
    statement = text("SELECT pg_try_advisory_xact_lock_shared(:key)")
    return bool(tx.connection.execute(statement, {"key": _number(owner)}).scalar())


def _lock_folder(ledger: Ledger) -> Path:
    return Path(f"{ledger.engine.url.database}.owners")


def _number(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big", signed=True)


@contextmanager
def _file_lock(folder: Path, owner: str) -> Iterator[None]:
    """Lock first, name second: a file under an owner's name was locked before it had the name."""
    import fcntl

    folder.mkdir(mode=0o700, exist_ok=True)
    nameless = folder / f".{owner}"
    with nameless.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        nameless.rename(folder / owner)
        try:
            yield
        finally:
            (folder / owner).unlink(missing_ok=True)


def _file_is_free(path: Path) -> bool:
    import fcntl

    try:
        with path.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
