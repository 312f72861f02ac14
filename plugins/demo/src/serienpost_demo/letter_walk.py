"""The demo's letters: a forecast of pages, one PDF to print, an entry in each record."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from serienpost import Problem, Texts
from serienpost_demo.folder import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost_demo.command_line import CommandLine

_ = Texts(__name__)

MAILING = "rundbrief"


def walk_letters(line: CommandLine, folder: Path) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Make letters and look for them in the file, its index and the records.

    Returns:
        What `demo --json` says of it, and what did not come out as recorded.

    Raises:
        StepFailedError: a command failed.
    """
    prepared = line.ask("prepare", MAILING, "--summary")
    run, pages = prepared["run"], prepared["cost"]["total"]
    marked = prepared["counts"]["marked"]
    forecast = _("run {run}: {marked} letters, {pages} pages", run=run, marked=marked, pages=pages)
    line.say(f"  {forecast}\n")
    line.show("review", run)
    line.show("send", run, "--plan", prepared["plan_hash"], "--yes")
    line.show("letters", "list", "--run", run)
    shown = line.ask("show", run)
    line.say("")
    accepted = [one for one in shown["messages"] if one["state"] == "accepted"]
    pdf = folder / "briefe" / f"{run}.pdf"
    index = _index(pdf.with_suffix(".csv"))
    stored = _stored(folder / DATABASE, run)
    data = {
        "run": run,
        "accepted": len(accepted),
        "printed": len(index),
        "pages": sum(int(one["pages"]) for one in index),
        "stored": len(stored),
        "file": str(pdf),
    }
    rows, refs = [one["row"] for one in accepted], [one["ref"] for one in accepted]
    problems = _differences(rows, [one["row"] for one in index], refs, stored)
    if data["pages"] != pages:
        made = data["pages"]
        said = _("{made} pages were made, not {pages}", made=made, pages=pages)
        problems = (*problems, Problem(said))
    if not _is_pdf(pdf):
        problems = (*problems, Problem(_("{file} is no PDF", file=str(pdf))))
    return data, problems


def _index(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _stored(database: Path, run: str) -> list[str]:
    """References of the letters in the patients' records."""
    with closing(sqlite3.connect(database)) as opened:
        found = opened.execute("SELECT message FROM brief WHERE run = ?", (run,))
        return [message.rpartition(":")[2] for (message,) in found]


def _is_pdf(path: Path) -> bool:
    data = path.read_bytes() if path.is_file() else b""
    return data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")


def _differences(
    rows: list[str], printed: list[str], refs: list[str], stored: list[str]
) -> tuple[Problem, ...]:
    def found() -> Iterator[Problem]:
        if not rows or printed != rows:
            yield Problem(
                _(
                    "{accepted} letters were accepted, {printed} printed: not the same",
                    accepted=len(rows),
                    printed=len(printed),
                )
            )
        if Counter(stored) != Counter(refs):
            yield Problem(
                _(
                    "{accepted} letters were accepted, {stored} stored: not the same",
                    accepted=len(rows),
                    stored=len(stored),
                )
            )

    return tuple(found())
