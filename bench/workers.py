"""One run by 1, 2 and 4 processes against a provider that answers after 150 ms.

The account has ten connections for each process, so that twice as many processes may send twice as
much. Rounds alternate, on SQLite and on a PostgreSQL server that is made for it. The provider
writes down when it accepted each message; what counts is the speed of the middle of a run, when all
processes are there, and none has run out of messages. Linear is as many times the speed of one.

    python bench/workers.py [RECIPIENTS PER WORKER] [ROUNDS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from harness import RESULTS, Report, machine_facts
from null_practice import make_practice, prepared, run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

from fault_harness.server import Server  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKERS = (1, 2, 4)
CONNECTIONS_EACH = 10
LATENCY_MS = 150
EACH, ROUNDS = 2000, 3
# Of linear, at least.
TARGET = 0.85
SQLITE = "sqlite:///versandbuch.db"
# Of a run, when some processes are not there yet, or have nothing left.
EDGE = 0.2


def accepted_at(oracle: Path) -> list[float]:
    """When each message was accepted, in order; seconds."""
    lines = oracle.read_text("ascii").splitlines()
    return sorted(float(line.split("\t")[3]) for line in lines)


def seconds_each(times: Sequence[float]) -> float:
    """Seconds per message in the middle of a run."""
    edge = int(len(times) * EDGE)
    middle = times[edge : len(times) - edge]
    return (middle[-1] - middle[0]) / (len(middle) - 1)


def measured(workers: int, each: int, ledger: str) -> float:
    """Seconds per message of a run that so many processes deliver."""
    folder = Path(tempfile.mkdtemp(prefix="serienpost-workers-"))
    count, slots = workers * each, workers * CONNECTIONS_EACH
    account = f", delay_ms: {LATENCY_MS}, oracle: oracle.tsv"
    try:
        make_practice(folder, count, slots, workers=workers, ledger=ledger, account=account)
        run_id, _ = prepared(folder)
        run(folder, "send", run_id, "--yes")
        times = accepted_at(folder / "oracle.tsv")
        if len(times) != count:
            raise RuntimeError(f"{len(times)} of {count} messages were accepted")
        return seconds_each(times)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else EACH
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    facts = {"serienpost": version("serienpost"), "sqlalchemy": version("sqlalchemy")}
    met = True
    with Server() as server:
        for backend in ("sqlite", "postgresql"):
            seconds: dict[int, list[float]] = {workers: [] for workers in WORKERS}
            for _ in range(rounds):
                for workers in WORKERS:
                    ledger = SQLITE if backend == "sqlite" else server.url(server.database())
                    seconds[workers].append(measured(workers, each, ledger))
                    speed = 1 / seconds[workers][-1]
                    print(f"{backend:>11}, {workers} workers: {speed:6.1f} a second", flush=True)
            met = reported(backend, seconds, each, facts) and met
    if not met:
        sys.exit(1)


def reported(
    backend: str, seconds: dict[int, list[float]], each: int, versions: dict[str, str]
) -> bool:
    """Print and store what was measured; whether the target is met."""
    met = True
    for workers in WORKERS[1:]:
        report = Report(
            f"workers-{backend}-{workers}",
            {
                f"{workers} workers, x {workers}": [one * workers for one in seconds[workers]],
                "1 worker": seconds[1],
            },
            versions,
            {
                "recipients each": each,
                "connections each": CONNECTIONS_EACH,
                "latency ms": LATENCY_MS,
            },
            target=1 / TARGET,
        )
        met = met and report.met
        print(report.table(), report.write(RESULTS), sep="\n")
        print(f"{workers} workers on {backend}: {1 / report.ratio:.2f} of linear")
    ideal = CONNECTIONS_EACH * 1000 / LATENCY_MS
    print(json.dumps({"ideal of one worker, a second": round(ideal, 1), **machine_facts()}))
    return met


if __name__ == "__main__":
    main()
