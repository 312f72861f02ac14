"""What is asked of a worker, so that it is not done in the process that asks: a task and its state.

What a worker does then stands in `service/task_work.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from serienpost.documents import Record
from serienpost.errors import Exit, LedgerError
from serienpost.ledger.store import new_ref
from serienpost.ledger.tasks import (
    cancel_task,
    enter_task,
    find_task,
    newest_reading,
    newest_tasks,
)
from serienpost.run.report.retention import PURGE
from serienpost.service.account_check import CHECK
from serienpost.service.mailing import Instead, Transliteration
from serienpost.service.opened import MOST_ROWS
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.ledger.tasks import TaskRow
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# What a worker can be asked to do.
What = Literal["prepare", "read", "test", "balances", "accounts", "purge"]

_ID_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Prepare(Record):
    """Ask for a mailing to be prepared, as `Practice.prepare` does it.

    Args:
        mailing: a file of `mailings/` without its suffix, or a path as seen from the practice.
        due: the date that relative days count from; the day of asking unless given.
        instead: account, template or signature to use instead of the mailing's.
        rewrite_signs: the answer to `Transliteration`.
        exclude_already_sent: unmark who had this mailing before.
        selection: whose people and marks are taken instead of the mailing's own.
        replaces: a run that is discarded once this one is prepared, unless it was released.
    """

    mailing: str
    due: date | None = None
    instead: Instead | None = None
    rewrite_signs: bool | None = None
    exclude_already_sent: bool = False
    selection: str | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class PrepareDraft(Record):
    """Ask for a draft to be prepared, as `Draft.prepare` does it.

    Args:
        draft: its id.
        version: what was looked at; where another one is saved meanwhile, the task fails.
        due: as for `Prepare`; with a selection that of the selection unless given.
        rewrite_signs: the answer to `Transliteration`.
        exclude_already_sent: unmark who had this mailing before.
    """

    draft: str
    version: int
    due: date | None = None
    rewrite_signs: bool | None = None
    exclude_already_sent: bool = False


@dataclass(frozen=True, slots=True)
class ReadSelection(Record):
    """Ask for the people of a selection to be read and judged, as `Selection.read` does it: after
    `new_selection`, or after `ask_again`.

    Args:
        selection: its id.
    """

    selection: str


@dataclass(frozen=True, slots=True)
class SendTest(Record):
    """Ask for one message of a run to an own address, as `Run.test` sends it, at most once: where
    nobody knows whether it left, the task fails. So does one that waited an hour.

    Args:
        run: its id.
        to: the address; it is kept until the task is over.
        row: a marked row whose data are used; made-up data else.
        accept_disclaimer: the answer to what `Run.ask_before_test` asks.
    """

    run: str
    to: str
    row: str | None = None
    accept_disclaimer: bool = False


@dataclass(frozen=True, slots=True)
class AskBalances(Record):
    """Ask the providers what the practice's accounts hold; `Practice.balances` has the answers."""


@dataclass(frozen=True, slots=True)
class CheckAccounts(Record):
    """Look at the practice's accounts as `doctor` does; `Practice.checked_accounts` has what was
    found."""


@dataclass(frozen=True, slots=True)
class Purge(Record):
    """Remove what the retention periods no longer cover, as `Practice.purge` does it; a worker
    begins it once it is at nothing else. `Practice.retention` says what is left."""


Wish: TypeAlias = (
    Prepare | PrepareDraft | ReadSelection | SendTest | AskBalances | CheckAccounts | Purge
)

# Wishes that say nothing more -> what a worker is asked to do.
_PLAIN = {AskBalances: "balances", CheckAccounts: CHECK, Purge: PURGE}


@dataclass(frozen=True, slots=True)
class TaskStatus(Record):
    """How a task stands.

    Args:
        what: `prepare`, `read`, `test`, `balances`, `accounts` or `purge`.
        state: `waiting` for a worker, `working`, `done`, `failed` or `cancelled`.
        done: rows so far, at most a second old.
        run: what was prepared, or what a test is of.
        question: what must be answered first; nothing was prepared. Who answers asks anew.
        exit: the code with which a command would have ended; None while the task is open.
        reason: why it failed, in the reader's language.
        mailing: that it is about; None where it is about a draft, a selection or a run.
        draft: that it is about.
        version: of the draft.
        selection: that it reads, or whose people the run takes over.
        asked_by: the actor in whose name it is done.
        asked_at: in the practice's time zone.
        ended_at: likewise; None while the task is open.
    """

    task: str
    what: What
    state: Literal["waiting", "working", "done", "failed", "cancelled"]
    done: int
    run: str | None
    question: Transliteration | None
    exit: int | None
    reason: str | None
    mailing: str | None
    draft: str | None
    version: int | None
    selection: str | None
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.ended_at is None


