"""How fast, and in how much memory, `prepare` freezes a mailing to every patient.

Compares one run over many patients with one over few (time per row and peak memory must not grow),
and with a bare loop that reads, renders with Jinja2, hashes and inserts, and does nothing else.
Each measurement is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from harness import Report, finish

FEW = 10_000
MANY = 1_000_000
MAILING = "information"
BATCH = 500
TEXT = """{% if geschlecht == "w" %}Sehr geehrte Frau{% else %}Sehr geehrter Herr{% endif %}
{{ name }},

heute möchten wir Sie über Änderungen in unserer Praxis informieren. Haben Sie Fragen, sprechen
Sie uns gern an.
"""


def prepare(folder: Path) -> int:
    """Prepare the mailing; returns the number of rows."""
    from serienpost import open_practice
    from serienpost.service import Run

    with open_practice(folder, actor="bench") as practice:
        run = practice.prepare(MAILING)
        assert isinstance(run, Run)
        return run.summary().counts.selected


def bare_loop(folder: Path) -> int:
    """Read, render, hash, insert: the least that any mail merge does."""
    from jinja2 import Environment

    template = Environment(autoescape=False).from_string(TEXT)
    source = sqlite3.connect(f"file:{folder / 'praxis.db'}?mode=ro", uri=True)
    ledger = sqlite3.connect(folder / "bare.db")
    ledger.execute("PRAGMA journal_mode=WAL")
    ledger.execute("PRAGMA synchronous=FULL")
    ledger.execute("DROP TABLE IF EXISTS message")
    ledger.execute("CREATE TABLE message (id TEXT PRIMARY KEY, address TEXT, hash TEXT)")
    cursor = source.execute("SELECT id, geschlecht, nachname, email FROM patient ORDER BY id")
    count = 0
    while rows := cursor.fetchmany(BATCH):
        made = []
        for key, gender, name, address in rows:
            text = template.render(geschlecht=gender, name=name)
            digest = hashlib.sha256(f"{address}\n{text}".encode()).hexdigest()
            made.append((f"patient:{key}", address, digest))
        with ledger:
            ledger.executemany("INSERT INTO message VALUES (?, ?, ?)", made)
        count += len(made)
    return count


def measured(what: str, folder: Path) -> dict[str, float]:
    """Run one measurement in a new process."""
    command = [sys.executable, __file__, "--measure", what, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{what:8} {facts['rows']:>9.0f} rows {facts['seconds']:8.1f} s"
        f" {facts['processor']:8.1f} processor s {facts['mib']:6.0f} MiB"
    )
    return facts


def measure(what: str, folder: Path) -> None:
    start, busy = time.perf_counter(), time.process_time()
    rows = {"prepare": prepare, "bare": bare_loop}[what](folder)
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "processor": processor, "mib": mib}))


def compare(many: int) -> None:
    from serienpost_demo import init_demo

    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for patients in (FEW, many):
            practice = Path(folder) / str(patients)
            init_demo(practice, patients, 1)
            found[patients] = {what: measured(what, practice) for what in ("bare", "prepare")}
    few, most = found[FEW], found[many]
    more_memory = most["prepare"]["mib"] - few["prepare"]["mib"]
    for patients, facts in found.items():
        wall, busy = (facts["bare"][of] / facts["prepare"][of] for of in ("seconds", "processor"))
        print(
            f"prepare's rate at {patients} rows is {wall:.1%} of the bare loop's, {busy:.1%} by"
            " processor time"
        )
    by_processor = most["prepare"]["processor"] / many * FEW / few["prepare"]["processor"]
    print(f"processor time per row at {many} is {by_processor:.2f} of that at {FEW}")
    print(f"peak memory at {many} rows is {more_memory:+.0f} MiB against {FEW} (target <= 40)")
    per_row = {n: f["prepare"]["seconds"] / n for n, f in found.items()}
    report = Report(
        "sources",
        {
            f"s per 1000 at {many}": [per_row[many] * 1000],
            f"s per 1000 at {FEW}": [per_row[FEW] * 1000],
            f"bare loop at {many}": [most["bare"]["seconds"] / many * 1000],
            f"bare loop at {FEW}": [few["bare"]["seconds"] / FEW * 1000],
        },
        {name: version(name) for name in ("serienpost", "sqlalchemy", "jinja2")},
        {"few": FEW, "many": many, "memory_growth_mib": round(more_memory)},
        target=1.3,
    )
    finish(report)
    if more_memory > 40:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=MANY, help="patients of the large practice")
    parser.add_argument("--measure", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure[0], Path(arguments.measure[1]))
    else:
        compare(arguments.many)


if __name__ == "__main__":
    main()
