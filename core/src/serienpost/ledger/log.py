"""Whether SQLite's log beside a ledger belongs to it: a file that was put back does not fit its
predecessor's log, and what SQLite made of the two would be neither.

Each transaction that writes raises a number in the first page (`PRAGMA application_id`). So the
first number in the log follows the one that the file had when the log began, and the file, into
which the log is copied page by page, is never further than the log.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from serienpost.errors import LedgerError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from pathlib import Path

_ = Texts(__name__)

# From the largest number on it starts anew.
_NUMBERS = 2**31

# sqlite.org/fileformat2.html: 4.1, the log's header and those of its frames; 1.3, the first page.
LOG_BEGINS = (bytes.fromhex("377f0682"), bytes.fromhex("377f0683"))
_HEADER, _FRAME_HEADER = 32, 24
_FIRST_PAGE = (1).to_bytes(4, "big")
_APPLICATION_ID = slice(_FRAME_HEADER + 68, _FRAME_HEADER + 72)


def count_write(connection: sqlite3.Connection) -> None:
    """Count the transaction that this connection has begun."""
    (number,) = connection.execute("PRAGMA application_id").fetchone()
    connection.execute(f"PRAGMA application_id = {(number + 1) % _NUMBERS:d}")


def refuse_other_log(path: Path) -> None:
    """Refuse a ledger beside the log of another state of it, before SQLite brings them together.

    The log is read before the file, and that before both: whoever writes meanwhile changes nothing
    about their order.

    Args:
        path: the real path of the ledger, which need hold nothing yet.

    Raises:
        LedgerError: the two do not belong together.
    """
    first = _first_number(path.with_name(f"{path.name}-wal"))
    if first is None:
        return
    if not path.exists() or not path.stat().st_size:  # SQLite would remove its log
        raise _do_not_fit(path)
    file = f"file:{quote(str(path))}?mode=ro"
    try:
        alone = _number(f"{file}&immutable=1")
        with closing(sqlite3.connect(file, timeout=60, uri=True)) as connection:
            (last,) = connection.execute("PRAGMA application_id").fetchone()
            fits = (alone - first + 1) % _NUMBERS <= (last - first + 1) % _NUMBERS
            if fits and alone >= first != last:  # a copy in part, or a backup made meanwhile
                (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
                fits = found == "ok"
    except sqlite3.DatabaseError:
        return  # what is wrong is told where the ledger is opened
    if not fits:
        raise _do_not_fit(path)


def _do_not_fit(path: Path) -> LedgerError:
    return LedgerError(
        _(
            "{file} and its log {log} do not belong together: one of them was put back or removed",
            file=str(path),
            log=f"{path.name}-wal",
        ),
        hint=_(
            "keep a copy of both; if the file was put back, remove {log} and {index}, else put back"
            " the file that the log belongs to",
            log=f"{path.name}-wal",
            index=f"{path.name}-shm",
        ),
    )


def _number(file: str) -> int:
    with closing(sqlite3.connect(file, uri=True)) as connection:
        return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _first_number(log: Path) -> int | None:
    """The number in the first of a log's frames that holds the first page; SQLite has no locks on
    the log that closing it could drop."""
    try:
        with log.open("rb") as handle:
            header = handle.read(_HEADER)
            if len(header) < _HEADER or header[:4] not in LOG_BEGINS:
                return None
            step = _FRAME_HEADER + int.from_bytes(header[8:12], "big")
            for offset in range(_HEADER, os.fstat(handle.fileno()).st_size, step):
                frame = os.pread(handle.fileno(), _APPLICATION_ID.stop, offset)
                if len(frame) < _APPLICATION_ID.stop or frame[8:16] != header[16:24]:
                    return None  # what follows is of an older log
                if frame[:4] == _FIRST_PAGE:
                    return int.from_bytes(frame[_APPLICATION_ID], "big")
    except OSError:
        pass  # there is none, or it is told where the ledger is opened
    return None
