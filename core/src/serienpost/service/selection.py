"""People chosen and checked before there is a text: look at them, mark, check again, discard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost.config.mailing_file import check_choice
from serienpost.errors import ConfigError, Problem
from serienpost.ledger.reviewed import rows_of_selection
from serienpost.ledger.schema import selected
from serienpost.ledger.selections import find_selection
from serienpost.run.prepare import choose
from serienpost.run.prepare.selection_marks import change_all, change_rows, discard_selection
from serienpost.run.report import recipients
from serienpost.run.report.selections import (
    explain_selected,
    selection_reasons,
    selection_status,
    selection_statuses,
)
from serienpost.service.review_page import review_page
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement

    from serienpost.ledger.reviewed import ReviewedRows
    from serienpost.ledger.store import Ledger
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
    context = practice.context
    keys = {
        "select": [dict(block) for block in blocks],
        "account": account,
        "purpose": purpose,
        "order_by": list(order_by),
        "limit": limit or "all",
    }
    people = choose.check_people(context, check_choice(context, keys), due)
    if kind is not None and kind != people.kind.name:
        known = context.registry.kinds()
        said = _(
            "account {account} sends {own}, not {kind}",
            account=account,
            own=people.kind.title,
            kind=known[kind].title if kind in known else kind,
        )
        raise ConfigError(Problem(said, _("choose an account of that kind"), key="account"))
    return Selection(practice, choose.ask(people, practice.ledger, practice.actor))


def selections(practice: OpenedPractice) -> list[SelectionStatus]:
    """See `Practice.selections`."""
    return selection_statuses(practice.ledger, practice.context.zone)


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
        return rows_of_selection(self.id)

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

    def ask_again(self) -> SelectionStatus:
        """Ask for its people to be read and judged anew: `read` does so, in whichever process.

        Raises:
            StillOpenError: another process reads them.
        """
        choose.ask_again(self._ledger, self.id, self.practice.actor)
        return self.status()

    def again(self, progress: Callable[[int], None] = lambda _: None) -> SelectionStatus:
        """Read and judge its people anew, in this process. Who was unmarked by hand stays so;
        who is new, or allowed by now, is marked.

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

    def shared_addresses(self) -> SharedRows | None:
        """Different marked people who would each be written to at one address; None where there
        are none."""
        found = recipients.shared_rows(self._ledger, self._rows)
        return next((one for one in found if one.what == "address"), None)

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
        self._change_all("not_allowed", None, mark=False)
        counts = self.status().counts
        return counts.reachable - counts.allowed

    def discard(self) -> None:
        """Remove it with all its rows."""
        discard_selection(self._ledger, self.id, self.practice.actor)

    def _which(self, only: Filter | None, reason: str | None) -> list[ColumnElement[bool]]:
        because = [selected.c.because == reason] if reason is not None else []
        return [*recipients.filtered(self._rows, only), *because]
