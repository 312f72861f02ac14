"""Letters in the record: once, complete, and reported where there is none."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from serienpost import ArchiveEntry, SerienpostError
from serienpost_demo.practice.schema import TABLES
from serienpost_karteikarte.archive import Karteikarte
from serienpost_karteikarte.settings import KarteikarteSettings
from serienpost_karteikarte.table import NO_RECORD, Records
from serienpost_testkit.contexts import MakeContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Context

ENTRY = ArchiveEntry(
    message="sonnenschein:R1",
    run="20260302-abcd",
    person_id="patient:1",
    sent_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    subject="Ihre Vorsorge",
    content='{"serienpost-letter": 1}',
)


def _settings(url: str) -> dict[str, KarteikarteSettings]:
    return {"karteikarte": KarteikarteSettings.model_validate({"database": url})}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeContext]:
    with MakeContext(tmp_path) as making:
        yield making


@pytest.fixture
def context(make: MakeContext, tmp_path: Path) -> Context:
    with sqlite3.connect(tmp_path / "praxis.db") as connection:
        connection.executescript(TABLES)
        connection.execute("INSERT INTO patient (id, nummer, nachname) VALUES (1, 'P1', 'Abel')")
    connection.close()
    return make(claimed=_settings("sqlite:///praxis.db"))


def test_an_entry_is_stored_whole(context: Context) -> None:
    assert Karteikarte().store(context, [replace(ENTRY, pdf=b"%PDF")]) == [None]
    (row,) = Records.of(context).find(run=ENTRY.run)
    assert (row.patient_id, row.betreff, row.message) == (1, ENTRY.subject, ENTRY.message)
    assert row.erstellt_am == datetime(2026, 3, 2, 9)  # noqa: DTZ001  # as the table keeps it
    assert row.has_pdf
    assert Records.of(context).contents([row.id]) == [ENTRY.content]


def test_stored_twice_is_one(context: Context) -> None:
    archive = Karteikarte()
    second = replace(ENTRY, message="sonnenschein:R2")
    assert archive.store(context, [ENTRY]) == [None]
    assert archive.store(context, [ENTRY, second]) == [None, None]
    assert len(Records.of(context).find(person="patient:1")) == 2


def test_who_has_no_record_is_reported(context: Context) -> None:
    strangers = [
        replace(ENTRY, message=f"m{n}", person_id=p)
        for n, p in enumerate(("patient:99", "interessent:1", "patient:1", "patient:x"))
    ]
    assert Karteikarte().store(context, strangers) == [NO_RECORD, NO_RECORD, None, NO_RECORD]


def test_a_database_that_fails_stores_nothing_and_tells_no_data(
    make: MakeContext, tmp_path: Path
) -> None:
    (tmp_path / "leer.db").write_bytes(b"")
    for url in ("sqlite:///leer.db", "sqlite:///fehlt.db", "oracle://x/y"):
        context = make(claimed=_settings(url))
        with pytest.raises(SerienpostError) as caught:
            Karteikarte().store(context, [ENTRY])
        assert "Vorsorge" not in str(caught.value)


def test_who_is_no_patient_is_refused(context: Context) -> None:
    with pytest.raises(SerienpostError, match="17 is no patient"):
        Records.of(context).find(person="17")
