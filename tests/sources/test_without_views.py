"""A vendor's tables mapped without views: the same people, consents and appointments as with them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import vendor_practice as vendor
from command_line import run_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_COLUMNS = "row_id, person, consenting, occasion, occasion_at, address, allowed, marked"


@pytest.fixture(scope="module")
def tables(server: Callable[..., str]) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """URL of an account that may only read, and the connection of one that may write."""
    with psycopg.connect(server(), autocommit=True) as connection:
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
