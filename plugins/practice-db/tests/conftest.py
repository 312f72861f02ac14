"""A practice with a small database in the reference schema."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from serienpost import Context
from serienpost_practice_db.settings import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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


def insert(database: Path, table: str, **values: object) -> None:
    """Add one record."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    with sqlite3.connect(database) as connection:
        connection.execute(f"insert into {table}({names}) values ({marks})", [*values.values()])
    connection.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An empty practice database."""
    file = tmp_path / "praxis.db"
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    connection.close()
    return file


@pytest.fixture
def add(database: Path) -> Callable[..., None]:
    """Adds records: `add("patient", id=1, vorname="Ada")`."""
    return lambda table, **values: insert(database, table, **values)


@pytest.fixture
def context(database: Path) -> Iterator[Context]:
    """The practice of that database."""
    config = SimpleNamespace(
        practice=SimpleNamespace(timezone="Europe/Berlin"),
        claimed={"database": DatabaseUrl("sqlite:///praxis.db")},
        secrets=[],
        consent=SimpleNamespace(flags_purposes=["appointment"]),
    )
    with Context(database.parent, config, SimpleNamespace(secret_stores={})) as opened:
        yield opened
