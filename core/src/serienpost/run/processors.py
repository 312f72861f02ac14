"""To whom the messages of a run are handed, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from serienpost.ledger.schema import journal

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.contracts.channels import Processor
    from serienpost.ledger.store import Tx

_ACTION = "hand over"


class HandedOver(NamedTuple):
    """From `since` on messages went to this processor; None is a machine of the practice."""

    since: datetime
    processor: str | None
    region: str | None


def note_processor(tx: Tx, run_id: str, processor: Processor | None) -> None:
    """Write down to whom messages go from now on, if that is not what was written last."""
    now = (processor.name, processor.region) if processor else (None, None)
    before = handed_over(tx, run_id)
    if not before or before[-1][1:] != now:
        detail: dict[str, Any] = dict(zip(("processor", "region"), now, strict=True))
        tx.note("serienpost", _ACTION, run_id, detail=detail)


def handed_over(tx: Tx, run_id: str) -> list[HandedOver]:
    """All processors of a run, the first at first; none before it was sent."""
    j = journal.c
    notes = tx.select(journal, j.at, j.detail).where(j.run == run_id, j.action == _ACTION)
    return [HandedOver(note.at, **note.detail) for note in tx.all(notes.order_by(j.at, j.id))]
