"""From a selection to conditions on the database."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from serienpost_practice_db import conditions as where
from serienpost_practice_db.birthdays import BirthdayWindow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost_practice_db.conditions import Condition
    from serienpost_practice_db.database import PracticeDb
    from serienpost_source_patients.selection import PatientSelection

_NUMBERS = ("telefon", "mobil")
_TEXTS = ("vorname", "nachname", "vorsatzwort", "namenszusatz", "nummer", "email", "ort")


def conditions(selected: PatientSelection, db: PracticeDb) -> list[Condition]:
    """What the selection asks, without the birthday."""
    return [*_of_text(selected, db), *_of_visits(selected), *_of_keys(selected, db)]


def birthday_window(selected: PatientSelection, due: date) -> BirthdayWindow | None:
    """The days on which the birthday must be, None where it does not matter."""
    if selected.birthday is None:
        return None
    if selected.birthday == "today":
        return BirthdayWindow(due, due)
    if selected.birthday == "tomorrow":
        tomorrow = due + timedelta(days=1)
        return BirthdayWindow(tomorrow, tomorrow)
    days = selected.birthday_days()
    if days is None:
        last = monthrange(due.year, due.month)[1]
        return BirthdayWindow(due.replace(day=1), due.replace(day=last))
    return _next_window(*days, due)


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


def _of_text(selected: PatientSelection, db: PracticeDb) -> Iterator[Condition]:
    if selected.search is not None:
        known = db.entity("patient").fields
        yield where.all_words(
            selected.search,
            [field for field in _TEXTS if field in known],
            [field for field in _NUMBERS if field in known],
        )
    if selected.last_name is not None:
        yield where.starts_with("nachname", selected.last_name)
    if selected.first_name is not None:
        yield where.starts_with("vorname", selected.first_name)
    if selected.city is not None:
        yield where.same_text("ort", selected.city)
    if selected.language is not None:
        yield where.same_text("sprache", selected.language)
    if selected.postal_code is not None:
        codes = selected.postal_code_range()
        yield (
            where.code_between("plz", *codes)
            if codes
            else where.same_text("plz", selected.postal_code)
        )


def _of_visits(selected: PatientSelection) -> Iterator[Condition]:
    if selected.last_visit_before is not None:
        yield where.before("letzter_besuch", date.fromisoformat(selected.last_visit_before))
    if selected.last_visit_after is not None:
        yield where.after("letzter_besuch", date.fromisoformat(selected.last_visit_after))


def _of_keys(selected: PatientSelection, db: PracticeDb) -> Iterator[Condition]:
    if selected.practitioner is not None:
        entity = db.entity("behandler")
        named = (
            [where.keys_among([selected.practitioner])]
            if isinstance(selected.practitioner, int)
            else [
                where.same_text("nachname", selected.practitioner),
                where.same_words(("vorname", "nachname"), selected.practitioner),
            ]
        )
        yield where.refers_to("behandler_id", entity, *named)
    if selected.ids is not None:
        patient = db.entity("patient")
        keys = (patient.key(str(id_).removeprefix("patient:")) for id_ in selected.ids)
        yield where.keys_among([key for key in keys if key is not None])
