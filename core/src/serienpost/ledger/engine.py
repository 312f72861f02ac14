"""Opens the ledger's database durably, at the right version, or not at all."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from serienpost.errors import Exit, LedgerError, LedgerUnavailableError
from serienpost.ledger.disk import disk_fault
from serienpost.ledger.file_rights import close_to_others
from serienpost.ledger.location import (
    VERSION_TABLE,
    can_be_written,
    real_file,
    refuse_database_of_others,
    refuse_file_of_others,
    refuse_foreign,
    refuse_other_file,
    refuse_shadowed,
    server_options,
    tables_of,
)
from serienpost.ledger.locks import living_owner_of_any
from serienpost.ledger.log import count_write, refuse_other_log
from serienpost.ledger.schema import run
from serienpost.ledger.states import RELEASED
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import URL

_ = Texts(__name__)

_log = logging.getLogger(__name__)

# The newest revision of the ledger's tables; the last file in `migrations/versions`.
HEAD = "0007"

# Older revisions whose tables this code can work with as they are.
USABLE = {"0003", "0004", "0005", "0006"}

# The first with RETURNING, which the ledger's statements need.
OLDEST_SQLITE = (3, 35)

# Pages (64 MiB) in SQLite's log before they are copied; a page changed often is copied once.
CHECKPOINT_PAGES = 16_384

# Databases and the drivers by which the ledger is written.
_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}

_READ_ONLY = "serienpost_reads"


def _log_closed() -> None:
    _log.warning("%s", _("other users could read the ledger; now its owner alone can"))


class LedgerInUseError(LedgerError):
    """The ledger is of an older version and a living process still works with it."""

    exit_code = Exit.OPEN


def open_engine(
    url: str,
    folder: Path,
    others: Callable[[], Mapping[str, str]] = dict,
    *,
    on_closed: Callable[[], None] = _log_closed,
) -> Engine:
    """Connect, check durability, migrate an older ledger, refuse a newer one.

    An older one is migrated only while no run of any practice is open, since the process that
    delivers one may be of the version that wrote it. A SQLite file that cannot be written is opened
    for reading. The engine's URL holds the real path of the file.

    Args:
        url: SQLAlchemy URL; relative SQLite paths start at `folder`, `postgresql://` means psycopg.
        folder: the practice folder.
        others: gives URLs and paths of what is not the ledger, by the key that names them.
        on_closed: called where other users could read the ledger's file and no longer can.

    Raises:
        LedgerError: not durable, another's database, written by a newer serienpost, or too old to
            be used as it is and with open runs; or other users can read its file, and that cannot
            be mended.
        LedgerUnavailableError: it cannot be reached, read or written.
        LedgerInUseError: as old, and a process of the old version lives.
    """
    try:
        where = make_url(url)
    except (ArgumentError, ValueError) as error:  # a port that is no number
        raise LedgerError(
            _("this is not a database URL"), hint=_("write it as in sqlite:///versandbuch.db")
        ) from error
    if where.drivername not in _DRIVERS:
        raise LedgerError(
            _("no ledger is kept in {database}", database=where.drivername),
            hint=_("write it as in sqlite:///versandbuch.db or postgresql://USER@HOST/DATABASE"),
        )
    if where.get_backend_name() == "sqlite":
        _check_library()
        path = real_file(where, folder)
        refuse_file_of_others(path, folder, others())
        where = where.set(database=str(path))
        refuse_other_log(path)
        _create_private(path)
        refuse_other_file(path)
        if close_to_others(path):
            on_closed()
    elif where.drivername == "postgresql":
        where = where.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(where, **_options(where))
        try:
            _make_ready(engine, others)
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise LedgerError(
            _("the ledger needs the Python package {name}", name=str(error.name)),
            hint=_("pip install 'serienpost[postgresql]'"),
        ) from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        if where.get_backend_name() == "sqlite" and not can_be_written(Path(where.database or "")):
            raise LedgerUnavailableError(
                _(
                    "{file} can be neither written nor read ({why})",
                    file=str(where.database),
                    why=type(cause).__name__,
                ),
                hint=_("let the user who runs serienpost write the file and its folder"),
            ) from error
        fault = disk_fault(cause, Path(where.database or ""))
        why = fault or type(cause).__name__
        raise LedgerUnavailableError(_("the ledger cannot be opened: {why}", why=why)) from error
    return engine


def not_writable(url: URL) -> LedgerUnavailableError:
    """What to say where a SQLite ledger would have to be written and cannot."""
    return LedgerUnavailableError(
        _("{file} cannot be written, which this command must do", file=str(url.database)),
        hint=_(
            "let the user who runs serienpost write the file and its folder; commands that only"
            " read go on"
        ),
    )


def _make_ready(engine: Engine, others: Callable[[], Mapping[str, str]]) -> None:
    can_write = True
    if engine.dialect.name == "sqlite":
        can_write = can_be_written(Path(engine.url.database or ""))
        _prepare_sqlite(engine, can_write=can_write)
    with engine.connect() as connected:
        connection = reading(connected)
        refuse_shadowed(connection)
        tables = tables_of(connection)
        if refuse_foreign(tables) and engine.dialect.name != "sqlite":
            refuse_database_of_others(engine, others())
        if can_write:
            _check_durable(connection)
        version = _version(connection, tables)
    if version == HEAD:
        return
    _refuse_newer(engine, version)
    if not can_write and version not in USABLE:
        raise not_writable(engine.url)
    if can_write:
        _migrate(engine)


def reading(connection: Connection) -> Connection:
    """Mark a connection so that its transaction takes no write lock and sees one snapshot."""
    if connection.dialect.name == "sqlite":
        return connection.execution_options(**{_READ_ONLY: True})
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _options(where: URL) -> dict[str, Any]:
    common: dict[str, Any] = {"hide_parameters": True}
    if where.get_backend_name() == "sqlite":
        path = Path(where.database or "")
        if can_be_written(path):
            return common | {"connect_args": {"timeout": 60, "check_same_thread": False}}
        uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if _never_changes(path) else ''}"
        return common | {
            "creator": lambda: sqlite3.connect(uri, timeout=60, check_same_thread=False, uri=True)
        }
    return common | {"pool_pre_ping": True, "connect_args": server_options(where)}


def _check_library() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise LedgerError(
            _(
                "SQLite {version} is too old for the ledger, which needs {oldest}",
                version=sqlite3.sqlite_version,
                oldest=oldest,
            ),
            hint=_("install a Python with a newer SQLite, or keep the ledger in PostgreSQL"),
        )


def _create_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite would make it with the umask's."""
    if not path.exists():
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise LedgerUnavailableError(
                _(
                    "{file} cannot be made: {why}",
                    file=str(path),
                    why=error.strerror or type(error).__name__,
                ),
                hint=_("let the user who runs serienpost write this folder, or check ledger:"),
            ) from error


