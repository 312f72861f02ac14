"""Replay recorded ledger statements with plain sqlite3; started by `ledger.py`.

The same statements with the same parameters in the same transactions, on a copy of the ledger as
it was before. Prints one JSON document.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
import sys
import time
from pathlib import Path

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=16384",
)


def replay(database: Path, record: Path) -> dict[str, float]:
    steps = pickle.loads(record.read_bytes())
    connections: dict[int, sqlite3.Connection] = {}
    for key in {step[0] for step in steps}:
        connection = sqlite3.connect(database, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connections[key] = connection
    commits = 0
    start, processor = time.perf_counter(), time.process_time()
    for key, statement, parameters, several in steps:
        connection = connections[key]
        if several:
            connection.executemany(statement, parameters)
            continue
        if statement in ("COMMIT", "ROLLBACK") and not connection.in_transaction:
            continue
        commits += statement == "COMMIT"
        connection.execute(statement, parameters).fetchall()
    seconds, used = time.perf_counter() - start, time.process_time() - processor
    for connection in connections.values():
        connection.close()
    return {"seconds": seconds, "processor": used, "commits": commits}


if __name__ == "__main__":
    print(json.dumps(replay(Path(sys.argv[1]), Path(sys.argv[2]))))
