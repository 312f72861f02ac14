"""A practice for benchmarks: made-up people who all consent, a provider that answers at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "serienpost"
HERE = Path(__file__).resolve().parent

_CONFIG = """\
practice: {{id: bench, name: "Praxis Dr. Sonnenschein", street: "Lindenallee 5",
           postal_code: "01067", city: Dresden, phone: "0351 1234567",
           email: praxis@example.org, timezone: Europe/Berlin}}
ledger: {ledger}
plugins: [serienpost-testkit]
{more}accounts:
  leer: {{channel: null-email, slots: {slots}{account}}}
"""
_MAILING = """\
title: Hinweis an alle
source: "null"
select: {{count: {count}}}
account: leer
purpose: information
subject: Hinweis
text: |
  Guten Tag {{{{Null_Name}}}},

  Ihre Nummer in der Praxis Dr. Sonnenschein ist {{{{Null_Nr}}}}.
"""


@dataclass(frozen=True)
class Spent:
    """What a child process used: seconds of wall clock and processor, greatest memory in MiB."""

    wall: float
    cpu: float
    rss: float


def make_practice(
    folder: Path,
    count: int,
    slots: int,
    *,
    workers: int | None = None,
    ledger: str = "sqlite:///versandbuch.db",
    account: str = "",
) -> None:
    """A practice folder whose mailing `alle` goes to `count` people over `slots` slots.

    Args:
        folder: made here.
        count: people.
        slots: connections of the account, over all processes.
        workers: processes that deliver a run; None leaves that to the program.
        ledger: its URL.
        account: further keys of the account, as `, key: value`.
    """
    (folder / "mailings").mkdir(parents=True)
    more = "" if workers is None else f"workers: {workers}\n"
    text = _CONFIG.format(ledger=ledger, more=more, slots=slots, account=account)
    (folder / "serienpost.yaml").write_text(text, "utf-8")
    (folder / "mailings" / "alle.yaml").write_text(_MAILING.format(count=count), "utf-8")


def run(folder: Path, *arguments: str) -> tuple[dict[str, Any], Spent]:
    """One command of the real command line in a process of its own; its JSON and what it used.

    Raises:
        RuntimeError: the command did not end with 0.
    """
    return measured([str(PROGRAM), "-C", str(folder), *arguments, "--json"])


def measured(command: list[str]) -> tuple[dict[str, Any], Spent]:
    """Run a program that prints a JSON document; the document and what the process used.

    Raises:
        RuntimeError: it did not end with 0.
    """
    printed, spent = output_of(command)
    return json.loads(printed), spent


def output_of(command: list[str], folder: Path | None = None) -> tuple[bytes, Spent]:
    """Run a program in a folder; what it printed and what the process used.

    Python keeps compiled modules as it does by itself, whatever the environment says.

    Raises:
        RuntimeError: it did not end with 0.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout
        printed = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if child.returncode:
        raise RuntimeError(f"{command[-3:]} ended with {child.returncode}")
    return printed, Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def prepared(folder: Path) -> tuple[str, Spent]:
    """Prepare the mailing; the run's id and what that used."""
    reply, spent = run(folder, "prepare", "alle", "--summary")
    return str(reply["run"]), spent
