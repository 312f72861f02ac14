"""The one folder that files are attached from, and who owns each file there.

Every folder on the way and the file itself are opened one below the other without following links,
so that what is checked is what is read. A file with several names is refused like a link.

Names are compared composed (NFC): macOS writes the umlaut of `Müller.pdf` as two characters, and a
disk of Linux keeps what it is given (Unicode Standard Annex 15).
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from serienpost.config.models import plain_values
from serienpost.config.uploads import UPLOADS
from serienpost.errors import Problem
from serienpost.ledger.file_rights import SQLITE_FILES
from serienpost.ledger.log import LOG_BEGINS
from serienpost.text import ESCAPES
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.context import PracticeContext

_ = Texts(__name__)

# Octets of one file; hardly any provider takes a larger message.
LARGEST = 25 * 1024 * 1024

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///([^?]+)")
# How every SQLite database begins, its write-ahead log, and its journal
# (sqlite.org/fileformat.html, 1.3, 4.1 and 3): each holds rows.
_DATABASE = (b"SQLite format 3\0", *LOG_BEGINS, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")

# What a disk says that is not there: a network share that is gone, a device that was pulled out.
_AWAY = {errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN}


class Identity(NamedTuple):
    """What makes two names one file."""

    device: int
    inode: int


class NotAttachableError(Exception):
    """A file cannot be attached; `code` says why.

    `missing`, `no_folder`, `link`, `many_names`, `no_file`, `unreadable`, `away`, `empty`,
    `too_large`, `own`: a file that serienpost itself works with, `ambiguous`: several have this
    name, encoded in different ways.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AttachmentFolder:
    """The folder under `attachments_folder:`, or another one of the practice.

    Args:
        context: the practice.
        name: the other one.
    """

    def __init__(self, context: PracticeContext, name: str | None = None) -> None:
        self._context = context
        self._is_other = name is not None
        self.name = PurePosixPath(name or context.config.attachments_folder)
        self._names: dict[tuple[int, int, int], dict[str, list[str]]] = {}

    def inside(self, written: str) -> PurePosixPath | Problem:
        """The way from this folder to a file as a mailing names it, or what is wrong with it.

        The folder's own name may stand in front. Nothing is looked up.
        """
        if ESCAPES.search(written):
            message = _("the name of an attachment holds signs that hide or reorder others")
            return Problem(message, _("rename the file"))
        way = PurePosixPath(written)
        if way.is_relative_to(self.name):
            way = way.relative_to(self.name)
        if way.is_absolute() or ".." in way.parts or not way.parts:
            name = PurePosixPath(written).name
            move = _(
                "move the file to {place} and write {name}",
                place=str(self.name / name),
                name=name,
            )
            outside = _(
                "the attachment {file} lies outside of {folder}",
                file=written,
                folder=str(self.name),
            )
            return Problem(outside, move if name else None)
        return way

    def read(self, way: PurePosixPath) -> bytes:
        """A file's bytes.

        Raises:
            NotAttachableError: it is not a plain file of its own within the folder, or too large.
        """
        with self._entered(way.parent) as folder:
            name = self._stored_name(folder, way.name)
            self._identity(folder, name)
            try:
                file = os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb")
            except OSError as error:
                raise NotAttachableError(_why_not(error, "unreadable")) from error
            with file:
                _refuse(os.fstat(file.fileno()))
                data = file.read(LARGEST + 1)
        if not data:
            raise NotAttachableError("empty")
        if len(data) > LARGEST:
            raise NotAttachableError("too_large")
        if data.startswith(_DATABASE):
            raise NotAttachableError("own")
        return data

    def identity(self, way: PurePosixPath) -> Identity:
        """What makes the file one, by whatever name it is found.

        Raises:
            NotAttachableError: there is no such file, or it may not be attached.
        """
        with self._entered(way.parent) as folder:
            return self._identity(folder, self._stored_name(folder, way.name))

    def has_folder(self, way: PurePosixPath) -> bool:
        """Whether there is such a folder below this one, without a link on the way."""
        try:
            with self._entered(way):
                return True
        except NotAttachableError:
            return False

    @cached_property
    def _own(self) -> frozenset[Identity]:
        closed = None if self._is_other else _identity_of(self._context.path(UPLOADS))
        return _own_files(self._context) | ({closed} if closed else set())

    @contextmanager
    def _entered(self, way: PurePosixPath) -> Iterator[int]:
        """The descriptor of a folder below this one."""
        here = os.open(self._context.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in (*self.name.parts, *way.parts):
                stored = self._stored_name(here, part)
                try:
                    below = os.open(stored, _FOLDER, dir_fd=here)
                except OSError as error:
                    raise NotAttachableError("no_folder") from error
                os.close(here)
                here = below
                found = os.fstat(here)
                if Identity(found.st_dev, found.st_ino) in self._own:
                    raise NotAttachableError("own")
            yield here
        finally:
            os.close(here)

    def _stored_name(self, folder: int, name: str) -> str:
        """The name under which a folder holds what is called so, in whatever form of Unicode; the
        name itself where nothing is.

        Raises:
            NotAttachableError: several are.
        """
        if name.isascii():
            return name
        try:
            state = os.fstat(folder)
            key = (state.st_dev, state.st_ino, state.st_mtime_ns)
            if key not in self._names:
                self._names = {**self._names, key: _by_composed(os.listdir(folder))}
        except OSError:
            return name  # what opens it says why
        found = self._names[key].get(unicodedata.normalize("NFC", name), [])
        if len(found) > 1:
            raise NotAttachableError("ambiguous")
        return found[0] if found else name

    def _identity(self, folder: int, name: str) -> Identity:
        """Looks before anything is opened: closing the ledger would drop this process's locks."""
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise NotAttachableError(_why_not(error, "missing")) from error
        _refuse(found)
        identity = Identity(found.st_dev, found.st_ino)
        if identity in self._own:
            raise NotAttachableError("own")
        return identity


def _by_composed(names: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        if not name.isascii():
            found.setdefault(unicodedata.normalize("NFC", name), []).append(name)
    return found


def _why_not(error: OSError, code: str) -> str:
    """The code, unless the disk itself is away."""
    return "away" if error.errno in _AWAY else code


def _refuse(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise NotAttachableError("link")
    if not stat.S_ISREG(found.st_mode):
        raise NotAttachableError("no_file")
    if found.st_nlink > 1:
        raise NotAttachableError("many_names")


def _own_files(context: PracticeContext) -> frozenset[Identity]:
    """The configuration, and every file, folder and SQLite database that it names for something
    else than attachments."""
    paths = [Path(file) for file in context.config.files()]
    values = plain_values(context.config)
    values.pop("attachments_folder", None)
    for value in _texts(values):
        database = _SQLITE.match(value)
        if database:
            paths += [context.path(database[1] + suffix) for suffix in SQLITE_FILES]
        else:
            paths.append(context.path(value))
    return frozenset(filter(None, map(_identity_of, paths)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _identity_of(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except (OSError, ValueError):  # not the name of a file
        return None
    is_own = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return Identity(found.st_dev, found.st_ino) if is_own else None