class Task:
    """One task of a practice, for the person who opened the practice."""

    def __init__(self, practice: OpenedPractice, task_id: str) -> None:
        self.practice = practice
        self.id = task_id

    @classmethod
    def find(cls, practice: OpenedPractice, task_id: str) -> Task:
        """The task of this id.

        Raises:
            LedgerError: there is none.
        """
        with practice.ledger.read() as tx:
            return cls(practice, find_task(tx, task_id).id)

    def status(self) -> TaskStatus:
        """How it stands.

        Raises:
            LedgerError: it was removed, days after its end.
        """
        with self.practice.ledger.read() as tx:
            return _status(self.practice, find_task(tx, self.id))

    def again(self, *, rewrite_signs: bool, token: str = "") -> Task:
        """Ask for the same once more, with the answer to the question that it ended with.

        Args:
            rewrite_signs: the answer to `Transliteration`.
            token: see `Practice.ask`.

        Raises:
            LedgerError: it was removed, days after its end, or prepares nothing.
        """
        with self.practice.ledger.read() as tx:
            row = find_task(tx, self.id)
        if row.what != "prepare":
            raise LedgerError(_("the task {task} asks nothing", task=self.id))
        detail = {**(row.detail or {}), "rewrite_signs": rewrite_signs}
        of = {"draft": row.draft, "version": row.version, "selection": row.selection}
        named = {key: value for key, value in of.items() if value is not None}
        return _enter(self.practice, {"what": "prepare", **named, "detail": detail}, token)

    def cancel(self) -> TaskStatus:
        """Do it no more: one that waits is never begun, one that a worker is at stops within its
        next rows and leaves nothing. One that is over stays as it is.

        Raises:
            LedgerError: it was removed, days after its end.
        """
        cancel_task(self.practice.ledger, self.id)
        return self.status()


def ask(practice: OpenedPractice, what: Wish, *, token: str = "") -> Task:
    """See `Practice.ask`."""
    return _enter(practice, _columns(practice, what), token)


def _enter(practice: OpenedPractice, asked: dict[str, Any], token: str) -> Task:
    task_id = new_ref(_ID_LENGTH)
    if token:
        said = json.dumps(asked, sort_keys=True)
        hashed = practice.ledger.keyed_hash("task", practice.actor, token, said)
        task_id = hashed[:_ID_LENGTH].upper()
    enter_task(practice.ledger, task_id, practice.actor, asked)
    return Task(practice, task_id)


def tasks(practice: OpenedPractice, limit: int) -> list[TaskStatus]:
    """See `Practice.tasks`."""
    if not 1 <= limit <= MOST_ROWS:
        raise ValueError(_("the limit is a number from 1 to {most}", most=MOST_ROWS))
    with practice.ledger.read() as tx:
        found = newest_tasks(tx, limit)
    return [_status(practice, row) for row in found]


def reading_task(practice: OpenedPractice, selection_id: str) -> TaskStatus | None:
    """See `Selection.task`."""
    with practice.ledger.read() as tx:
        row = newest_reading(tx, selection_id)
    return _status(practice, row) if row else None


def _columns(practice: OpenedPractice, what: Wish) -> dict[str, Any]:
    """What is asked for, as the ledger keeps it."""
    if isinstance(what, ReadSelection):
        return {"what": "read", "selection": what.selection}
    if isinstance(what, SendTest):
        test = {key: value for key, value in what.document().items() if key != "run"}
        return {"what": "test", "run": what.run, "detail": test}
    if isinstance(what, AskBalances | CheckAccounts | Purge):
        return {"what": _PLAIN[type(what)]}
    detail: dict[str, Any] = {
        "due": what.due.isoformat() if what.due else None,
        "asked_on": practice.today().isoformat(),
        "rewrite_signs": what.rewrite_signs,
        "exclude_already_sent": what.exclude_already_sent,
    }
    if isinstance(what, PrepareDraft):
        return {"what": "prepare", "draft": what.draft, "version": what.version, "detail": detail}
    detail["mailing"] = what.mailing
    detail["instead"] = dict(what.instead) if what.instead else None
    detail["replaces"] = what.replaces
    return {"what": "prepare", "selection": what.selection, "detail": detail}


class Asked(NamedTuple):
    """How what a task asks for is to be prepared; see `service/mailing.py`."""

    due: date | None
    asked_on: date
    rewrite_signs: bool | None
    exclude_already_sent: bool
    mailing: str | None = None
    instead: Instead | None = None
    replaces: str | None = None


def asked_of(row: TaskRow) -> Asked:
    """What was asked for by a task that prepares something."""
    detail = dict(row.detail or {})
    for key in ("due", "asked_on"):
        detail[key] = date.fromisoformat(detail[key]) if detail[key] else None
    return Asked(**detail)


def _status(practice: OpenedPractice, row: TaskRow) -> TaskStatus:
    zone = practice.context.zone
    code = Exit.DONE if row.state == "done" else row.exit
    return TaskStatus(
        task=row.id,
        what=row.what,  # type: ignore[arg-type]  # a word of the closed vocabulary
        state=row.state,  # type: ignore[arg-type]  # likewise
        done=row.done,
        run=row.run,
        question=Transliteration(**row.question) if row.question else None,
        exit=code,
        reason=row.reason,
        mailing=row.detail.get("mailing") if row.detail else None,
        draft=row.draft,
        version=row.version,
        selection=row.selection,
        asked_by=row.asked_by,
        asked_at=row.asked_at.astimezone(zone),
        ended_at=row.ended_at.astimezone(zone) if row.ended_at else None,
    )
