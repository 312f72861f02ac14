from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from null_practice import HERE, make_practice, measured, prepared

if TYPE_CHECKING:
    from pathlib import Path

RESULT = "SELECT no, state, attempts, fence, sent_at, provider_ref FROM message ORDER BY no"


def rows(database: Path) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(RESULT).fetchall()


def test_the_replay_does_exactly_what_the_ledger_did(tmp_path: Path) -> None:
    folder, record, bare = tmp_path / "practice", tmp_path / "statements", tmp_path / "bare.db"
    make_practice(folder, 30, slots=4)
    run, _ = prepared(folder)
    shutil.copy(folder / "versandbuch.db", bare)

    def script(name: str, *arguments: object) -> dict[str, Any]:
        return measured([sys.executable, str(HERE / name), *map(str, arguments)])[0]

    send = script("metered_send.py", folder, run, "--record", record)
    replay = script("bare_ledger.py", bare, record)
    assert {row[1] for row in rows(bare)} == {"accepted"}
    assert rows(bare) == rows(folder / "versandbuch.db")
    assert replay["commits"] == send["commits"]
    assert 0 < send["ledger_seconds"] < send["seconds"]
