"""A practice with a few Interessenten in the reference schema."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from serienpost_practice_db.settings import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

TABLES = """
create table interessent(id integer primary key, anrede text, titel text, vorname text,
  nachname text, geschlecht text, strasse text, plz text, ort text, land text, telefon text,
  mobil text, email text, kontakt_email text, kontakt_sms text, kontakt_brief text,
  anliegen text, quelle text, status text, gesperrt integer);
"""


@pytest.fixture
def database(practice_folder: Path) -> Path:
    """A practice database without Interessenten."""
    file = practice_folder / "praxis.db"
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    connection.close()
    return file


@pytest.fixture
def change(database: Path) -> Callable[..., None]:
    """Changes the database as the practice software would: `change(sql, *values)`."""

    def execute(sql: str, *values: object) -> None:
        connection = sqlite3.connect(database)
        connection.execute(sql, values)
        connection.commit()
        connection.close()

    return execute


@pytest.fixture
def add(change: Callable[..., None]) -> Callable[..., None]:
    """Adds somebody: `add(id=1, vorname="Ada")`."""

    def insert(**values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        change(f"insert into interessent({names}) values ({marks})", *values.values())

    return insert


@pytest.fixture
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database."""
    return make_context(claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")})
