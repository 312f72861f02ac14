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

    from serienpost.ledger.store import Ledger


@contextmanager
def ownership(ledger: Ledger) -> Iterator[str]:
    """Hold a lock under a new owner id for as long as the block runs."""
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
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _number(owner)})


def is_dead(ledger: Ledger, owner: str) -> bool:
    """Whether the process behind this owner id is gone."""
    if ledger.engine.dialect.name == "sqlite":
        return _file_is_free(_lock_folder(ledger) / owner)
    with ledger.engine.connect() as connection:
        free = connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": _number(owner)}
        ).scalar()
        if free:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _number(owner)})
    return bool(free)


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
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
