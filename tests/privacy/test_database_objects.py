"""What a database puts behind a name: views that ask its clock, functions in place of columns."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from command_line import run_here
from mariadb_server import READER
from random_queries.databases import mariadb, postgresql, write_canaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null"}}
database: "{database}"
ledger: sqlite:///versandbuch.db
plugins: [serienpost-practice-db, serienpost-source-query, serienpost-source-patients,
          serienpost-consent-flags, serienpost-macros-practice, serienpost-testkit]
query_tables: [{tables}]
{schema}
consent: {{flags_purposes: [information]}}
accounts: {{sms: {{channel: null-sms}}}}
"null": {{default: abstain}}
"""
MAILING = """\
source: {source}
select: {select}
account: sms
purpose: information
text: "Guten Tag {{{{Nachname}}}}, hier schreibt die {{{{Praxis}}}}."
"""


def asked(folder: Path, *args: str) -> tuple[int, str]:
    """Exit code and all that a command says."""
    done = run_here(folder, args, {})
    return done.code, " ".join((done.out + done.err).split())


def practice(
    folder: Path, database: str, select: str, tables: str = "", schema: str | None = None
) -> Path:
    (folder / "mailings").mkdir(parents=True)
    named = "schema: schema.yaml" if schema else ""
    text = CONFIG.format(database=database, tables=tables, schema=named)
    (folder / "serienpost.yaml").write_text(text, "utf-8")
    (folder / "schema.yaml").write_text(schema or "", "utf-8")
    source = "query" if "query:" in select else "patients"
    mailing = MAILING.format(source=source, select=select)
    (folder / "mailings" / "neues.yaml").write_text(mailing, "utf-8")
    return folder


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("canaries") / "praxis.db"
    write_canaries(file)
    return file


@pytest.fixture(scope="module")
def server(canaries: Path) -> Iterator[str]:
    with postgresql(canaries) as url:
        yield url


@pytest.fixture(scope="module")
def other_server(canaries: Path) -> Iterator[str]:
    if not shutil.which("mariadbd"):
        pytest.skip("needs Debian's mariadb-server; make mariadb installs it")
    with mariadb(canaries) as url:
        yield url


# Views


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=2)).date().isoformat()


def is_bound_to_its_day(folder: Path, database: str, view: str) -> bool:
    """Whether a query of a view is refused for another day than this."""
    query = f'{{query: "SELECT id FROM {view}"}}'
    folder = practice(folder, database, query, tables=view)
    code, said = asked(folder, "prepare", "neues", "--for", tomorrow())
    assert ("the present day, not for" in said) == (code == 3), said
    return code == 3


SQLITE_VIEWS = {
    "CREATE VIEW v AS SELECT id FROM patient WHERE geburtsdatum < date('now')": True,
    "CREATE VIEW v(id) AS SELECT id FROM patient WHERE strftime('%m-%d') = '01-01'": True,
    "CREATE VIEW v AS SELECT id, CURRENT_DATE AS heute FROM patient": True,
    "CREATE VIEW v AS SELECT id FROM (SELECT id, unixepoch() AS jetzt FROM patient)": True,
    'CREATE VIEW v AS SELECT id FROM "Inner"': True,
    "CREATE VIEW v AS SELECT id FROM patient WHERE geburtsdatum < date('2026-11-29')": False,
    "CREATE VIEW v AS SELECT id, 'x' AS now FROM patient WHERE nachname <> 'Heute'": False,
}


@pytest.mark.parametrize(("view", "bound"), list(SQLITE_VIEWS.items()))
def test_a_view_that_asks_the_clock_is_seen_on_sqlite(
    tmp_path: Path, canaries: Path, view: str, bound: bool
) -> None:
    file = tmp_path / "praxis.db"
    file.write_bytes(canaries.read_bytes())
    with closing(sqlite3.connect(file)) as db, db:
        db.execute('CREATE VIEW "Inner" AS SELECT id FROM patient WHERE geburtsdatum < datetime()')
        db.execute(view)
    assert is_bound_to_its_day(tmp_path / "praxis", f"sqlite:///{file}", "v") is bound


POSTGRESQL = [
    "CREATE VIEW v_now AS SELECT id FROM patient WHERE geburtsdatum < now()",
    "CREATE VIEW v_text AS SELECT id FROM patient WHERE geburtsdatum < 'today'::text::date",
    "CREATE VIEW v_age AS SELECT id FROM patient WHERE age(geburtsdatum) > '1 day'",
    "CREATE VIEW v_within AS SELECT id FROM v_now",
    "CREATE FUNCTION tag() RETURNS date STABLE LANGUAGE plpgsql AS 'BEGIN RETURN now(); END'",
    "CREATE FUNCTION tage() RETURNS date LANGUAGE sql STABLE AS 'SELECT tag()'",
    "CREATE VIEW v_function AS SELECT id FROM patient WHERE geburtsdatum < tage()",
    "CREATE VIEW f_fixed AS SELECT id FROM patient WHERE geburtsdatum < '2026-11-29'",
    "CREATE VIEW f_two AS SELECT id FROM patient WHERE age('2026-11-29', geburtsdatum) > '1 day'",
]


