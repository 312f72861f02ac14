"""A MariaDB server of its own, Debian's, with a practice copied from an SQLite file."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

READER = "leser"
_START_SECONDS = 120


@contextmanager
def mariadb_server(file: Path, tables: Sequence[str], further: Sequence[str] = ()) -> Iterator[str]:
    """Start a server; gives its URL for an account that may only read, all tables.

    Args:
        file: the practice in SQLite.
        tables: those to copy.
        further: statements to run then.
    """
    import pymysql

    assert shutil.which("mariadbd"), "apt-get install mariadb-server"
    folder = Path(tempfile.mkdtemp(prefix="serienpost-db-"))
    data, socket = folder / "data", folder / "mysqld.sock"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root",
         "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True, capture_output=True,
    )  # fmt: skip
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--user=root",
         "--skip-networking", f"--pid-file={folder / 'pid'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + _START_SECONDS
        while not socket.exists():
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.1)
        connection = pymysql.connect(unix_socket=str(socket), user="root", charset="utf8mb4")
        with closing(connection) as db, db.cursor() as cursor:
            cursor.execute("CREATE DATABASE praxis CHARACTER SET utf8mb4")
            cursor.execute("USE praxis")
            for statement, rows in copied(file, tables, {"TIMESTAMP": "DATETIME"}):
                cursor.executemany(statement, rows) if rows else cursor.execute(statement)
            for statement in further:
                cursor.execute(statement)
            cursor.execute(f"CREATE USER {READER}@localhost")
            cursor.execute(f"GRANT SELECT ON praxis.* TO {READER}@localhost")
            db.commit()
        yield f"mariadb://{READER}@localhost/praxis?unix_socket={socket}"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def copied(
    file: Path, tables: Sequence[str], types: dict[str, str]
) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Statements, and the rows of each, that write tables of an SQLite file elsewhere.

    Args:
        file: the practice in SQLite.
        tables: those to write.
        types: what a type is called there.
    """
    with closing(sqlite3.connect(file)) as source:
        for table in tables:
            facts = source.execute(f"PRAGMA table_info({table})").fetchall()
            columns = ", ".join(f"{name} {types.get(kind, kind)}" for _, name, kind, *_ in facts)
            yield f"CREATE TABLE {table} ({columns})", []
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            if rows:
                yield f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(facts))})", rows
