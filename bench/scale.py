"""What a message costs, and how much memory a run takes, at 1,000,000 recipients against 10,000.

The real command line prepares and sends a mailing of made-up people over the null channel, its
ledger on a durable SQLite file. Start-up, measured with ten recipients, is taken off, so that the
small size does not look dearer than it is. Seconds are given per 10,000 messages, as wall clock and
as processor time: on a machine that does other work too only the latter says much.

    python bench/scale.py [RECIPIENTS] [WORKERS]

Without WORKERS one process delivers each run, so that the sizes are alike in all but their size.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from harness import RESULTS, Report
from null_practice import Spent, make_practice, prepared, run

START, SMALL, LARGE = 10, 10_000, 1_000_000
# Of the small size before the large one, and as many after it.
ROUNDS = 2

SLOTS = 100
TIME_TARGET = 1.2
# MiB that the large run may take more than the small one.
MEMORY_TARGET = 40.0

# Per command, what each round used.
Used = dict[str, list[Spent]]


def rounds(count: int, times: int, workers: int) -> Used:
    """Prepare and send to `count` people by so many processes, each time in a new practice."""
    used: Used = {"prepare": [], "send": []}
    for _ in range(times):
        folder = Path(tempfile.mkdtemp(prefix="serienpost-scale-"))
        try:
            make_practice(folder, count, SLOTS, workers=workers)
            run_id, preparing = prepared(folder)
            _, sending = run(folder, "send", run_id, "--yes")
        finally:
            shutil.rmtree(folder)
        used["prepare"].append(preparing)
        used["send"].append(sending)
        print(f"{count:>9,}: prepare {preparing}\n{'':9}  send    {sending}", flush=True)
    return used


def per_message(used: Used, start: Used, command: str, clock: str, count: int) -> list[float]:
    """Seconds for each 10,000 messages in each round, without start-up."""
    fixed = min(getattr(spent, clock) for spent in start[command])
    return [(getattr(spent, clock) - fixed) / (count - START) * 10_000 for spent in used[command]]


def memory(used: Used, command: str) -> float:
    return statistics.median(spent.rss for spent in used[command])


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    load = os.getloadavg()[0]
    start, before = rounds(START, 2, workers), rounds(SMALL, ROUNDS, workers)
    large = rounds(count, 1, workers)
    after = rounds(SMALL, ROUNDS, workers)
    small = {command: before[command] + after[command] for command in before}
    met = True
    for command in ("prepare", "send"):
        for clock in ("wall", "cpu"):
            report = Report(
                f"scale-{command}-{clock}",
                {
                    f"{count:,} recipients": per_message(large, start, command, clock, count),
                    f"{SMALL:,} recipients": per_message(small, start, command, clock, SMALL),
                },
                {"serienpost": version("serienpost"), "sqlalchemy": version("sqlalchemy")},
                {"recipients": count, "slots": SLOTS, "workers": workers},
                target=TIME_TARGET,
            )
            met = met and report.met
            print(report.table(), report.write(RESULTS), sep="\n")
        more = memory(large, command) - memory(small, command)
        met = met and more <= MEMORY_TARGET
        print(
            f"scale-{command}-memory: {memory(large, command):.0f} MiB, {more:+.0f} MiB over"
            f" {SMALL:,} recipients, target <= {MEMORY_TARGET:g}"
        )
    facts = {
        name: {command: [asdict(spent) for spent in used[command]] for command in used}
        for name, used in (("start", start), ("small", small), ("large", large))
    }
    loads = {"load_before": load, "load_after": os.getloadavg()[0]}
    file = RESULTS / f"scale-{count}.json"
    file.write_text(json.dumps(facts | loads, indent=2) + "\n", "utf-8")
    print(f"load {loads}; all rounds in {file}")
    if not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
