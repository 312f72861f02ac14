"""How fast the desk answers while a run is delivered, and whether it grows.

`serienpost serve` over a practice of made-up people, with its own worker, which delivers one run
over the null channel all the while. Asked for are pages of 100 of the stored rows, each time
others or in another order; beside each as many of the same rows are read from the ledger's file by
sqlite3 alone. A page may take 0.3 seconds (the 95th of 100). Then 1,000 pages of all kinds are
asked for, and the memory of `serve` may not grow by more than a few MiB.

    python bench/desk.py [ROWS] [PAGES]
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from harness import RESULTS, Report, alternate
from null_practice import PROGRAM, make_practice
from watched_send import own_share

from serienpost import Answers, open_practice
from serienpost.service import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS, PAGES = 10_000, 1_000
SIZE = 100
# Seconds that a page may take, all but the slowest one in twenty.
LONGEST = 0.3
ROUNDS = 40
# MiB that `serve` may grow over the pages.
FLAT = 8.0
# What the run that is delivered meanwhile takes, so that it lasts: 10 messages a second.
_SLOW = ", delay_ms: 400"
_SLOTS = 4

USER, PASSWORD = "Bench", "vier lange Worte hier"
_OPEN = re.compile(rb"http://127\.0\.0\.1:(\d+)")


class Desk:
    """A browser of somebody who is logged in.

    Args:
        port: of the desk on this machine.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Sec-Fetch-Site": "same-origin"}

    def get(self, path: str) -> bytes:
        """A page; another status than 200 ends the benchmark."""
        status, _, body = self._ask("GET", path)
        if status != 200:
            sys.exit(f"{path} answered {status}")
        return body

    def log_in(self) -> None:
        """A session, kept in a cookie."""
        form = urlencode({"name": USER, "password": PASSWORD, "next": "/"})
        self._headers["Content-Type"] = "application/x-www-form-urlencoded"
        status, cookie, _ = self._ask("POST", "/login", form)
        if status != 303:
            sys.exit(f"the login answered {status}")
        self._headers["Cookie"] = cookie.partition(";")[0]

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str, bytes]:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", ""), answer.read()


@dataclass(frozen=True)
class Made:
    """What lies in the ledger: a selection, a run that is looked at, one that is delivered."""

    selection: str
    run: str
    moving: str


