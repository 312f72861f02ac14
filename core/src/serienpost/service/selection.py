"""People chosen and checked before there is a text: look at them, mark, check again, discard."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost.config.mailing_file import check_choice
from serienpost.config.uploads import REFERENCE, Upload, naming_uploads
from serienpost.errors import ConfigError, LedgerError, Problem
from serienpost.ledger.drafts import (
    UploadRow,
    add_upload,
    drafts_writing_to,
    has_drafts,
    lists_of,
    waiting_lists,
)
from serienpost.ledger.reviewed import rows_of_selection
from serienpost.ledger.schema import selected, uploaded
from serienpost.ledger.selections import find_selection
from serienpost.run.prepare import choose
from serienpost.run.prepare.plan import Scope
from serienpost.run.prepare.selection_marks import change_all, change_rows, discard_selection
from serienpost.run.prepare.taking_over import for_people
from serienpost.run.prepare.uploaded_files import as_uploads, received, remove_files
from serienpost.run.report import recipients
from serienpost.run.report.selections import (
    explain_selected,
    selection_reasons,
    selection_status,
    selection_statuses,
)
from serienpost.service.given_files import UploadedFile, uploaded_file
from serienpost.service.review_page import review_page
from serienpost.service.tasks import reading_task
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from sqlalchemy import ColumnElement

    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.people import People
    from serienpost.run.report.answers import (
        Explanation,
        Recipient,
        SelectionStatus,
        SharedRows,
        UnmarkedReason,
    )
    from serienpost.run.report.recipients import Filter
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.review_page import ReviewPage
    from serienpost.service.tasks import TaskStatus

_ = Texts(__name__)


def new_selection(
    practice: OpenedPractice,
    blocks: Sequence[Mapping[str, Any]],
    *,
    account: str,
    purpose: str,
    due: date,
    kind: str | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> Selection:
    """See `Practice.new_selection`."""
    keys = {**_looked_for(blocks, order_by, limit), "account": account, "purpose": purpose}
    with _lists_of(practice, keys) as lists:
        mailing = check_choice(practice.context, keys, lists)
        people = choose.check_people(practice.context, mailing, due)
        _refuse_kind(people, kind)
    ids = [one.id for one in lists]
    return Selection(practice, choose.ask(people, practice.ledger, practice.actor, ids))


def find_people(
    practice: OpenedPractice,
    blocks: Sequence[Mapping[str, Any]],
    *,
    due: date,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> Selection:
    """See `Practice.find_people`."""
    keys = _looked_for(blocks, order_by, limit)
    with _lists_of(practice, keys) as lists:
        hits = choose.check_hits(practice.context, check_choice(practice.context, keys, lists), due)
    ids = [one.id for one in lists]
    return Selection(practice, choose.ask(hits, practice.ledger, practice.actor, ids))


def _looked_for(
    blocks: Sequence[Mapping[str, Any]], order_by: Sequence[str], limit: int | None
) -> dict[str, Any]:
    return {
        "select": [dict(block) for block in blocks],
        "order_by": list(order_by),
        "limit": limit or "all",
    }


@contextmanager
def _lists_of(practice: OpenedPractice, keys: Mapping[str, Any]) -> Iterator[list[Upload]]:
    """The lists that wait for a selection and that these keys name; what is wrong in one of them is
    said by the name that it was given."""
    named = [one["file"] for one in keys["select"] if isinstance(one.get("file"), str)]
    ids = [one.removeprefix(REFERENCE) for one in named if one.startswith(REFERENCE)]
    rows = []
    if ids:
        with practice.ledger.read() as tx:
            rows = waiting_lists(tx, ids) if has_drafts(tx) else []
    lists = as_uploads(rows)
    with naming_uploads(lists):
        yield lists


def add_list(practice: OpenedPractice, name: str, stream: BinaryIO) -> UploadedFile:
    """See `Practice.add_list`."""
    with received(practice.context, name, stream, "list") as file:
        row = UploadRow(file.id, None, "list", file.name, file.size)
        with practice.ledger.begin("upload", counted=False) as tx:
            tx.require(uploaded)
            add_upload(tx, row, practice.actor)
    return uploaded_file(row)


def waiting_list(practice: OpenedPractice, file_id: str) -> UploadedFile:
    """See `Practice.waiting_list`."""
    with practice.ledger.read() as tx:
        rows = waiting_lists(tx, [file_id]) if has_drafts(tx) else []
    if not rows:
        raise LedgerError(_("the list is no longer there"), hint=_("choose it again"))
    return uploaded_file(rows[0])


def _refuse_kind(people: People, kind: str | None) -> None:
    """Make sure that the account sends what is asked for.

    Raises:
        ConfigError: it sends something else.
    """
    if kind is None or kind == people.kind.name:
        return
    known = people.context.registry.kinds()
    said = _(
        "account {account} sends {own}, not {kind}",
        account=people.header.account,
        own=people.kind.title,
        kind=known[kind].title if kind in known else kind,
    )
    raise ConfigError(Problem(said, _("choose an account of that kind"), key="account"))


def selections(practice: OpenedPractice) -> list[SelectionStatus]:
    """See `Practice.selections`."""
    return selection_statuses(practice.ledger, practice.context.zone)


class KnownDraft(NamedTuple):
    """A draft that writes to a selection: its id, and what people call it."""

    id: str
    title: str


class Selection:
    """One selection of a practice, for the person who opened the practice."""

    def __init__(self, practice: OpenedPractice, selection_id: str) -> None:
        self.practice = practice
        self.id = selection_id

    @property
    def _ledger(self) -> Ledger:
        return self.practice.ledger

    @property
    def _rows(self) -> ReviewedRows:
        """The rows that it shows now."""
        with self._ledger.read() as tx:
            return rows_of_selection(find_selection(tx, self.id).rows)

    @classmethod
    def find(cls, practice: OpenedPractice, selection_id: str) -> Selection:
        """The selection of this id.

        Raises:
            LedgerError: there is none.
        """
        with practice.ledger.read() as tx:
            found = find_selection(tx, selection_id)
        return cls(practice, found.id)

    def status(self) -> SelectionStatus:
        """How it stands; one whose reader died has failed.

        Raises:
            LedgerError: it was discarded.
        """
        return selection_status(self._ledger, self.id, self.practice.context.zone)

    def task(self) -> TaskStatus | None:
        """The task that was asked last to read it; None where none was, or it was removed."""
        return reading_task(self.practice, self.id)

    def read(self, progress: Callable[[int], None] = lambda _: None) -> SelectionStatus:
        """Read and judge the people of a selection that waits for it, in this process.

        Args:
            progress: is called with the number of rows read so far.

        Raises:
            SourceError: the source cannot deliver; the selection has failed.
            LedgerError: it was read already.
            StillOpenError: another process reads it.
        """
        choose.read(self.practice.context, self._ledger, self.id, progress)
        return self.status()

    def ask_to_check(
        self, *, account: str, purpose: str, kind: str | None = None
    ) -> SelectionStatus:
        """Say how and why those who are marked among the people found will be written to, and ask
        for them to be read and judged: `read` does so, in whichever process.

        Args:
            account: that will send; its kind of contact says which address people need.
            purpose: why we will write; consent is asked for it.
            kind: of contact; the account must be of it.

        Raises:
            SerienpostError: all that is wrong with it; or nobody is marked, or the people are
                checked already.
            StillOpenError: another process reads them.
        """
        context = self.practice.context
        with self._ledger.read() as tx:
            scope = Scope.from_json(find_selection(tx, self.id).header)
            lists = as_uploads(lists_of(tx, self.id))
        way = check_choice(context, {"account": account, "purpose": purpose})
        with naming_uploads(lists):
            mailing = for_people(context, way, scope)
            people = choose.check_people(context, mailing, date.fromisoformat(scope.due))
        _refuse_kind(people, kind)
        choose.ask_to_check(people, self._ledger, self.id, self.practice.actor)
        return self.status()

    def check(
        self,
        *,
        account: str,
        purpose: str,
        kind: str | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> SelectionStatus:
        """Read and judge those who are marked among the people found, in this process; see
        `ask_to_check`. All of them who can be reached and are allowed are marked then.

        Args:
            account: that will send; its kind of contact says which address people need.
            purpose: why we will write; consent is asked for it.
            kind: of contact; the account must be of it.
            progress: is called with the number of rows judged so far.

        Raises:
            SerienpostError: something is wrong with what is asked; or the source cannot deliver,
                and the selection has failed.
        """
        self.ask_to_check(account=account, purpose=purpose, kind=kind)
        return self.read(progress)

    def back(self) -> SelectionStatus:
        """Forget how people were judged, and come back to those who were found, with their marks.

        Raises:
            LedgerError: they were checked at once, or a draft writes to them.
        """
        choose.back_to_hits(self._ledger, self.id, self.practice.actor)
        return self.status()

    def drafts(self) -> list[KnownDraft]:
        """The drafts that write to it, the one that was saved last first."""
        with self._ledger.read() as tx:
            return [KnownDraft(row.id, row.title) for row in drafts_writing_to(tx, self.id)]

    def ask_again(self) -> SelectionStatus:
        """Ask for its people to be read anew, and judged where they were: `read` does so, in
        whichever process.

        Raises:
            StillOpenError: another process reads them.
        """
        choose.ask_again(self._ledger, self.id, self.practice.actor)
        return self.status()

    def again(self, progress: Callable[[int], None] = lambda _: None) -> SelectionStatus:
        """Read and judge its people anew, in this process. Who was unmarked by hand stays so;
        who is new, or allowed by now, is marked. Where they are only found, who was marked stays.

        Args:
            progress: is called with the number of rows read so far.

        Raises:
            SourceError: the source cannot deliver; the selection has failed, with its old rows.
            StillOpenError: another process reads them.
        """
        self.ask_again()
        return self.read(progress)

    def page(
        self,
        page: int = 1,
        *,
        size: int = 50,
        sort: str | None = None,
        filter: Filter | None = None,  # noqa: A002  # the word that people know
        reason: str | None = None,
    ) -> ReviewPage:
        """One page of the people, in the columns of a run's review.

        Args:
            page: from 1.
            size: rows of a page.
            sort: a column, `-` before it for the reverse; else the order of the sources.
            filter: `marked`, `unmarked`, `unreachable` or `not_allowed` rows only.
            reason: only rows that are not marked for this reason, the `key` of `reasons`.

        Raises:
            SerienpostError: there is no such column or filter.
            ValueError: no such page, or a size that is none.
        """
        which = self._which(filter, reason)
        return review_page(self._ledger, self._rows, page, size, sort, which)

    def recipients(self, sort: str | None = None) -> Iterator[Recipient]:
        """All rows, read as they are used.

        Args:
            sort: a column, `-` before it for the reverse; else the order of the sources.

        Raises:
            SerienpostError: there is no such column.
        """
        return recipients.recipients(self._ledger, self._rows, sort)

    def reasons(self) -> tuple[UnmarkedReason, ...]:
        """Why rows are not marked, with how many, the most frequent first."""
        return selection_reasons(self._ledger, self.id)

    def shared(self) -> tuple[SharedRows, ...]:
        """Marked rows that belong together: people at one address, rows of one person."""
        return recipients.shared_rows(self._ledger, self._rows)

    def explain(self, row: str) -> Explanation:
        """What each check said about a row, and what would change it.

        Args:
            row: the id of a row, or of a person, meaning all the person's rows.

        Raises:
            LedgerError: there is no such row.
        """
        return explain_selected(self._ledger, self.id, row, self.practice.context.zone)

    def mark(self, rows: Sequence[str]) -> int:
        """Mark rows, all or none; returns how many were not marked before.

        Args:
            rows: ids of rows, or of persons, meaning all their rows.

        Raises:
            LedgerError: one is not there, cannot be reached, or is not allowed: with the reason,
                and what would change it.
            StillOpenError: the people are being read.
        """
        return self._change(rows, mark=True)

    def unmark(self, rows: Sequence[str]) -> int:
        """Unmark rows, all or none; returns how many were marked before.

        Args:
            rows: ids of rows, or of persons, meaning all their rows.

        Raises:
            LedgerError: one is not there.
            StillOpenError: the people are being read.
        """
        return self._change(rows, mark=False)

    def _change(self, rows: Sequence[str], *, mark: bool) -> int:
        return change_rows(self._ledger, self.id, self.practice.actor, rows, mark=mark)

    def mark_all(
        self,
        filter: Filter | None = None,  # noqa: A002  # the word that people know
        reason: str | None = None,
    ) -> int:
        """Mark all hits, on whatever page; returns how many were not marked before. Who cannot be
        reached or is not allowed stays unmarked.

        Args:
            filter: as for `page`.
            reason: as for `page`.

        Raises:
            SerienpostError: there is no such filter.
            StillOpenError: the people are being read.
        """
        return self._change_all(filter, reason, mark=True)

    def unmark_all(
        self,
        filter: Filter | None = None,  # noqa: A002  # the word that people know
        reason: str | None = None,
    ) -> int:
        """Unmark all hits, on whatever page; returns how many were marked before.

        Args:
            filter: as for `page`.
            reason: as for `page`.

        Raises:
            SerienpostError: there is no such filter.
            StillOpenError: the people are being read.
        """
        return self._change_all(filter, reason, mark=False)

    def _change_all(self, only: Filter | None, reason: str | None, *, mark: bool) -> int:
        which = self._which(only, reason)
        told = {"filter": only, "reason": reason}
        actor = self.practice.actor
        return change_all(self._ledger, self.id, actor, which, told, mark=mark)

    def drop_not_allowed(self) -> int:
        """Unmark everybody who is not allowed; returns how many people go without for that.

        Nobody is marked without being allowed, so that this changes nothing unless a mark came from
        elsewhere; faces have it for the click on the column.
        """
        if self.status().kind is None:
            return 0
        self._change_all("not_allowed", None, mark=False)
        counts = self.status().counts
        return counts.reachable - counts.allowed

    def discard(self) -> None:
        """Remove it with all its rows and the list that it reads.

        Raises:
            LedgerError: a draft writes to it, or a run still reads its list.
        """
        files = discard_selection(self._ledger, self.id, self.practice.actor)
        remove_files(self.practice.context, files)

    def _which(self, only: Filter | None, reason: str | None) -> list[ColumnElement[bool]]:
        because = [selected.c.because == reason] if reason is not None else []
        return [*recipients.filtered(self._rows, only), *because]
