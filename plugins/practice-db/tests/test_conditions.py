"""Conditions as people type them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import RowRequest
from serienpost_practice_db import conditions as where
from serienpost_practice_db import folding
from serienpost_practice_db.birthdays import BirthdayWindow
from serienpost_practice_db.database import PracticeDb
from serienpost_practice_db.mapping import REFERENCE_SCHEMA
from serienpost_practice_db.statements import person_statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost import Context
    from serienpost_practice_db.conditions import Condition

REQUEST = RowRequest(frozenset(), date(2026, 3, 2))


def found(context: Context, *conditions: Condition) -> list[int]:
    batches = PracticeDb.of(context).stream("patient", conditions, REQUEST)
    return [int(row.person_id.removeprefix("patient:")) for rows in batches for row in rows]


def search(words: str) -> Condition:
    return where.all_words(words, ["vorname", "nachname", "ort"], ["telefon", "mobil"])


@pytest.mark.parametrize(
    "words",
    [
        "müller",
        "MÜLLER",
        "mueller",
        "muller",
        "üll",
        "  anna   dresden ",
        "dresden mull",
        "anna-lena",
        "rene",
        "strasse",
        "0351",
        "0351/123",
        "0351123456",
        "+49351123456",
        "(0351) 12",
        "(0351)12",
        "123-4",
        "0171 99",
        "50%_\\",
    ],
)
def test_search_finds(add: Callable[..., None], context: Context, words: str) -> None:
    add("patient", id=1, vorname="Anna-Lena René", nachname="Müller-Straße 50%_\\", ort="Dresden",
        telefon="+49 (0)351 123-456", mobil="0171/99 88 77")  # fmt: skip
    add("patient", id=2, vorname="Bert", nachname="Schmidt", ort="Köln", telefon="0221 5")
    assert found(context, search(words)) == [1]


@pytest.mark.parametrize(
    "words", ["%", "_", "a%a", "anna köln", "0351999", "'; drop table patient; --", "\\", "MüllerA"]
)
def test_search_does_not_find(add: Callable[..., None], context: Context, words: str) -> None:
    add("patient", id=1, vorname="Anna", nachname="Müller", ort="Dresden", telefon="0351 123")
    assert found(context, search(words)) == []


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Müller", "Mueller"),
        ("Mueller", "müller"),
        ("Muller", "Müller"),
        ("Mu\u0308ller", "Muller"),
        ("GROẞ", "gross"),
        ("Øster", "oster"),
        ("Şahin", "SAHIN"),
        ("Łukasz", "lukasz"),
    ],
)
def test_spellings_of_one_name(
    add: Callable[..., None], context: Context, stored: str, typed: str
) -> None:
    add("patient", id=1, nachname=stored)
    assert found(context, where.same_text("nachname", typed)) == [1]
    assert found(context, where.starts_with("nachname", typed[:3])) == [1]
    assert found(context, where.same_text("nachname", typed[:3])) == []


def test_bauer_is_not_baur(add: Callable[..., None], context: Context) -> None:
    add("patient", id=1, nachname="Baur")
    assert found(context, where.same_text("nachname", "Bauer")) == []


def test_codes_dates_keys_and_references(add: Callable[..., None], context: Context) -> None:
    add("behandler", id=7, vorname="Sonja", nachname="Sonnenschein")
    add("patient", id=1, plz="01067", letzter_besuch="2025-01-31", behandler_id=7)
    add("patient", id=2, plz="1067", letzter_besuch="2025-02-01")
    add("patient", id=3, plz="02000", letzter_besuch="2025-02-01 10:30:00", behandler_id=8)
    add("patient", id=4)
    doctor = REFERENCE_SCHEMA.entities["behandler"]
    assert found(context, where.code_between("plz", "01000", "01999")) == [1]
    assert found(context, where.before("letzter_besuch", date(2025, 2, 1))) == [1]
    assert found(context, where.after("letzter_besuch", date(2025, 1, 31))) == [2, 3]
    assert found(context, where.after("letzter_besuch", date(2025, 2, 1))) == []
    assert found(context, where.keys_among([4, 2, 99])) == [2, 4]
    named = where.same_words(("vorname", "nachname"), " sonja  SONNENSCHEIN ")
    assert found(context, where.refers_to("behandler_id", doctor, named)) == [1]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 2, 28), date(2026, 2, 28), {1: 2026, 2: 2026}),
        (date(2028, 2, 28), date(2028, 2, 28), {1: 2028}),
        (date(2028, 2, 29), date(2028, 2, 29), {2: 2028}),
        (date(2026, 3, 1), date(2026, 3, 1), {3: 2026}),
        (date(2026, 12, 20), date(2027, 1, 5), {4: 2026, 5: 2027}),
        (date(2026, 2, 1), date(2026, 2, 28), {1: 2026, 2: 2026}),
        (date(2028, 2, 29), date(2029, 2, 28), {1: 2029, 2: 2028, 3: 2028, 4: 2028, 5: 2029}),
        (date(2026, 6, 1), date(2026, 6, 30), {}),
    ],
)
def test_birthdays(
    add: Callable[..., None], context: Context, first: date, last: date, expected: dict[int, int]
) -> None:
    born = ["1980-02-28", "1980-02-29", "1980-03-01", "1980-12-31", "1980-01-01", None, "kaputt"]
    for number, day in enumerate(born, 1):
        add("patient", id=number, geburtsdatum=day)
    window = BirthdayWindow(first, last)
    batches = PracticeDb.of(context).stream("patient", [], REQUEST, window)
    occasions = {row.id for rows in batches for row in rows}
    assert occasions == {f"patient:{number}/geburtstag:{year}" for number, year in expected.items()}


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 1, 15), "2026-01-15T23:00:00+00:00"),
        (date(2026, 7, 15), "2026-07-15T22:00:00+00:00"),
        (date(2026, 3, 29), "2026-03-29T22:00:00+00:00"),
    ],
)
def test_a_birthday_ends_at_midnight_in_practice_time(
    context: Context, day: date, end: str
) -> None:
    assert BirthdayWindow(day, day).expires_at(context.zone).isoformat() == end


def test_statements_compile_for_postgresql() -> None:
    from sqlalchemy.dialects import postgresql

    statement = person_statement(
        REFERENCE_SCHEMA,
        REFERENCE_SCHEMA.entities["patient"],
        [search("müller 0351"), where.after("letzter_besuch", date(2025, 1, 1))],
        RowRequest(frozenset({"email", "vertreter_nachname"}), date(2026, 3, 2), ("nachname",)),
        BirthdayWindow(date(2026, 12, 20), date(2027, 1, 5)),
    )
    sql = str(statement.select.compile(dialect=postgresql.dialect()))
    assert "serienpost_" not in sql
    assert "regexp_replace" in sql
    assert "translate(replace(" in sql
    head = sql.partition("\nFROM (")[0].replace("CASE WHEN (patient.geburtsdatum", "")
    assert "strasse" not in sql
    assert "AS geburtsdatum" not in head


def test_foldings() -> None:
    assert folding.german("Ärger GROẞ Æ") == "aerger gross ae"
    assert folding.plain("Ärger Çağrı Ño") == "arger cagri no"
    assert folding.digits("+49 (0)351 / 12-3") == "0351123"
    assert folding.digits("0049 351 12") == "035112"
    assert folding.digits("+43 1 5") == "4315"
