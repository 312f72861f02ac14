from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from serienpost.errors import LedgerError
from serienpost.ledger.log import count_write, refuse_other_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Book:
    """A database with a log, one row for each transaction that was counted."""

    def __init__(self, path: Path, starts_at: int) -> None:
        self.path = path
        self.copies = path.parent / "copies"
        self.copies.mkdir()
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(f"PRAGMA application_id={starts_at}")
        self.db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)")
        self.fold()

    def write(self, times: int = 1, rows: int = 1) -> None:
        for _ in range(times):
            self.db.execute("BEGIN IMMEDIATE")
            count_write(self.db)
            self.db.executemany("INSERT INTO row (text) VALUES (?)", [("x" * 900,)] * rows)
            self.db.execute("COMMIT")

    def fold(self) -> None:
        """Copy the log into the file and begin a new one."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def together(self, file: str, log: str) -> None:
        """Look at the file and the log of two states, as a new process would find them."""
        place = self.copies / f"{file}-{log}"
        place.mkdir()
        shutil.copy(self.copies / file, place / "a.db")
        shutil.copy(self.copies / f"{log}-wal", place / "a.db-wal")
        refuse_other_log(place / "a.db")

    def keep(self, name: str) -> None:
        shutil.copy(self.path, self.copies / name)
        shutil.copy(f"{self.path}-wal", self.copies / f"{name}-wal")


@pytest.fixture(params=[0, 2**31 - 9], ids=["new", "around"])
def book(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Book]:
    book = Book(tmp_path / "a.db", request.param)
    yield book
    book.db.close()


def test_a_file_fits_its_own_log_only(book: Book) -> None:
    """And the one before, which was copied into it: to copy it once more changes nothing."""
    for number in range(4):
        book.write(3)
        book.keep(str(number))
        book.fold()
    for file in range(4):
        for log in range(4):
            if file - log in (0, 1):
                book.together(str(file), str(log))
            else:
                with pytest.raises(LedgerError, match="do not belong together"):
                    book.together(str(file), str(log))


def test_a_backup_made_while_the_log_grew_fits(book: Book) -> None:
    book.write(3)
    book.fold()
    book.write(2)
    with closing(sqlite3.connect(book.copies / "backup")) as backup:
        book.db.backup(backup)
    book.write(2)
    book.keep("later")
    book.together("backup", "later")


def test_a_log_that_was_copied_into_the_file_in_part_fits(book: Book) -> None:
    book.write(3)
    with closing(sqlite3.connect(book.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM row").fetchone()
        book.write(3)
        book.db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        book.keep("state")
        refuse_other_log(book.path)
    book.together("state", "state")


def test_a_transaction_larger_than_the_cache_is_found_at_its_end(book: Book) -> None:
    book.db.execute("PRAGMA cache_size=5")
    book.keep("older")
    book.write(2)
    book.fold()
    book.write(rows=500)
    book.keep("state")
    book.together("state", "state")
    with pytest.raises(LedgerError, match="do not belong together"):
        book.together("older", "state")


@pytest.mark.parametrize("text", [b"", b"x" * 20_000, bytes.fromhex("377f0682") + b"\0" * 20_000])
def test_what_is_no_log_is_left_to_sqlite(book: Book, text: bytes) -> None:
    book.write()
    book.fold()
    shutil.copy(book.path, book.copies / "file")
    (book.copies / "other-wal").write_bytes(text)
    book.together("file", "other")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_log_whose_file_is_gone_is_kept(book: Book, *, is_there: bool) -> None:
    book.write(3)
    book.keep("state")
    (book.copies / "state").unlink()
    if is_there:
        (book.copies / "state").touch()
    size = (book.copies / "state-wal").stat().st_size
    with pytest.raises(LedgerError, match="do not belong together"):
        refuse_other_log(book.copies / "state")
    assert (book.copies / "state-wal").stat().st_size == size
