"""What a disk says that cannot be written; also where SQLite says only that it failed."""

from __future__ import annotations

import errno
import os
import tempfile
from typing import TYPE_CHECKING

from serienpost.translation import Texts

if TYPE_CHECKING:
    from pathlib import Path

_ = Texts(__name__)

# sqlite.org/rescode.html: how codes begin behind which the system refused to write. A file to share
# the log by that cannot grow is SQLITE_IOERR_SHMSIZE, a log that cannot be made SQLITE_CANTOPEN.
_REFUSED = ("SQLITE_IOERR", "SQLITE_CANTOPEN")

# Bytes that SQLite needs to open a ledger and to write a page of it: the file to share the log by
# grows by 32 KiB at a time.
_LEAST = 64 * 1024

_WORDS = {
    errno.ENOSPC: _("the disk is full"),
    errno.EDQUOT: _("the quota of the disk is used up"),
}


def disk_fault(error: BaseException, path: Path) -> str | None:
    """Why the disk of this ledger cannot be written, if that is behind an error of SQLite."""
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return _WORDS[errno.ENOSPC] + f" ({path})"
    if not name.startswith(_REFUSED):
        return None
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            os.posix_fallocate(file.fileno(), 0, _LEAST)
    except OSError as refused:
        return refusal(refused) + f" ({path})"
    return None


def refusal(error: OSError) -> str:
    """Why the system does not write, in words; the system's own where we have none."""
    return _WORDS.get(error.errno or 0) or error.strerror or type(error).__name__
