"""`open_practice`, and all that can be done with a practice: the public object."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from serienpost.config.loading import load_practice
from serienpost.service.desk import DeskPractice
from serienpost.service.notices import log_notice
from serienpost.service.opened import MOST_ROWS
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from types import TracebackType

    from serienpost.config.models import Workers
    from serienpost.run.report.answers import DueDate, DueRun, RunLine, RunStatus
    from serienpost.run.report.export import PersonExport
    from serienpost.run.report.retention import Purged
    from serienpost.run.send.stop import Stop
    from serienpost.service.decided import Answers
    from serienpost.service.finding import Finding
    from serienpost.service.mailing import CheckedMailing, EditedText, Instead, Transliteration
    from serienpost.service.notices import Notify
    from serienpost.service.persons import FoundPersons
    from serienpost.service.release import Confirmation
    from serienpost.service.retention import RetentionStatus
    from serienpost.service.run import Progress, Run
    from serienpost.service.schedule import Planned, WaitingSchedule
    from serienpost.service.serving import WorkerLine
    from serienpost.service.suppressions import (
        EventCounts,
        SuppressedAddress,
        Suppression,
        SuppressionChange,
        SuppressionPage,
    )

_ = Texts(__name__)

_LONGEST_ACTOR = 200


def open_practice(folder: Path | str, *, actor: str, notify: Notify = log_notice) -> Practice:
    """Open a practice folder with exactly the plugins that it names.

    Args:
        folder: holds `serienpost.yaml`.
        actor: who acts, as the ledger records it: `os:LOGIN` on the command line, a user of the
            ledger on a desk, `schedule:MAILING` where nobody watches.
        notify: is told what a person should hear while something goes on.

    Raises:
        ConfigError: everything that is wrong with policy and `serienpost.yaml`.
        PluginError: nothing but plugins is wrong.
        ValueError: the actor is empty, too long, or not one printable line.
    """
    if not actor.strip():
        raise ValueError(_("who acts must be named"))
    if not actor.isprintable() or len(actor) > _LONGEST_ACTOR:
        raise ValueError(_("who acts is named in one line of printable signs"))
    return Practice(load_practice(Path(folder).absolute()), actor, notify)


class Practice(DeskPractice):
    """One practice and who acts in it. Closing it closes everything that was opened through it."""

    def time(self, text: str) -> datetime:
        """A moment as people write it: `9:00` for the next such time, `morgen 9:00`,
        `montag 9 Uhr`, `30.11. 9:00`, `2026-11-30 9:00`.

        Raises:
            ConfigError: another form, a time that does not exist on that day, or one in the past.
        """
        from serienpost.dates import parse_moment

        return parse_moment(text, self.ledger.clock(), self.context.zone)

    def day(self, text: str) -> date:
        """A day as people write it: `heute`, `morgen`, `montag`, `30.11.`, `2026-11-30`.

        Raises:
            ConfigError: another form, or no day of the calendar.
        """
        from serienpost.dates import parse_day

        return parse_day(text, self.today())

    def check(self, mailing: str) -> CheckedMailing:
        """Everything that can be known about a mailing without reading any recipient.

        Args:
            mailing: a file of `mailings/` without its suffix, or a path.

        Raises:
            SerienpostError: all that is wrong with it, with file and line.
        """
        from serienpost.service.mailing import check

        return check(self, mailing)

    def text_of(self, mailing: str, instead: Instead | None = None) -> EditedText:
        """The text of a mailing, to be changed for one run and given to `prepare`."""
        from serienpost.service.mailing import text_of

        return text_of(self, mailing, instead)

    def prepare(
        self,
        mailing: str,
        *,
        due: date | None = None,
        instead: Instead | None = None,
        text: EditedText | None = None,
        rewrite_signs: bool | None = None,
        exclude_already_sent: bool = False,
        selection: str | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Run | Transliteration:
        """Select, review, render and freeze a mailing as a run.

        Args:
            mailing: a file of `mailings/` without its suffix, or a path.
            due: the date that relative days count from; today unless given, with a selection that
                of the selection.
            instead: account, template or signature to use instead of the mailing's.
            text: the mailing's text as changed for this run, from `text_of`.
            rewrite_signs: the answer to `Transliteration`.
            exclude_already_sent: unmark who had this mailing before.
            selection: the id of a selection whose people and marks are taken instead of the
                mailing's own. They are read and judged anew: who is not marked in it, or new since
                then, is in the run and unmarked.
            progress: is called with the number of rows read so far.

        Returns:
            The run; or, where `transliterate: ask` needs an answer, the question.

        Raises:
            SerienpostError: something is wrong with the mailing, or the source cannot deliver.
        """
        from serienpost.service.mailing import prepare

        return prepare(
            self,
            mailing,
            due=due,
            instead=instead,
            text=text,
            rewrite_signs=rewrite_signs,
            exclude_already_sent=exclude_already_sent,
            selection=selection,
            progress=progress,
        )

    def run_mailing(
        self,
        mailing: str,
        *,
        due: date | None = None,
        answers: Answers | None = None,
        wait: bool = True,
        workers: Workers = 1,
        counting: Callable[[int], None] = lambda _: None,
        progress: Callable[[Progress], None] = lambda _: None,
        stop: Stop | None = None,
        unattended: bool = False,
    ) -> RunStatus | Confirmation:
        """Prepare and send a mailing in one go, never with overrides.

        Earlier due dates of the mailing are continued first, as `resume_due` would. An approved,
        sending or paused run of this due date is resumed instead of preparing another.

        Args:
            mailing: a file of `mailings/` without its suffix, or a path.
            due: the due date; today unless given.
            answers: what is decided beforehand.
            wait: wait here for rate, time and retries instead of pausing the run.
            workers: see `Run.deliver`.
            counting: is called with the number of rows read so far.
            progress: is called now and then while the run is delivered.
            stop: asks to stop, from another thread or a signal.
            unattended: nobody watches: `notify:` of the practice is told what fails.

        Returns:
            How the run stands; or what must be answered first. With a `run` in it, that run is
            prepared: `practice.run(id).approve` and `deliver` go on.

        Raises:
            StillOpenError: what must be asked cannot answer, so that nothing was approved: the due
                date is put off until `resume_due` can prepare it; or the ledger is away, and the
                next call is the retry.
            SerienpostError: refused; nothing was sent.
        """
        from serienpost.service.due import run_mailing

        return run_mailing(
            self,
            mailing,
            due or self.today(),
            answers,
            wait=wait,
            workers=workers,
            counting=counting,
            progress=progress,
            stop=stop,
            unattended=unattended,
        )

    def runs(self, limit: int = 20) -> list[RunLine]:
        """The newest runs with their counts.

        Raises:
            ValueError: the limit is not between 1 and a million.
        """
        from serienpost.run.report.history import list_runs

        if not 1 <= limit <= MOST_ROWS:
            raise ValueError(_("the limit is a number from 1 to {most}", most=MOST_ROWS))
        return list_runs(self.ledger, limit, self.context.zone)

    def due_dates(self) -> list[DueDate]:
        """Due dates that could not be prepared unattended and wait for `resume_due`, and those that
        were given up and that no person has taken off."""
        from serienpost.run.report.history import due_dates

        return due_dates(self.ledger, self.context.zone)

    def planned(self, days: int = 14) -> Planned:
        """What the schedules of mailings bring in the next days, with the holidays that move or
        leave out something, and what waits to be prepared.

        Raises:
            ValueError: the days are not between 1 and 366.
        """
        from serienpost.service.schedule import planned

        return planned(self, days)

    def cancel_due(self, mailing: str, due: date) -> DueDate:
        """Take a due date off: it is not prepared again, or no more shown as given up.

        Raises:
            LedgerError: it neither waits nor was given up.
        """
        from serienpost.service.due import cancel_due

        return cancel_due(self, mailing, due)

    def run(self, run_id: str) -> Run:
        """The run of this id.

        Raises:
            LedgerError: there is none.
        """
        from serienpost.service.run import Run

        return Run.find(self, run_id)

    def resume_due(
        self,
        *,
        workers: Workers = 1,
        progress: Callable[[Progress], None] = lambda _: None,
        stop: Stop | None = None,
    ) -> list[DueRun | DueDate | WaitingSchedule]:
        """Continue every run that waits for time or quota or was cut off, prepare every due date
        that a schedule brings, and again every one that was put off; the one call for cron.

        Args:
            workers: see `Run.deliver`.
            progress: is called now and then while a run is delivered.
            stop: asks to stop, from another thread or a signal.

        Returns:
            The runs; the due dates that are still open, or that nobody was told of that they
            are given up; and the schedules that cannot be followed.

        Raises:
            StillOpenError: the ledger is away.
        """
        from serienpost.service.due import resume_due

        return resume_due(self, workers=workers, progress=progress, stop=stop)

    def continue_run(self, run_id: str, *, stop: Stop | None = None) -> RunStatus | None:
        """Deliver a run as far as it can go on now, for whatever reason somebody thinks that it
        can: what a dispatcher's `work` is given, as `serienpost worker` does it.

        Returns:
            How the run stands then; None where there is nothing to do here: no such run, none that
            was released, one that waits for its time or a person, or that another process delivers.

        Raises:
            SerienpostError: it cannot be continued; this concerns this run only.
        """
        from serienpost.run.send.stop import Stop
        from serienpost.service.serving import continue_by_itself

        return continue_by_itself(self, run_id, stop or Stop())

    def workers(self) -> list[WorkerLine]:
        """The workers that the ledger names as serving this practice (`serienpost worker`)."""
        from serienpost.service.serving import workers

        return workers(self)

    def events(self, account: str | None = None) -> list[EventCounts]:
        """Ask providers for reports, bounces and complaints since the last time.

        Raises:
            ConfigError: there is no such account.
        """
        from serienpost.service.suppressions import events

        return events(self, account)

    def suppress(
        self, addresses: Sequence[str] = (), *, kind: str = "email", csv_file: str | None = None
    ) -> SuppressionChange:
        """Put addresses on the suppression list; only their keyed hashes are kept.

        Raises:
            ConfigError: something is no address, or the file cannot be used.
        """
        from serienpost.service.suppressions import suppress

        return suppress(self, addresses, kind, csv_file)

    def unsuppress(
        self, addresses: Sequence[str] = (), *, kind: str = "email", csv_file: str | None = None
    ) -> int:
        """Take addresses off the suppression list; returns how many were on it.

        Raises:
            ConfigError: something is no address, or the file cannot be used.
        """
        from serienpost.service.suppressions import unsuppress

        return unsuppress(self, addresses, kind, csv_file)

    def suppressed(self) -> list[SuppressedAddress]:
        """The suppression list, the newest first."""
        from serienpost.service.suppressions import suppressed

        return suppressed(self)

    def suppression_kinds(self) -> list[str]:
        """The kinds of contact whose addresses can stand on the suppression list."""
        from serienpost.service.suppressions import suppression_kinds

        return suppression_kinds(self)

    def suppression_page(self, page: int = 1, *, size: int = 50) -> SuppressionPage:
        """One page of the suppression list, with where each entry comes from.

        Raises:
            ValueError: no such page, or a size that is none.
        """
        from serienpost.service.suppressions import suppression_page

        return suppression_page(self, page, size)

    def suppression_id(self, address: str, *, kind: str = "email") -> str:
        """What an entry of an address is called, whether it is on the list or not.

        Raises:
            ConfigError: it is no address, with the reason.
        """
        from serienpost.service.suppressions import suppression_id

        return suppression_id(self, address, kind)

    def suppression(self, entry_id: str) -> Suppression | None:
        """The entry of this id; None where the address is not on the list.

        Raises:
            LedgerError: it is no id of an entry.
        """
        from serienpost.service.suppressions import suppression

        return suppression(self, entry_id)

    def lift_suppression(self, entry_id: str) -> bool:
        """Take the address of an entry off the list; returns whether it was on it.

        Raises:
            LedgerError: it is no id of an entry.
        """
        from serienpost.service.suppressions import lift_suppression

        return lift_suppression(self, entry_id)

    def write_suppressed(self, path: Path) -> None:
        """Write the suppression list to a file that `suppress` and `unsuppress` read."""
        from serienpost.service.suppressions import write_suppressed

        write_suppressed(self, path)

    def retention(self) -> RetentionStatus:
        """How long what is kept, and what `purge` would remove now; removes nothing."""
        from serienpost.service.retention import retention

        return retention(self)

    def purge(self) -> Purged:
        """Remove what the retention periods no longer cover."""
        from serienpost.run.report.retention import purge

        return purge(self.context, self.ledger, self.actor)

    def find_persons(self, words: str, blocks: Sequence[Mapping[str, Any]] = ()) -> FoundPersons:
        """Look for a person who asks what is known; nothing of the search is kept.

        Args:
            words: an id or a number, or a part of a name, as the ledger has it.
            blocks: what stands under `select:` of a mailing, each with its `source`: where in the
                practice's data to look, too.
        """
        from serienpost.service.persons import find_persons

        return find_persons(self, words, blocks)

    def export_person(self, person: str) -> PersonExport:
        """Everything that the ledger knows about a person (Art. 15 GDPR).

        Raises:
            LedgerError: nothing is known.
        """
        from serienpost.run.report.export import export_person

        return export_person(self.context, self.ledger, person)

    def erase_person(self, person: str) -> int:
        """Replace a person by a tombstone everywhere (Art. 17 GDPR); returns how many messages.

        Raises:
            LedgerError: nothing is known, or one of the messages is on the wire right now.
        """
        from serienpost.run.report.erasure import erase_person

        return erase_person(self.context, self.ledger, person, self.actor)

    def doctor(self) -> Iterator[Finding]:
        """Look at everything that the practice needs; goes on after each thing that is broken."""
        from serienpost.service.doctor import examine

        return examine(self.context.folder)

    def close(self) -> None:
        """Close everything that was opened through this practice."""
        self.context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
