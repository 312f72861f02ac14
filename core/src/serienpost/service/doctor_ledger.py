"""What `doctor` finds in the ledger: room, privacy, integrity, dead processes, doubts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost.service.finding import Finding
from serienpost.text import counted, day_and_time, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.context import PracticeContext
    from serienpost.errors import Problem
    from serienpost.ledger.store import Ledger

# Below this much free space beside the ledger a run is at risk.
FREE_BYTES = 200_000_000


def ledger_findings(context: PracticeContext) -> Iterator[Finding]:
    """Look at the ledger; one that is not there yet is not made.

    Raises:
        LedgerError: it cannot be opened.
    """
    from serienpost.ledger.engine import HEAD
    from serienpost.ledger.health import abandoned_runs, damage, doubts
    from serienpost.ledger.returned import keeps_returning
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.history import due_dates

    for problem in _shared(context):
        yield Finding.of("ledger", problem)
    path = _ledger_file(context)
    if path is not None:
        yield _room(path.parent if path.parent.is_dir() else context.folder)
        if not path.exists():
            yield Finding("ledger", True, "not there yet; the first run makes it")
            return
    rights = list(_privacy(path)) if path is not None else []
    ledger = open_ledger(context, lambda: None)  # what it mends is among the rights found
    yield Finding("ledger", True, f"opens, tables of revision {HEAD}")
    if path is not None:
        yield from rights
        yield _integrity(damage(ledger))
        yield from _marks(ledger)
    for run in abandoned_runs(ledger):
        yield Finding(
            f"run {run}",
            False,
            "the process that worked on it is gone",
            "serienpost resume --due goes on with it",
        )
    with ledger.read() as tx:
        returning = keeps_returning(tx)
    for one in returning:
        yield Finding(
            one.row,
            False,
            f"{counted(one.times, messages_of(one.kind))} came back over "
            f"{counted(one.days, 'days')}",
            f"look: serienpost show {one.run} --recipient {one.row}; write no more: serienpost "
            f"suppress add ADDRESS --kind {one.kind}; go on: the same with remove",
        )
    for date in due_dates(ledger, context.zone):
        until = day_and_time(date.until)
        remedy = "serienpost resume --due prepares it again"
        if date.state == "given_up":
            remedy = f"tell the people, then serienpost cancel {date.mailing} --due {date.due}"
        yield Finding(
            f"due date {date.due}",
            False,
            f"{date.mailing} is not sent ({date.state}, until {until}): {date.reason}",
            remedy,
        )
    for run, count in doubts(ledger):
        yield Finding(
            f"run {run}",
            False,
            f"{count} in doubt: nobody knows whether they were accepted",
            f"ask who knows, then serienpost resolve {run} --recipient ROW --as ...",
        )


def _shared(context: PracticeContext) -> Iterator[Problem]:
    """Whether a folder beside this one has its id on its ledger."""
    from serienpost.service.neighbours import folders_below, shared_places

    here = Path(os.path.realpath(context.folder))
    yield from (
        problem
        for folder, problem in shared_places(folders_below(here.parent)).items()
        if folder == here
    )


def _ledger_file(context: PracticeContext) -> Path | None:
    """The file of an SQLite ledger, None on a server."""
    from sqlalchemy import make_url

    url = make_url(context.expand(context.config.ledger))
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(os.path.realpath(context.path(url.database)))


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    text = f"{free // 1_000_000:,} MB free beside the ledger"
    if free >= FREE_BYTES:
        return Finding("disk space", True, text)
    return Finding("disk space", False, text, f"make room: {FREE_BYTES // 1_000_000} MB or more")


def _privacy(ledger: Path) -> Iterator[Finding]:
    """The ledger and what SQLite keeps beside it may be read by the owner alone, and written."""
    from serienpost.ledger.file_rights import SQLITE_FILES
    from serienpost.ledger.location import can_be_written

    files = (Path(f"{ledger}{suffix}") for suffix in SQLITE_FILES)
    for path in (file for file in files if file.exists()):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            text = f"others on this machine could read {path.name} (mode {mode:04o}) until now"
            yield Finding("ledger file", False, text, f"chmod 600 {path}")
        elif path == ledger:
            yield Finding("ledger file", True, f"{path.name}, mode {mode:04o}")
    if not can_be_written(ledger):
        text = "cannot be written: only commands that read go on"
        yield Finding("ledger file", False, text, f"let the user of serienpost write {ledger}")


def _integrity(damaged: int) -> Finding:
    if not damaged:
        return Finding("ledger integrity", True, "no damage found")
    return Finding(
        "ledger integrity",
        False,
        f"the database is damaged in {damaged} places or more",
        "stop all runs, keep a copy, put back a backup, and ask the provider what was sent since",
    )


def _marks(ledger: Ledger) -> Iterator[Finding]:
    """Whether the ledger is an older copy, as far as its marks can tell, and can be marked."""
    checkpoint = ledger.checkpoint
    if checkpoint is None:
        return
    with ledger.read() as tx:
        behind = checkpoint.behind(tx.connection)
    if behind:
        remedy = "ask the provider what was sent since, then serienpost resume RUN --confirm"
        yield Finding("ledger mark", False, behind.text, remedy)
        return
    for place in checkpoint.places:
        if os.access(place if place.exists() else place.parent, os.W_OK):
            yield Finding("ledger mark", True, f"{place.name} says how far it was")
        else:
            text = f"{place} cannot be written: an older copy that is put back may go unnoticed"
            yield Finding("ledger mark", False, text, "make its folder, or change checkpoint:")
