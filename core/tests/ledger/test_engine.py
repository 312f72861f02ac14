from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic import command  # noqa: TID253
from alembic.autogenerate import compare_metadata  # noqa: TID253
from alembic.config import Config  # noqa: TID253
from alembic.migration import MigrationContext  # noqa: TID253
from sqlalchemy import create_engine, inspect, text  # noqa: TID253
from sqlalchemy.exc import SQLAlchemyError  # noqa: TID253

import serienpost
from serienpost.errors import LedgerError
from serienpost.ledger.engine import HEAD, USABLE, open_engine, reading
from serienpost.ledger.schema import metadata
from serienpost.ledger.states import RELEASED

if TYPE_CHECKING:
    from sqlalchemy import Engine

MIGRATIONS = Path(serienpost.__file__).parent / "ledger" / "migrations"
VERSIONS = [path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py")]


def test_migrations_make_exactly_the_tables_of_the_schema(
    tmp_path: Path, engines: list[Engine]
) -> None:
    engines.append(open_engine("sqlite:///new.db", tmp_path))
    with engines[-1].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_every_table_and_unique_index_starts_with_the_practice() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key)).name == "practice", table.name
        for index in table.indexes:
            assert index.columns[0].name == "practice", index.name


def test_a_sqlite_without_what_the_ledger_needs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(LedgerError, match=r"SQLite 3\.34\.1 is too old .* needs 3\.35"):
        open_engine("sqlite:///ledger.db", tmp_path)
    assert list(tmp_path.iterdir()) == []


_RUN = """INSERT INTO run (practice, id, mailing, title, kind, channel, account, purpose, due,
state, header, created_at) VALUES ('q', 'r', 'm', '', 'email', 'c', 'a', 'event', '2026-03-02',
:state, '{}', 0)"""


