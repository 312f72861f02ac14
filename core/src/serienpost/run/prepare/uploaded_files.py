"""The folder of files that were given to drafts: received, measured, removed.

A file has a random name there and is closed to everybody but its owner. It is written before the
ledger knows it, under a lock that the system drops with the process: so a file that no draft knows
and nobody holds is what a dead process left, and `purge` removes it.
"""

from __future__ import annotations

import filecmp
import os
import re
import stat
import unicodedata
import zlib
from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile, ZipFile

from serienpost.config.uploads import UPLOADS, Upload, UploadKind
from serienpost.errors import SerienpostError
from serienpost.files import private_folder
from serienpost.ledger.disk import refusal
from serienpost.ledger.drafts import has_drafts, known_uploads
from serienpost.ledger.store import new_ref
from serienpost.text import ESCAPES, LINE_BREAK, NOT_STORABLE, visible
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import BinaryIO

    from serienpost.context import PracticeContext
    from serienpost.ledger.drafts import UploadRow
    from serienpost.ledger.store import Ledger

_ = Texts(__name__)

# Bytes of one file, and of all that a workbook holds when it is unpacked.
LARGEST = 20_000_000
LARGEST_UNPACKED = 200_000_000

# Parts of a workbook; each takes some memory before anything is unpacked.
MOST_PARTS = 10_000

_PIECE = 1 << 16
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_BOOKS = frozenset({".xlsx", ".xlsm"})
_LISTS = _BOOKS | {".csv", ".tsv", ".txt"}
_ID = re.compile(r"[0-9a-z]{20}(\.[a-z]+)?")
_ARCHIVE = b"PK\x03\x04"
# How each entry of an archive's directory begins (PKWARE APPNOTE, 4.3.12).
_ENTRY = b"PK\x01\x02"

# What a name on some system cannot hold; also what stands for a macro.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*{}]')
_LONGEST_NAME = 120
_LONGEST_SUFFIX = 10


class Received(NamedTuple):
    """A file that was received: its name in the folder, what it is called, its bytes."""

    id: str
    name: str
    size: int


@contextmanager
def received(
    context: PracticeContext, name: str, stream: BinaryIO, kind: UploadKind
) -> Iterator[Received]:
    """Write a file, which nobody takes for an abandoned one while the block runs; it stays if the
    block does not raise.

    Args:
        context: the practice.
        name: what whoever gives it calls it.
        stream: its bytes, read a piece at a time.
        kind: whether it is attached or read as a list.

    Raises:
        SerienpostError: it is empty, too large, unpacks to too much, or is no list; or it cannot be
            written.
    """
    shown = shown_name(name)
    suffix = PurePath(shown).suffix.lower()
    if kind == "list" and suffix not in _LISTS:
        raise SerienpostError(_("the list is neither .csv nor .xlsx"), hint=_SAVE)
    private_folder(context.path(UPLOADS))
    with _opened(context) as folder:
        os.fchmod(folder, 0o700)
        with _written():
            stored, file = _new_file(folder, suffix if kind == "list" else "")
        with file:
            try:
                size = _copy(stream, file)
                if kind == "list" or suffix in _BOOKS:
                    _refuse_archive(file)
                with _written():
                    os.fsync(file.fileno())
                    os.fsync(folder)
                yield Received(stored, shown, size)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(stored, dir_fd=folder)
                raise


@contextmanager
def _written() -> Iterator[None]:
    """What the system refuses to write, in words.

    Raises:
        SerienpostError: it does.
    """
    try:
        yield
    except OSError as error:
        raise SerienpostError(
            _("the file cannot be kept: {why}", why=refusal(error)),
            hint=_("try it again when the disk of this machine can be written"),
        ) from error


def as_uploads(rows: Iterable[UploadRow]) -> list[Upload]:
    """Files as keys mean them."""
    return [Upload(row.id, row.kind, row.name) for row in rows]


def is_same_file(context: PracticeContext, one: str, other: str) -> bool:
    """Whether two files hold the same; none is the same as one that is gone."""
    there = context.path(UPLOADS)
    with suppress(FileNotFoundError):
        return filecmp.cmp(there / one, there / other, shallow=False)
    return False


def _new_file(folder: int, suffix: str) -> tuple[str, BinaryIO]:
    """A new file, held by this process. One that is removed before it is held is made anew."""
    import fcntl

    while True:
        stored = f"{new_ref(20).lower()}{suffix}"
        file = os.fdopen(os.open(stored, _NEW, 0o600, dir_fd=folder), "w+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return stored, file
        file.close()


_SAVE = _("save it as one of them")


def shown_name(name: str) -> str:
    """What a file is called, for people and on any system: no way to it, no signs that hide or
    reorder others, not too long."""
    last = visible(re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1])
    for signs in (ESCAPES, LINE_BREAK, NOT_STORABLE):
        last = signs.sub("", last)
    last = " ".join(_FORBIDDEN.sub("_", last).split()).strip(". ")
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > _LONGEST_SUFFIX:
        stem, suffix = last, ""
    stem = stem[: _LONGEST_NAME - len(suffix)].rstrip(". ")
    return f"{stem or _NAMELESS}.{suffix}" if suffix else stem or _NAMELESS


