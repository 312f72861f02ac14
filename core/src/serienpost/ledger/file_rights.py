"""Who may read the file of a SQLite ledger: its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from serienpost.errors import LedgerError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What SQLite keeps beside a database, each with rows in it (sqlite.org/tempfiles.html).
_BESIDE = ("", "-wal", "-shm", "-journal")


def close_to_others(path: Path) -> bool:
    """Take all rights of other users of this machine from a ledger's files.

    The files are not opened: closing one would drop the locks that this process has on it
    (sqlite.org/howtocorrupt.html, 2.2).

    Returns:
        Whether there were any.

    Raises:
        LedgerError: the rights cannot be taken, since the files belong to somebody else or their
            file system knows none.
    """
    open_files = [one for one in _files(path) if _is_open(one)]
    for file in open_files:
        try:
            file.chmod(stat.S_IMODE(file.stat().st_mode) & ~_OTHERS)
            refused = _is_open(file)
        except OSError:
            refused = True
        if refused:
            raise LedgerError(
                f"other users of this machine can read the ledger's file {file.name}",
                hint=f"let its owner run chmod 600 {file}, or keep it on a file system with rights",
            )
    return bool(open_files)


def _files(path: Path) -> list[Path]:
    real = os.path.realpath(path)
    return [Path(real + suffix) for suffix in _BESIDE]


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & _OTHERS)
    except FileNotFoundError:
        return False
