"""What a practice writes into the URL of a database holds, for all three that it may name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from command_line import run_here

from serienpost.ledger.engine import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden,
           timezone: Europe/Berlin}
plugins: [serienpost-practice-db, serienpost-source-patients, serienpost-consent-flags,
          serienpost-karteikarte, serienpost-testkit]
database: "URL?HOST&options=-csearch_path%3Dpraxis_zwei&connect_timeout=7&application_name=lesen"
ledger: "URL?HOST&options=-csearch_path%3Dbuch_zwei&connect_timeout=8&application_name=buch"
karteikarte:
  database: "URL?HOST&options=-csearch_path%3Dpraxis_zwei&connect_timeout=9&application_name=akte"
consent: {flags_purposes: [information]}
accounts:
  mail: {channel: null-email, sender: "Praxis Null <n@example.org>", oracle: oracle.tsv}
"""
MAILING = """\
source: patients
account: mail
purpose: information
once_per: recipient
subject: Neue Sprechzeiten
text: "Guten Tag, hier schreibt Praxis Null, Lindenallee 5, Dresden."
"""
TABLES = """
CREATE TABLE patient (id integer PRIMARY KEY, nummer text, anrede text, titel text,
    vorsatzwort text, vorname text, nachname text, namenszusatz text, geschlecht text, strasse text,
    adresszusatz text, postfach text, plz text, ort text, land text, telefon text, mobil text,
    email text, sprache text, kontakt_email text, geburtsdatum date, vertreter_id integer,
    verstorben integer, gesperrt integer);
CREATE TABLE interessent (id integer PRIMARY KEY, email text, gesperrt integer);
CREATE TABLE brief (id serial PRIMARY KEY, patient_id bigint, erstellt_am timestamp, betreff text,
    inhalt text, pdf bytea, run text, message text UNIQUE, status text);
"""
# Schema -> the keys of its patients. The first is what the account finds without options.
PRACTICES = {"praxis_eins": (1, 2, 3), "praxis_zwei": (2, 7)}
LEDGERS = ("buch_eins", "buch_zwei")


@pytest.fixture
def admin(server: Callable[..., str]) -> Iterator[psycopg.Connection[Any]]:
    """A database in which the account sees another practice first."""
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(b"DROP DATABASE IF EXISTS optionen WITH (FORCE)")
        connection.execute(b"DROP ROLE IF EXISTS zwei")
        connection.execute(b"CREATE ROLE zwei LOGIN")
        connection.execute(b"CREATE DATABASE optionen OWNER zwei")
        connection.execute(b"ALTER ROLE zwei SET search_path = praxis_eins, buch_eins")
    url = server("zwei").replace("/postgres?", "/optionen?")
    with psycopg.connect(url, autocommit=True) as connection:
        for schema in (*PRACTICES, *LEDGERS):
            connection.execute(f"CREATE SCHEMA {schema}".encode())
        for schema, keys in PRACTICES.items():
            connection.execute(f"SET search_path = {schema}".encode())
            connection.execute(TABLES.encode())
            for key in keys:
                add(connection, key, f"{schema}.{key}@example.org")
        yield connection


def add(connection: psycopg.Connection[Any], key: int, email: str) -> None:
    connection.execute(
        "INSERT INTO patient (id, vorname, nachname, email, kontakt_email, geburtsdatum,"
        " verstorben, gesperrt) VALUES (%s, 'K', 'Kanarie', %s, 'ja', '1980-03-02', 0, 0)",
        (key, email),
    )


@pytest.fixture
def practice(admin: psycopg.Connection[Any], server: Callable[..., str], tmp_path: Path) -> Path:
    assert admin
    folder = tmp_path / "praxis"
    (folder / "mailings").mkdir(parents=True)
    url, _, host = server("zwei").replace("/postgres?", "/optionen?").partition("?")
    (folder / "serienpost.yaml").write_text(CONFIG.replace("URL", url).replace("HOST", host))
    (folder / "mailings" / "information.yaml").write_text(MAILING)
    return folder


def found(admin: psycopg.Connection[Any], statement: str) -> list[Any]:
    return [value for (value,) in admin.execute(statement.encode())]


