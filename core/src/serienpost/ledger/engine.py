"""Opens the ledger's database durably, at the right version, or not at all."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from serienpost.errors import LedgerError
from serienpost.ledger.file_rights import close_to_others
from serienpost.ledger.schema import run
from serienpost.ledger.states import RELEASED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger(__name__)

# The newest revision of the ledger's tables; the last file in `migrations/versions`.
HEAD = "0004"

# Older revisions whose tables this code can work with as they are.
USABLE = {"0003"}

# The first with RETURNING, which the ledger's statements need.
OLDEST_SQLITE = (3, 35)

# How long a PostgreSQL server may take to answer a new connection.
CONNECT_SECONDS = 10

# Pages (64 MiB) in SQLite's log before they are copied; a page changed often is copied once.
CHECKPOINT_PAGES = 16_384

_READ_ONLY = "serienpost_reads"


def _log_closed() -> None:
    _log.warning("other users could read the ledger; now its owner alone can")


def open_engine(url: str, folder: Path, *, on_closed: Callable[[], None] = _log_closed) -> Engine:
    """Connect, check durability, migrate an older ledger, refuse a newer one.

    An older one is migrated only while no run of any practice is open, since the process that
    delivers one may be of the version that wrote it.

    Args:
        url: SQLAlchemy URL; relative SQLite paths start at `folder`, `postgresql://` means psycopg.
        folder: the practice folder.
        on_closed: called where other users could read the ledger's file and no longer can.

    Raises:
        LedgerError: unreachable, not durable, written by a newer serienpost, or too old to be used
            as it is and with open runs; or other users can read its file, and that cannot be
            mended.
    """
    try:
        where = make_url(url)
    except ArgumentError as error:
        raise LedgerError(
            "this is not a database URL", hint="write it as in sqlite:///versandbuch.db"
        ) from error
    if where.get_backend_name() == "sqlite":
        _check_library()
        path = folder / (where.database or "")
        if where.database in (None, "", ":memory:"):
            raise LedgerError("the ledger must be a file or a PostgreSQL database, not memory")
        where = where.set(database=str(path))
        _create_private(path)
        if close_to_others(path):
            on_closed()
    elif where.drivername == "postgresql":
        where = where.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(where, **_options(where.get_backend_name()))
        try:
            _make_ready(engine)
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"the ledger needs the Python package {error.name}",
            hint="pip install 'serienpost[postgresql]'",
        ) from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise LedgerError(f"the ledger cannot be opened: {type(cause).__name__}") from error
    return engine


def _make_ready(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    with engine.connect() as connection:
        _check_durable(connection)
        version = _version(connection)
    if version != HEAD:
        _migrate(engine, version)


def reading(connection: Connection) -> Connection:
    """Mark a connection so that its transaction takes no write lock and sees one snapshot."""
    if connection.dialect.name == "sqlite":
        return connection.execution_options(**{_READ_ONLY: True})
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _options(backend: str) -> dict[str, Any]:
    common: dict[str, Any] = {"hide_parameters": True}
    if backend == "sqlite":
        return common | {"connect_args": {"timeout": 60, "check_same_thread": False}}
    return common | {"pool_pre_ping": True, "connect_args": {"connect_timeout": CONNECT_SECONDS}}


def _check_library() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise LedgerError(
            f"SQLite {sqlite3.sqlite_version} is too old for the ledger, which needs {oldest}",
            hint="install a Python with a newer SQLite, or keep the ledger in PostgreSQL",
        )


def _create_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite would make it with the umask's."""
    if not path.parent.is_dir():
        raise LedgerError("the folder of the ledger does not exist", hint="check ledger:")
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise LedgerError(f"the ledger cannot be created: {error.strerror}") from error


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: object) -> None:  # noqa: ANN401
        dbapi.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READ_ONLY)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _check_durable(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        if mode != "wal" or level != 2:
            raise LedgerError("the ledger's file system does not support durable commits (WAL)")
        return
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if connection.execute(text(f"SHOW {setting}")).scalar() == "off":
            raise LedgerError(f"PostgreSQL runs with {setting} off; commits would not survive")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return str(row[0]) if row else None


def _open_runs(connection: Connection) -> int:
    """How many runs of all practices are open; tables of every version tell."""
    found = select(func.count()).select_from(run).where(run.c.state.in_(RELEASED))
    return int(connection.execute(found).scalar_one())


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    """One migrating process at a time."""
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            lock = "SELECT pg_advisory_xact_lock(hashtext('serienpost migration'))"
            connection.execute(text(lock))
            yield
        return
    import fcntl

    path = Path(f"{engine.url.database}.migrating")
    flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _migrate(engine: Engine, version: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    known = {f.name[:4] for f in (Path(__file__).parent / "migrations/versions").glob("0*.py")}
    if version is not None and version not in known:
        raise LedgerError(
            f"the ledger is of version {version}, newer than this serienpost knows ({HEAD})",
            hint="install the newer serienpost",
        )
    with _migration_lock(engine), engine.begin() as connection:
        version = _version(connection)
        if version == HEAD:
            return
        open_runs = _open_runs(connection) if version else 0
        if open_runs and version in USABLE:
            return
        if open_runs:
            raise LedgerError(
                f"the ledger is of version {version} and has {open_runs} open runs; finish them "
                "with the version that wrote them, or cancel them, then open it again"
            )
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