def make(folder: Path, rows: int) -> Made:
    """A practice with so many people in a selection and in two runs, the second released."""
    make_practice(folder, rows, _SLOTS, workers=1, account=_SLOW)
    with open_practice(folder, actor=USER) as practice:
        practice.add_user(USER, PASSWORD, ["prepare", "approve", "administer"])
        selection = practice.select(
            [{"source": "null", "count": rows}], account="leer", purpose="information"
        )
        runs = [practice.prepare("alle") for _ in range(2)]
        first, second = (one for one in runs if isinstance(one, Run))
        second.approve(Answers(release=True))
        return Made(selection.id, first.id, second.id)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int, float]]:
    """The desk in a process of its own: its id, its port, the seconds until it was open."""
    start = time.perf_counter()
    command = [str(PROGRAM), "-C", str(folder), "serve", "--port", "0"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stderr
        try:
            found = next(filter(None, map(_OPEN.search, process.stderr)), None)
            if found is None:
                sys.exit("serve ended")
            yield process.pid, int(found[1]), time.perf_counter() - start
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def looks(made: Made, rows: int) -> dict[str, list[str]]:
    """The addresses of each page, one after the other as somebody turns them."""
    last = -(-rows // SIZE)
    numbers = [1 + step * 37 % last for step in range(last)]
    sorts = ("", "name", "-name", "address", "number")
    at = {
        "selection": f"/auswahl/{made.selection}?size={SIZE}",
        "recipients": f"/runs/{made.run}/people?filter=",
        "messages": f"/runs/{made.moving}/messages?state=",
    }
    found = {
        name: [
            f"{address}&page={number}" + ("" if name == "messages" else f"&sort={sort}")
            for number, sort in zip(numbers, cycle(sorts), strict=False)
        ]
        for name, address in at.items()
    }
    return {**found, "run": [f"/runs/{made.moving}"], "overview": ["/"]}


def read_bare(ledger: sqlite3.Connection, table: str, key: str, rows: int) -> Callable[[], object]:
    """Reads as many rows of a table as a page shows, each time others."""
    column = {"message": "run", "selected": "selection"}[table]
    read = (
        f"SELECT * FROM {table} WHERE practice = 'bench' AND {column} = ?"
        " ORDER BY no LIMIT ? OFFSET ?"
    )
    offsets = cycle(range(0, rows, SIZE))
    return lambda: ledger.execute(read, (key, SIZE, next(offsets))).fetchall()


def processor_seconds(process: int) -> float:
    """What a process has used so far."""
    used = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def page_times(desk: Desk, process: int, made: Made, folder: Path, rows: int) -> bool:
    """Measure each kind of page against a bare read; whether all are fast enough."""
    met = True
    with closing(sqlite3.connect(folder / "versandbuch.db")) as ledger:
        for name, addresses in looks(made, rows).items():
            turned = cycle(addresses)
            of = ("selected", made.selection) if name == "selection" else ("message", made.run)
            page = f"page of {name}"
            before = processor_seconds(process)
            seconds = alternate(
                {
                    page: lambda turned=turned: desk.get(next(turned)),  # type: ignore[misc]
                    "bare read": read_bare(ledger, *of, rows),
                },
                ROUNDS,
            )
            own = (processor_seconds(process) - before) / (ROUNDS + 1)
            slow = sorted(seconds[page])[int(len(seconds[page]) * 0.95)]
            met &= slow <= LONGEST
            report = Report(
                f"desk-{name}", seconds, {"serienpost": version("serienpost")}, {"rows": rows}
            )
            print(report.table())
            print(f"of the desk's processor {own:.3f} s a page")
            print(f"95 of 100 within {slow:.3f} s, target {LONGEST}: {_verdict(slow <= LONGEST)}")
            report.write(RESULTS)
    return met


def growth(desk: Desk, process: int, made: Made, rows: int, pages: int) -> float:
    """MiB by which the desk grew over so many pages, after a tenth as many."""
    everything = [one for addresses in looks(made, rows).values() for one in addresses]
    turned = cycle([*everything[::7], "/auswahl", f"/runs/{made.moving}/live"])
    for _ in range(pages // 10):
        desk.get(next(turned))
    before = own_share(process)
    for _ in range(pages):
        desk.get(next(turned))
    after = own_share(process)
    print(f"memory: {before:.1f} MiB, {after:.1f} MiB after {pages} pages more")
    return after - before


def end_delivery(folder: Path, run: str) -> None:
    """End the worker that the desk started; where the run was over before, nothing was measured."""
    with open_practice(folder, actor=USER) as practice:
        state = practice.run(run).status().state
        for one in practice.workers():
            os.kill(one.process, signal.SIGTERM)
    if state != "sending":
        sys.exit(f"the run that was to be delivered meanwhile is {state}")


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    pages = int(sys.argv[2]) if len(sys.argv) > 2 else PAGES
    folder = Path(tempfile.mkdtemp(prefix="serienpost-desk-"))
    try:
        made = make(folder / "praxis", rows)
        with serving(folder / "praxis") as (process, port, opening), closing(Desk(port)) as desk:
            start, before = time.perf_counter(), processor_seconds(process)
            desk.log_in()
            took, own = time.perf_counter() - start, processor_seconds(process) - before
            print(f"open after {opening:.2f} s, {before:.2f} s of processor")
            print(f"a login takes {took:.2f} s, {own:.2f} s of processor")
            try:
                met = page_times(desk, process, made, folder / "praxis", rows)
                grown = growth(desk, process, made, rows, pages)
            finally:
                end_delivery(folder / "praxis", made.moving)
            print(f"grown by {grown:.1f} MiB, target {FLAT}: {_verdict(grown <= FLAT)}")
    finally:
        shutil.rmtree(folder)
    if not (met and grown <= FLAT):
        sys.exit(1)


if __name__ == "__main__":
    main()
