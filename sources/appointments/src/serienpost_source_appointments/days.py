"""Days as a selection names them: `today`, `+3`, `next workday`, `2026-12-01`, ranges of these."""

from __future__ import annotations

import re
from datetime import date, timedelta

from serienpost import Texts

_ = Texts(__name__)

_AHEAD = re.compile(r"\+([1-9][0-9]{0,2}|0)")
_WORDS = ("today", "tomorrow", "next workday")
_RANGE = ".."


def is_relative(written: str) -> bool:
    """Whether the days move with the due date."""
    return any(part in _WORDS or _AHEAD.fullmatch(part) for part in written.split(_RANGE))


def first_and_last(written: str, due: date) -> tuple[date, date]:
    """The days from the first to the last, both included.

    `next workday` is the next day from Monday to Friday after the due date; public holidays count
    as workdays.

    Raises:
        ValueError: not a day, or the last lies before the first.
    """
    parts = written.partition(_RANGE)
    days = _day(parts[0], due), _day(parts[2] or parts[0], due)
    if days[1] < days[0]:
        raise ValueError(_("the last day lies before the first"))
    return days


def _day(written: str, due: date) -> date:
    ahead = _AHEAD.fullmatch(written)
    if ahead:
        return due + timedelta(days=int(ahead[1]))
    if written == "next workday":
        return due + timedelta(days={4: 3, 5: 2}.get(due.weekday(), 1))
    if written in _WORDS:
        return due + timedelta(days=_WORDS.index(written))
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(
            _(
                "write today, tomorrow, next workday, +3, a date such as 2026-01-31,"
                " or a range such as +1..+3"
            )
        ) from None
