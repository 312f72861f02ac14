"""The day: what a run says of its due date, or whom it means by it, leaves on that date.

Age, expiry and consent are no matter of this module: they are judged for the moment of leaving by
the recheck, whatever the due date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_

from serienpost.contracts.rows import AsksClock
from serienpost.ledger.schema import journal, message
from serienpost.ledger.states import OPEN
from serienpost.run.prepare.people import frozen_selection
from serienpost.run.send.outcomes import StopReason
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.ledger.store import Tx
    from serienpost.run.prepare.people import People
    from serienpost.run.prepare.renderer import RunRenderer

_ = Texts(__name__)

# Action of the journal: a person confirmed that a run may leave on the day in `detail`.
_CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class LeavingDays:
    """On which days a released run may leave by itself.

    Args:
        renderer: the run's frozen header and files.
        why: what binds it to its due date; None where it may leave on any day.
        confirmed: the days on which a person let it leave all the same.
    """

    renderer: RunRenderer
    why: str | None = None
    confirmed: frozenset[str] = frozenset()

    def another_day(self, leaves_at: datetime) -> StopReason | None:
        """Why messages must not leave at this moment, if the day is not theirs."""
        day = self.renderer.day(leaves_at).isoformat()
        due = self.renderer.header.due
        if self.why is None or day == due or day in self.confirmed:
            return None
        text = _(
            "the run is made for {due} and {why}; look at it, then --confirm",
            due=date.fromisoformat(due),
            why=self.why,
        )
        return StopReason("another_day", text)


def leaving_days(tx: Tx, renderer: RunRenderer, run_id: str) -> LeavingDays:
    """On which days a released run may leave by itself.

    What nothing leaves the machine of, letters, keeps the date that it was prepared with.
    """
    if renderer.channel.repeatable:
        return LeavingDays(renderer)
    why = date_macro(renderer) or passed_occasion(tx, renderer, run_id)
    if why is None:
        return LeavingDays(renderer)
    details = tx.select(journal, journal.c.detail).where(
        journal.c.run == run_id, journal.c.action == _CONFIRM
    )
    return LeavingDays(renderer, why, frozenset(row.detail["day"] for row in tx.all(details)))


def confirm_day(tx: Tx, renderer: RunRenderer, run_id: str, user: str, at: datetime) -> None:
    """Note that a person lets a run leave on this day, whatever its due date."""
    tx.note(user, _CONFIRM, run_id, detail={"day": renderer.day(at).isoformat()})


def date_macro(renderer: RunRenderer) -> str | None:
    """That a text names the due date, and by which macro; None where it does not."""
    known = renderer.context.registry.macros
    names = sorted({name for one in renderer.in_languages for name in one.macro_names})
    dated = [name for name in names if name in known and known[name].is_dated]
    return _("the text uses {macro}", macro=dated[0]) if dated else None


def relative_day(renderer: People) -> str | None:
    """That people are selected by a day that counts from the due date; None where they are not."""
    return _("the selection counts from that day") if _relative_blocks(renderer) else None


def passed_occasion(tx: Tx, renderer: RunRenderer, run_id: str) -> str | None:
    """That somebody is still to be written to who was selected by a day that counts from the due
    date, about nothing that lies ahead; None where nobody is. An occasion that expires lies ahead
    as long as its message can leave at all.
    """
    blocks = _relative_blocks(renderer)
    if not blocks:
        return None
    c = message.c
    behind = and_(c.expires_at.is_(None), or_(c.occasion_at.is_(None), c.occasion_at <= tx.now))
    is_open = c.marked, c.state.in_(OPEN)
    count = tx.select(message, func.count()).where(
        c.run == run_id, *is_open, c.block.in_(blocks), behind
    )
    return relative_day(renderer) if tx.scalar(count) else None


def _relative_blocks(renderer: People) -> list[int]:
    """Positions of the blocks; the sources are asked about their selections."""
    context = renderer.context
    sources, found = renderer.context.registry.sources, []
    for index, block in enumerate(renderer.header.blocks):
        source = sources.get(block.source)
        if source is None:
            continue  # the recheck says so
        selection = frozen_selection(source, block.selection)
        if source.is_relative(selection) or (
            isinstance(source, AsksClock) and source.asks_clock(context, selection)
        ):
            found.append(index)
    return found
