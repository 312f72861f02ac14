"""Who may read the file of a SQLite ledger: its owner alone."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from serienpost.errors import LedgerError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from pathlib import Path

_ = Texts(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
# How the names of a database's files end: itself, and what SQLite keeps beside it, each with rows
# in it (sqlite.org/tempfiles.html).
SQLITE_FILES = ("", "-wal", "-shm", "-journal")


def close_to_others(path: Path) -> bool:
    """Take all rights of other users of this machine from a ledger's files.

    The files are not opened: closing one would drop the locks that this process has on it
    (sqlite.org/howtocorrupt.html, 2.2).

    Args:
        path: the real path of the ledger.

    Returns:
        Whether there were any.

    Raises:
        LedgerError: the rights cannot be taken, since the files belong to somebody else or their
            file system knows none.
    """
    files = (path.with_name(path.name + suffix) for suffix in SQLITE_FILES)
    open_files = [one for one in files if _is_open(one)]
    for file in open_files:
        try:
            file.chmod(stat.S_IMODE(file.stat().st_mode) & ~_OTHERS)
            refused = _is_open(file)
        except OSError:
            refused = True
        if refused:
            raise LedgerError(
                _("other users of this machine can read the ledger's file {file}", file=file.name),
                hint=_(
                    "let its owner run chmod 600 {file}, or keep it on a file system with rights",
                    file=str(file),
                ),
            )
    return bool(open_files)


def _is_open(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & _OTHERS)
    except FileNotFoundError:
        return False
