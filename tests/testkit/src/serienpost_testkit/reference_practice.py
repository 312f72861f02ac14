"""A practice database in the reference schema, for tests of sources and checks that read one.

Import the fixtures in a `conftest.py`::

    from serienpost_testkit.reference_practice import add, change, context, database

    __all__ = ["add", "change", "context", "database"]
"""

from __future__ import annotations

import sqlite3
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

REFERENCE_TABLES = """
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
create table termin(id integer primary key, patient_id integer, interessent_id integer,
  beginn text, dauer integer, behandler_id integer, terminart text, raum text, status text);
create table behandlung(id integer primary key, patient_id integer, datum text, anamnese text,
  diagnose text, therapie text, behandlung text);
create table einwilligung(id integer primary key, person_typ text, person_id integer,
  kontaktart text, zweck text, adresse text, wortlaut text, erteilt_am text, widerrufen_am text,
  dokument text);
insert into behandler values (3, 'Dr. med.', 'Sonja', 'Sonnenschein'), (4, null, 'Uwe', 'Groß');
"""


@pytest.fixture
def database(practice_folder: Path) -> Path:
    """A practice database with two practitioners and nobody else."""
    file = practice_folder / "praxis.db"
    connection = sqlite3.connect(file)
    connection.executescript(REFERENCE_TABLES)
    connection.close()
    return file


@pytest.fixture
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database, as `serienpost-practice-db` reads it."""
    (plugin,) = entry_points(group="serienpost", name="serienpost-practice-db")
    (claimed,) = (each for each in plugin.load().serienpost_settings() if each.key == "database")
    url = claimed.model.model_validate(f"sqlite:///{database.name}")
    return make_context(claimed={"database": url})


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
    """Adds a record: `add("termin", id=1, status="geplant")`."""

    def insert(table: str, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        change(f"insert into {table}({names}) values ({marks})", *values.values())

    return insert
