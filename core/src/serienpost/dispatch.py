"""The default dispatcher: the process that approves a run also delivers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from serienpost.context import PracticeContext


class LocalDispatcher:
    """Wakes nobody: `send`, `run` and `resume` deliver in their own process."""

    name = "local"
    needs_shared_ledger = False

    def wake(self, context: PracticeContext, run: str, not_before: datetime | None) -> None:
        """Nothing to do; the caller delivers."""

    def work(self, context: PracticeContext, continue_run: Callable[[str], None]) -> None:
        """There are no wake-ups to serve."""
