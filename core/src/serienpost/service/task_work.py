"""What a worker does of what it is asked (`service/tasks.py`): it finds tasks, and does one."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serienpost.errors import Exit, LedgerError, LedgerUnavailableError, SerienpostError
from serienpost.ledger.schema import task
from serienpost.ledger.tasks import (
    TEST_WAITS,
    TRIES,
    NotWantedError,
    close_task,
    end_task,
    is_free,
    is_wanted,
    leave_task,
    note_done,
    note_left,
    open_tasks,
    taken,
)
from serienpost.plugin_attribution import plugin_behind
from serienpost.run.prepare import choose
from serienpost.run.report.estimate import accounts_with_balance, free_balance
from serienpost.run.report.preview import remove_previews
from serienpost.run.report.retention import PURGE, forget_unapproved, purge
from serienpost.service import draft as drafts
from serienpost.service import mailing as mailings
from serienpost.service import own_address
from serienpost.service.account_check import CHECK, look_at_accounts
from serienpost.service.decided import Answers
from serienpost.service.mailing import Transliteration
from serienpost.service.release import Confirmation
from serienpost.service.tasks import asked_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from serienpost.ledger.store import Ledger, Tx
    from serienpost.ledger.tasks import TaskRow
    from serienpost.run.send.stop import Stop
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

_log = logging.getLogger(__name__)

# Seconds between two looks for tasks.
LOOK_SECONDS = 0.5

# Seconds between two notes of how far a task is.
NOTE_SECONDS = 1.0

# Seconds before another look whether a ledger is no older one any more.
_AGAIN_SECONDS = 60.0


@dataclass
class TaskLook:
    """Looks for tasks by one small read, as often as it is called."""

    _has_table: bool = False
    _not_before: float = 0.0

    def found(self, ledger: Ledger) -> list[TaskRow]:
        """The tasks that nobody is at, the oldest first.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        if not self._has_table and time.monotonic() < self._not_before:
            return []
        with ledger.read() as tx:
            self._has_table = self._has_table or tx.has(task)
            rows = open_tasks(tx) if self._has_table else []
        self._not_before = time.monotonic() + _AGAIN_SECONDS
        return [row for row in rows if is_free(ledger, row)]


class _StoppedError(choose.ReadLaterError):
    """This process was asked to stop; another one is to do the task."""


@dataclass
class Work:
    """A task in the hands of this process.

    Args:
        practice: opened in the name of whoever asked.
        row: the task.
        owner: that has it.
        stop: asks to stop.
    """

    practice: OpenedPractice
    row: TaskRow
    owner: str
    stop: Stop
    _noted_at: float = field(default_factory=time.monotonic)

    def progress(self, done: int) -> None:
        """Say how many rows are done; to be called between two slices, outside of a transaction.

        Raises:
            NotWantedError: somebody cancelled the task, or has taken it over.
            _StoppedError: this process was asked to stop.
        """
        if self.stop.requests:
            raise _StoppedError
        ledger = self.practice.ledger
        with ledger.read() as tx:
            if not is_wanted(tx, self.row.id, self.owner):
                raise NotWantedError
        if time.monotonic() - self._noted_at >= NOTE_SECONDS:
            note_done(ledger, self.row.id, self.owner, done)
            self._noted_at = time.monotonic()

    def end(self, tx: Tx, **came: Any) -> None:  # noqa: ANN401
        """End it as done, in the transaction that writes what came of it (by column of `task`).

        Raises:
            NotWantedError: as for `progress`; the transaction is to be undone.
        """
        end_task(tx, self.row.id, self.owner, "done", **came)

    def fail(self, code: Exit, reason: str) -> None:
        """End it as failed.

        Raises:
            NotWantedError: as for `progress`.
        """
        ended = self.practice.ledger, self.row.id, self.owner, "failed"
        close_task(*ended, exit=code, reason=reason)


def do_task(practice: OpenedPractice, row: TaskRow, stop: Stop) -> Exception | None:
    """Do a task that `TaskLook` found, unless another process is quicker.

    Whatever is wrong with what was asked fails the task alone. Where it is stopped, or the ledger
    does not answer, the task is left to another look, and nothing of it stays.

    Args:
        practice: opened in the name of whoever asked.
        row: the task as it was found.
        stop: asks to stop.

    Returns:
        A bug of which the task has failed.

    Raises:
        LedgerUnavailableError: the ledger does not answer, or cannot be written; the third time the
            task fails of it.
    """
    with taken(practice.ledger, row) as owner:
        if owner is None:
            return None
        work = Work(practice, row, owner, stop)
        try:
            _WORK[row.what](work)
        except NotWantedError:
            return None
        except _StoppedError:
            leave_task(practice.ledger, row.id, owner)
        except LedgerUnavailableError as error:
            if row.tries + 1 >= TRIES:
                _fail(work, Exit.OPEN, error.sentence)
            raise
        except SerienpostError as error:
            _fail(work, error.exit_code, error.sentence)
        except Exception as error:  # noqa: BLE001  # a plugin's, or ours: told by the caller
            _fail(work, Exit.BUG, _bug(row, error))
            return error
    return None