def _write_old(folder: Path, version: str, state: str = "finished") -> None:
    """`old.db`, made by the migrations up to that version, as an older serienpost left it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    old = create_engine(f"sqlite:///{folder}/old.db")
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        connection.execute(text("INSERT INTO practice VALUES ('p', x'2a')"))
        connection.execute(text(_RUN), {"state": state})
    old.dispose()


def _version(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return str(version)


@pytest.mark.parametrize("older", sorted(VERSIONS)[:-1])
@pytest.mark.parametrize("state", ["prepared", "finished"])
def test_an_older_ledger_is_migrated_and_keeps_its_rows(
    tmp_path: Path, engines: list[Engine], older: str, state: str
) -> None:
    _write_old(tmp_path, older, state)
    engines.append(open_engine("sqlite:///old.db", tmp_path))
    with engines[-1].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []
        assert connection.execute(text("SELECT * FROM practice")).all() == [("p", b"*")]


@pytest.mark.parametrize("older", sorted(USABLE))
@pytest.mark.parametrize("state", RELEASED)
def test_a_ledger_that_can_be_used_as_it_is_waits_for_its_open_runs(
    tmp_path: Path, engines: list[Engine], state: str, older: str
) -> None:
    _write_old(tmp_path, older, state)
    for _ in range(2):
        engines.append(open_engine("sqlite:///old.db", tmp_path))
        assert _version(tmp_path / "old.db") == older
    with engines[-1].begin() as connection:
        connection.execute(text("UPDATE run SET state = 'cancelled'"))
    engines.append(open_engine("sqlite:///old.db", tmp_path))
    assert _version(tmp_path / "old.db") == HEAD
    with engines[-1].connect() as connection:
        assert "attachments" not in {c["name"] for c in inspect(connection).get_columns("message")}


@pytest.mark.parametrize("older", [v for v in sorted(VERSIONS)[:-1] if v not in USABLE])
@pytest.mark.parametrize("state", RELEASED)
def test_an_older_ledger_with_open_runs_is_refused_and_stays(
    tmp_path: Path, older: str, state: str
) -> None:
    _write_old(tmp_path, older, state)
    with pytest.raises(LedgerError) as caught:
        open_engine("sqlite:///old.db", tmp_path)
    assert str(caught.value) == (
        f"the ledger is of version {older} and has 1 open run; finish it with the version that "
        "wrote it, or cancel it, then open it again"
    )
    assert _version(tmp_path / "old.db") == older


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(LedgerError) as caught:
        open_engine("sqlite:///ledger.db", tmp_path)
    assert str(caught.value) == (
        f"the ledger {tmp_path}/ledger.db is of version 0999, newer than this serienpost knows"
        f" ({HEAD}) (install the newer serienpost)"
    )


def test_opening_again_changes_nothing(
    tmp_path: Path, engine: Engine, engines: list[Engine]
) -> None:
    with engine.connect() as connection:
        before = connection.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all()
    engines.append(open_engine("sqlite:///ledger.db", tmp_path))
    with engines[-1].connect() as connection:
        after = connection.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all()
    assert before == after


def test_only_the_owner_may_read_the_files(tmp_path: Path, engine: Engine) -> None:
    mask = os.umask(0)
    try:
        other = open_engine("sqlite:///open.db", tmp_path)
        with other.begin() as connection:
            connection.execute(text("INSERT INTO practice VALUES ('p', x'00')"))
            files = sorted(tmp_path.glob("open.db*"))
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
    finally:
        os.umask(mask)
    other.dispose()
    assert {"open.db", "open.db-wal", "open.db-shm"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_every_connection_commits_durably(engine: Engine) -> None:
    with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
            }
            assert pragmas == {
                "journal_mode": "wal",
                "synchronous": 2,
                "secure_delete": 1,
                "foreign_keys": 1,
            }
            connection.rollback()


def test_a_write_waits_for_a_write_and_a_read_for_none(engine: Engine) -> None:
    with engine.begin() as writing:
        writing.execute(text("INSERT INTO practice VALUES ('p', x'00')"))
        with engine.connect() as connection:
            reader = reading(connection)
            assert reader.execute(text("SELECT count(*) FROM practice")).scalar() == 0
        with engine.connect() as other:
            raw = other.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA busy_timeout = 1")
            with pytest.raises(SQLAlchemyError, match="locked"):
                other.execute(text("SELECT 1"))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_memory_is_no_ledger(tmp_path: Path, url: str) -> None:
    with pytest.raises(LedgerError, match="not memory"):
        open_engine(url, tmp_path)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("sqlite:///nowhere/ledger.db", "the folder of the ledger does not exist"),
        ("sqlite+aiosqlite:///ledger.db", r"no ledger is kept in sqlite\+aiosqlite"),
        ("postgres://127.0.0.1/versandbuch", "no ledger is kept in postgres"),
        ("mysql://127.0.0.1/versandbuch", "no ledger is kept in mysql"),
        ("sqlite:///text.db", "text.db is no ledger and no database"),
        (
            "postgresql+psycopg://u:geheim@127.0.0.1:1/versandbuch?connect_timeout=2",
            "the ledger (cannot be opened: OperationalError$|needs the Python package psycopg)",
        ),
    ],
)
def test_what_cannot_be_opened_is_one_line_without_the_url(
    tmp_path: Path, url: str, line: str
) -> None:
    (tmp_path / "text.db").write_text("this is no database, " * 100)
    with pytest.raises(LedgerError, match=line) as caught:
        open_engine(url, tmp_path)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


_OPEN = """
import sys
from pathlib import Path
from serienpost.ledger.engine import open_engine
from serienpost.ledger.store import Ledger
sys.stdin.readline()
ledger = Ledger(open_engine("sqlite:///ledger.db", Path(sys.argv[1])), "sonnenschein")
print(ledger.keyed_hash("one"))
ledger.engine.dispose()
"""


def test_several_processes_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _OPEN, tmp_path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in started]
    assert [errors for _, errors in answers] == [""] * 3
    assert len({hashed for hashed, _ in answers}) == 1


def test_a_ledger_that_others_can_read_is_closed_before_a_row_is_written(
    tmp_path: Path, engines: list[Engine]
) -> None:
    file = tmp_path / "old.db"
    file.touch(mode=0o644)
    (tmp_path / "old.db-wal").touch(mode=0o666)
    closed: list[int] = []

    def look() -> None:
        closed.append(file.stat().st_size)

    engines.append(open_engine("sqlite:///old.db", tmp_path, on_closed=look))
    assert closed == [0]
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name
    engines.append(open_engine("sqlite:///old.db", tmp_path, on_closed=look))
    assert closed == [0]


def test_a_ledger_that_cannot_be_closed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system that knows no rights."""
    (tmp_path / "old.db").touch(mode=0o644)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    with pytest.raises(LedgerError, match="other users of this machine can read"):
        open_engine("sqlite:///old.db", tmp_path)
    assert (tmp_path / "old.db").stat().st_size == 0
