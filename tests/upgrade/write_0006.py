"""Writes the ledgers of version 0006 by commit b6d19db, and what that commit printed about them.

It ran once, with the packages of that commit, and is kept to show how the fixtures were made:

    PYTHONPATH=tests/faults python tests/upgrade/write_0006.py FOLDER

What `write_0005.py` leaves, and what that version knew more of: a schedule, chores of the day, and
a worker that was killed.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import write_0005
from fixture_practice import SMALL, SQLITE, TEXTS

if TYPE_CHECKING:
    from write_fixtures import Desk

# The first days that come by themselves are over before the ledger is read by the tests.
SCHEDULE = "schedule: monthly 1 09:00\nonce_per: none\n"


def play(desk: Desk) -> None:
    """A worker serves the practice and is killed, then all else happens."""
    head = f"source: patients\nselect: {{ids: {list(SMALL[:1])}}}\naccount: mail\n"
    mailing = desk.folder / "mailings" / "mail-monthly.yaml"
    mailing.write_text(f"{head}purpose: information\n{SCHEDULE}{TEXTS['mail']}", "utf-8")
    worker = desk.start("worker")
    until = time.monotonic() + 200
    while not all(count(desk, table) for table in ("worker", "schedule", "chore")):
        assert time.monotonic() < until
        time.sleep(0.2)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    write_0005.play(desk)


def count(desk: Desk, table: str) -> int:
    """How many rows a table has; none while it is not there."""
    statement = f"SELECT count(*) FROM {table}"
    text = (desk.folder / "serienpost.yaml").read_text("utf-8")
    try:
        if SQLITE in text:
            with closing(sqlite3.connect(desk.folder / "versandbuch.db")) as db:
                return int(db.execute(statement).fetchone()[0])
        url = text.partition("\nledger: ")[2].partition("\n")[0]
        with psycopg.connect(url) as server:
            found = server.execute(statement.encode()).fetchone()
            return int(found[0]) if found else 0
    except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
        return 0


if __name__ == "__main__":
    write_0005.write(Path(sys.argv[1]), write_0005.HERE / "ledger0006", play)
