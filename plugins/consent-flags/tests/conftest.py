"""A practice whose master data hold the flags."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from serienpost_practice_db.settings import DatabaseUrl

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

TABLES = """
create table patient(id integer primary key, vorname text, kontakt_email text, kontakt_sms text,
  kontakt_brief text);
create table interessent(id integer primary key, kontakt_email text, kontakt_sms text,
  kontakt_brief text);
insert into patient values
  (1, 'Ja', 'ja', 'ja', 'ja'), (2, 'Nein', 'nein', 'nein', 'nein'), (3, 'Offen', null, '', '?'),
  (4, 'Nur Brief', 'nein', null, 'ja'), (5, 'Groß', ' JA', 'Nein ', 'Ja');
insert into interessent values (1, 'nein', 'ja', null);
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
def context(database: Path, make_context: MakeContext) -> Context:
    """The practice of that database; `survey` is not among its purposes."""
    return make_context(
        claimed={"database": DatabaseUrl(f"sqlite:///{database.name}")},
        consent={"flags_purposes": ["appointment", "recall"]},
    )