def test_the_schema_that_each_url_names_is_read_and_written(
    practice: Path, admin: psycopg.Connection[Any]
) -> None:
    """The attack: another practice's patients, with this practice's account."""
    done = run_here(practice, ["run", "information", "--yes", "--json"], {})
    assert done.code == 0, done.out + done.err
    counts = json.loads(done.out)["counts"]
    assert {state: count for state, count in counts.items() if count} == {"accepted": 2}
    rows = found(admin, "SELECT row_id FROM buch_zwei.message ORDER BY row_id")
    assert rows == ["patient:2", "patient:7"]
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'buch_eins'"
    assert found(admin, tables) == []


def test_the_letters_of_the_schema_that_the_url_names_are_listed(
    practice: Path, admin: psycopg.Connection[Any]
) -> None:
    for schema in PRACTICES:
        admin.execute(
            f"INSERT INTO {schema}.brief (patient_id, erstellt_am, betreff, run, message)"
            f" VALUES (%s, now(), %s, 'ALT', 'ALT:1')".encode(),
            (2**40, f"Aus {schema}"),
        )
    done = run_here(practice, ["letters", "list", "--person", f"patient:{2**40}", "--json"], {})
    assert done.code == 0, done.out + done.err
    assert [letter["subject"] for letter in json.loads(done.out)["letters"]] == ["Aus praxis_zwei"]


def test_options_of_the_environment_hold_too(
    practice: Path, admin: psycopg.Connection[Any]
) -> None:
    config = practice / "serienpost.yaml"
    config.write_text(config.read_text().replace("&options=-csearch_path%3Dpraxis_zwei", ""))
    done = run_here(
        practice,
        ["run", "information", "--yes", "--json"],
        {"PGOPTIONS": "-c search_path=praxis_zwei"},
    )
    assert done.code == 0, done.out + done.err
    rows = found(admin, "SELECT row_id FROM buch_zwei.message ORDER BY row_id")
    assert rows == ["patient:2", "patient:7"]


LIFTING = [
    "autocommit=true",
    "autocommit=false",  # a text, which the driver takes for a yes
    "-cdefault_transaction_read_only%3Doff",
    "-cstatement_timeout%3D0",
    "-cTimeZone%3DAsia/Tokyo",
    "client_encoding=SQL_ASCII",
]
# Only where all of it holds is anybody found.
PROTECTED = """
patient:
  where:
    - "current_setting('transaction_read_only') = 'on'"
    - "current_setting('statement_timeout') = '2min'"
    - "current_setting('TimeZone') = 'Europe/Berlin'"
"""


@pytest.mark.parametrize("option", LIFTING)
def test_no_option_lifts_what_keeps_reading_safe(
    practice: Path, admin: psycopg.Connection[Any], option: str
) -> None:
    config = practice / "serienpost.yaml"
    text = config.read_text()
    for first in ("praxis_zwei", "buch_zwei"):
        text = text.replace(first, f"{first}{'%20' if option.startswith('-') else '&'}{option}")
    config.write_text(text + "schema: s.yaml\n")
    (practice / "s.yaml").write_text(PROTECTED)
    done = run_here(practice, ["run", "information", "--yes", "--json"], {})
    assert done.code == 0, done.out + done.err
    rows = found(admin, "SELECT row_id FROM buch_zwei.message ORDER BY row_id")
    assert rows == ["patient:2", "patient:7"]


def test_the_ledger_keeps_its_transactions_whatever_its_url_says(
    practice: Path, admin: psycopg.Connection[Any], server: Callable[..., str]
) -> None:
    url = server("zwei").replace("/postgres?", "/optionen?")
    ledger = open_engine(f"{url}&autocommit=true&options=-csearch_path%3Dbuch_zwei", practice)
    with ledger.connect(), ledger.connect() as connection:  # of several not only the first
        connection.exec_driver_sql("CREATE TABLE halb (nr integer)")
        connection.rollback()
    ledger.dispose()
    assert found(admin, "SELECT to_regclass('buch_zwei.halb')") == [None]


@pytest.mark.parametrize("option", ["prepare_threshold=0", "row_factory=dict_row"])
def test_an_option_that_the_driver_cannot_take_is_named_in_one_line(
    practice: Path, option: str
) -> None:
    config = practice / "serienpost.yaml"
    config.write_text(config.read_text().replace("application_name=lesen", option))
    done = run_here(practice, ["check", "information"], {})
    assert done.code == 3, done.out + done.err
    assert "does not take an option of the URL" in done.out + done.err
    assert "Traceback" not in done.err
