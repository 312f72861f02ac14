"""Opening: read-only, never creating, errors that say where and hold no person's data."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest, SourceError
from serienpost_practice_db.conditions import same_text
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.settings import DatabaseUrl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

REQUEST = RowRequest(frozenset({"vorname"}), date(2026, 3, 2))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///fehlt.db",
        "sqlite:///fehlt.db?mode=rwc",
        "sqlite://",
        "sqlite:///:memory:",
        "mssql://server/praxis",
        "kein-url",
        "sqlite:///.",
    ],
)
def test_bad_urls_are_refused_and_nothing_is_created(
    make_context: MakeContext, practice_folder: Path, url: str
) -> None:
    context = make_context(claimed={"database": DatabaseUrl(url)})
    with pytest.raises(SourceError) as refused:
        PracticeDb.of(context)
    assert {problem.key for problem in refused.value.problems} == {"database"}
    assert list(practice_folder.iterdir()) == []


def test_a_practice_without_the_key_is_told(make_context: MakeContext) -> None:
    with pytest.raises(SourceError, match="database"):
        PracticeDb.of(make_context())


def test_a_file_that_is_no_database_is_refused(
    make_context: MakeContext, practice_folder: Path
) -> None:
    (practice_folder / "praxis.db").write_text("Das ist ein Brief.\n" * 100)
    context = make_context(claimed={"database": DatabaseUrl("sqlite:///praxis.db")})
    with pytest.raises(SourceError, match="cannot be opened"):
        PracticeDb.of(context)


@pytest.mark.parametrize("name", ["praxis ä#&+=.db", "unter/praxis.db"])
def test_any_file_name_opens(make_context: MakeContext, practice_folder: Path, name: str) -> None:
    file = practice_folder / name
    file.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(file)
    connection.execute("create table patient(id integer, vorname text)")
    connection.execute("insert into patient values (1, 'Ada')")
    connection.commit()
    connection.close()
    context = make_context(claimed={"database": DatabaseUrl(f"sqlite:///{file}")})
    db = PracticeDb.of(context)
    assert db.lookup(["patient:1"], ["vorname"]) == {"patient:1": {"vorname": "Ada"}}


def test_passwords_are_references(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "gar:nicht/geheim")
    url = "mssql://leser:${secret:DB_PASSWORD}@127.0.0.1/praxis"
    with pytest.raises(SourceError) as refused:
        PracticeDb.of(make_context(claimed={"database": DatabaseUrl(url)}))
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into patient(id) values (9)",
        "delete from patient",
        "create table t(a)",
        "pragma user_version=5",
        "pragma query_only=0; delete from patient",
        "pragma query_only=0",
        "attach database ':memory:' as fremd",
        "select * from pragma_database_list",
    ],
)
def test_nothing_can_be_written(
    add: Callable[..., None], context: Context, database: Path, statement: str
) -> None:
    add("patient", id=1)
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    db = PracticeDb.of(context)

    def write() -> None:
        with db._reading() as connection:
            for part in statement.split("; "):
                connection.exec_driver_sql(part)

    with pytest.raises(SourceError):
        write()
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before


def test_missing_table_and_column_are_named(context: Context, database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.executescript('drop table behandler; alter table patient drop column "plz"')
    connection.close()
    db = PracticeDb.of(context)
    with pytest.raises(SourceError, match=r"knows no patient\.plz"):
        db.lookup(["patient:1"], ["plz"])
    with pytest.raises(SourceError, match="knows no behandler"):
        db.lookup(["behandler:1"], ["nachname"])


@pytest.mark.parametrize("broken", [1, 4, 5, 7])
def test_a_text_that_is_no_utf8_keeps_nobody_else_from_being_read(
    context: Context, database: Path, add: Callable[..., None], broken: int
) -> None:
    for number in range(1, 8):
        add("patient", id=number, vorname=f"Ada {number}")
    with closing(sqlite3.connect(database)) as connection, connection:
        text = "cast(x'4b616e61726965ff' as text)"
        connection.execute(f"update patient set vorname = {text} where id = {broken}")
    db = PracticeDb.of(context)
    people = [f"patient:{number}" for number in range(1, 8)]
    expected = [f"Ada {number}" for number in range(1, 8)]
    expected[broken - 1] = "Kanarie\udcff"
    rows = [row for batch in db.stream("patient", [], replace(REQUEST, batch=3)) for row in batch]
    assert [row.person_id for row in rows] == people
    assert [row.fields["vorname"] for row in rows] == expected
    assert db.column(people, "vorname") == expected
    intact = db.column(people[: broken - 1], "vorname")
    assert intact == expected[: broken - 1]


def test_what_is_read_a_second_time_is_the_state_of_the_first(
    context: Context, database: Path, add: Callable[..., None]
) -> None:
    for number in range(1, 8):
        add("patient", id=number)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode=wal")
        with connection:
            connection.execute("update patient set vorname = cast(x'ff' as text) where id = 5")
        batches = PracticeDb.of(context).stream("patient", [], replace(REQUEST, batch=3))
        ids = [row.person_id for row in next(batches)]
        with connection:
            connection.execute("insert into patient(id) values (0)")
        ids += [row.person_id for batch in batches for row in batch]
    assert ids == [f"patient:{number}" for number in range(1, 8)]


def test_an_appointment_whose_begin_is_no_time_is_none(
    context: Context, add: Callable[..., None]
) -> None:
    add("patient", id=1)
    add("termin", patient_id=1, beginn="Kanarie", status="geplant")
    request = RowRequest(frozenset({"termin_beginn"}), REQUEST.due)
    assert list(PracticeDb.of(context).appointments(["patient"], [], request)) == []


def test_errors_hold_no_values(context: Context, database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        broken = "cast(x'4b616e61726965ff' as text)"
        connection.execute(f"insert into patient(id, vorname) values (1, {broken})")
    with pytest.raises(SourceError) as failed:
        list(PracticeDb.of(context).stream("patient", [same_text("vorname", "Ada")], REQUEST))
    assert "Kanarie" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_one_database_for_all_threads(add: Callable[..., None], context: Context) -> None:
    add("patient", id=1, vorname="Ada")
    db = PracticeDb.of(context)
    assert PracticeDb.of(context) is db
    seen: list[object] = []

    def read() -> None:
        seen.append(db.lookup(["patient:1"], ["vorname"])["patient:1"]["vorname"])

    threads = [Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["Ada"] * 8
