"""`where:` of a schema: a record that it leaves out does not exist, whichever way is read.

Each way is tried on a database with records that are marked as deleted, and on one from which they
are gone.
"""

from __future__ import annotations

import inspect
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select  # noqa: TID253

import serienpost_practice_db
from serienpost import ConfigError, RowRequest, SourceError, core_kind
from serienpost_practice_db import conditions as where
from serienpost_practice_db.birthdays import BirthdayWindow
from serienpost_practice_db.chosen import Chosen
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.lookups import lookups
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile
from serienpost_practice_db.views import KEY, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost_testkit.contexts import MakeContext

DUE = date(2026, 3, 2)
TABLES = ("patient", "interessent", "behandler", "termin", "einwilligung")
SCHEMA = "".join(f"{name}: {{where: [{name}.geloescht IS NULL, mandant = 2]}}\n" for name in TABLES)
PEOPLE = [f"{kind}:{number}" for kind in ("patient", "interessent") for number in range(1, 7)]
REQUEST = RowRequest(
    frozenset({"vorname", "email", "vertreter_nachname"}), DUE, order_by=("nachname",)
)
OF_VISITS = RowRequest(frozenset({"vorname", "termin_beginn", "behandler_nachname"}), DUE)
FIELDS = ("vorname", "verstorben", "kontakt_email")
EMAIL = core_kind("email")

# Every method by which records are read -> what it reads. One that is added has to stand here.
PATHS: dict[str, Callable[[PracticeDb], object]] = {
    "stream": lambda db: [
        [*db.stream("patient", [], REQUEST)],
        [*db.stream("interessent", [where.starts_with("nachname", "n")], REQUEST)],
        [*db.stream("patient", [where.treated_by(db.entity("behandler"), "Fort")], REQUEST)],
        [*db.stream("patient", [where.treated_by(db.entity("behandler"), 9)], REQUEST)],
        [*db.stream("patient", [], REQUEST, BirthdayWindow(DUE, date(2026, 3, 9)))],
        [*db.stream("patient", [], REQUEST, chosen=Chosen("SELECT id FROM patient"))],
    ],
    "appointments": lambda db: [
        [*db.appointments(["patient", "interessent"], [], OF_VISITS)],
        [*db.appointments(["patient"], [where.keys_among([*range(1, 30)])], OF_VISITS)],
    ],
    "by_ids": lambda db: db.by_ids("patient", PEOPLE, REQUEST),
    "people": lambda db: db.people([*PEOPLE, "behandler:9"], REQUEST),
    "matching": lambda db: db.matching("patient", PEOPLE, where.is_known("vorname")),
    "lookup": lambda db: [
        db.lookup([*PEOPLE, "behandler:9", "termin:3"], FIELDS),
        db.lookup(PEOPLE, ["verstorben", "gesperrt"], unless={"0", ""}),
        db.lookup([f"termin:{number}" for number in range(1, 30)], ["termin_status"]),
    ],
    "column": lambda db: [str(type(v)) + str(v)[:3] for v in db.column(PEOPLE, "kontakt_email")],
    "owners": lambda db: db.owners(
        EMAIL, [f"p{number}@example.org" for number in range(1, 7)], DUE
    ),
    "records": lambda db: db.records("einwilligung", PEOPLE, ("zweck",), ("dokument",)),
    "sample": lambda db: [
        [*map(tuple, db.sample(select(view(db.entity(name), ()).c[KEY]).order_by(KEY)))]
        for name in TABLES
    ],
}
# What reads no record of a practice.
OTHERS = {
    "of", "entity", "stored_time", "columns_of", "definitions", "dialect", "refuse_powerful_role",
    "rights", "sees",
}  # fmt: skip