def _prepare(work: Work) -> None:
    """Prepare a mailing or a draft; the run is prepared and the task done in one transaction."""
    practice, row, asked = work.practice, work.row, asked_of(work.row)
    last = 0

    def count(done: int) -> None:
        nonlocal last
        last = done
        work.progress(done)

    gone: str | None = None

    def frozen(tx: Tx, run_id: str) -> None:
        nonlocal gone
        work.end(tx, run=run_id, done=last)
        if asked.replaces and forget_unapproved(tx, asked.replaces, practice.actor):
            gone = asked.replaces

    if row.draft is not None:
        found = drafts.prepare_draft(
            drafts.find(practice, row.draft, row.version),
            due=asked.due,
            asked_on=asked.asked_on,
            rewrite_signs=asked.rewrite_signs,
            exclude_already_sent=asked.exclude_already_sent,
            progress=count,
            frozen=frozen,
        )
    else:
        found = mailings.prepare(
            practice,
            asked.mailing or "",
            due=asked.due,
            asked_on=asked.asked_on,
            instead=asked.instead,
            rewrite_signs=asked.rewrite_signs,
            exclude_already_sent=asked.exclude_already_sent,
            selection=row.selection,
            progress=count,
            frozen=frozen,
        )
    if gone:
        remove_previews(practice.context, gone)
    if isinstance(found, Transliteration):
        question = {"mailing": found.mailing, "changes": found.changes}
        close_task(practice.ledger, row.id, work.owner, "done", question=question)


def _read(work: Work) -> None:
    """Read the people of a selection; it is ready and the task done in one transaction.

    Where this process stops, the selection waits for another one as before. Where one died, it may
    be found to have failed, and is read all the same.
    """
    last = 0

    def count(done: int) -> None:
        nonlocal last
        last = done
        with _wanted():
            work.progress(done)

    def ready(tx: Tx) -> None:
        with _wanted():
            work.end(tx, done=last)

    context, ledger = work.practice.context, work.practice.ledger
    died = work.row.tries > 0
    choose.read(context, ledger, work.row.selection or "", count, failed_too=died, ready=ready)


@contextmanager
def _wanted() -> Iterator[None]:
    """Say in a sentence, which the selection keeps, that somebody cancelled the task.

    Raises:
        LedgerError: somebody did, or another process has taken the task over.
    """
    try:
        yield
    except NotWantedError as error:
        raise LedgerError(_("somebody cancelled the reading")) from error


def _test(work: Work) -> None:
    """Send a test, once: one that may have left is not sent again."""
    practice, row = work.practice, work.row
    if row.done:
        said = _("nobody knows whether the test left; look whether it arrives")
        work.fail(Exit.OPEN, said)
        return
    if practice.ledger.clock() - row.asked_at > TEST_WAITS:
        work.fail(Exit.OPEN, _("no worker was there for an hour; the test was not sent"))
        return
    work.progress(0)
    asked = dict(row.detail or {})
    answers = Answers(accept_disclaimer=asked["accept_disclaimer"])

    def leaves(tx: Tx) -> None:
        note_left(tx, row.id, work.owner)

    found = own_address.send(practice, row.run or "", asked["to"], asked["row"], answers, leaves)
    if isinstance(found, Confirmation):
        work.fail(Exit.REFUSED, _("the provider's terms are not accepted"))
    elif found.is_accepted:
        close_task(practice.ledger, row.id, work.owner, "done")
    else:
        work.fail(Exit.REFUSED, found.without(asked["to"]).refusal)


def _ask_balances(work: Work) -> None:
    """Ask each provider what an account holds; who does not answer is no failure of the task."""
    found: dict[str, float | None] = {}
    for account in accounts_with_balance(work.practice.context):
        work.progress(len(found))
        try:
            found[account] = free_balance(work.practice.context, work.practice.ledger, account)
        except LedgerUnavailableError:
            raise
        except SerienpostError as error:
            found[account] = None
            _log.warning("%s", error.sentence)
    came = {"detail": {"balances": found}, "done": len(found)}
    close_task(work.practice.ledger, work.row.id, work.owner, "done", **came)


def _check_accounts(work: Work) -> None:
    """Look at each account as `doctor` does; what is wrong is what was found, and no failure."""
    found = look_at_accounts(work.practice.context, work.progress)
    close_task(work.practice.ledger, work.row.id, work.owner, "done", detail=found)


def _purge(work: Work) -> None:
    """Remove what is over its time; the task is done in the transaction that removes it."""
    practice = work.practice
    work.progress(0)
    purge(practice.context, practice.ledger, practice.actor, lambda tx: work.end(tx, done=1))


# By what is asked: how it is done. It calls `Work.progress` between slices, and `Work.end` in the
# transaction that writes what came of it.
_WORK: Mapping[str, Callable[[Work], None]] = {
    "prepare": _prepare,
    "read": _read,
    "test": _test,
    "balances": _ask_balances,
    CHECK: _check_accounts,
    PURGE: _purge,
}


def _fail(work: Work, code: Exit, reason: str) -> None:
    try:
        work.fail(code, reason)
    except NotWantedError:
        return


def _bug(row: TaskRow, error: Exception) -> str:
    """A bug in a sentence, without the error's text, which may name a person."""
    return _(
        "a bug in {culprit}: {kind}; serienpost.log in the practice folder names it {task}",
        culprit=plugin_behind(error) or "serienpost",
        kind=type(error).__name__,
        task=row.id,
    )
