"""The ledger itself on a real PostgreSQL server: what differs from SQLite, and the state table."""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from command_line import run_here
from sqlalchemy import event, inspect, text  # noqa: TID253

from serienpost.errors import LedgerError
from serienpost.ledger.claims import claim
from serienpost.ledger.engine import LedgerInUseError, open_engine
from serienpost.ledger.owners import is_dead, is_held, ownership
from serienpost.ledger.schema import once
from serienpost.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from fault_harness.server import Server

    Desk = Any

TESTS = Path(__file__).parents[2] / "core" / "tests" / "ledger"


def _module(name: str) -> ModuleType:
    """A module of the core's tests of the ledger."""
    spec = spec_from_file_location(f"core_ledger_{name}", TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    if not request.config.getoption("thorough"):
        pytest.skip("PostgreSQL is tested by `make faults`")
    server: Server = request.getfixturevalue("server")
    return server.url(server.database())


@pytest.fixture
def book(url: str, tmp_path: Path) -> Iterator[Ledger]:
    engine = open_engine(url, tmp_path)
    yield Ledger(engine, "sonnenschein")
    engine.dispose()


@pytest.fixture
def desk(book: Ledger) -> Desk:
    return _module("conftest").Desk(book)


def test_every_order_of_events_keeps_the_states(desk: Desk) -> None:
    _module("test_machine").test_every_order_of_events_keeps_the_states(desk)


@pytest.mark.parametrize("start", ["claimed", "sending"])
def test_a_state_of_its_own_takes_where_the_table_holds_it(desk: Desk, start: str) -> None:
    _module("test_transitions").test_a_state_of_its_own_takes_where_the_table_holds_it(desk, start)


def test_a_ledger_waits_for_its_open_runs_before_it_is_migrated(
    desk: Desk, book: Ledger, url: str, tmp_path: Path
) -> None:
    def opened() -> tuple[str, int]:
        """Version and columns of messages after the ledger was opened once more."""
        open_engine(url, tmp_path).dispose()
        with book.engine.connect() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            columns = len(inspect(connection).get_columns("message"))
        return str(version), columns

    now = opened()
    with book.engine.begin() as connection:
        connection.execute(text("ALTER TABLE message ADD COLUMN attachments JSON"))
        for table in ("due", "worker", "schedule", "notification", "chore"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    desk.add_run("r", "paused")
    assert opened() == ("0003", now[1] + 1)
    with book.engine.begin() as connection:
        connection.execute(text("UPDATE run SET state = 'finished'"))
    assert opened() == now


def test_each_row_changes_its_own_and_no_other_practice(desk: Desk) -> None:
    _module("test_batch").test_each_row_changes_its_own_and_no_other_practice(desk)


@pytest.mark.parametrize("title", ["same", "s\0me", None])
def test_what_many_rows_share_is_given_once(desk: Desk, title: str | None) -> None:
    _module("test_batch").test_what_many_rows_share_is_given_once(desk, title)


@pytest.mark.parametrize("unstorable", ["\0", "\ud83d"])
def test_what_no_database_stores_is_replaced(desk: Desk, unstorable: str) -> None:
    _module("test_batch").test_what_no_database_stores_is_replaced(desk, unstorable)


@pytest.mark.parametrize("setting", ["synchronous_commit"])
def test_commits_that_are_not_durable_are_refused(url: str, tmp_path: Path, setting: str) -> None:
    database = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" SET {setting} = off'.encode())
    with pytest.raises(LedgerError, match=setting):
        open_engine(url, tmp_path)


def test_two_workers_claim_different_messages_without_waiting(desk: Desk, book: Ledger) -> None:
    desk.add_run("r")
    desk.add_messages("r", 6)
    lease = timedelta(minutes=5)
    with book.begin() as one, book.begin() as two:
        first = claim(one, "r", "1-ONE", 4, lease)
        second = claim(two, "r", "2-TWO", 4, lease)
    assert [row.no for row in first] == [1, 2, 3, 4]
    assert [row.no for row in second] == [5, 6]


def test_an_owner_is_dead_with_its_connection(book: Ledger) -> None:
    with ownership(book) as owner:
        assert [is_dead(book, owner) for _ in range(3)] == [False] * 3
        with book.engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND granted"
                )
            )
        with book.begin() as tx:
            assert not is_held(tx, owner)
        assert is_dead(book, owner)