@pytest.fixture
def practices(
    database: Path, practice_folder: Path, make_context: MakeContext
) -> tuple[PracticeDb, PracticeDb]:
    """The practice with `where:`, and one in whose tables nothing else stands."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in TABLES:
            connection.execute(f"alter table {table} add mandant integer default 2")
            connection.execute(f"alter table {table} add geloescht text")
        fill(connection)
    shutil.copy(database, practice_folder / "rein.db")
    with closing(sqlite3.connect(practice_folder / "rein.db")) as connection, connection:
        for table in TABLES:
            gone = "geloescht is not null or mandant <> 2 or mandant is null"
            assert connection.execute(f"delete from {table} where {gone}").rowcount, table
    (practice_folder / "schema.yaml").write_text(SCHEMA)
    with_condition = {
        "database": DatabaseUrl("sqlite:///praxis.db"), "schema": SchemaFile("schema.yaml")
    }  # fmt: skip
    return (
        PracticeDb.of(make_context(claimed=with_condition)),
        PracticeDb.of(make_context(claimed={"database": DatabaseUrl("sqlite:///rein.db")})),
    )


def fill(connection: sqlite3.Connection) -> None:
    """Of everything one that exists, one deleted, one of another tenant and one of none; children
    whose parents exist and do not."""
    states = {1: (2, None), 2: (2, "2025-01-01"), 3: (1, None), 4: (None, None), 5: (2, None),
              6: (2, None)}  # fmt: skip
    parents = {5: 1, 6: 2}
    for kind in ("patient", "interessent"):
        for number, (tenant, deleted) in states.items():
            connection.execute(
                f"insert into {kind}(id, vorname, nachname, email, kontakt_email, gesperrt,"
                " mandant, geloescht) values (?, ?, 'Name', ?, 'ja', 1, ?, ?)",
                (number, f"Ruf {number}", f"p{number}@example.org", tenant, deleted),
            )
            connection.execute(
                "insert into einwilligung(person_typ, person_id, kontaktart, zweck, mandant,"
                " geloescht) values (?, ?, 'email', 'alle', ?, ?)",
                (kind, number, tenant, deleted),
            )
            connection.execute(
                "insert into einwilligung(person_typ, person_id, kontaktart, zweck, geloescht)"
                " values (?, ?, 'sms', 'alle', '2025-01-01')",
                (kind, number),
            )
    for number, parent in parents.items():
        connection.execute(
            "update patient set vertreter_id = ?, geburtsdatum = '2020-03-04' where id = ?",
            (parent, number),
        )
    connection.execute("update patient set behandler_id = case when id % 2 then 3 else 9 end")
    connection.execute("insert into behandler values (9, null, 'Nie', 'Fort', 2, '2025-01-01')")
    for person in states:
        for doctor in (3, 9):
            for tenant, deleted in ((2, None), (2, "2025-01-01"), (1, None)):
                connection.execute(
                    "insert into termin(patient_id, behandler_id, beginn, status, mandant,"
                    " geloescht) values (?, ?, '2026-03-03 08:00', 'geplant', ?, ?)",
                    (person, doctor, tenant, deleted),
                )


def test_every_way_to_read_is_tried() -> None:
    public = {name for name, _ in inspect.getmembers(PracticeDb) if not name.startswith("_")}
    assert public == PATHS.keys() | OTHERS


@pytest.mark.parametrize("path", PATHS)
def test_what_is_left_out_does_not_exist(
    practices: tuple[PracticeDb, PracticeDb], path: str
) -> None:
    with_condition, without_them = practices
    found = PATHS[path](with_condition)
    assert found == PATHS[path](without_them)
    assert found


def test_what_is_left_out_would_else_be_read(
    practices: tuple[PracticeDb, PracticeDb], practice_folder: Path
) -> None:
    (practice_folder / "schema.yaml").write_text("patient: {where: geloescht IS NULL}\n")
    assert practices[0].by_ids("patient", PEOPLE, REQUEST).keys() == {
        "patient:1", "patient:5", "patient:6"
    }  # fmt: skip


def test_doctor_looks_at_what_exists(practices: tuple[PracticeDb, PracticeDb]) -> None:
    assert [*lookups(practices[0])] == []


def test_no_table_is_read_but_as_a_view() -> None:
    """All statements are made of `views.view`; what only asks for rights is told apart here."""
    package = Path(serienpost_practice_db.__file__).parent
    makers = {
        file.name
        for file in package.glob("*.py")
        if any(f" {word}" in f" {file.read_text('utf-8')}" for word in ("table(", "sa.table("))
    }
    assert makers == {"views.py", "roles.py"}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("1 = 1; DROP TABLE patient", "no semicolon"),
        ("1 = 1 -- all", "no semicolon"),
        ("a = 1) OR (1 = 1", "not SQL that we understand"),
        ("load_extension('x')", "load_extension must not stand"),
        ("id IN (SELECT wert FROM systemkuerzel)", "never read"),
        ("a = :value", "parameters must not stand"),
        ("", "must not be empty"),
    ],
)
def test_a_condition_is_of_the_language_of_expressions(
    make_context: MakeContext, practice_folder: Path, database: Path, condition: str, words: str
) -> None:
    (practice_folder / "schema.yaml").write_text(f'patient:\n  where:\n    - "{condition}"\n')
    claimed = {"database": DatabaseUrl(f"sqlite:///{database.name}"),
               "schema": SchemaFile("schema.yaml")}  # fmt: skip
    with pytest.raises(ConfigError) as refused:
        PracticeDb.of(make_context(claimed=claimed))
    (problem,) = refused.value.problems
    assert words in str(problem), str(problem)
    assert problem.line in {1, 2, 3}


def test_a_column_of_a_condition_needs_no_class(
    make_context: MakeContext, practice_folder: Path, database: Path
) -> None:
    """It decides and never leaves, as the conditions of joins do."""
    claimed = {"database": DatabaseUrl(f"sqlite:///{database.name}"),
               "schema": SchemaFile("schema.yaml")}  # fmt: skip
    schemas = []
    for text in (
        "patient: {}",
        'patient: {where: "versicherungsnummer IS NULL AND unbekannt = 1"}',
    ):
        (practice_folder / "schema.yaml").write_text(text)
        schemas.append(PracticeDb.of(make_context(claimed=claimed)).schema)
    assert schemas[0].classes == schemas[1].classes
    assert schemas[0].offers("patient") == schemas[1].offers("patient")


@pytest.mark.parametrize("condition", ["`fort` <> 'x'", '"fort" IS NOT NULL', "fort <> 'x'"])
def test_a_condition_over_a_column_that_is_not_there_lets_nobody_through(
    practices: tuple[PracticeDb, PracticeDb],
    practice_folder: Path,
    make_context: MakeContext,
    condition: str,
) -> None:
    """The attack: SQLite takes a name in double quotes that it does not know for a text."""
    (practice_folder / "schema.yaml").write_text(
        f"patient:\n  where: |-\n    {condition}\n", "utf-8"
    )
    claimed = {"database": DatabaseUrl("sqlite:///praxis.db"),
               "schema": SchemaFile("schema.yaml")}  # fmt: skip
    db = PracticeDb.of(make_context(claimed=claimed))
    with pytest.raises(SourceError, match="does not fit the schema"):
        db.by_ids("patient", PEOPLE, REQUEST)
