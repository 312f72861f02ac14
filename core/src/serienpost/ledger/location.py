"""Where the ledger lies: under one real path, and in no database that holds something else."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from serienpost.errors import LedgerError, LedgerUnavailableError
from serienpost.ledger.schema import metadata
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import URL, Connection, Engine

_ = Texts(__name__)

VERSION_TABLE = "alembic_version"

# Tables that every ledger has had from the first version on.
_FIRST = {VERSION_TABLE, "practice", "run", "message", "attempt", "once"}
_OURS = {VERSION_TABLE, *metadata.tables}

_OCTAL = re.compile(r"\\([0-7]{3})")

# How long a PostgreSQL server may take to answer a new connection.
_CONNECT_SECONDS = 10

# Tables and views of a SQLite file, without its own.
SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
)

# What unqualified names mean on this connection, without what extensions brought.
_VISIBLE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                AND d.objid = c.oid AND d.deptype = 'e')
"""

# In which schemas of the search path which tables lie, and whether unqualified names mean them.
_PLACES = """
SELECT n.nspname, c.relname, pg_table_is_visible(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname = ANY(current_schemas(false))
"""

# What a server says about itself is the same however its URL is spelled.
_IDENTITY = """
SELECT system_identifier, current_database(), current_schema() FROM pg_control_system()
"""


# A process that was stopped within a transaction holds its locks: others give up after a minute,
# and after ten the server ends that transaction.
_PATIENCE = "-c lock_timeout=60s -c idle_in_transaction_session_timeout=600s"


def server_options(url: URL) -> dict[str, Any]:
    """Options for a connection to PostgreSQL. How long to wait for it the URL may say itself; that
    statements stand in transactions, and names in Unicode, it may not change."""
    waiting = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    own = {} if "options" in url.query else {"options": _PATIENCE}
    return {**waiting, **own, "autocommit": False, "client_encoding": "utf8"}


def real_file(url: URL, folder: Path) -> Path:
    """The file of a SQLite ledger, whatever links lead to it: all processes meet the same locks.

    Raises:
        LedgerError: it names no file, or a file that has several names (hard links, a mount).
    """
    if url.database in (None, "", ":memory:"):
        raise LedgerError(_("the ledger must be a file or a PostgreSQL database, not memory"))
    if url.query:
        raise LedgerError(
            _("the URL of a SQLite ledger takes no parameters"),
            hint=_("leave out ? and what follows"),
        )
    path = Path(os.path.realpath(folder / url.database))
    if not path.parent.is_dir():
        raise LedgerUnavailableError(
            _("the folder of the ledger does not exist"), hint=_("check ledger:")
        )
    if path.exists() and not path.is_file():
        raise LedgerError(
            _("{file} is no file", file=str(path)), hint=_("name one that is or may be made")
        )
    if str(path) in _mount_points():
        raise LedgerError(
            _(
                "{file} is mounted by itself; processes that use the file where it really lies"
                " would not see its log and its locks",
                file=str(path),
            ),
            hint=_("mount the folder that the ledger lies in"),
        )
    names = path.stat().st_nlink if path.is_file() else 1
    if names > 1:
        raise LedgerError(
            _(
                "{file} has {count} names (hard links); processes that use different ones would not"
                " see each other's locks",
                file=str(path),
                count=names,
            ),
            hint=_(
                "keep one: {command} lists them, remove the others",
                command=f"find / -xdev -samefile {path}",
            ),
        )
    return path


