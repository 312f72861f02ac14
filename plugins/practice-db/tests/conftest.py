"""A practice with a small database in the reference schema."""

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
create table patient(id integer primary key, nummer text, anrede text, titel text,
  vorsatzwort text, vorname text, nachname text, namenszusatz text, geschlecht text,
  geburtsdatum text, beruf text, versicherungsnummer text, krankenkasse text, strasse text,
  adresszusatz text, postfach text, plz text, ort text, land text, telefon text, mobil text,
  email text, sprache text, behandler_id integer, letzter_besuch text, kontakt_email text,
  kontakt_sms text, kontakt_brief text, vertreter_id integer, verstorben integer,
  gesperrt integer);
create table interessent(id integer primary key, anrede text, titel text, vorname text,
  nachname text, geschlecht text, strasse text, plz text, ort text, land text, telefon text,
  mobil text, email text, kontakt_email text, kontakt_sms text, kontakt_brief text,
  anliegen text, quelle text, status text, gesperrt integer);
create table behandler(id integer primary key, titel text, vorname text, nachname text);
"""


@pytest.fixture
def database(practice_folder: Path) -> Path:
    """An empty practice database."""
    file = practice_folder / "praxis.db"
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    connection.close()
    return file


@pytest.fixture
def add(database: Path) -> Callable[..., None]:
    """Adds a record: `add("patient", id=1, vorname="Ada")`."""

    def insert(table: str, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        connection = sqlite3.connect(database)
        connection.execute(f"insert into {table}({names}) values ({marks})", [*values.values()])
        connection.commit()
        connection.close()

    return insert


@pytest.fixture
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database."""
    return make_context(claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")})
