"""What the ledger costs while sending, against plain sqlite3 doing the same.

The real `send` delivers a prepared run over the null channel, the ledger on a SQLite file with
fsync. Its statements are recorded and replayed by plain sqlite3: the same SQL, parameters,
transactions and commits, on a copy of the ledger. Compared is the time inside transactions, from
begin to end, with the time of the replay; the target is that the ledger needs at most 2.5 times as
much processor time (plain sqlite3 needs at least 40 % of it). Wall clock is shown too, without a
target: in it the ledger's thread also waits for the interpreter while other threads render.

    python bench/ledger.py [RECIPIENTS SLOTS]...
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness import RESULTS, Report
from null_practice import HERE, make_practice, measured, prepared

DEFAULT = [(10_000, 4), (10_000, 100), (100_000, 100)]
TARGET = 2.5
ROUNDS = 3
ROUNDS_FROM_100_000 = 1


@dataclass
class Rounds:
    """What each round measured, of `send` and of the replay."""

    sends: list[dict[str, Any]] = field(default_factory=list)
    replays: list[dict[str, Any]] = field(default_factory=list)

    def seconds(self, of_send: str, of_replay: str) -> dict[str, list[float]]:
        return {
            "serienpost's ledger": [send[of_send] for send in self.sends],
            "plain sqlite3": [replay[of_replay] for replay in self.replays],
        }


def script(name: str, *arguments: object) -> dict[str, Any]:
    reply, _ = measured([sys.executable, str(HERE / name), *map(str, arguments)])
    return reply


def measure(work: Path, count: int, slots: int) -> tuple[Rounds, Path]:
    """Send and replay in turn, each on a fresh copy of one prepared practice; then profile."""
    original = work / "prepared"
    make_practice(original, count, slots)
    run, _ = prepared(original)
    rounds = Rounds()
    for _ in range(ROUNDS if count < 100_000 else ROUNDS_FROM_100_000):
        folder = _copy(original, work / "send")
        record = work / "statements"
        rounds.sends.append(script("metered_send.py", folder, run, "--record", record))
        folder = _copy(original, work / "replay")
        rounds.replays.append(script("bare_ledger.py", folder / "versandbuch.db", record))
    profile = RESULTS / f"ledger-{count}-{slots}-profile.txt"
    profile.parent.mkdir(parents=True, exist_ok=True)
    if count < 100_000:
        script("metered_send.py", _copy(original, work / "send"), run, "--profile", profile)
    return rounds, profile


def _copy(original: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder)
    return folder


def compare(count: int, slots: int) -> bool:
    """Measure, print and store one size; returns whether the target is met."""
    with tempfile.TemporaryDirectory(prefix="serienpost-ledger-") as work:
        rounds, profile = measure(Path(work), count, slots)
    met = True
    for clock, of_send, of_replay, target in (
        ("wall", "ledger_seconds", "seconds", None),
        ("processor", "ledger_processor", "processor", TARGET),
    ):
        report = Report(
            f"ledger-{count}-{slots}-{clock}",
            rounds.seconds(of_send, of_replay),
            {"serienpost": version("serienpost"), "sqlalchemy": version("sqlalchemy")},
            {
                "recipients": count,
                "slots": slots,
                "commits": rounds.replays[-1]["commits"],
                "reads": rounds.sends[-1]["reads"],
            },
            target=target,
        )
        met = met and report.met
        print(report.table(), f"written to {report.write(RESULTS)}", sep="\n")
    fastest = min(send["seconds"] for send in rounds.sends)
    print(
        f"{count / fastest:,.0f} messages/s in the fastest of {len(rounds.sends)} rounds;"
        f" load {os.getloadavg()[0]:.1f}; profile in {profile}\n",
        flush=True,
    )
    return met


def main() -> None:
    given = [int(argument) for argument in sys.argv[1:]]
    sizes = list(zip(given[::2], given[1::2], strict=True)) or DEFAULT
    results = [compare(count, slots) for count, slots in sizes]
    if not all(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
