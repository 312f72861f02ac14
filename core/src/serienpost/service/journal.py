"""The journal for people: who did what and when, by kinds of what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from serienpost.documents import Record
from serienpost.ledger.journal import journal_page, journal_users
from serienpost.service.review_page import refuse_page
from serienpost.service.users import user_id
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from sqlalchemy import Row

    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

JournalKind: TypeAlias = Literal[
    "log_ins", "users", "releases", "runs", "people", "marks", "addresses", "removals", "schedules"
]

# Kind -> the actions of the journal that it holds; each action has one kind.
KINDS: Mapping[JournalKind, tuple[str, ...]] = {
    "log_ins": ("log in",),
    "users": ("add user", "change user", "remove user"),
    "releases": ("approve", "confirm", "confirm ledger", "leave refused", "test"),
    "runs": (
        *("prepare", "pause", "cancel", "retry", "hand over"),
        *("resolve accepted", "resolve resend", "resolve failed"),
    ),
    "people": (
        *("select", "select again", "check selection", "back to hits", "discard selection"),
        *("override", "drop override"),
    ),
    "marks": (
        *("review", "exclude", "only", "include", "same address", "next at the address"),
        *("not sendable", "file of several", "mark", "unmark", "mark all", "unmark all"),
    ),
    "addresses": ("suppress add", "suppress remove"),
    "removals": ("purge", "erase"),
    "schedules": (
        *("begin schedule", "change schedule", "set schedule back", "miss schedule"),
        *("find schedule", "forget schedule", "due", "put off", "take off"),
    ),
}


@dataclass(frozen=True, slots=True)
class JournalEntry(Record):
    """Somebody did something.

    Args:
        at: in the practice's time zone.
        user: who did it, as an actor.
        action: what, as the journal has it.
        run: that it is about; None where it is about none.
        mailing: of the run.
        selection: of people that it is about.
        row: of the run that it is about.
        detail: what else was noted, by name.
    """

    at: datetime
    user: str
    action: str
    run: str | None
    mailing: str | None
    selection: str | None
    row: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JournalPage(Record):
    """A page of the journal, the newest entries first.

    Args:
        total: entries that the filters leave.
        pages: of the size asked for.
        users: everybody who stands in the journal, by an id that tells no name.
    """

    page: int
    pages: int
    total: int
    entries: tuple[JournalEntry, ...]
    users: Mapping[str, str]


def journal(
    practice: OpenedPractice, page: int, size: int, kind: JournalKind | None, user: str | None
) -> JournalPage:
    """See `Practice.journal`."""
    refuse_page(page, size)
    if kind is not None and kind not in KINDS:
        raise ValueError(_("there is no such kind of entries"))
    ledger = practice.ledger
    with ledger.read() as tx:
        everybody = {name: user_id(ledger, name) for name in journal_users(tx)}
        total, rows = journal_page(
            tx,
            page,
            size,
            only=KINDS[kind] if kind else None,
            without=() if kind else KINDS["marks"],
            users=[name for name, known in everybody.items() if known == user] if user else None,
        )
    found = tuple(_entry(row, practice.context.zone) for row in rows)
    by_id = {known: name for name, known in everybody.items()}
    return JournalPage(page, max(1, -(-total // size)), total, found, by_id)


def _entry(row: Row[Any], zone: tzinfo) -> JournalEntry:
    is_run = row.mailing is not None
    return JournalEntry(
        at=row.at.astimezone(zone),
        user=row.user,
        action=row.action,
        run=row.run if is_run else None,
        mailing=row.mailing,
        selection=None if is_run else row.run,
        row=row.row_id,
        detail=row.detail or {},
    )
