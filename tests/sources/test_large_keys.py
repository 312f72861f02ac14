"""Keys of any size in a practice's PostgreSQL are keys, for an unattended run too."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from command_line import run_here

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden}
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-consent-register, serienpost-testkit]
database: "DATABASE"
ledger: sqlite:///versandbuch.db
consent: {flags_purposes: [information]}
accounts:
  mail: {channel: null-email, sender: "Praxis Null <n@example.org>", oracle: oracle.tsv}
"""
MAILING = """\
source: patients
select: SELECT
account: mail
purpose: information
once_per: recipient
subject: Neue Sprechzeiten
text: "Guten Tag, hier schreibt Praxis Null, Lindenallee 5, Dresden."
"""
# Type of the columns with keys -> keys of people; the last one's parent is the first.
KEYS = {
    "integer": [17, 2**31 - 2, 2**31 - 1],
    "bigint": [2**31 + 7, 17, 1234567890, 1234567890123456789, 2**63 - 1],
    "numeric(19)": [1234567890123456789, 17, 2**31 + 7],
}
KEY_COLUMNS = ("id", "vertreter_id", "person_id")
# Of nobody, and larger than the column.
STRANGE = [2**31 + 1, 2**63 - 2]


@pytest.fixture(params=KEYS)
def column(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def practice(column: str, server: Callable[..., str], reference: Path, tmp_path: Path) -> Path:
    """A practice with a database of its own, in which patients' keys are of this type."""
    own = f"keys_{column.partition('(')[0]}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {own}".encode())
    url = server().replace("/postgres?", f"/{own}?")
    with psycopg.connect(url, autocommit=True) as connection:
        make_tables(connection, reference, column)
        add_people(connection, KEYS[column])
    folder = tmp_path / "praxis"
    (folder / "mailings").mkdir(parents=True)
    (folder / "serienpost.yaml").write_text(CONFIG.replace("DATABASE", url))
    return folder


def make_tables(connection: psycopg.Connection[Any], reference: Path, column: str) -> None:
    """The tables of the demo practice, empty."""
    with closing(sqlite3.connect(reference)) as source:
        for table in ("patient", "interessent", "behandler", "termin", "einwilligung"):
            found = source.execute(f"PRAGMA table_info({table})")
            columns = ", ".join(
                f"{name} {column if name in KEY_COLUMNS else kind}" for _, name, kind, *_ in found
            )
            connection.execute(f"CREATE TABLE {table} ({columns})".encode())


def add_people(connection: psycopg.Connection[Any], keys: Sequence[int]) -> None:
    """One for each key; the last one is a child, whose parent is the first."""
    for key in keys:
        is_child = key == keys[-1]
        connection.execute(
            "INSERT INTO patient (id, vorname, nachname, email, kontakt_email, geburtsdatum,"
            " vertreter_id, verstorben, gesperrt)"
            " VALUES (%s, %s, 'Kanarie', %s, 'ja', %s, %s, 0, 0)",
            (
                key,
                f"Nummer {key}",
                f"kanarie{key}@example.org",
                "2018-03-02" if is_child else "1980-03-02",
                keys[0] if is_child else None,
            ),
        )


@pytest.mark.parametrize("by_id", [False, True])
def test_everybody_is_known_and_asked_about(practice: Path, column: str, *, by_id: bool) -> None:
    """Nobody is "not in the master data", no check "cannot answer", and no key is too large."""
    keys = KEYS[column]
    named = ", ".join(f'"patient:{key}"' for key in [*keys, *STRANGE])
    select = f"{{ids: [{named}]}}" if by_id else "{}"
    (practice / "mailings" / "information.yaml").write_text(MAILING.replace("SELECT", select))
    done = run_here(practice, ["run", "information", "--yes", "--json"], {})
    assert done.code == 0, done.out + done.err
    counts = json.loads(done.out)["counts"]
    assert {state: count for state, count in counts.items() if count} == {"accepted": len(keys)}
    with closing(sqlite3.connect(practice / "versandbuch.db")) as ledger:
        rows = dict(ledger.execute("SELECT row_id, state FROM message"))
    assert rows == {f"patient:{key}": "accepted" for key in keys}