def _never_changes(path: Path) -> bool:
    """Whether a file lies on a read-only disk, where SQLite can make no file to share a log by."""
    log = Path(f"{path}-wal")
    is_fixed = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    return is_fixed and not (log.exists() and log.stat().st_size)


def _prepare_sqlite(engine: Engine, *, can_write: bool) -> None:
    pragmas = ["foreign_keys=ON", "temp_store=MEMORY"]
    if can_write:
        pragmas += ["journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"]
        pragmas += [f"wal_autocheckpoint={CHECKPOINT_PAGES}"]

    @event.listens_for(engine, "connect")
    def _connect(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.isolation_level = None
        for pragma in pragmas:
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READ_ONLY)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
        if not reads:
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101  # the connection is open
            count_write(raw)


def _check_durable(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        if mode != "wal" or level != 2:
            raise LedgerError(_("the ledger's file system does not support durable commits (WAL)"))
        return
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if connection.execute(text(f"SHOW {setting}")).scalar() == "off":
            raise LedgerError(
                _("PostgreSQL runs with {setting} off; commits would not survive", setting=setting)
            )


def _version(connection: Connection, tables: set[str]) -> str | None:
    if VERSION_TABLE not in tables:
        return None
    row = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).first()
    return str(row[0]) if row else None


def _refuse_newer(engine: Engine, version: str | None) -> None:
    known = {f.name[:4] for f in (Path(__file__).parent / "migrations/versions").glob("0*.py")}
    if version is not None and version not in known:
        text = _(
            "the ledger is of version {version}, newer than this serienpost knows ({known})",
            version=version,
            known=HEAD,
        )
        if engine.dialect.name == "sqlite":
            text = _(
                "the ledger {file} is of version {version}, newer than this serienpost knows"
                " ({known})",
                file=str(engine.url.database),
                version=version,
                known=HEAD,
            )
        raise LedgerError(
            text,
            hint=_("install the newer serienpost"),
        )


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


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    with _migration_lock(engine), engine.begin() as connection:
        version = _version(connection, tables_of(connection))
        if version == HEAD or (version and not _may_migrate(connection, version)):
            return
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _may_migrate(connection: Connection, version: str) -> bool:
    """Whether nobody works with the tables as they are; False where they can be used so.

    Raises:
        LedgerError: a run is open.
        LedgerInUseError: a process lives, which may be of the version that knows no other tables.
    """
    open_runs, living = _open_runs(connection), living_owner_of_any(connection)
    if version in USABLE:
        return not (open_runs or living)
    if open_runs:
        raise LedgerError(
            _.ngettext(
                "the ledger is of version {version} and has {n} open run; finish it with the"
                " version that wrote it, or cancel it, then open it again",
                "the ledger is of version {version} and has {n} open runs; finish them with the"
                " version that wrote them, or cancel them, then open it again",
                open_runs,
                version=version,
            )
        )
    if living:
        raise LedgerInUseError(
            _(
                "the ledger is of version {version} and process {process} works with it",
                version=version,
                process=living.split("-")[0],
            ),
            hint=_("run this command again when that process has ended"),
        )
    return True
