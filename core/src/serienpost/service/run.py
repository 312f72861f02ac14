"""A run of a practice: look at it, mark, try, release, deliver, decide about it.

What only some commands need is imported where it is used: every command on a run pays for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Literal

from serienpost.documents import FOR_FACES, Record
from serienpost.errors import LedgerError, SerienpostError, StillOpenError, cause_of
from serienpost.ledger.reviewed import rows_of_run
from serienpost.ledger.runs import allow_command, find_run, lock_run
from serienpost.ledger.states import NOT_SENT
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report import history, languages, recipients
from serienpost.run.report.estimate import duration, earlier_runs
from serienpost.run.send import approve, doubts
from serienpost.run.send.finish import count_open
from serienpost.run.send.schedule import refuse_cancel
from serienpost.run.send.session import (
    Options,
    complete_cancelled,
    continue_run,
    free_dead,
    let_go_on,
)
from serienpost.run.send.stop import Stop as Stop  # noqa: PLC0414  # faces take it from here
from serienpost.service import release
from serienpost.service.decided import Answers
from serienpost.service.notices import Notice
from serienpost.service.review_page import ReviewPage, refuse_page, review_page
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from serienpost.config.models import Workers
    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.store import Ledger
    from serienpost.run.report.answers import (
        Explanation,
        MarkChange,
        MessageLine,
        MessageStory,
        NamedMessage,
        OtherMessage,
        PlanCounts,
        Recipient,
        ReviewSummary,
        RunStatus,
    )
    from serienpost.run.report.live_names import RowNames
    from serienpost.run.report.manifest import Manifest
    from serienpost.run.report.recipients import Filter
    from serienpost.run.report.summary import Report
    from serienpost.run.send.loop_state import LoopProgress
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.own_address import TestResult
    from serienpost.service.release import Confirmation, Obstacle

_ = Texts(__name__)

# Stands for all states of messages that nobody got.
MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is delivered.

    Args:
        run: the run.
        total: messages that were open when delivery began.
        settled: those of them that are dealt with.
        waiting: what it waits for: `rate`, `deferral`, `connection` (nobody answers at the
            provider's; tried again soon), `answer` (to what is under way); None while it works.
        until: the end of the wait, where it is known.
        why: of `connection`, who does not answer and what to do, in one line; of `answer`, the
            account.
    """

    run: str
    total: int
    settled: int
    waiting: str | None = None
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PreviewFile(Record):
    """A file of a row's message: what would leave, or a view of it to look at."""

    row: str
    file: str
    is_view: bool = field(default=False, metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class MessagePage(Record):
    """A page of a run's messages.

    Args:
        total: messages in the state that is asked for.
        pages: of the size asked for.
    """

    page: int
    pages: int
    total: int
    messages: tuple[NamedMessage, ...]


class Run:
    """One run of a practice, for the person who opened the practice."""

    def __init__(self, practice: OpenedPractice, run_id: str) -> None:
        self.practice = practice
        self.id = run_id
        self._context = practice.context
        # A worker may have begun what was released a moment ago; whoever released it helps.
        self.is_released_here = False

    @property
    def _ledger(self) -> Ledger:
        return self.practice.ledger

    @property
    def _rows(self) -> ReviewedRows:
        return rows_of_run(self.id)

    @classmethod
    def find(cls, practice: OpenedPractice, run_id: str) -> Run:
        """The run of this id.

        Raises:
            LedgerError: there is none.
        """
        with practice.ledger.read() as tx:
            found = find_run(tx, run_id)
        return cls(practice, found.id)

    def status(self) -> RunStatus:
        """How the run stands."""
        return history.run_status(self._ledger, self.id, self._context.zone)

    def draft(self) -> str | None:
        """The id of the draft that it was made of; None where that is gone, or where another run
        was made of it since."""
        from serienpost.ledger.drafts import draft_of_run

        with self._ledger.read() as tx:
            found = draft_of_run(tx, self.id)
        return found.id if found else None

    def counts(self) -> PlanCounts:
        """How many rows are selected, reachable, allowed and marked; asks no provider."""
        return recipients.plan_counts(self._ledger, self.id)

    def summary(self) -> ReviewSummary:
        """The head of the review: counts, cost, duration, who had this mailing before."""
        head = recipients.review_head(self._ledger, self.id)
        account = self._context.config.accounts.get(head.account)
        return replace(
            head,
            cost=release.with_balance(self.practice, head.cost, head.account),
            seconds=duration(account.rate, head.counts.marked) if account else 0.0,
            earlier=earlier_runs(self._context, self._ledger, self.id),
            shared=recipients.shared_rows(self._ledger, self._rows),
            costly_signs=recipients.costly_signs(self._ledger, self.id),
            languages=languages.languages(self._ledger, self.id),
            reasons=tuple(recipients.reasons(self._ledger, self.id)),
            sheets=recipients.sheets(self._ledger, self.id),
            purged_at=history.local(head.purged_at, self._context.zone),
        )

    def recipients(self, sort: str | None = None) -> Iterator[Recipient]:
        """All rows of the review, read as they are used.

        Args:
            sort: a column, `-` before it for the reverse; else the order of the run.

        Raises:
            SerienpostError: there is no such column.
        """
        return recipients.recipients(self._ledger, self._rows, sort)

    def review(
        self,
        page: int = 1,
        sort: str | None = None,
        filter: Filter | None = None,  # noqa: A002  # the word that people know
        *,
        size: int = 50,
    ) -> ReviewPage:
        """One page of the review.

        Args:
            page: from 1.
            sort: a column, `-` before it for the reverse; else the order of the run.
            filter: `marked`, `unmarked`, `unreachable` or `not_allowed` rows only.
            size: rows of a page.

        Raises:
            SerienpostError: there is no such column or filter.
            ValueError: no such page, or a size that is none.
        """
        which = recipients.filtered(self._rows, filter)
        return review_page(self._ledger, self._rows, page, size, sort, which)

    def mark(
        self,
        *,
        only: Sequence[str] = (),
        exclude: Sequence[str] = (),
        include: Sequence[str] = (),
        override: Sequence[str] = (),
        reason: str | None = None,
        drop_not_allowed: bool = False,
    ) -> None:
        """Change who is marked; all changes take effect together or none does.

        A row is named by its id, a person's id or number meaning all the person's rows, or the
        beginning of an id that no other has; several stand in one text with commas between.

        Args:
            only: rows to mark; all others are unmarked.
            exclude: rows to unmark.
            include: rows to mark again; they are read and rendered anew.
            override: rows to mark although not allowed, where every Deny is overridable; named by
                a whole id.
            reason: why, for overrides.
            drop_not_allowed: take all overrides back.

        Raises:
            SerienpostError: a row is not in the run, cannot be included or overridden.
        """
        from serienpost.run.prepare.marks import change_marks

        change_marks(
            load_renderer(self._context, self._ledger, self.id),
            self._ledger,
            self.id,
            self.practice.actor,
            only=only,
            exclude=exclude,
            include=include,
            override=override,
            reason=reason,
            drop_not_allowed=drop_not_allowed,
        )

    def explain(self, row: str) -> Explanation:
        """What each check said about a row, and what would change it."""
        return history.explain(self._ledger, self.id, row, self._context.zone)

    def mark_changes(self) -> list[MarkChange]:
        """Who changed the marks, when and why, the oldest first."""
        return history.mark_changes(self._ledger, self.id, self._context.zone)

    def preview(
        self, row: str | None = None, *, every: bool = False
    ) -> Iterator[tuple[str, dict[str, bytes]]]:
        """What would leave (or left): row id, and files by suffix; changes nothing.

        Args:
            row: one row or person; None for the first marked row, with `every` for all.
            every: all marked rows.

        Raises:
            SerienpostError: there is no such row, or it has no content.
        """
        from serienpost.run.report.preview import preview

        renderer = load_renderer(self._context, self._ledger, self.id)
        return preview(renderer, self._ledger, self.id, row, every=every)

    def write_preview(
        self, row: str | None = None, *, every: bool = False, folder: Path | None = None
    ) -> list[PreviewFile]:
        """Write what would leave, and how it looks, as files that only their owner reads; with
        `every` images of pages only of the first 20 messages.

        Args:
            row: one row or person; None for the first marked row, with `every` for all.
            every: all marked rows.
            folder: for the files; `purge` and `erase_person` know the one that is used else.

        Raises:
            SerienpostError: there is no such row, or it has no content.
        """
        from serienpost.files import private_folder, write_private
        from serienpost.run.report.preview import PREVIEWS, file_name, show

        folder = folder or self._context.path(PREVIEWS) / self.id
        written = []
        renderer = load_renderer(self._context, self._ledger, self.id)
        for shown in show(renderer, self._ledger, self.id, row, every=every):
            private_folder(folder)
            for suffix, data in {**shown.files, **shown.views}.items():
                path = folder / f"{file_name(shown.row)}{suffix}"
                write_private(path, data)
                written.append(PreviewFile(shown.row, str(path), suffix not in shown.files))
        return written

    def test(
        self, to: str, row: str | None = None, answers: Answers | None = None
    ) -> TestResult | Confirmation:
        """Send one message to an own address; for letters, write it to a file.

        Args:
            to: the address, or the file.
            row: a marked row whose data are used; made-up data else.
            answers: whether the provider's terms are accepted, which another's data need.

        Raises:
            SerienpostError: the address is none, the row may not be used, the rate is used up.
        """
        from serienpost.service import own_address

        return own_address.send(self.practice, self.id, to, row, answers or Answers())

    def ask_before_test(
        self, to: str, row: str | None = None, answers: Answers | None = None
    ) -> Confirmation | None:
        """What must be answered before `test` may send; for a face that asks a worker for it.

        Raises:
            SerienpostError: the address is none, or on the suppression list.
        """
        from serienpost.service import own_address

        return own_address.ask_before(self.practice, self.id, to, row, answers or Answers())

    def approve(
        self,
        answers: Answers | None = None,
        *,
        plan: str | None = None,
        at: datetime | None = None,
        catch_up: bool = False,
    ) -> RunStatus | Confirmation:
        """Release the run if everything is answered. With `at` a worker is told; who does not
        deliver it at once either calls `wake`.

        Args:
            answers: what the person has decided.
            plan: the plan hash that was looked at; another one is refused.
            at: not before this time (aware).
            catch_up: the due date was missed, and is kept where the text names no date and what it
                is about lies ahead.

        Returns:
            How the released run stands; or what must be answered first, and what to look at.

        Raises:
            SerienpostError: it may not be released so.
        """
        with self._ledger.read() as tx:
            is_prepared = find_run(tx, self.id).state == "prepared"
        question = release.approve(
            self.practice, self.id, answers or Answers(), plan=plan, at=at, catch_up=catch_up
        )
        self.is_released_here |= is_prepared and question is None
        if question is None and at is not None:
            self.wake(at)
        return question or self.status()

    def obstacle(self) -> Obstacle | None:
        """What stands against releasing the prepared run so that it leaves at once, whatever is
        answered; None where nothing does. Asks no provider."""
        return release.obstacle(self.practice, self.id)

    def only_day(self) -> date | None:
        """The day on which alone the run may leave, because its text or its people go by it; None
        where any day is right."""
        return release.only_day(self.practice, self.id)

    def ask_before_release(self, answers: Answers | None = None) -> Confirmation:
        """What must be answered before `approve` releases the run, on whatever day.

        Raises:
            SerienpostError: it is not prepared, or its account is gone.
        """
        return release.questions(self.practice, self.id, answers or Answers())

    def discard(self) -> None:
        """Discard the prepared run; its draft stays. One that a test was sent from is cancelled
        instead: the ledger keeps whose data left.

        Raises:
            LedgerError: it was released, or it is over.
        """
        from serienpost.run.report.preview import remove_previews
        from serienpost.run.report.retention import forget_unapproved

        with self._ledger.begin("draft", counted=False) as tx:
            if lock_run(tx, self.id).state != "prepared":
                raise LedgerError(_("run {run} is not waiting for its release", run=self.id))
            is_gone = forget_unapproved(tx, self.id, self.practice.actor)
        if is_gone:
            remove_previews(self._context, self.id)

    def wake(self, not_before: datetime | None = None) -> None:
        """Tell the dispatcher that a worker may go on with this run; for whoever released it and
        does not deliver it. A dispatcher that fails is a notice: a worker looks for itself.

        Args:
            not_before: when it can go on (aware); None for at once.
        """
        dispatcher = self._context.registry.dispatchers[self._context.config.dispatcher]
        try:
            dispatcher.wake(self._context, self.id, not_before)
        except Exception as error:  # noqa: BLE001  # a plugin's; the run is not lost for it
            told = {"run": self.id, "dispatcher": dispatcher.name, "text": cause_of(error)}
            self.practice.notify(Notice("not_woken", told))

    def deliver(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        *,
        wait: bool = True,
        confirm: bool = False,
        by_itself: bool = False,
        leave_refused: bool = False,
        join: bool = False,
        workers: Workers = 1,
        stop: Stop | None = None,
    ) -> RunStatus:
        """Deliver what is open; returns how the run stands then.

        Args:
            progress: is called now and then.
            wait: wait here for rate, time and retries instead of pausing the run.
            confirm: a person confirms a run that stood still for too long or is of another day, or
                a ledger that was put back from a backup.
            by_itself: continue only what time alone releases.
            leave_refused: a person decides that who was refused in a row stays failed.
            join: beside other processes that deliver it; else it is left to them, unless it was
                released, or its failed messages given back, by this object.
            workers: processes that deliver it, as the key of that name says; 1 is this one alone.
                Others are `sys.executable`, started on the same practice folder; they have ended
                when this returns.
            stop: asks to stop, from another thread or a signal.

        Raises:
            LedgerError: the run was never released, or is cancelled.
            StillOpenError: another process works on it, or what follows its last message cannot
                be made now.
        """
        with self._ledger.read() as tx:
            allow_command(find_run(tx, self.id), "resume")
            total = count_open(tx, self.id)

        def report_progress(one: LoopProgress) -> None:
            progress(Progress(self.id, total, one.settled, one.waiting, one.until, one.why))

        actor = self.practice.actor
        options = Options(
            wait=wait,
            confirmed_by=actor if confirm else None,
            by_itself=by_itself,
            refused_left_by=actor if leave_refused else None,
            join=join or self.is_released_here,
        )
        stop = stop or Stop()
        try:
            if workers == 1:
                where = self._context, self._ledger, self.id
                continue_run(*where, options, report=report_progress, stop=stop)
            else:
                from serienpost.service.helping import continue_with_helpers

                team = self.practice, self.id, workers
                continue_with_helpers(*team, options, report=report_progress, stop=stop)
        except StillOpenError as error:
            error.run = self.id
            raise
        status = self.status()
        if status.state == "paused" and status.until and status.ends and status.ends.by == "time":
            self.wake(status.until)
        return status

    def go_on(self, *, confirm: bool = False, leave_refused: bool = False) -> RunStatus:
        """End a pause that a person ends, as `deliver` does, and leave the delivery to a worker.

        Args:
            confirm: see `deliver`.
            leave_refused: see `deliver`.

        Returns:
            How the run stands then: `sending`, or still paused, for what stands against it.

        Raises:
            LedgerError: the run was never released, or is over.
            StillOpenError: a process delivers it.
        """
        actor = self.practice.actor
        options = Options(
            confirmed_by=actor if confirm else None,
            refused_left_by=actor if leave_refused else None,
        )
        let_go_on(self._context, self._ledger, self.id, options)
        status = self.status()
        if status.state == "sending":
            self.wake()
        return status

    def pause(self) -> RunStatus:
        """Stop the run for now; a process that delivers it notices with its next commit."""
        approve.pause(self._ledger, self.id, self.practice.actor)
        return self.status()

    def cancel(self) -> RunStatus:
        """Stop the run for good; what was delivered before is completed."""
        free_dead(self._context, self._ledger, self.id)
        refuse_cancel(self._context, self._ledger, self.id)
        approve.cancel(self._ledger, self.id, self.practice.actor)
        self.settle_cancelled()
        return self.status()

    def settle_cancelled(self) -> None:
        """Complete what a cancelled run delivered before; a notice where that cannot be done."""
        free_dead(self._context, self._ledger, self.id)
        try:
            complete_cancelled(self._context, self._ledger, self.id)
        except SerienpostError as error:
            self.practice.notify(Notice("incomplete", {"run": self.id, "text": error.sentence}))

    def retry(self) -> int:
        """Give the failed messages another chance; returns how many. `deliver` sends them."""
        self.is_released_here = True
        return doubts.retry_failed(self._ledger, self.id, self.practice.actor)

    def resolve(
        self, rows: Sequence[str], decision: Literal["accepted", "resend", "failed"]
    ) -> int:
        """Decide about messages in doubt; returns how many. `deliver` sends what is to be resent.

        Args:
            rows: row ids, or person ids meaning all rows of that person.
            decision: it arrived, send it again, or it did not arrive and stays so.

        Raises:
            LedgerError: a row is not in this run or not in doubt; nothing is changed.
        """
        return doubts.resolve(self._ledger, self.id, rows, decision, self.practice.actor)

    def message_page(
        self, page: int = 1, state: str | None = None, *, size: int = 50
    ) -> MessagePage:
        """One page of the messages in the order of the run, with the names that the ledger keeps;
        `names` knows more.

        Args:
            page: from 1.
            state: messages in this state only, or `missed`: all that nobody got.
            size: messages of a page.

        Raises:
            ValueError: no such page, or a size that is none.
        """
        refuse_page(page, size)
        states = NOT_SENT if state == MISSED else (state,) if state else ()
        total, found = history.message_page(self._ledger, self.id, page, size, states)
        return MessagePage(page, max(1, -(-total // size)), total, found)

    def names(self, rows: Iterable[str], texts: Iterable[str | None] = ()) -> RowNames:
        """Whom these rows mean: also those of whom the ledger keeps no name since the release, read
        from their sources now.

        Args:
            rows: ids of rows.
            texts: sentences that may name further rows by their ids.
        """
        from serienpost.run.report.live_names import ids_within, row_names

        ids = {*rows, *ids_within(texts)}
        return row_names(self._context, self._ledger, self.id, ids)

    def place(self, row: str) -> int | None:
        """Which page of a review of the marked rows, one by one, shows this row; None where the row
        is not marked."""
        return recipients.place(self._ledger, self._rows, row)

    def messages(self, *, troubled_first: bool = False) -> Iterator[MessageLine]:
        """Each message, read as it is used."""
        first = ("in_doubt", "failed") if troubled_first else ()
        return history.messages_of(self._ledger, self.id, first=first)

    def story(self, row: str) -> list[MessageStory]:
        """What a person got, when, on which consent, released by whom."""
        return history.story(self._ledger, self.id, row, self._context.zone)

    def other_messages(self, row: str, limit: int = 50) -> list[OtherMessage]:
        """What the person of a row was sent by other runs, as far as the ledger knows, the newest
        run first."""
        return history.other_messages(self._ledger, self.id, row, self._context.zone, limit)

    def manifest(self) -> Manifest:
        """Which fields left (or will leave), to whom, for how many people."""
        from serienpost.run.report.manifest import manifest

        return manifest(self._context, self._ledger, self.id)

    def report(self) -> Report:
        """How the run went, by state and reason and over time."""
        from serienpost.run.report.summary import report

        return report(self._ledger, self.id, self._context.zone)

    def report_page(self, found: Report) -> str:
        """The report as one self-contained HTML page."""
        from serienpost.run.report.page import report_page

        return report_page(found)

    def write_failures(self, file: IO[str]) -> int:
        """CSV of everybody who did not get the message; a valid input of the table source."""
        from serienpost.run.report.summary import write_failures

        return write_failures(self._ledger, self.id, file)
