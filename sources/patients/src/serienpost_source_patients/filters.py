"""From a selection to conditions on the database."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost_practice_db import conditions as where
from serienpost_practice_db.birthdays import BirthdayWindow
from serienpost_practice_db.people import person_conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_patients.selection import PatientSelection

# Days that are greeted for at most, the due date among them.
_MOST_DAYS = 7


def conditions(selected: PatientSelection, db: PracticeDb) -> list[Condition]:
    """What the selection asks, without the birthday."""
    return [
        *person_conditions(selected, db, "patient"),
        *_of_visits(selected),
        *_of_others(selected, db),
    ]


def birthday_window(selected: PatientSelection, due: date) -> BirthdayWindow | None:
    """The days on which the birthday must be, None where it does not matter."""
    if selected.birthday is None:
        return None
    dates = selected.birthday_dates()
    if dates is not None:
        return BirthdayWindow(*dates)
    if selected.birthday in ("today", "since_last_run"):
        return BirthdayWindow(due, due)
    if selected.birthday == "tomorrow":
        tomorrow = due + timedelta(days=1)
        return BirthdayWindow(tomorrow, tomorrow)
    days = selected.birthday_days()
    if days is None:
        last = monthrange(due.year, due.month)[1]
        return BirthdayWindow(due.replace(day=1), due.replace(day=last))
    return _next_window(*days, due)


def days_since(last_due: date | None, due: date) -> str:
    """The days after a due date up to this one, at most a week, as a selection keeps them."""
    first = due if last_due is None else last_due + timedelta(days=1)
    first = min(due, max(first, due - timedelta(days=_MOST_DAYS - 1)))
    return f"{first}..{due}"


def _next_window(first: str, last: str, due: date) -> BirthdayWindow:
    for year in (due.year - 1, due.year, due.year + 1):
        window = BirthdayWindow(_day(year, first), _day(year + (last < first), last))
        if window.last >= due:
            break
    return window


def _day(year: int, month_day: str) -> date:
    if month_day == "02-29" and not isleap(year):
        return date(year, 2, 28)
    return date.fromisoformat(f"{year:04}-{month_day}")


def _of_visits(selected: PatientSelection) -> Iterator[Condition]:
    if selected.last_visit_before is not None:
        yield where.before("letzter_besuch", date.fromisoformat(selected.last_visit_before))
    if selected.last_visit_after is not None:
        yield where.after("letzter_besuch", date.fromisoformat(selected.last_visit_after))


def _of_others(selected: PatientSelection, db: PracticeDb) -> Iterator[Condition]:
    if selected.language is not None:
        yield where.same_text("sprache", selected.language)
    if selected.practitioner is not None:
        yield where.treated_by(db.entity("behandler"), selected.practitioner)
