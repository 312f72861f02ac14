"""A practice with a register of written consents."""

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
create table patient(id integer primary key, vorname text);
create table interessent(id integer primary key, vorname text);
create table einwilligung(id integer primary key, person_typ text, person_id integer,
  kontaktart text, zweck text, adresse text, wortlaut text, erteilt_am text, widerrufen_am text,
  dokument text);
"""


@pytest.fixture
def database(practice_folder: Path) -> Path:
    """The practice database."""
    file = practice_folder / "praxis.db"
    connection = sqlite3.connect(file)
    connection.executescript(TABLES)
    connection.close()
    return file


@pytest.fixture
def sign(database: Path) -> Callable[..., None]:
    """Enters a consent: `sign("patient:17", "email", "marketing", "2025-01-01")`."""

    def insert(
        person: str, kind: str | None, purpose: str | None, given: str | None, **more: object
    ) -> None:
        person_type, _, number = person.partition(":")
        values = {
            "person_typ": person_type,
            "person_id": int(number),
            "kontaktart": kind,
            "zweck": purpose,
            "erteilt_am": given,
            "dokument": "akte.pdf",
            **more,
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        connection = sqlite3.connect(database)
        connection.execute(
            f"insert into einwilligung({names}) values ({marks})", [*values.values()]
        )
        connection.commit()
        connection.close()

    return insert


@pytest.fixture
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database."""
    return make_context(claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")})
