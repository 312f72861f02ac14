"""A vendor's tables mapped without views: the same people, consents, appointments as with them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import vendor_practice as vendor
from command_line import run_here

from serienpost import RowRequest
from serienpost_practice_db.database import PracticeDb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from serienpost import Context

_COLUMNS = "row_id, person, consenting, occasion, occasion_at, address, allowed, marked"


@pytest.fixture(scope="module")
def tables(server: Callable[..., str]) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """URL of an account that may only read, and the connection of one that may write."""
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(b"DROP DATABASE IF EXISTS ohne_sichten WITH (FORCE)")
        connection.execute(b"DROP ROLE IF EXISTS nur_lesen")
        connection.execute(b"CREATE DATABASE ohne_sichten")
        connection.execute(b"CREATE ROLE nur_lesen LOGIN")
    url = server().replace("/postgres?", "/ohne_sichten?")
    with psycopg.connect(url, autocommit=True) as connection:
        vendor.make_tables(connection)
        for schema in ("kis", "sicht"):
            connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO nur_lesen".encode())
            connection.execute(
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO nur_lesen".encode()
            )
        yield server("nur_lesen").replace("/postgres?", "/ohne_sichten?"), connection


@pytest.fixture
def make(tables: tuple[str, Any], tmp_path: Path) -> Callable[..., Path]:
    """Makes a practice with this schema."""

    def made(schema: str, name: str = "praxis") -> Path:
        folder = tmp_path / name
        (folder / "mailings").mkdir(parents=True)
        (folder / "serienpost.yaml").write_text(vendor.CONFIG.replace("DATABASE", tables[0]))
        (folder / "schema.yaml").write_text(schema)
        for mailing, (source, purpose) in vendor.MAILINGS.items():
            text = vendor.MAILING.replace("SOURCE", source).replace("PURPOSE", purpose)
            text = text.replace("ONCE", "occasion" if mailing == "termine" else "recipient")
            (folder / "mailings" / f"{mailing}.yaml").write_text(text)
        return folder

    return made


def prepared(folder: Path, mailing: str) -> list[tuple[Any, ...]]:
    """What `prepare` put down about everybody, and that nothing was in its way."""
    done = run_here(folder, ["prepare", mailing, "--summary", "--json"], {})
    assert done.code == 0, done.out + done.err
    run = json.loads(done.out)["run"]
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger:
        text = f"SELECT {_COLUMNS} FROM message WHERE run = ? ORDER BY row_id"
        return list(ledger.execute(text, (run,)))


@pytest.mark.parametrize("mailing", ["alle", "frage", "termine", "arzt"])
def test_the_same_rows_consents_and_appointments_as_through_views(
    make: Callable[..., Path], mailing: str
) -> None:
    through_views = prepared(make(vendor.THROUGH_VIEWS, "sichten"), mailing)
    without = prepared(make(vendor.WITHOUT_VIEWS, "tabellen"), mailing)
    assert without == through_views
    if mailing == "frage":
        assert len(without) == 2
        return
    gone = len([n for n in range(1, vendor.PEOPLE + 1) if not vendor.existing(n)])
    assert 0 < len(without) <= vendor.PEOPLE - gone
    allowed = [row for row in without if row[6]]
    assert 0 < len(allowed) < len(without)


@pytest.mark.parametrize("mailing", ["alle", "termine"])
def test_everybody_who_allowed_it_is_found_again_and_written_to(
    make: Callable[..., Path], mailing: str
) -> None:
    folder = make(vendor.WITHOUT_VIEWS)
    allowed = {row[0] for row in prepared(folder, mailing) if row[6] and row[5]}
    done = run_here(folder, ["run", mailing, "--yes", "--json"], {})
    assert done.code == 0, done.out + done.err
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger:
        states = dict(
            ledger.execute(
                "SELECT row_id, state FROM message WHERE run = ? AND state <> 'skipped'",
                (json.loads(done.out)["run"],),
            )
        )
    accepted = {id_ for id_, state in states.items() if state == "accepted"}
    assert accepted == allowed, states


def test_a_query_reads_no_record_that_the_schema_leaves_out(make: Callable[..., Path]) -> None:
    """The query itself counts deleted appointments of another practice."""
    rows = prepared(make(vendor.WITHOUT_VIEWS), "abfrage")
    assert len({row[0] for row in rows}) == len(
        [
            n
            for n in range(1, vendor.PEOPLE + 1)
            if vendor.existing(n) and n % 11 != 0 and n % 13 != 0
        ]
    )


def test_who_is_deleted_between_approval_and_sending_is_not_written_to(
    make: Callable[..., Path], tables: tuple[str, psycopg.Connection[Any]]
) -> None:
    folder = make(vendor.WITHOUT_VIEWS)
    allowed = [row for row in prepared(folder, "alle") if row[6]]
    run = json.loads(run_here(folder, ["runs", "--json"], {}).out)["runs"][0]["run"]
    victim = allowed[0][0].removeprefix("patient:")
    change = "UPDATE kis.mensch SET geloescht = %s WHERE uid = %s"
    tables[1].execute(change, ("2026-01-01", victim))
    try:
        done = run_here(folder, ["send", run, "--yes", "--json"], {})
    finally:
        tables[1].execute(change, (None, victim))
    assert done.code in {0, 4}, done.out + done.err
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger:
        ((state, basis),) = ledger.execute(
            "SELECT state, basis FROM message WHERE row_id = ?", (f"patient:{victim}",)
        )
    assert state == "suppressed", basis


# What leaves what exists after the approval: mailing, change and its undoing, both of one patient.
LEAVING = {
    "patient of another practice": (
        "alle", "kis.mensch SET mandant = 1 WHERE uid", "kis.mensch SET mandant = 2 WHERE uid"
    ),
    "appointment deleted": (
        "termine",
        "kis.besuch SET geloescht = now() WHERE mensch",
        "kis.besuch SET geloescht = NULL WHERE mensch",
    ),
    "appointment of another practice": (
        "termine",
        "kis.besuch SET mandant = 1 WHERE mensch",
        "kis.besuch SET mandant = 2 WHERE mensch",
    ),
    "appointment of who is deleted": (
        "termine",
        "kis.mensch SET geloescht = now() WHERE uid",
        "kis.mensch SET geloescht = NULL WHERE uid",
    ),
    "consents deleted": (
        "alle",
        "kis.zusage SET geloescht = now() WHERE mensch",
        "kis.zusage SET geloescht = NULL WHERE mensch",
    ),
    "consents of another practice": (
        "alle", "kis.zusage SET mandant = 1 WHERE mensch", "kis.zusage SET mandant = 2 WHERE mensch"
    ),
    "chosen by a query, deleted": (
        "abfrage",
        "kis.mensch SET geloescht = now() WHERE uid",
        "kis.mensch SET geloescht = NULL WHERE uid",
    ),
}  # fmt: skip


@pytest.mark.parametrize("leaving", LEAVING)
def test_what_leaves_after_the_approval_is_not_sent(
    make: Callable[..., Path], tables: tuple[str, psycopg.Connection[Any]], leaving: str
) -> None:
    mailing, change, undo = LEAVING[leaving]
    folder = make(vendor.WITHOUT_VIEWS)
    config = folder / "serienpost.yaml"
    config.write_text(config.read_text() + "consent: {require: {default: [register]}}\n")
    allowed = [row for row in prepared(folder, mailing) if row[6]]
    run = json.loads(run_here(folder, ["runs", "--json"], {}).out)["runs"][0]["run"]
    victim = allowed[0][1].removeprefix("patient:")
    tables[1].execute(f"UPDATE {change} = %s".encode(), (victim,))
    try:
        done = run_here(folder, ["send", run, "--yes", "--json"], {})
    finally:
        tables[1].execute(f"UPDATE {undo} = %s".encode(), (victim,))
    assert done.code in {0, 4}, done.out + done.err
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger:
        states = ledger.execute("SELECT row_id, state, basis FROM message").fetchall()
    assert {state for id_, state, _ in states if id_ == allowed[0][0]} == {"suppressed"}
    assert len([id_ for id_, state, _ in states if state == "accepted"]) == len(allowed) - 1


# What may stand as the type of the keys: the columns themselves say what is right.
@pytest.mark.parametrize("declared", ["text", "uuid", "integer"])
def test_the_column_says_what_keys_are(make: Callable[..., Path], declared: str) -> None:
    right = prepared(make(vendor.WITHOUT_VIEWS, "richtig"), "alle")
    schema = vendor.WITHOUT_VIEWS.replace("id: uid\n", f"id: uid\n  key_type: {declared}\n")
    assert prepared(make(schema), "alle") == right


@pytest.mark.parametrize("command", [["check", "alle"], ["doctor"], ["run", "alle", "--yes"]])
@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("person_id: mensch", "person_id: zweck_nr", "einwilligung.fields.person_id"),
        # A text holds a key in several spellings: a withdrawal in capitals would not be found.
        ("person_id: mensch", "person_id: fassung", "einwilligung.fields.person_id"),
        ("vertreter_id: eltern", "vertreter_id: akte", "patient.fields.vertreter_id"),
        ("behandler_id: hausarzt", "behandler_id: mail", "patient.fields.behandler_id"),
        ("patient_id: mensch", "patient_id: minuten", "termin.fields.patient_id"),
    ],
)
def test_a_field_that_leads_to_nobody_is_named_before_anything_is_prepared(
    make: Callable[..., Path], command: list[str], old: str, new: str, field: str
) -> None:
    """Was: nobody allowed, and exit 0."""
    folder = make(vendor.WITHOUT_VIEWS.replace(old, new))
    done = run_here(folder, command, {})
    assert done.code == 3, done.out + done.err
    assert field in done.out + done.err


def test_a_reference_of_another_type_is_cast(make: Callable[..., Path]) -> None:
    right = prepared(make(vendor.WITHOUT_VIEWS, "richtig"), "alle")
    cast = 'person_id: {expression: "CAST(CAST(mensch AS text) AS uuid)"}'
    folder = make(vendor.WITHOUT_VIEWS.replace("person_id: mensch", cast))
    assert prepared(folder, "alle") == right
    assert "einwilligung" not in run_here(folder, ["doctor"], {}).out


def test_doctor_names_an_expression_that_leads_to_nobody(make: Callable[..., Path]) -> None:
    """Its type is known when it is read, not before."""
    cast = 'vertreter_id: {expression: "CAST(eltern AS text)"}'
    folder = make(vendor.WITHOUT_VIEWS.replace("vertreter_id: eltern", cast))
    done = run_here(folder, ["doctor"], {})
    assert done.code == 3, done.out + done.err
    assert "patient.vertreter_id: the practice's database" in " ".join(done.out.split())


BEGIN = "(tag + uhr) AT TIME ZONE zone"
# Ways to say when an appointment begins -> the moments of 08:10 in winter.
BEGINS = {
    BEGIN: ("07:10", "09:10"),
    "(tag + uhr) AT TIME ZONE zone AT TIME ZONE 'Europe/Berlin'": (
        "07:10",
        "09:10",
    ),
    "timezone(zone, tag + uhr)": ("07:10", "09:10"),
    "(tag + uhr) AT TIME ZONE 'Atlantic/Azores'": ("09:10",) * 2,
    "tag + uhr": ("07:10",) * 2,
}


@pytest.mark.parametrize("expression", BEGINS)
@pytest.mark.parametrize("option", ["", "&options=-ctimezone%3DAsia/Tokyo"])
def test_an_appointment_begins_in_the_zone_that_the_schema_names(
    make: Callable[..., Path],
    tables: tuple[str, psycopg.Connection[Any]],
    expression: str,
    option: str,
) -> None:
    """A day and a time are those of a column's zone, of a named one or of the practice, whatever
    zone the server, the account or the URL has."""
    tables[1].execute(
        b"UPDATE kis.besuch SET uhr = '08:10', zone = CASE WHEN nr %% 2 = 0 THEN 'Europe/Berlin'"
        b" ELSE 'Atlantic/Azores' END WHERE mandant = 2 AND nr IN (%s, %s)",
        (vendor.VISIT + 201, vendor.VISIT + 202),
    )
    folder = make(vendor.WITHOUT_VIEWS.replace(BEGIN, expression))
    config = folder / "serienpost.yaml"
    config.write_text(config.read_text().replace(tables[0], f"{tables[0]}{option}"))
    begins = {row[3]: row[4] for row in prepared(folder, "termine")}
    even, odd = sorted((vendor.VISIT + 201, vendor.VISIT + 202), key=lambda key: key % 2)
    found = [begins[f"termin:{key}"] for key in (even, odd)]
    assert [f"{datetime.fromtimestamp(moment / 1e6, UTC):%H:%M}" for moment in found] == list(
        BEGINS[expression]
    )


def test_a_zone_that_does_not_exist_stops_everything(
    make: Callable[..., Path], tables: tuple[str, psycopg.Connection[Any]]
) -> None:
    """Nobody is left out in silence."""
    change = "UPDATE kis.besuch SET zone = %s WHERE nr = %s"
    tables[1].execute(change, ("Europa/Kanarie", vendor.VISIT + 201))
    try:
        done = run_here(make(vendor.WITHOUT_VIEWS), ["prepare", "termine", "--summary"], {})
    finally:
        tables[1].execute(change, ("Europe/Berlin", vendor.VISIT + 201))
    assert done.code == 3, done.out + done.err
    assert "Kanarie" not in done.out + done.err


def test_the_practice_in_the_same_tables_may_be_named_by_the_url(
    make: Callable[..., Path], tables: tuple[str, psycopg.Connection[Any]]
) -> None:
    """One schema for all practices; without a number of a practice nobody is read."""
    right = make(vendor.WITHOUT_VIEWS, "richtig")
    tenant = "CAST(current_setting('praxis.mandant') AS int)"
    folder = make(vendor.WITHOUT_VIEWS.replace("mandant = 2", f"mandant = {tenant}"))
    none = run_here(folder, ["prepare", "alle", "--summary"], {})
    assert none.code == 3, none.out + none.err
    config = folder / "serienpost.yaml"
    config.write_text(
        config.read_text().replace(tables[0], f"{tables[0]}&options=-cpraxis.mandant%3D2")
    )
    for mailing in ("alle", "abfrage"):
        assert prepared(folder, mailing) == prepared(right, mailing)


SETTING = "current_setting('praxis.geheimnis')"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("vorname: ruf", f'vorname: {{expression: "{SETTING}"}}'),
        ("vorname: ruf", f'haustier: {{expression: "{SETTING}", class: plain, because: "x"}}'),
        ('{expression: "vorwahl', f'{{expression: "{SETTING} || vorwahl'),
        ("  id: uid\n", f'  id: uid\n  joins: {{kis.arzt: "arzt.name = {SETTING}"}}\n'),
    ],
)
def test_a_setting_of_the_account_decides_and_never_leaves(
    make: Callable[..., Path], tables: tuple[str, psycopg.Connection[Any]], old: str, new: str
) -> None:
    """The attack: a secret that stands in a setting, as the value of a field."""
    folder = make(vendor.WITHOUT_VIEWS.replace(old, new, 1))
    config = folder / "serienpost.yaml"
    config.write_text(
        config.read_text().replace(tables[0], f"{tables[0]}&options=-cpraxis.geheimnis%3DKanarie")
    )
    done = run_here(folder, ["prepare", "alle", "--summary"], {})
    assert done.code == 3, done.out + done.err
    assert "current_setting must not stand in an expression" in done.err
    assert "Kanarie" not in done.out + done.err


def test_no_query_asks_for_a_setting_of_the_account(make: Callable[..., Path]) -> None:
    folder = make(vendor.WITHOUT_VIEWS)
    mailing = folder / "mailings" / "abfrage.yaml"
    mailing.write_text(mailing.read_text().replace("b.stand = 1", f"b.art = {SETTING}"))
    done = run_here(folder, ["prepare", "abfrage", "--summary"], {})
    assert done.code == 3, done.out + done.err
    assert "current_setting must not stand in a query" in done.err


def test_the_documented_mapping(
    server: Callable[..., str],
    open_practice: Callable[..., Context],
    third_example: tuple[str, str],
) -> None:
    tables, schema = third_example
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(tables.encode())
        connection.execute(
            b"INSERT INTO emr.client (uid, tenant, last_name, dob) SELECT md5(n::text)::uuid, n,"
            b" 'Kanarie', '20200131' FROM generate_series(1, 3) n"
        )
        db = PracticeDb.of(open_practice(server(), schema))
        request = RowRequest(frozenset({"nachname", "telefon", "vertreter_nachname"}), vendor.DAY)
        ((row,),) = db.stream("patient", [], request)
        assert row.fields["nachname"] == "Kanarie"
        assert [*db.appointments(["patient"], [], request)] == []
        assert db.records("einwilligung", [row.person_id], ("zweck", "erteilt_am")) == [()]
        connection.execute(b"DROP SCHEMA emr CASCADE")
