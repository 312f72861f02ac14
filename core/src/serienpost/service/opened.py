"""What every use case works with: an opened practice, who acts in it, and who is told of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.service.notices import Notice, log_notice

if TYPE_CHECKING:
    from datetime import date

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger
    from serienpost.service.notices import Notify


# Of one answer: lines, rows of a page, pages.
MOST_ROWS = 1_000_000


class OpenedPractice:
    """One practice and who acts in it.

    Args:
        context: the practice's folder, configuration and plugins.
        actor: who acts, as the ledger records it.
        notify: is told what a person should hear while something goes on.
    """

    def __init__(self, context: PracticeContext, actor: str, notify: Notify = log_notice) -> None:
        self.context = context
        self.actor = actor
        self.notify = notify

    @property
    def ledger(self) -> Ledger:
        """The practice's ledger, opened on first use.

        Raises:
            LedgerError: it cannot be opened, is not durable, or is newer than this serienpost.
        """
        from serienpost.ledger.store import open_ledger

        return open_ledger(self.context, lambda: self.notify(Notice("ledger_closed")))

    def today(self) -> date:
        """Today in the practice's time zone."""
        from serienpost.ledger.store import utc_now

        return utc_now().astimezone(self.context.zone).date()
