"""Opening the practice's database so that nothing can be written to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa  # noqa: TID253  # imported when the database is opened

from serienpost import Problem, SourceError, Texts
from serienpost_practice_db import functions
from serienpost_practice_db.failures import DAMAGED, RESTORE, is_damaged
from serienpost_practice_db.guards import admit_reading_only

if TYPE_CHECKING:
    import sqlite3

    from serienpost import Context

_ = Texts(__name__)

# Seconds to wait while the practice software writes.
_LOCK_WAIT = 15.0
# Seconds that a server may take to answer a new connection.
_CONNECT_SECONDS = 10


def open_engine(context: Context, url_text: str) -> sa.Engine:
    """Open the database behind the key `database` read-only and read from it once.

    Options in the URL are kept; ours stand beside them, and give way but where they keep it safe:
    drivers take `autocommit` from there too, and without a transaction none is read-only.

    Args:
        context: the practice.
        url_text: as written, with references to secrets.

    Raises:
        SourceError: the URL is none of ours, or the database is missing or unreachable. The URL
            is not repeated, it may hold a password.
    """
    engine = _engine(context, url_text)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA schema_version")
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        if is_damaged(error):
            raise _refused(context, DAMAGED, RESTORE) from error
        raise _refused(
            context, _("the practice's database cannot be opened"), _hint(engine)
        ) from error
    except TypeError as error:  # what a driver makes of an option that is no text for it
        engine.dispose()
        raise _refused(
            context,
            _("the driver of the database does not take an option of the URL"),
            _("write options of the server only, such as sslmode or connect_timeout"),
        ) from error
    return engine


def _engine(context: Context, url_text: str) -> sa.Engine:
    try:
        url = sa.make_url(context.expand(url_text))
    except (sa.exc.ArgumentError, ValueError) as error:  # a port that is no number
        raise _refused(context, _("is not a database URL"), "sqlite:///praxis.db") from error
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite(context, url)
    if backend == "postgresql":
        return _postgresql(context, url)
    if backend in {"mysql", "mariadb"}:
        return _mariadb(context, url)
    raise _refused(
        context,
        _("databases of type {backend} cannot be read", backend=backend),
        _("use a sqlite:, postgresql: or mariadb: URL"),
    )


def _sqlite(context: Context, url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise _refused(context, _("names no file"), "sqlite:///praxis.db")
    path = context.path(url.database)
    if not path.is_file():
        raise _refused(
            context,
            _("there is no file {file}", file=str(path)),
            _("correct the path, or restore the file"),
        )
    read_only = sa.URL.create(
        "sqlite+pysqlite",
        database=f"file:{quote(str(path.resolve()))}",
        query={**url.query, "mode": "ro", "uri": "true"},
    )
    wait = _unless_given(url, timeout=_LOCK_WAIT)
    engine = sa.create_engine(read_only, connect_args=wait, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    connection.execute("PRAGMA query_only=1")
    connection.execute("SELECT 1 FROM json_each('[]')")
    functions.register(connection)
    admit_reading_only(connection)


def _postgresql(context: Context, url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                **_unless_given(url, connect_timeout=_CONNECT_SECONDS),
                "autocommit": False,
                "client_encoding": "utf8",
            },
            execution_options={"postgresql_readonly": True},
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise _refused(
            context,
            _("the driver for PostgreSQL is not installed"),
            "pip install 'serienpost-practice-db[postgresql]'",
        ) from error


def _mariadb(context: Context, url: sa.URL) -> sa.Engine:
    try:
        engine = sa.create_engine(
            url.set(drivername="mariadb+pymysql"),
            connect_args={
                **_unless_given(url, connect_timeout=_CONNECT_SECONDS, charset="utf8mb4"),
                "autocommit": False,
                "local_infile": False,
            },
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise _refused(
            context,
            _("the driver for MariaDB is not installed"),
            "pip install 'serienpost-practice-db[mariadb]'",
        ) from error
    sa.event.listen(engine, "connect", _prepare_mariadb)
    return engine


def _prepare_mariadb(connection: Any, _record: Any) -> None:  # noqa: ANN401
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _unless_given(url: sa.URL, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Options of ours for a connection, without those that the URL names itself."""
    return {name: value for name, value in options.items() if name not in url.query}


def _hint(engine: sa.Engine) -> str:
    if engine.dialect.name == "sqlite":
        return _("check that the file is an SQLite database and may be read")
    return _("check server, database name, user and password")


def _refused(context: Context, message: str, hint: str) -> SourceError:
    file, line = context.place("database")
    return SourceError(Problem(message, hint, file, line, "database"))