def _mount_points() -> set[str]:
    """Where something is mounted; nowhere as far as is known on systems that do not tell so."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return set()
    # proc_pid_mountinfo(5): the fifth field, blanks and the like in it as octal numbers.
    return {_OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[4]) for line in lines}


def refuse_other_file(path: Path) -> None:
    """Refuse a file that is no ledger before anything about it is changed, its rights included.

    Raises:
        LedgerError: it holds something else.
    """
    file = f"file:{quote(str(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(file, timeout=60, uri=True)) as connection:
            refuse_foreign(name for (name,) in connection.execute(SQLITE_TABLES))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise LedgerError(
                _("{file} is no ledger and no database", file=str(path)),
                hint=_("give the ledger a file of its own"),
            ) from error
        # Whatever else is wrong is told where the ledger is opened.


def can_be_written(path: Path) -> bool:
    """Whether SQLite can write a file here; it needs to make files beside it."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def refuse_file_of_others(path: Path, folder: Path, others: Mapping[str, str]) -> None:
    """Refuse a ledger whose file another key of the configuration names, by a URL or whatever path.

    An empty file that no key names may be the ledger: a process that was killed while it made one
    left it.

    Raises:
        LedgerError: naming the key.
    """
    for key, url in _same_backend(others, "sqlite"):
        if url.database and Path(os.path.realpath(folder / url.database)) == path:
            raise _same_database(key)
    for key, written in others.items():
        is_path = "://" not in written and "\0" not in written
        if is_path and Path(os.path.realpath(folder / written)) == path:
            raise LedgerError(
                _("the ledger and {key} are the same file", key=key), hint=_OF_ITS_OWN
            )


def refuse_database_of_others(engine: Engine, others: Mapping[str, str]) -> None:
    """Refuse a ledger in the PostgreSQL database and schema that another key names; one that does
    not answer is not compared.

    Raises:
        LedgerError: naming the key.
    """
    mine = _identity(engine)
    for key, url in _same_backend(others, "postgresql"):
        other = create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args=server_options(url)
        )
        try:
            if mine is not None and _identity(other) == mine:
                raise _same_database(key)
        finally:
            other.dispose()


def tables_of(connection: Connection) -> set[str]:
    """The names of tables and views that statements would find."""
    if connection.dialect.name == "sqlite":
        return {name for (name,) in connection.exec_driver_sql(SQLITE_TABLES)}
    return set(connection.scalars(text(_VISIBLE)))


def refuse_shadowed(connection: Connection) -> None:
    """Refuse a PostgreSQL ledger whose tables unqualified names find in more than one schema: a
    table that somebody makes in a schema further ahead would stand in for the ledger's own.

    Raises:
        LedgerError: naming the schemas.
    """
    if connection.dialect.name != "postgresql":
        return
    found: dict[str, set[str]] = {}
    meant: set[str] = set()
    for schema, name, is_visible in connection.execute(text(_PLACES)):
        found.setdefault(schema, set()).add(name)
        if is_visible and name in _OURS:
            meant.add(schema)
    ledgers = {schema for schema, tables in found.items() if tables >= _FIRST}
    places = ledgers | meant
    if ledgers and len(places) > 1:
        raise LedgerError(
            _(
                "tables of a ledger lie in several schemas of the search path: {schemas}",
                schemas=sorted(places),
            ),
            hint=_(
                "name the ledger's schema alone, as in postgresql://USER@HOST/DATABASE"
                "?options=-csearch_path%3DSCHEMA, and look who made the others"
            ),
        )


def refuse_foreign(tables: Iterable[str]) -> bool:
    """Refuse a database that is no ledger and not empty; nothing was written to it.

    Returns:
        Whether it must be compared with other databases: a new one, or one with more in it.

    Raises:
        LedgerError: it belongs to something else.
    """
    found = set(tables)
    is_ledger = found >= _FIRST
    if found and not is_ledger:
        raise LedgerError(
            _("this database is no ledger, it holds other tables"),
            hint=_("give the ledger a file, a database or a schema of its own"),
        )
    return not is_ledger or not found <= _OURS


def _identity(engine: Engine) -> tuple[object, ...] | None:
    try:
        with engine.connect() as connection:
            return tuple(connection.execute(text(_IDENTITY)).one())
    except SQLAlchemyError:
        return None


def _same_backend(others: Mapping[str, str], backend: str) -> Iterable[tuple[str, URL]]:
    for key, written in others.items():
        try:
            url = make_url(written)
        except (ArgumentError, ValueError):
            continue
        if url.get_backend_name() == backend:
            yield key, url


_OF_ITS_OWN = _("the ledger needs a file, a database or a schema of its own")


def _same_database(key: str) -> LedgerError:
    return LedgerError(_("the ledger and {key} are the same database", key=key), hint=_OF_ITS_OWN)
