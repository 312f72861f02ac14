"""Values of fields as people and programs write them: German forms and those of ISO 8601.

What is certain is read; everything else is refused with what to write instead, and nothing is
guessed: `1.234` may be a thousand or little more than one, `12/02/2026` a day in two months.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from serienpost.text import folded, visible
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from serienpost.fields import FieldType, FieldValue
    from serienpost.translation import Text

_ = Texts(__name__)

_YES_WORDS = frozenset({"ja", "j", "yes", "y", "x", "wahr", "true", "t", "1"})
NO_WORDS = frozenset({"nein", "n", "no", "falsch", "false", "f", "0"})
_DASHES = frozenset({"-", "--", "---", "\N{EN DASH}", "\N{EM DASH}"})

# Years in which something happens to people that are written to.
_YEARS = range(1900, 3000)
_CENTURY = 2000

_WEEKDAYS = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_WEEKDAY_OF = {
    "sonnabend": 5,
    **{name: number for number, name in enumerate(_WEEKDAYS)},
    **{name[:2]: number for number, name in enumerate(_WEEKDAYS)},
}
_MONTHS = """januar jänner jan | februar feber feb | märz maerz mär mrz | april apr | mai | juni jun
    | juli jul | august aug | september sept sep | oktober okt | november nov | dezember dez"""
_MONTH_OF = {
    name: number
    for number, names in enumerate(_MONTHS.split("|"), start=1)
    for name in names.split()
}

_WRITTEN_DAY = (
    r"(?:(?P<weekday>[a-z]+)\.?,? (?:den )?)?"
    r"(?:(?P<day>\d{1,2})\. ?(?:(?P<month>\d{1,2})\. ?|(?P<name>[a-zä]+)\.? )"
    r"(?P<year>\d{4}|\d{2})"
    r"|(?P<iso>\d{4}-\d{2}-\d{2}))"
)
_WRITTEN_TIME = (
    r"(?P<hour>\d{1,2})"
    r"(?:[:.](?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.0+)?)?(?: ?uhr)?"
    r"| ?uhr(?: (?P<minutes>\d{2}))?)"
)
_OFFSET = r"(?P<offset>z|[+-]\d{2}:?\d{2})"
_DAY = re.compile(_WRITTEN_DAY, re.ASCII)
_MOMENT = re.compile(
    rf"{_WRITTEN_DAY}(?:,? um |, ?| - | |(?<=\d)t(?=\d)){_WRITTEN_TIME}(?: ?{_OFFSET})?", re.ASCII
)
# A point alone may stand for thousands or for a decimal comma; so may a comma before three digits.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<whole>\d{1,15}|\d{1,3}(?:\.\d{3}){2,4})"
    r"|(?P<grouped>\d{1,3}(?:\.\d{3}){1,4}|\d{1,15}),(?P<decimals>\d{1,15}))",
    re.ASCII,
)
_AMBIGUOUS = re.compile(r"[+-]?(?:\d+\.\d+|\d{1,3},\d{3})", re.ASCII)


class Unreadable(NamedTuple):
    """Why a value is none of its field's type; the value itself is never kept.

    Args:
        found: what stands there in place of what should, as it is said behind "holds": `no date`.
        remedy: what to write instead.
    """

    found: str
    remedy: str

    def in_field(self, field: str) -> Text:
        """The sentence for people, with the name of the field."""
        return _(
            "The field {field} holds {found}; {remedy}.",
            field=field,
            found=self.found,
            remedy=self.remedy,
        )


_AS_A_MOMENT = _("write for example 02.12.2026 09:00")
_NO_BOOLEAN = Unreadable(_("neither yes nor no"), _("write yes or no"))
_NO_INTEGER = Unreadable(_("no whole number"), _("write for example 30"))
_AMBIGUOUS_NUMBER = Unreadable(
    _("a number that can be read in different ways"), _("write for example 1234 or 1.234,00")
)
_NO_DATE = Unreadable(_("no date"), _("write for example 02.12.2026"))
_NO_MOMENT = Unreadable(_("no date with a time"), _AS_A_MOMENT)
_NO_TIME = Unreadable(_("a date without a time"), _AS_A_MOMENT)
_MIDNIGHT = Unreadable(_("midnight, which programs write for a date without a time"), _AS_A_MOMENT)
_OTHER_WEEKDAY = Unreadable(_("a weekday that does not fit the date"), _("correct one of them"))
_NO_SUCH_HOUR = Unreadable(
    _("a time that this day does not have, or has twice (change of clocks)"),
    _("write it with its offset from UTC, for example 2026-10-25T02:30+02:00"),
)


def read_value(type_: FieldType, value: object, zone: tzinfo) -> FieldValue | Unreadable:
    """The value as its type says, whether it comes as such or in a documented written form.

    Args:
        type_: of the field; `text` takes every text as it is.
        value: a value of that type, or a text; blank, or a dash alone, is None.
        zone: of times that name none.

    Returns:
        The value, a moment in UTC where it was written; or why it is none.
    """
    if is_typed(type_, value):
        return value  # type: ignore[return-value]  # of a type in the table
    if type_ == "datetime" and type(value) is date:
        return _NO_TIME
    if isinstance(value, Decimal | float) and isfinite(value) and value % 1 == 0:
        value = int(value)
    written = " ".join(folded(visible(str(value))).split())
    if not written or written in _DASHES:
        return None
    return _moment(written, zone) if type_ == "datetime" else _READERS[type_](written)


def is_typed(type_: FieldType, value: object) -> bool:
    """Whether a value is of the type already: nothing is a value of every type, and every value one
    of a text."""
    return value is None or type_ == "text" or type(value) is _PYTHON_TYPES[type_]


# What is taken as it is, by exact type: neither is `True` a number nor a moment a day.
_PYTHON_TYPES: dict[FieldType, type] = {
    "boolean": bool,
    "integer": int,
    "date": date,
    "datetime": datetime,
}


def _yes_or_no(written: str) -> bool | Unreadable:
    """A yes or no as written in either language, or as Excel and databases export it."""
    if written in _YES_WORDS:
        return True
    return False if written in NO_WORDS else _NO_BOOLEAN


def _integer(written: str) -> int | Unreadable:
    if _AMBIGUOUS.fullmatch(written):
        return _AMBIGUOUS_NUMBER
    found = _NUMBER.fullmatch(written.replace("\N{MINUS SIGN}", "-"))
    if found is None:
        return _NO_INTEGER
    digits = (found["whole"] or found["grouped"]).replace(".", "")
    number = Decimal(f"{found['sign']}{digits}.{found['decimals'] or 0}")
    return int(number) if number == number.to_integral_value() else _NO_INTEGER


def _day(written: str) -> date | Unreadable:
    """A day. A year of two digits may be one of this century or of the last."""
    found = _DAY.fullmatch(written)
    if found is None or (found["year"] and len(found["year"]) == 2):
        return _NO_DATE
    return _day_in(found, _NO_DATE)


def _moment(written: str, zone: tzinfo) -> datetime | Unreadable:
    """A day with a time. Appointments are made in this century: `26` is 2026."""
    found = _MOMENT.fullmatch(written)
    if found is None:
        return _NO_TIME if _DAY.fullmatch(written) else _NO_MOMENT
    day = _day_in(found, _NO_MOMENT)
    if isinstance(day, Unreadable):
        return day
    minute = found["minute"] or found["minutes"] or 0
    try:
        clock = time(int(found["hour"]), int(minute), int(found["second"] or 0))
        if found["offset"]:
            local = datetime.fromisoformat(f"{day}T{clock}{found['offset'].upper()}")
        else:
            local = datetime.combine(day, clock, zone)
    except ValueError:
        return _NO_MOMENT
    # Programs write a day of which they know no time as midnight, of here or of UTC.
    if time() in (clock, local.astimezone(zone).time()):
        return _MIDNIGHT
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        return _NO_SUCH_HOUR
    return local.astimezone(UTC)


def _day_in(found: re.Match[str], otherwise: Unreadable) -> date | Unreadable:
    try:
        if found["iso"]:
            day = date.fromisoformat(found["iso"])
        else:
            year = int(found["year"]) + (_CENTURY if len(found["year"]) == 2 else 0)
            month = found["month"] or _MONTH_OF[found["name"]]
            day = date(year, int(month), int(found["day"]))
        weekday = _WEEKDAY_OF[found["weekday"]] if found["weekday"] else day.weekday()
    except (KeyError, ValueError):
        return otherwise
    if day.year not in _YEARS:
        return otherwise
    return day if weekday == day.weekday() else _OTHER_WEEKDAY


_READERS: dict[FieldType, Callable[[str], FieldValue | Unreadable]] = {
    "boolean": _yes_or_no,
    "integer": _integer,
    "date": _day,
}
