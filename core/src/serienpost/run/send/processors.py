"""To whom the messages of a run are handed, and since when."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, func, or_, select, true

from serienpost.ledger.schema import attempt, journal, message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

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


def stretches(
    notes: Sequence[HandedOver],
) -> Iterator[tuple[str | None, str | None, ColumnElement[bool]]]:
    """Each processor with what is true of the messages whose last attempt went there; what has no
    attempt yet goes to the last."""
    a = attempt.c
    last_try = (
        select(func.max(a.started_at))
        .where(a.practice == message.c.practice, a.run == message.c.run, a.no == message.c.no)
        .scalar_subquery()
    )
    for note, following in pairwise([*notes, None]):
        assert note is not None  # noqa: S101  # only the last is
        within = [last_try >= note.since] if note is not notes[0] else []
        if following is not None:
            within.append(last_try < following.since)
        elif within:
            within = [or_(last_try.is_(None), *within)]
        yield note.processor, note.region, and_(true(), *within)