_NAMELESS = "datei"


def remove_files(context: PracticeContext, ids: Collection[str]) -> None:
    """Remove files whose draft is gone."""
    if not ids:
        return
    with suppress(FileNotFoundError), _opened(context) as folder:
        for stored in ids:
            with suppress(FileNotFoundError):
                os.unlink(stored, dir_fd=folder)


def abandoned_files(context: PracticeContext, ledger: Ledger) -> list[str]:
    """The names of what was given to drafts that no draft knows and that nobody is just writing."""
    with suppress(FileNotFoundError), _opened(context) as folder:
        return [name for name in _unknown(ledger, _names(folder)) if _is_free(folder, name)]
    return []


def remove_abandoned(context: PracticeContext, ledger: Ledger) -> int:
    """Remove what was given to drafts that no draft knows; returns how many files."""
    gone = 0
    with suppress(FileNotFoundError), _opened(context) as folder:
        for name in _unknown(ledger, _names(folder)):
            with suppress(OSError), _held(folder, name) as is_mine:
                # Who wrote it entered it before its lock was free.
                if is_mine and _unknown(ledger, [name]):
                    os.unlink(name, dir_fd=folder)
                    gone += 1
    return gone


@contextmanager
def _opened(context: PracticeContext) -> Iterator[int]:
    """The descriptor of the folder itself, never of what a link leads to.

    Raises:
        FileNotFoundError: it is not there.
        SerienpostError: something else has its name.
    """
    try:
        folder = os.open(context.path(UPLOADS), _FOLDER)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SerienpostError(
            _("{folder} cannot be opened: {why}", folder=UPLOADS, why=error.strerror or ""),
            hint=_("it must be a folder of its own, and no link"),
        ) from error
    try:
        yield folder
    finally:
        os.close(folder)


def _copy(stream: BinaryIO, file: BinaryIO) -> int:
    size = 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > LARGEST:
            raise SerienpostError(
                _("the file is larger than {size} MB", size=LARGEST // 1_000_000),
                hint=_("make it smaller, or send a link to it instead"),
            )
        with _written():
            _write(file, piece)
    if not size:
        raise SerienpostError(_("the file is empty"))
    return size


def _write(file: BinaryIO, piece: bytes) -> None:
    """Write all of it: a file without a buffer may take less at once."""
    while piece:
        piece = piece[file.write(piece) :]


def _refuse_archive(file: BinaryIO) -> None:
    """Refuse a workbook that unpacks to too much: by what its directory says, which may lie, and by
    unpacking it once, a piece at a time."""
    file.seek(0)
    if file.read(len(_ARCHIVE)) != _ARCHIVE:
        return
    try:
        if _count(file, _ENTRY) > MOST_PARTS:
            raise SerienpostError(_("the workbook holds too many parts"), hint=_COPY)
        with ZipFile(file) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise _too_much()
            unpacked = 0
            for part in parts:
                with archive.open(part) as content:
                    while piece := content.read(_PIECE):
                        unpacked += len(piece)
                        if unpacked > LARGEST_UNPACKED:
                            raise _too_much()
    except _DAMAGED as error:
        raise SerienpostError(_("the workbook is damaged or has a password"), hint=_COPY) from error


_COPY = _("open it, and save it anew")
# What is wrong with an archive comes as any of these; RuntimeError is a password,
# NotImplementedError a way to pack that zipfile does not know.
_DAMAGED = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
    zlib.error,
)


def _too_much() -> SerienpostError:
    most = LARGEST_UNPACKED // 1_000_000
    return SerienpostError(_("the workbook unpacks to more than {size} MB", size=most), hint=_COPY)


def _count(file: BinaryIO, signs: bytes) -> int:
    file.seek(0)
    found, rest = 0, b""
    while piece := file.read(_PIECE):
        found += (rest + piece).count(signs)
        rest = piece[-(len(signs) - 1) :]
    return found


def _names(folder: int) -> list[str]:
    return os.listdir(folder)


def _unknown(ledger: Ledger, names: Collection[str]) -> list[str]:
    """Names as we give them that no draft knows; what has another name is not ours."""
    ours = {name for name in names if _ID.fullmatch(name)}
    with ledger.read() as tx:
        return sorted(ours - known_uploads(tx, ours)) if has_drafts(tx) else []


def _is_free(folder: int, name: str) -> bool:
    with suppress(OSError), _held(folder, name) as is_mine:
        return is_mine
    return False


@contextmanager
def _held(folder: int, name: str) -> Iterator[bool]:
    """Hold a file that nobody writes; False for a folder, which is somebody's own. A link stands
    for itself.

    Raises:
        OSError: somebody writes it, or it is gone.
    """
    import fcntl

    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        yield stat.S_ISLNK(found.st_mode)
        return
    with os.fdopen(os.open(name, _OLD, dir_fd=folder), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