def test_a_view_that_asks_the_clock_is_seen_on_postgresql(tmp_path: Path, server: str) -> None:
    with psycopg.connect(server.replace(READER, "postgres"), autocommit=True) as db:
        for statement in POSTGRESQL:
            db.execute(statement.encode())
        db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())
    for name in ("v_now", "v_text", "v_age", "v_within", "v_function", "f_fixed", "f_two"):
        bound = is_bound_to_its_day(tmp_path / name, server, name)
        assert bound is name.startswith("v"), name


MARIADB = [
    "CREATE VIEW v_curdate AS SELECT id FROM patient WHERE geburtsdatum < curdate()",
    "CREATE VIEW v_utc AS SELECT id FROM patient WHERE geburtsdatum < utc_date()",
    "CREATE VIEW v_unix AS SELECT id FROM patient WHERE id < unix_timestamp()",
    "CREATE VIEW v_within AS SELECT id FROM v_curdate",
    "CREATE TABLE v_column (id INT, heute DATE AS (now()) VIRTUAL)",
    "CREATE VIEW f_fixed AS SELECT id FROM patient WHERE geburtsdatum < '2026-11-29'",
]


def test_a_view_that_asks_the_clock_is_seen_on_mariadb_and_one_that_is_closed_is_said(
    tmp_path: Path, other_server: str
) -> None:
    import pymysql

    socket = other_server.rpartition("=")[2]
    connection = pymysql.connect(
        unix_socket=socket, user="root", database="praxis", autocommit=True
    )
    with closing(connection) as db, db.cursor() as cursor:
        for statement in MARIADB:
            cursor.execute(statement)
        folder = practice(
            tmp_path / "closed", other_server, '{query: "SELECT id FROM f_fixed"}', "f_fixed"
        )
        assert "what f_fixed is made of cannot be read" in asked(folder, "doctor")[1]
        assert "may not look at what f_fixed is made of" in asked(folder, "check", "neues")[1]
        cursor.execute(f"GRANT SHOW VIEW ON praxis.* TO {READER}@localhost")
        assert "cannot be read" not in asked(folder, "doctor")[1]
    for name in ("v_curdate", "v_utc", "v_unix", "v_within", "v_column", "f_fixed"):
        assert is_bound_to_its_day(tmp_path / name, other_server, name) is name.startswith("v")


# Functions over a row


@contextmanager
def with_function(server: str) -> Iterator[None]:
    """A function over a patient's row."""
    owner = server.replace(READER, "postgres")
    with psycopg.connect(owner, autocommit=True) as db:
        db.execute(
            b"CREATE FUNCTION full_text(patient) RETURNS text LANGUAGE sql IMMUTABLE AS"
            b" 'SELECT $1::text'"
        )
        try:
            yield
        finally:
            db.execute(b"DROP FUNCTION full_text(patient)")


LOWERED = "class: identity, because: harmless"


def named(how: str) -> str:
    """A schema whose field for the surname is this, by the word of a vendor harmless."""
    return f"patient: {{fields: {{nachname: {{{how}, {LOWERED}}}}}}}"


BEHIND = "patient: {joins: {behandlung: 'length(behandlung.to_json) > 3'}, fields: "
BY_NAME = {
    "own function": "patient: {fields: {nachname: full_text}}",
    "own function, new field": named("column: full_text").replace("nachname", "spitzname"),
    "built in": "patient: {fields: {nachname: row_to_json}}",
    "aggregate": "patient: {fields: {nachname: json_agg}}",
    "capitals": named("expression: 'CAST(patient.ROW_TO_JSON AS TEXT)'"),
    "expression": named("expression: patient.full_text"),
    "within": named("expression: upper(patient.full_text)"),
    "quoted": named('expression: \'"patient"."full_text"\''),
    "alias": named("expression: '(SELECT p.full_text FROM patient p WHERE p.id = patient.id)'"),
    "derived table": named(
        "expression: '(SELECT q.to_json FROM (SELECT id, nachname FROM patient) q LIMIT 1)'"
    ),
    "key": "patient: {id: full_text, key_type: text}",
    "condition": f"{BEHIND}{{nachname: {{column: patient_id, table: behandlung, {LOWERED}}}}}}}",
}


@pytest.mark.parametrize("way", BY_NAME)
def test_a_name_that_is_no_column_never_calls_a_function(
    tmp_path: Path, server: str, way: str
) -> None:
    """PostgreSQL takes `patient.full_text` for `full_text(patient)`."""
    with with_function(server):
        folder = practice(tmp_path / "praxis", server, "{}", schema=BY_NAME[way])
        code, said = asked(folder, "prepare", "neues", "--json")
    assert code == 3, said
    assert "KANARI" not in said
    assert "function of that name with the whole row" in said


def test_a_column_that_is_called_like_a_function_is_one(tmp_path: Path, server: str) -> None:
    with psycopg.connect(server.replace(READER, "postgres"), autocommit=True) as db:
        db.execute(b"ALTER TABLE patient ADD COLUMN IF NOT EXISTS to_json text DEFAULT 'Spalte'")
        db.execute(f"GRANT SELECT ON patient TO {READER}".encode())
    schema = "patient: {fields: {nachname: to_json}}"
    folder = practice(tmp_path / "praxis", server, "{}", schema=schema)
    code, said = asked(folder, "prepare", "neues", "--json")
    assert code == 0, said
    document: dict[str, Any] = json.loads(said[: said.rindex("}") + 1])
    assert document["recipients"]
