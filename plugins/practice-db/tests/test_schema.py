"""`schema.yaml`: a vendor's tables, read as our fields; mistakes with their lines."""

from __future__ import annotations

import sqlite3
from datetime import date
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from serienpost import ConfigError, RowRequest
from serienpost_practice_db import conditions as where
from serienpost_practice_db.birthdays import BirthdayWindow
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.mapping import REFERENCE_SCHEMA
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile

if TYPE_CHECKING:
    from pathlib import Path

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

TABLES = """
create table People("PatNo" text, "First Name" text, last text, sex integer, born text,
  guardian text, mail text, street text, house text, dead text, mail_ok integer, pet text,
  job text);
insert into People values
  ('A1', 'Ute', 'Klos', 2, '1980-02-01', null, 'ute@example.org', 'Weg', '1', null, 1, 'Igel', 'x'),
  ('A2', 'Lena', 'Kind', 3, '2015-02-02', 'A1', null, null, null, '2024-01-01', 0, 'Hund', 'y');
"""
VENDOR = """
patient:
  table: People
  id: PatNo
  key_type: text
  fields:
    vorname: First Name
    nachname: {expression: "upper(last)", class: identity, because: "the last name"}
    geschlecht: {column: sex, values: {"1": m, "2": w}}
    geburtsdatum: born
    vertreter_id: guardian
    email: mail
    strasse: {expression: "street || ' ' || house", class: contact, because: "the address"}
    verstorben: dead
    kontakt_email: {column: mail_ok, values: {"1": ja, "0": nein}}
    haustier: {column: pet, class: identity, because: "typed in at the desk"}
    arbeit: {column: job}
behandler:
  fields:
    titel: {column: grad}
"""


@pytest.fixture
def open_schema(practice_folder: Path, make_context: MakeContext):  # noqa: ANN201
    """Opens the vendor's practice with this text as `schema.yaml`."""
    connection = sqlite3.connect(practice_folder / "vendor.db")
    connection.executescript(TABLES)
    connection.close()

    def opened(text: str) -> Context:
        (practice_folder / "schema.yaml").write_text(dedent(text), encoding="utf-8")
        return make_context(
            claimed={
                "database": DatabaseUrl("sqlite:///vendor.db"),
                "schema": SchemaFile("schema.yaml"),
            }
        )

    return opened


def test_a_vendors_tables_are_read_as_our_fields(open_schema) -> None:  # noqa: ANN001
    db = PracticeDb.of(open_schema(VENDOR))
    names = "vorname nachname geschlecht email strasse haustier vertreter_nachname"
    request = RowRequest(frozenset(names.split()), date(2026, 3, 2))
    window = BirthdayWindow(date(2026, 2, 1), date(2026, 2, 28))
    (rows,) = db.stream("patient", [where.same_text("nachname", "kind")], request, window)
    (row,) = rows
    assert row.id == "patient:A2/geburtstag:2026"
    assert row.consenting_id == "patient:A1"
    assert row.fields == {
        "vorname": "Lena",
        "nachname": "KIND",
        "geschlecht": "3",
        "email": "ute@example.org",
        "strasse": "Weg 1",
        "haustier": "Hund",
        "vertreter_nachname": "KLOS",
    }
    assert db.lookup(["patient:A1", "patient:A2"], ["kontakt_email", "verstorben"]) == {
        "patient:A1": {"kontakt_email": "ja", "verstorben": None},
        "patient:A2": {"kontakt_email": "nein", "verstorben": "2024-01-01"},
    }


def test_classes_and_offers(open_schema) -> None:  # noqa: ANN001
    schema = PracticeDb.of(open_schema(VENDOR)).schema
    offered = schema.offers("patient")
    assert offered["haustier"] == "identity"
    assert offered["vorname"] is None
    assert "arbeit" not in offered
    assert "plz" not in offered
    assert schema.entities["behandler"].fields["titel"].sql == "grad"
    assert schema.entities["behandler"].fields["vorname"].sql == "vorname"
    assert schema.entities["interessent"] == REFERENCE_SCHEMA.entities["interessent"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("pateint: {table: p}", 1, "did you mean 'patient'"),
        ("patient:\n  tabel: p", 2, "did you mean 'table'"),
        ("patient:\n  table: p; drop", 2, "name of one table"),
        ("patient:\n  fields:\n    plz: {}", 3, "either column or expression"),
        ("patient:\n  fields:\n    plz: {column: a, expression: b}", 3, "either column"),
        ("patient:\n  fields:\n    plz: {expression: 'a; b'}", 3, "no semicolon"),
        ("patient:\n  fields:\n    plz: {expression: 'a -- b'}", 3, "no semicolon"),
        ("patient:\n  fields:\n    id: a", 3, "it is no field"),
        ("patient:\n  fields:\n    tier: {column: a, class: secret}", 3, "must be"),
        ("interessent:\n  fields:\n    email: {column: a, class: plain}", 3, "cannot be plain"),
        ("patient:\n  fields:\n    plz: {column: a, values: {1: x}}", 3, "text"),
        ("patient:\n  fields:\n    plz: a\n    plz: b", 4, "given twice"),
        ("patient:\n  fields:\n    post-leitzahl: a", 3, "only letters"),
        ("patient:\n  key_type: guid", 2, "must be"),
    ],
)
def test_mistakes_have_a_line(open_schema, text: str, line: int, words: str) -> None:  # noqa: ANN001
    with pytest.raises(ConfigError) as refused:
        PracticeDb.of(open_schema(text))
    (problem,) = refused.value.problems
    assert problem.file
    assert problem.file.endswith("schema.yaml")
    assert (problem.line, words in str(problem)) == (line, True), str(problem)


def test_all_mistakes_at_once(open_schema) -> None:  # noqa: ANN001
    text = "patient:\n  tabel: p\nbehandler:\n  id: 5\n  id: 6\n"
    with pytest.raises(ConfigError) as refused:
        PracticeDb.of(open_schema(text))
    assert [problem.line for problem in refused.value.problems] == [2, 4, 5]


def test_a_missing_file_is_named(make_context: MakeContext, practice_folder: Path) -> None:
    sqlite3.connect(practice_folder / "vendor.db").close()
    claimed = {"database": DatabaseUrl("sqlite:///vendor.db"), "schema": SchemaFile("fehlt.yaml")}
    with pytest.raises(ConfigError, match=r"fehlt\.yaml: there is no such file"):
        PracticeDb.of(make_context(claimed=claimed))
