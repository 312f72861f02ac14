"""`serienpost send` in this process, with a meter in the ledger; started by `ledger.py`.

Prints one JSON document: how often and how long the ledger was at work (from the begin of a
transaction to its end, on whichever thread), and how long the whole delivery took. `--record FILE`
stores every statement with its parameters; `--profile FILE` stores where the time goes instead.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import pickle
import pstats
import time
from collections import defaultdict
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost.cli.group import cli
from serienpost.ledger import batch
from serienpost.ledger.store import Ledger
from serienpost.run.send.commit import Committer
from serienpost.run.send.recheck import Recheck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from serienpost.ledger.store import Tx

# Connection, statement, parameters, whether the parameters are several rows.
Step = tuple[int, str, object, bool]

TOP = 15


@dataclass
class Meter:
    """Seconds in the ledger's transactions and how many there were, per kind."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    processor: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    count: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def watch(self, kind: str) -> None:
        """Meter `Ledger.begin` (kind `begin`, ends with a commit) or `Ledger.read`."""
        original = getattr(Ledger, kind)

        @contextmanager
        def metered(ledger: Ledger, *names: str, **how: bool) -> Iterator[Tx]:
            wall, processor = time.perf_counter(), time.thread_time()
            try:
                with original(ledger, *names, **how) as tx:
                    yield tx
            finally:
                self.seconds[kind] += time.perf_counter() - wall
                self.processor[kind] += time.thread_time() - processor
                self.count[kind] += 1

        setattr(Ledger, kind, metered)


def record(steps: list[Step]) -> None:
    """Note every statement of every engine from now on."""
    from sqlalchemy import Engine, event

    def number(connection: Connection) -> int:
        return id(connection.connection.dbapi_connection)

    @event.listens_for(Engine, "before_cursor_execute")
    def _statement(
        connection: Connection,
        _cursor: object,
        statement: str,
        rows: object,
        _context: object,
        several: bool,
    ) -> None:
        steps.append((number(connection), statement, rows, several))

    direct = batch.run

    def run(
        connection: Connection, text: str, parameters: Sequence[Any] | Mapping[str, Any]
    ) -> int:
        steps.append((number(connection), text, parameters, False))
        return direct(connection, text, parameters)

    batch.run = run

    @event.listens_for(Engine, "commit")
    def _commit(connection: Connection) -> None:
        steps.append((number(connection), "COMMIT", (), False))

    @event.listens_for(Engine, "rollback")
    def _rollback(connection: Connection) -> None:
        steps.append((number(connection), "ROLLBACK", (), False))


class Profiles:
    """One profile per thread that matters: the loop, the ledger, the recheck."""

    def __init__(self) -> None:
        self.by_thread = {name: cProfile.Profile() for name in ("loop", "ledger", "recheck")}

    def follow(self, owner: type, method: str, name: str) -> None:
        original: Callable[..., object] = getattr(owner, method)

        @wraps(original)
        def profiled(*arguments: object, **named: object) -> object:
            return self.by_thread[name].runcall(original, *arguments, **named)

        setattr(owner, method, profiled)

    def write(self, file: Path) -> None:
        text = io.StringIO()
        for name, profile in self.by_thread.items():
            text.write(f"{name}, by own time\n")
            stats = pstats.Stats(profile, stream=text)
            stats.strip_dirs().sort_stats("tottime").print_stats(TOP)
        lines = [line.rstrip() for line in text.getvalue().splitlines()]
        file.write_text("\n".join(line for line in lines if line) + "\n", "utf-8")


def send(folder: str, run: str) -> float:
    """The command itself; returns its seconds."""
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            cli(["-C", folder, "send", run, "--yes", "--json"])
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"send ended with {end.code}") from end
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("run")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--profile", type=Path)
    asked = parser.parse_args()
    if asked.profile:
        profiles = Profiles()
        profiles.follow(Committer, "commit", "ledger")
        profiles.follow(Committer, "claim", "ledger")
        profiles.follow(Recheck, "run", "recheck")
        seconds = profiles.by_thread["loop"].runcall(send, asked.folder, asked.run)
        profiles.write(asked.profile)
        print(json.dumps({"seconds": seconds}))
        return
    meter, steps = Meter(), list[Step]()
    meter.watch("begin")
    meter.watch("read")
    if asked.record:
        record(steps)
    seconds = send(asked.folder, asked.run)
    if asked.record:
        asked.record.write_bytes(pickle.dumps(steps))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "ledger_seconds": sum(meter.seconds.values()),
                "ledger_processor": sum(meter.processor.values()),
                "commits": meter.count["begin"],
                "reads": meter.count["read"],
            }
        )
    )


if __name__ == "__main__":
    main()
