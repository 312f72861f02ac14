"""How far a SQLite ledger was, marked outside of it: an older copy put back is behind its mark.

Each write that matters raises a number in the ledger's file (`PRAGMA user_version`, a part of the
transaction). After its commit, and before anything that it allows leaves, the number stands durably
in the marks: small files, one beside the ledger and one where `checkpoint:` says. A mark is never
ahead of its ledger, whatever dies when; a ledger that is behind one is an older copy. It counts no
further, so that it cannot catch up unseen, until a person has confirmed it.

Practices that share a ledger count together, and each writes marks of its own. A ledger that is
behind the mark of one of them is an older copy for all, and each confirms it for itself.

A file that was moved or copied finds the marks of its old name, which say whose they are. It is
behind them as it is behind its own; and while that other file is in use or further, it is refused.
One that finds no mark at all was copied into another folder without it, and may be older as well.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from serienpost.errors import LedgerError
from serienpost.ledger.locks import living_owner_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

_ = Texts(__name__)

# The largest number that `user_version` can hold.
_LAST = 2**31 - 1

_SUFFIX = ".mark"

# So many writes may come before the first mark; nothing can have left by then.
_BEFORE_MARKS = 3

# What a mark holds that another practice's confirmation has overtaken.
_NOBODYS = f"{0:016x} {0:.>20d}\n".encode()

# Dots before the number, which stand before digits: the greater number is the greater line.
_LINE = re.compile(rb"([0-9a-f]{16}) (?=.{20}\n)\.*([0-9]+)\n")

_log = logging.getLogger(__name__)


class Mark(NamedTuple):
    """What a mark says; `identity` is that of the ledger, None where the file is no mark."""

    place: Path
    identity: str | None
    writes: int


@dataclass(frozen=True, slots=True)
class Behind:
    """A ledger that was written to `writes` times, and the mark that knows better, that is none of
    this ledger, or that is missing."""

    writes: int
    mark: Mark
    is_older: bool
    is_missing: bool = False

    @property
    def text(self) -> str:
        """One sentence for people."""
        if self.is_older:
            return _(
                "an older copy of the ledger was put back: it ends at write {writes}, {mark} says"
                " {marked}",
                writes=self.writes,
                mark=str(self.mark.place),
                marked=self.mark.writes,
            )
        mark = str(self.mark.place)
        if self.is_missing:
            return _(
                "{mark} is missing: the ledger, written {writes} times, was copied or moved without"
                " its mark; it may be older than another copy",
                mark=mark,
                writes=self.writes,
            )
        if self.mark.identity is None:
            return _("{mark} is no mark; this ledger may be older or new", mark=mark)
        return _("{mark} is the mark of another ledger; this one may be older or new", mark=mark)


class Checkpoint:
    """The number of writes of a SQLite ledger, and its marks.

    Args:
        identity: 16 hexadecimal digits, the same in every copy of the ledger and in no other.
        places: the files of the marks, which need not be there, the one beside the ledger first.
        all_identities: reads those of all practices that share the ledger.
    """

    def __init__(
        self,
        identity: str,
        places: Sequence[Path],
        all_identities: Callable[[Connection], Collection[str]] = lambda _connection: (),
    ) -> None:
        self.identity = identity
        self.places = places
        self._all_identities = all_identities
        self._is_trusted = False
        self._most = 0
        self._told: set[Path] = set()

    def advance(self, connection: Connection) -> int:
        """Count this transaction; 0 where the ledger is behind, so that nothing is counted."""
        count = _count(connection)
        is_known = self._is_trusted and count >= self._most
        if count >= _LAST or (not is_known and self.behind(connection)):
            return 0
        _set_count(connection, count + 1)
        return count + 1

    def write(self, count: int) -> None:
        """Let every mark say at least this, durably; one that cannot be written is told once."""
        self._most = max(self._most, count)
        line = f"{self.identity} {count:.>20d}\n".encode()
        for place in self.places:
            try:
                _raise_to(place, line)
            except OSError as error:
                self._tell(place, error, is_read=False)

    def behind(self, connection: Connection) -> Behind | None:
        """The mark that this ledger is behind of, if there is one; looked at anew."""
        count = _count(connection)
        marks = self.marks()
        strange = [mark for mark in marks if mark.identity != self.identity]
        mine = [mark for mark in marks if mark.identity == self.identity]
        elsewhere = self._elsewhere(connection)
        if not marks and not elsewhere and count > _BEFORE_MARKS:
            self._is_trusted = False
            return Behind(count, Mark(self.places[0], None, 0), is_older=False, is_missing=True)
        ahead = [mark for mark in (*mine, *elsewhere) if mark.writes > count]
        worst = max(ahead, key=lambda mark: mark.writes) if ahead else next(iter(strange), None)
        self._is_trusted = worst is None
        return Behind(count, worst, bool(ahead)) if worst else None

    def accept(self, connection: Connection) -> None:
        """A person confirms the ledger as it is: in this transaction it overtakes its marks.

        What it overtakes of other practices no longer counts as a mark of theirs, so that they are
        told as well.
        """
        count, others = _count(connection), self._elsewhere(connection)
        for mark in others:
            theirs = mark_beside(ledger_of(self.places[0]), _practice_of(mark.place))
            if mark.writes > count and theirs != self.places[0]:
                self._disown(theirs)
        self._most = max([count, *(mark.writes for mark in (*self.marks(), *others))])
        self._is_trusted = True
        _set_count(connection, min(self._most, _LAST - 1))

    def marks(self) -> list[Mark]:
        """What the marks say; one that cannot be read is told once."""
        return self._read(self.places)

    def refuse_copy(self, connection: Connection) -> None:
        """Refuse to go on with one of two files that were the same ledger.

        Raises:
            LedgerError: the other one, in the same folder, is in use or further.
        """
        here, count = ledger_of(self.places[0]), _count(connection)
        for mark in self._elsewhere(connection):
            there = ledger_of(mark.place)
            if there == here:
                continue
            owner = living_owner_of(there)
            is_other = there.is_file() and not there.samefile(here)
            if owner or (is_other and mark.writes > count):
                raise _same_ledger(here, there.name, owner)

    def _elsewhere(self, connection: Connection) -> list[Mark]:
        """The marks in the ledger's folder that are not this practice's own beside it: those of
        practices that share it, and of files under other names that were this ledger."""
        here = self.places[0]
        beside: list[Path] = []
        others: list[Path] = []
        for place in here.parent.iterdir():
            if place.name.endswith(_SUFFIX) and place not in self.places:
                (beside if ledger_of(place) == ledger_of(here) else others).append(place)
        found = self._read(others)
        known = {self.identity, *self._all_identities(connection)} if found else set()
        return [*self._read(beside), *(mark for mark in found if mark.identity in known)]

    def _disown(self, place: Path) -> None:
        try:
            place.write_bytes(_NOBODYS)
        except OSError as error:
            self._tell(place, error, is_read=False)

    def _read(self, places: Sequence[Path]) -> list[Mark]:
        found = []
        for place in places:
            try:
                data = place.read_bytes()
            except FileNotFoundError as error:
                if not place.parent.is_dir():
                    self._tell(place, error, is_read=True)
                continue
            except OSError as error:
                self._tell(place, error, is_read=True)
                continue
            if data:
                found.append(_parsed(place, data))
        return found

    def _tell(self, place: Path, error: OSError, *, is_read: bool) -> None:
        if place in self._told:
            return
        self._told.add(place)
        why, mark = error.strerror or "", str(place)
        unread = _(
            "the mark {mark} cannot be read ({why}): an older copy of the ledger that is put back"
            " may not be noticed",
            mark=mark,
            why=why,
        )
        unwritten = _(
            "the mark {mark} cannot be written ({why}): an older copy of the ledger that is put"
            " back may not be noticed",
            mark=mark,
            why=why,
        )
        _log.warning("%s", unread if is_read else unwritten)


def _same_ledger(here: Path, other: str, owner: str | None) -> LedgerError:
    """The refusal of one of two files; a process may be at work with the other one."""
    if owner:
        text = _(
            "{ledger} and {other} are the same ledger, and process {process} works with {other}",
            ledger=str(here),
            other=other,
            process=owner.split("-")[0],
        )
    else:
        text = _(
            "{ledger} and {other} are the same ledger, and more was sent from {other}",
            ledger=str(here),
            other=other,
        )
    hint = _(
        "name {other} under ledger:; if it is to be replaced, move it away and leave its .mark",
        other=other,
    )
    return LedgerError(text, hint=hint)


def mark_beside(ledger: Path, practice: str) -> Path:
    """The mark of a practice beside its ledger."""
    return ledger.with_name(f"{ledger.name}.{practice}{_SUFFIX}")


def ledger_of(mark: Path) -> Path:
    """The ledger that a mark lies beside."""
    name = mark.name.removesuffix(_SUFFIX)
    return mark.with_name(name.rpartition(".")[0] or name)


def _practice_of(mark: Path) -> str:
    return mark.name.removesuffix(_SUFFIX).rpartition(".")[2]


def _parsed(place: Path, data: bytes) -> Mark:
    line = _LINE.fullmatch(data)
    return Mark(place, line[1].decode(), int(line[2])) if line else Mark(place, None, 0)


def _count(connection: Connection) -> int:
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101  # the connection is open
    return int(raw.execute("PRAGMA user_version").fetchone()[0])


def _set_count(connection: Connection, count: int) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101  # the connection is open
    raw.execute(f"PRAGMA user_version = {count:d}")


def _raise_to(place: Path, line: bytes) -> None:
    """Write a mark in place, unless the same ledger's is as far: others write it too."""
    import fcntl

    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):  # some network disks have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        before = os.pread(descriptor, len(line) + 1, 0)
        if _LINE.fullmatch(before) and before[:16] == line[:16] and before >= line:
            return
        if before and len(before) != len(line):
            os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, line, 0)
        os.fsync(descriptor) if not before else os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if not before:
        _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
