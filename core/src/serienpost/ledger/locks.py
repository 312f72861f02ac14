"""The locks behind owners: files beside the ledger's real path, or advisory locks of PostgreSQL."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from serienpost.errors import LedgerUnavailableError
from serienpost.ledger.schema import message, run
from serienpost.ledger.states import OWNED
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


_ = Texts(__name__)


def lock_folder(engine: Engine) -> Path:
    """Where the files of owners lie; the engine's URL holds the real path of the ledger."""
    return _folder_of(Path(engine.url.database or ""))


def _folder_of(ledger: Path) -> Path:
    return ledger.with_name(f"{ledger.name}.owners")


def lock_number(owner: str) -> int:
    """The key of an owner's advisory lock."""
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big", signed=True)


@contextmanager
def file_lock(folder: Path, owner: str) -> Iterator[None]:
    """Lock first, name second: a file under an owner's name was locked before it had the name.

    Raises:
        LedgerUnavailableError: the file cannot be made.
    """
    import fcntl

    nameless = folder / f".{owner}"
    with ExitStack() as opened:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            nameless.touch(0o600)
            handle = opened.enter_context(nameless.open("w"))
            fcntl.flock(handle, fcntl.LOCK_EX)
            nameless.rename(folder / owner)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise LedgerUnavailableError(
                _("{file} cannot be written: {why}", file=str(folder), why=why)
            ) from error
        try:
            yield
        finally:
            (folder / owner).unlink(missing_ok=True)


def file_is_free(path: Path) -> bool:
    """Whether nobody holds the lock of a file; one that is left over is removed."""
    import fcntl

    try:
        with path.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            with suppress(OSError):  # on a disk that cannot be written it stays
                path.unlink()
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


def is_free(connection: Connection, owner: str) -> bool:
    """Whether nobody holds an advisory lock; shared, so that those who look do not see each
    other."""
    statement = text("SELECT pg_try_advisory_xact_lock_shared(:key)")
    return bool(connection.execute(statement, {"key": lock_number(owner)}).scalar())


def living_owner_of(ledger: Path) -> str | None:
    """A living process that works with the SQLite ledger under this path, there or not."""
    files = [path for path in _folder_of(ledger).glob("*") if not path.name.startswith(".")]
    return next((path.name for path in files if not file_is_free(path)), None)


def living_owner_of_any(connection: Connection) -> str | None:
    """A living process that prepares, delivers or finishes a run of any practice here.

    On PostgreSQL one is seen by what it holds; between two claims it holds nothing.
    """
    if connection.dialect.name == "sqlite":
        return living_owner_of(Path(connection.engine.url.database or ""))
    held = select(message.c.owner).where(message.c.state.in_(OWNED)).distinct()
    named = [*connection.scalars(held), *connection.scalars(select(run.c.owner).distinct())]
    return next((one for one in named if one and not is_free(connection, one)), None)
