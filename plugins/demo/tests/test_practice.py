"""The demo practice's database."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from serienpost import Address, SerienpostError, core_kind
from serienpost_demo.practice import CANARY_COLUMNS, canary, contact, write_practice
from serienpost_demo.practice.appointments import APPOINTMENT_CASES
from serienpost_demo.practice.cases import patient_cases, prospect_cases

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 23)
TABLES = (
    *("behandler", "patient", "interessent", "termin", "behandlung", "einwilligung"),
    *("systemkuerzel", "brief"),
)

# Hard case -> kind -> why it cannot be written to by that kind; other kinds can.
REACHABLE = {
    3: {"email": "missing"},
    4: {"email": "invalid"},
    5: {"email": "invalid"},
    6: {"email": "invalid"},
    7: {"email": "non_ascii_local"},
    8: {"email": "invalid"},
    9: {},
    10: {"sms": "landline"},
    11: {"sms": "missing"},
    12: {},
    13: {"sms": "invalid"},
    45: {"sms": "no_country_code"},
    46: {},
    47: {},
    48: {},
    49: {"letter": "missing"},
    51: {"email": "missing", "sms": "missing", "letter": "missing"},
}


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("practice") / "praxis.db"
    write_practice(path, 300, 1, TODAY)
    return path


def read(path: Path, statement: str, *values: object) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return database.execute(statement, values).fetchall()


def digest(path: Path) -> str:
    rows = [tuple(row) for table in TABLES for row in read(path, f"SELECT * FROM {table}")]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def patient(path: Path, number: int) -> sqlite3.Row:
    (row,) = read(path, "SELECT * FROM patient WHERE id = ?", number)
    return row


def test_same_seed_size_and_day_give_the_same_rows(practice: Path, tmp_path: Path) -> None:
    write_practice(tmp_path / "again.db", 300, 1, TODAY)
    write_practice(tmp_path / "seed.db", 300, 2, TODAY)
    write_practice(tmp_path / "day.db", 300, 1, date(2026, 11, 24))
    assert digest(tmp_path / "again.db") == digest(practice)
    assert digest(tmp_path / "seed.db") != digest(practice)
    assert digest(tmp_path / "day.db") != digest(practice)


def test_a_larger_practice_begins_with_the_smaller_one(practice: Path, tmp_path: Path) -> None:
    write_practice(tmp_path / "larger.db", 500, 1, TODAY)
    statement = "SELECT * FROM patient WHERE id <= 300"
    assert [tuple(row) for row in read(tmp_path / "larger.db", statement)] == [
        tuple(row) for row in read(practice, statement)
    ]


@pytest.mark.parametrize("patients", [1, 20, 300, 12_000])
def test_row_counts(tmp_path: Path, patients: int) -> None:
    path = tmp_path / "praxis.db"
    write_practice(path, patients, 1, TODAY)
    counts = {table: read(path, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
    assert counts["patient"] == counts["behandlung"] == patients
    assert counts["interessent"] == max(40, patients // 10)
    assert counts["behandler"] == 5
    assert counts["brief"] == 0
    assert counts["systemkuerzel"] > 0
    assert counts["termin"] > 20 * max(20, patients // 50)
    assert read(path, "PRAGMA foreign_key_check") == []
    assert read(path, "PRAGMA integrity_check")[0][0] == "ok"


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "praxis.db"
    write_practice(path, 60, 1, TODAY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["praxis.db"]
    with pytest.raises(SerienpostError, match="exists already"):
        write_practice(path, 60, 1, TODAY)


@pytest.mark.parametrize("patients", [0, 1_000_001])
def test_refuses_a_size_out_of_range(tmp_path: Path, patients: int) -> None:
    with pytest.raises(SerienpostError, match="1 to 1000000 patients"):
        write_practice(tmp_path / "praxis.db", patients, 1, TODAY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("today", [TODAY, date(2028, 2, 29), date(2027, 2, 28)])
def test_cases_stand_in_their_rows(tmp_path: Path, today: date) -> None:
    path = tmp_path / "praxis.db"
    write_practice(path, 60, 7, today)
    for table, cases in (("patient", patient_cases(today)), ("interessent", prospect_cases())):
        assert [case.id for case in cases] == list(range(1, len(cases) + 1))
        for case in cases:
            (row,) = read(path, f"SELECT * FROM {table} WHERE id = ?", case.id)
            assert {column: row[column] for column in case.changes} == case.changes
            consents = read(
                path,
                "SELECT * FROM einwilligung WHERE person_typ = ? AND person_id = ?",
                table,
                case.id,
            )
            assert [row["zweck"] for row in consents] == [one.purpose for one in case.consents]


@pytest.mark.parametrize("number", REACHABLE)
def test_who_can_be_reached_by_what(practice: Path, number: int) -> None:
    row = patient(practice, number)
    for name in ("email", "sms", "letter"):
        kind = core_kind(name)
        address = kind.address(dict(row))
        found = None if isinstance(address, Address) else address.code
        assert found == REACHABLE[number].get(name), name


def test_ages_and_birthdays(practice: Path) -> None:
    born = {row["id"]: row["geburtsdatum"] for row in read(practice, "SELECT * FROM patient")}
    assert [born[number][5:] for number in (1, 2, 28, 53)] == ["11-23", "11-23", "11-23", "11-24"]
    assert born[28] == "2008-11-23"
    assert born[27] == "2008-11-24"
    assert born[52] == "1960-02-29"
    minors = read(
        practice, "SELECT id, vertreter_id FROM patient WHERE geburtsdatum > '2008-11-23'"
    )
    assert {23, 24, 25, 26, 27} <= {row["id"] for row in minors}
    for row in minors:
        if row["vertreter_id"] is not None:
            assert born[row["vertreter_id"]] <= "2008-11-23"


def test_withdrawn_consents(practice: Path) -> None:
    withdrawn = {
        row["person_id"]: row["widerrufen_am"]
        for row in read(
            practice,
            "SELECT * FROM einwilligung WHERE person_typ = 'patient' AND widerrufen_am IS NOT NULL",
        )
    }
    assert withdrawn[16] == "2026-10-24"
    assert withdrawn[19] == "2026-11-20"
    (old,) = read(
        practice, "SELECT * FROM einwilligung WHERE person_typ = 'patient' AND person_id = 20"
    )
    assert old["adresse"] == "alte.adresse@example.org"
    assert old["adresse"] != patient(practice, 20)["email"]


def test_medical_and_protected_columns_are_filled(practice: Path) -> None:
    for columns, table in (
        ("anamnese diagnose therapie behandlung datum", "behandlung"),
        ("geburtsdatum beruf versicherungsnummer krankenkasse letzter_besuch", "patient"),
        ("anliegen quelle status", "interessent"),
    ):
        for column in columns.split():
            empty = f"SELECT count(*) FROM {table} WHERE coalesce({column}, '') = ''"
            assert read(practice, empty)[0][0] == 0, column


def test_the_mix_has_all_sorts(tmp_path: Path) -> None:
    path = tmp_path / "praxis.db"
    write_practice(path, 5000, 3, TODAY)
    for condition in (
        "email IS NULL",
        "mobil IS NULL",
        "mobil = telefon",
        "titel IS NOT NULL",
        "vorsatzwort IS NOT NULL",
        "namenszusatz IS NOT NULL",
        "geschlecht = 'd'",
        "geschlecht IS NULL",
        "verstorben",
        "gesperrt",
        "land <> 'Deutschland'",
        "plz LIKE '0%'",
        "vertreter_id IS NOT NULL",
        "kontakt_email = 'nein'",
        "kontakt_sms IS NULL",
        "nachname LIKE '%{{%'",
        "sprache <> 'de'",
        "postfach IS NOT NULL",
    ):
        (count,) = read(path, f"SELECT count(*) FROM patient WHERE id > 60 AND {condition}")
        assert count[0] > 0, condition


def test_appointments_lie_around_today(practice: Path) -> None:
    cases = read(practice, "SELECT * FROM termin ORDER BY id LIMIT ?", len(APPOINTMENT_CASES))
    assert {row["beginn"][:10] for row in cases} == {"2026-11-24"}
    for row, (_, changes) in zip(cases, APPOINTMENT_CASES, strict=True):
        assert {column: row[column] for column in changes} == changes
    for row in read(practice, "SELECT * FROM termin"):
        begin = date.fromisoformat(row["beginn"][:10])
        assert begin.weekday() < 5
        assert abs((begin - TODAY).days) <= 14
        is_past = row["status"] in ("erschienen", "nicht_erschienen")
        assert is_past <= (begin < TODAY)
        if row["status"] in ("frei", "gesperrt"):
            assert row["patient_id"] is row["interessent_id"] is None
        else:
            assert (row["patient_id"] is None) != (row["interessent_id"] is None)
    states = {row["status"] for row in read(practice, "SELECT DISTINCT status FROM termin")}
    assert states == {
        *("geplant", "bestaetigt", "abgesagt", "erschienen", "nicht_erschienen"),
        *("frei", "gesperrt"),
    }


@pytest.mark.parametrize("number", [*range(1, 230), 1000, 4_069_000, 999_999, 5_000_001, 5_100_000])
def test_numbers_are_what_they_claim_to_be(number: int) -> None:
    import phonenumbers

    mobile = phonenumbers.parse(contact.mobile(number), "DE")
    landline = phonenumbers.parse(contact.landline(number), "DE")
    assert phonenumbers.is_valid_number(mobile)
    assert phonenumbers.number_type(mobile) == phonenumbers.PhoneNumberType.MOBILE
    assert isinstance(core_kind("sms").address({"mobil": contact.mobile(number)}), Address)
    assert phonenumbers.is_valid_number(landline)
    assert phonenumbers.number_type(landline) == phonenumbers.PhoneNumberType.FIXED_LINE


def test_addresses_belong_to_nobody_and_are_not_shared_by_chance(practice: Path) -> None:
    domains = {"example.org", "example.com", "example.net", "praxis.invalid"}
    for table in ("patient", "interessent"):
        rows = read(practice, f"SELECT id, email, mobil FROM {table}")
        complete = [row["email"].strip() for row in rows if row["email"] and "@" in row["email"]]
        for email in complete:
            domain = email.rpartition("@")[2].lower()
            assert domain in domains | {"", "example..org"}, email
    ids = range(1, 20_000)
    assert len({contact.mobile(number).translate(_DIGITS) for number in ids}) == len(ids)


_DIGITS = str.maketrans({"+": "", " ": "", "/": "", "-": ""})


def test_canaries_are_unique_and_valid(tmp_path: Path) -> None:
    path = tmp_path / "praxis.db"
    write_practice(path, 200, 1, TODAY, canaries=True)
    seen: set[str] = set()
    for table, columns in CANARY_COLUMNS.items():
        rows = read(path, f"SELECT * FROM {table}")
        for row in rows:
            for column in columns:
                assert row[column] == canary(table, column, row["id"])
                assert column == "plz" or row[column] not in seen
                seen.add(row[column])
    for row in read(path, "SELECT * FROM patient"):
        for name in ("email", "sms", "letter"):
            kind = core_kind(name)
            found = kind.address({field: row[field] for field in kind.fields})
            assert isinstance(found, Address), (name, row["id"])


def test_a_practice_without_canaries_has_none(practice: Path) -> None:
    assert b"kanari" not in practice.read_bytes()
