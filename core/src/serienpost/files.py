"""Files that hold personal data: readable by their owner alone, complete or absent."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from secrets import token_hex
from typing import IO, TYPE_CHECKING

from serienpost.errors import SerienpostError
from serienpost.text import ESCAPES, folded
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

_ = Texts(__name__)

# How the name of a file ends that is not complete.
UNFINISHED = ".part"

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
# Characters of its later name that stand in the name of a file that is not complete.
_LONGEST_PREFIX = 50
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
# Bytes of a first line that are compared.
_LONGEST_LINE = 1000


def nearest_path(path: Path) -> Path | None:
    """The file or folder whose way differs from this one in capitals only, or in how its umlauts
    are encoded; None where there is none. On such a difference a folder that came from Windows or
    macOS stops working."""
    if not path.name or path.exists():
        return path if path.name else None
    parent = nearest_path(path.parent) if not path.parent.is_dir() else path.parent
    try:
        names = sorted(parent.iterdir()) if parent else []
    except OSError:
        return None
    return next((each for each in names if folded(each.name) == folded(path.name)), None)


def unreadable(error: Exception) -> str:
    """Why a text file cannot be read, in words."""
    if isinstance(error, OSError):
        return error.strerror or _("the system cannot read it")
    is_encoded_otherwise = isinstance(error, UnicodeError)
    return _("it is no UTF-8 text") if is_encoded_otherwise else _("it is no CSV file")


@contextmanager
def unnamed_file(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file of mode 0600 that is to get this name later, and where it is until then.

    It is written under a name in the same folder that nobody can foresee, made anew: a file or
    link that somebody else has put there is neither opened nor followed.

    Raises:
        OSError: it cannot be written; nothing is left of it.
    """
    part = path.with_name(f".{path.name[:_LONGEST_PREFIX]}.{token_hex(8)}{UNFINISHED}")
    try:
        with os.fdopen(os.open(part, _NEW, 0o600), "w+b") as file:
            yield file, part
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file of mode 0600 that gets its name, in place of what has it, when it is complete; see
    `unnamed_file`.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    with unnamed_file(path) as (file, part):
        yield file
    try:
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """A text file of mode 0600 that gets its name when it is complete.

    Raises:
        SerienpostError: it cannot be written, or `refuse_other` refuses.
    """
    try:
        with whole_file(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            yield text
            text.detach()
            file.seek(0)
            refuse_other(path, file.readline(_LONGEST_LINE))
    except OSError as error:
        raise _unwritable(path, error) from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, replacing one of that name.

    Raises:
        SerienpostError: it cannot be written.
    """
    try:
        with whole_file(path) as file:
            file.write(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def spreadsheet_cell(value: object) -> str:
    """The text of a cell in a CSV file that no spreadsheet takes for a formula, without control
    characters: a terminal that shows the file would obey them."""
    text = "" if value is None else str(value)
    if not text.isprintable():
        text = ESCAPES.sub("\ufffd", text)
    return f"'{text}" if text.startswith(_FORMULAS) else text


def refuse_other(path: Path, beginning: bytes) -> None:
    """Refuse to replace a file that is not an earlier one of the same kind.

    Args:
        path: a file that a user named to be written.
        beginning: of what is written; of its first line everything that such files share.

    Raises:
        SerienpostError: there is a file that begins in another way.
    """
    if path.is_file() and path.stat().st_size and not _first_line(path).startswith(beginning):
        raise SerienpostError(
            _("{file} is there and is another kind of file", file=str(path)),
            hint=_("name another file, or remove this one first"),
        )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(_LONGEST_LINE)


def _unwritable(path: Path, error: OSError) -> SerienpostError:
    is_lacking = not path.parent.is_dir()
    hint = _("make the folder {folder} first", folder=str(path.parent)) if is_lacking else None
    why = error.strerror or type(error).__name__
    return SerienpostError(_("{file} cannot be written: {why}", file=str(path), why=why), hint=hint)


def private_folder(path: Path) -> Path:
    """A folder of mode 0700, made with the folders above it where they are not there.

    Raises:
        SerienpostError: it cannot be made.
    """
    try:
        for folder in (*reversed(path.parents), path):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        why = error.strerror or type(error).__name__
        text = _("{folder} cannot be made: {why}", folder=str(path), why=why)
        raise SerienpostError(text) from error
    return path
