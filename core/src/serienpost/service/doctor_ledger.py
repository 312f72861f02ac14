"""What `doctor` finds in the ledger: room, privacy, integrity, dead processes, doubts."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from serienpost import words
from serienpost.service.finding import Finding
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.context import PracticeContext
    from serienpost.errors import Problem
    from serienpost.ledger.store import Ledger

_ = Texts(__name__)

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
        yield Finding.of(_("ledger"), problem)
    path = _ledger_file(context)
    if path is not None:
        yield _room(path.parent if path.parent.is_dir() else context.folder)
        if not path.exists():
            yield Finding(_("ledger"), True, _("not there yet; the first run makes it"))
            return
    rights = list(_privacy(path)) if path is not None else []
    ledger = open_ledger(context, lambda: None)  # what it mends is among the rights found
    yield Finding(_("ledger"), True, _("opens, tables of revision {revision}", revision=HEAD))
    if path is not None:
        yield from rights
        yield _integrity(damage(ledger))
        yield from _marks(ledger)
    for run in abandoned_runs(ledger):
        yield Finding(
            _("run {run}", run=run),
            False,
            _("the process that worked on it is gone"),
            _("serienpost resume --due goes on with it"),
        )
    yield from _abandoned(context, ledger)
    with ledger.read() as tx:
        returning = keeps_returning(tx)
    for one in returning:
        yield Finding(
            one.row,
            False,
            _.ngettext(
                "{messages} came back over {n} day",
                "{messages} came back over {n} days",
                one.days,
                messages=words.messages(one.times, one.kind),
            ),
            _(
                "look: serienpost show {run} --recipient {row}; write no more: serienpost suppress"
                " add ADDRESS --kind {kind}; go on: the same with remove",
                run=one.run,
                row=one.row,
                kind=one.kind,
            ),
        )
    for date in due_dates(ledger, context.zone):
        if date.state == "given_up":
            text = _(
                "{mailing} is not sent (given up, until {until}): {reason}",
                mailing=date.mailing,
                until=date.until,
                reason=date.reason,
            )
            remedy = _(
                "tell the people, then serienpost cancel {mailing} --due {due}",
                mailing=date.mailing,
                due=date.due,
            )
        else:
            text = _(
                "{mailing} is not sent (open, until {until}): {reason}",
                mailing=date.mailing,
                until=date.until,
                reason=date.reason,
            )
            remedy = _("serienpost resume --due prepares it again")
        yield Finding(_("due date {due}", due=date.due), False, text, remedy)
    for run, count in doubts(ledger):
        yield Finding(
            _("run {run}", run=run),
            False,
            _.ngettext(
                "{n} in doubt: nobody knows whether it was accepted",
                "{n} in doubt: nobody knows whether they were accepted",
                count,
            ),
            _("ask who knows, then serienpost resolve {run} --recipient ROW --as ...", run=run),
        )


def _abandoned(context: PracticeContext, ledger: Ledger) -> Iterator[Finding]:
    """Files that were given to drafts and that a dead process left, or one that was discarded."""
    from serienpost.config.uploads import UPLOADS
    from serienpost.run.prepare.uploaded_files import abandoned_files

    number = len(abandoned_files(context, ledger))
    if number:
        text = _.ngettext(
            "holds {n} file that no draft knows", "holds {n} files that no draft knows", number
        )
        yield Finding(f"{UPLOADS}/", False, text, _("serienpost purge removes them"))


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
    text = _("{size} MB free beside the ledger", size=Decimal(free // 1_000_000))
    name = _("disk space")
    if free >= FREE_BYTES:
        return Finding(name, True, text)
    remedy = _("make room: {size} MB or more", size=FREE_BYTES // 1_000_000)
    return Finding(name, False, text, remedy)


def _privacy(ledger: Path) -> Iterator[Finding]:
    """The ledger and what SQLite keeps beside it may be read by the owner alone, and written."""
    from serienpost.ledger.file_rights import SQLITE_FILES
    from serienpost.ledger.location import can_be_written

    name = _("ledger file")
    files = (Path(f"{ledger}{suffix}") for suffix in SQLITE_FILES)
    for path in (file for file in files if file.exists()):
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            text = _(
                "others on this machine could read {file} (mode {mode}) until now",
                file=path.name,
                mode=f"{mode:04o}",
            )
            yield Finding(name, False, text, f"chmod 600 {path}")
        elif path == ledger:
            yield Finding(name, True, _("{file}, mode {mode}", file=path.name, mode=f"{mode:04o}"))
    if not can_be_written(ledger):
        text = _("cannot be written: only commands that read go on")
        remedy = _("let the user of serienpost write {file}", file=str(ledger))
        yield Finding(name, False, text, remedy)


def _integrity(damaged: int) -> Finding:
    if not damaged:
        return Finding(_("ledger integrity"), True, _("no damage found"))
    return Finding(
        _("ledger integrity"),
        False,
        _.ngettext(
            "the database is damaged in {n} place or more",
            "the database is damaged in {n} places or more",
            damaged,
        ),
        _(
            "stop all runs, keep a copy, put back a backup, and ask the provider what was sent"
            " since"
        ),
    )


def _marks(ledger: Ledger) -> Iterator[Finding]:
    """Whether the ledger is an older copy, as far as its marks can tell, and can be marked."""
    checkpoint = ledger.checkpoint
    if checkpoint is None:
        return
    with ledger.read() as tx:
        behind = checkpoint.behind(tx.connection)
    name = _("ledger mark")
    if behind:
        remedy = _("ask the provider what was sent since, then serienpost resume RUN --confirm")
        yield Finding(name, False, behind.text, remedy)
        return
    for place in checkpoint.places:
        if os.access(place if place.exists() else place.parent, os.W_OK):
            yield Finding(name, True, _("{file} says how far it was", file=place.name))
        else:
            text = _(
                "{file} cannot be written: an older copy that is put back may go unnoticed",
                file=str(place),
            )
            yield Finding(name, False, text, _("make its folder, or change checkpoint:"))