def test_an_owner_that_ends_is_dead(book: Ledger) -> None:
    with ownership(book) as owner, book.begin() as tx:
        assert is_held(tx, owner)
    assert is_dead(book, owner)


def test_a_read_sees_one_snapshot(desk: Desk, book: Ledger) -> None:
    desk.add_run("r")
    with book.read() as tx:
        assert tx.all(tx.select(once)) == []
        desk.hold_once("r", 1)
        assert tx.all(tx.select(once)) == []
    assert len(desk.rows(once)) == 1


def test_a_large_result_is_read_as_it_is_used(desk: Desk, book: Ledger) -> None:
    desk.add_run("r")
    desk.hold_once("r", *range(1, 51))
    statements = []
    event.listen(book.engine, "before_cursor_execute", lambda *args: statements.append(args[1]))
    with book.read() as tx:
        rows = tx.stream(tx.select(once).order_by(once.c.no), batch=10)
        assert next(rows).no == 1
        assert [type(cursor).__name__ for cursor in statements] == ["ServerCursor"]
        assert sum(1 for _ in rows) == 49


def test_errors_name_no_values(desk: Desk, book: Ledger) -> None:
    desk.add_run("r")
    with pytest.raises(LedgerError) as refused, book.begin() as tx:
        tx.insert(once, [{"key": "geheim", "run": "r", "no": "geheim", "since": tx.now}])
    assert "geheim" not in str(refused.value)
    assert "SQLSTATE" in str(refused.value)


CONFIG = """\
practice: {{id: sonnenschein, name: "Praxis Null"}}
plugins: [serienpost-practice-db]
ledger: "{ledger}"
database: "{database}"
"""


def _problem(folder: Path, ledger: str, database: str) -> str:
    """What a command says about a ledger that is not usable; empty for one that is."""
    folder.mkdir(exist_ok=True)
    (folder / "serienpost.yaml").write_text(CONFIG.format(ledger=ledger, database=database))
    done = run_here(folder, ["runs"], {})
    assert (done.code, len(done.err.splitlines())) in ((0, 0), (3, 1)), done.err
    return done.err


def _tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT schemaname || '.' || tablename FROM pg_tables")
        return {name for (name,) in found if not name.startswith(("pg_", "information_"))}


def test_the_practices_own_database_is_no_ledger(url: str, tmp_path: Path) -> None:
    """However its URL is spelled, empty or not, whoever made tables in it before."""
    folder = tmp_path / "praxis"
    other = url.replace("127.0.0.1", "localhost") + "?application_name=praxis"
    assert "ledger and database are the same database" in _problem(folder, url, other)
    assert _tables(url) == set()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE patient (id integer PRIMARY KEY)")
    assert "it holds other tables" in _problem(folder, url, "sqlite:///praxis.db")
    assert _tables(url) == {"public.patient"}
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA post")
    in_schema = f"{url}?options=-csearch_path%3Dpost"
    assert _problem(folder, in_schema, url) == ""
    assert {"public.patient", "post.run"} <= _tables(url)


def test_a_ledger_that_shares_its_schema_with_the_practice_is_refused(
    book: Ledger, url: str, tmp_path: Path
) -> None:
    with book.engine.begin() as connection:
        connection.execute(text("CREATE TABLE patient (id integer PRIMARY KEY)"))
    assert "the same database" in _problem(tmp_path / "praxis", url, f"{url}?application_name=x")


def test_an_older_ledger_waits_for_a_process_that_prepares(
    desk: Desk, book: Ledger, url: str, tmp_path: Path
) -> None:
    with ownership(book) as owner:
        desk.add_run("r", state="preparing", owner=owner)
        with book.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
        with pytest.raises(LedgerInUseError, match="is of version 0002 and process"):
            open_engine(url, tmp_path)
