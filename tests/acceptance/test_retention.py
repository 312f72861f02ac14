"""What is to be forgotten is in no file: neither the ledger, nor its log, nor the folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Practice

YEAR = 365 * 86_400 * 1_000_000


@pytest.fixture
def sent(null: Practice) -> Iterator[Practice]:
    """A sent run with previews, whose ledger another program has open: its log stays there."""
    null.json("preview", null.run, "--all")
    null.json("send", null.run, "--yes")
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as other:
        assert other.execute("SELECT count(*) FROM message").fetchone() == (40,)
        assert (null.folder / "versandbuch.db-wal").exists()
        yield null


def files_with(folder: Path, canary: str) -> set[str]:
    """Names of the files that hold a text, in whatever place."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.name for path in files if canary.encode() in path.read_bytes()}


def test_an_erased_person_is_in_no_file(sent: Practice) -> None:
    person, address = "patient:17", "null-17@example.org"
    assert {"versandbuch.db", "versandbuch.db-wal"} & files_with(sent.folder, address)
    told = sent.json("export-person", person)
    assert address in repr(told)
    sent.json("erase-person", person, "--yes")
    assert files_with(sent.folder, address) == set()
    assert files_with(sent.folder, f"{person}\x00") == set()
    assert files_with(sent.folder, "null-18@example.org")
    assert sent.json("show", sent.run)["counts"] == {"accepted": 40}
    sent.refused("export-person", person)


def test_values_are_in_no_file_after_their_retention(sent: Practice) -> None:
    assert files_with(sent.folder, "@example.org") > {"serienpost.yaml"}
    sent.json("purge")
    assert "null-17@example.org" in repr(sent.ledger("SELECT address FROM message")[16][0])
    _age(sent)
    sent.json("purge")
    for number in (1, 17, 40):
        assert files_with(sent.folder, f"null-{number}@example.org") == set()
    assert files_with(sent.folder, "Guten Tag") == {"einladung.yaml"}
    assert sent.json("show", sent.run)["counts"] == {"accepted": 40}


def test_runs_are_in_no_file_after_theirs(sent: Practice) -> None:
    _age(sent, 4)
    sent.json("purge")
    assert files_with(sent.folder, sent.run) == set()
    assert sent.ledger("SELECT * FROM message") == []
    assert len(sent.ledger("SELECT * FROM once")) in (0, 40)


def _age(practice: Practice, years: int = 1) -> None:
    with closing(sqlite3.connect(practice.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE run SET finished_at = finished_at - ?", (years * YEAR,))
