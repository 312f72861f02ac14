"""Writes a demo practice into a SQLite file."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts
from serienpost_demo.practice import records
from serienpost_demo.practice.appointments import appointments
from serienpost_demo.practice.canaries import planted
from serienpost_demo.practice.cases import patient_cases, prospect_cases
from serienpost_demo.practice.consents import consents
from serienpost_demo.practice.drawing import Draw
from serienpost_demo.practice.patients import patients as make_patients
from serienpost_demo.practice.prospects import prospects as make_prospects
from serienpost_demo.practice.schema import INDEXES, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from serienpost_demo.practice.drawing import Record

_ = Texts(__name__)

MOST_PATIENTS = 1_000_000
_BATCH = 10_000


def write_practice(
    path: Path, patients: int, seed: int, today: date, *, canaries: bool = False
) -> None:
    """Write the reference schema filled with made-up people.

    The same seed, number and day give the same rows, byte for byte. The file appears only when it
    is complete, readable by its owner alone.

    Args:
        path: the new SQLite file; its folder exists.
        patients: how many, 1 to 1,000,000; a tenth as many Interessenten, at least 40.
        seed: which practice.
        today: what birthdays, visits and appointments count from.
        canaries: plant unique words in contact, protected and medical columns.

    Raises:
        SerienpostError: the file exists, or the number is out of range.
    """
    if not 1 <= patients <= MOST_PATIENTS:
        raise SerienpostError(
            _(
                "a demo practice has 1 to {most} patients, not {given}",
                most=MOST_PATIENTS,
                given=patients,
            )
        )
    if path.exists():
        raise SerienpostError(
            _("{file} exists already", file=str(path)), hint=_("choose another folder")
        )
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        with contextlib.closing(sqlite3.connect(unfinished)) as database:
            _fill(database, patients, seed, today, canaries)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(database: sqlite3.Connection, count: int, seed: int, today: date, canaries: bool) -> None:
    database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + TABLES)
    database.executemany("INSERT INTO behandler VALUES (?, ?, ?, ?)", records.PRACTITIONERS)
    database.executemany("INSERT INTO systemkuerzel VALUES (?, ?)", records.SYSTEM_SHORTCUTS)
    prospects = max(40, count // 10)
    table = _Writer(database, canaries)
    signed = Draw(seed, "einwilligung")
    cases = {case.id: case for case in patient_cases(today)}
    for batch in table.write("patient", make_patients(Draw(seed, "patient"), count, today)):
        table.append("einwilligung", consents(signed, "patient", batch, cases, today))
    cases = {case.id: case for case in prospect_cases()}
    for batch in table.write("interessent", make_prospects(Draw(seed, "interessent"), prospects)):
        table.append("einwilligung", consents(signed, "interessent", batch, cases, today))
    table.append("termin", appointments(Draw(seed, "termin"), count, prospects, today))
    table.append("behandlung", _treatments(Draw(seed, "behandlung"), count, today))
    database.executescript(INDEXES)
    database.execute("ANALYZE")
    database.commit()


class _Writer:
    """Inserts rows batch by batch, one transaction each, and numbers those without an id."""

    def __init__(self, database: sqlite3.Connection, canaries: bool) -> None:
        self._database = database
        self._canaries = canaries
        self._next_id: dict[str, int] = {}

    def write(self, table: str, rows: Iterable[Record]) -> Iterator[list[Record]]:
        """Insert all rows; yield each batch as it was written."""
        rows = self._numbered(table, rows)
        if self._canaries and table != "termin":
            rows = planted(table, rows)
        rows = iter(rows)
        while batch := list(islice(rows, _BATCH)):
            columns = tuple(batch[0])
            names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
            statement = f"INSERT INTO {table} ({names}) VALUES ({values})"
            self._database.executemany(statement, batch)
            self._database.commit()
            yield batch

    def append(self, table: str, rows: Iterable[Record]) -> None:
        """Insert all rows."""
        for _ in self.write(table, rows):
            pass

    def _numbered(self, table: str, rows: Iterable[Record]) -> Iterator[Record]:
        for row in rows:
            number = self._next_id.get(table, 1)
            self._next_id[table] = number + 1
            numbered: Record = {"id": number}
            yield numbered | row


def _treatments(draw: Draw, patients: int, today: date) -> Iterator[Record]:
    days = today.toordinal()
    for number in range(1, patients + 1):
        yield {
            "patient_id": number,
            "datum": date.fromordinal(days - 1 - draw.below(1200)).isoformat(),
            "anamnese": draw.one(records.HISTORIES),
            "diagnose": draw.one(records.DIAGNOSES),
            "therapie": draw.one(records.THERAPIES),
            "behandlung": draw.one(records.TREATMENTS),
        }
