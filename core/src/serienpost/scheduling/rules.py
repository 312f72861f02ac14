"""`schedule:` of a mailing, in the words that people write: `mon-fri 09:00`, `täglich 9:00`."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import date

_ = Texts(__name__)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "mon monday mondays mo montag montags",
            "tue tues tuesday tuesdays di dienstag dienstags",
            "wed wednesday wednesdays mi mittwoch mittwochs",
            "thu thur thurs thursday thursdays do donnerstag donnerstags",
            "fri friday fridays fr freitag freitags",
            "sat saturday saturdays sa samstag samstags sonnabend sonnabends",
            "sun sunday sundays so sonntag sonntags",
        )
    )
    for name in names.split()
}
_EVERY_DAY = frozenset(range(7))
_WORDS = {
    **dict.fromkeys(("daily", "every day", "täglich", "taeglich", "jeden tag"), _EVERY_DAY),
    **dict.fromkeys(("weekdays", "workdays", "werktags"), frozenset(range(5))),
}
# The last day of a month; other days of a month are those that every month has.
LAST = 0
_LAST_WORDS = ("last", "letzter", "letzten")
_COMMON_DAYS = 28

_TIME = re.compile(
    r"(?P<days>.*?)(?:,? (?:at |um )?|\A(?:at |um )?)"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))(?: ?(?:uhr|h))?"
)
_RANGE = re.compile(r" ?[-–] ?| (?:bis|to) ")
_BETWEEN = re.compile(r" ?, ?| (?:und|and) ")
_MONTHLY = re.compile(r"(?:monthly|monatlich)(?: (?:on|am))?(?: the)? (?P<days>.+)")
_MONTHDAY = re.compile(r"(?:am )?(?:the )?(?P<day>\d{1,2})(?:\.|st|nd|rd|th)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """On which days, at which time of the practice's clock.

    Args:
        at: the time.
        weekdays: 0 is Monday; empty where days of the month count.
        monthdays: 1 to 28, `LAST` for the last one.
    """

    at: time
    weekdays: frozenset[int]
    monthdays: frozenset[int] = frozenset()

    def falls_on(self, day: date) -> bool:
        """Whether this is one of its days."""
        if self.weekdays:
            return day.weekday() in self.weekdays
        if day.day in self.monthdays:
            return True
        return LAST in self.monthdays and day.day == calendar.monthrange(day.year, day.month)[1]

    def __str__(self) -> str:
        if self.weekdays == _EVERY_DAY:
            days = "daily"
        elif self.weekdays:
            days = ",".join(_DAYS[number] for number in sorted(self.weekdays))
        else:
            ordered = sorted(self.monthdays, key=lambda day: day or _COMMON_DAYS + 1)
            days = f"monthly {','.join(str(day or _LAST_WORDS[0]) for day in ordered)}"
        return f"{days} {self.at:%H:%M}"


def parse_rule(text: str) -> Rule:
    """A rule as people write it.

    Raises:
        ValueError: another form; says what is wrong and what to write.
    """
    written = " ".join(text.split())
    found = _TIME.fullmatch(written.casefold())
    if not found:
        raise ValueError(_("'{text}' does not end with a time, as in mon-fri 09:00", text=written))
    try:
        at = time(int(found["hour"]), int(found["minute"]))
    except ValueError:
        raise ValueError(_("'{text}': there is no such time", text=written)) from None
    days = found["days"].strip()
    if not days:
        raise ValueError(
            _("'{text}' names no days; write daily, mon-fri, mon,wed or monthly 1", text=written)
        )
    monthly = _MONTHLY.fullmatch(days)
    if monthly:
        listed = _BETWEEN.split(monthly["days"])
        return Rule(at, frozenset(), frozenset(_monthday(written, one) for one in listed))
    if days in _WORDS:
        return Rule(at, _WORDS[days])
    listed = _BETWEEN.split(days)
    if all(_MONTHDAY.fullmatch(one) and not one.isdigit() for one in listed):
        return Rule(at, frozenset(), frozenset(_monthday(written, one) for one in listed))
    return Rule(at, frozenset().union(*(_weekdays(written, one) for one in listed)))


def _weekdays(text: str, words: str) -> frozenset[int]:
    """The days of `mon` or `mon-fri`; `fri-mon` goes over the end of the week."""
    names = _RANGE.split(words)
    known = [_WEEKDAYS.get(name.removesuffix(".")) for name in names]
    wrong = next((name for name, day in zip(names, known, strict=True) if day is None), None)
    if wrong is not None:
        raise ValueError(
            _(
                "'{text}': '{word}' is no day; write daily, mon-fri, mon,wed or monthly 1",
                text=text,
                word=wrong,
            )
        )
    days = [day for day in known if day is not None]
    if len(days) == 1:
        return frozenset(days)
    first, last = days[0], days[-1]
    if len(days) > 2 or first == last:  # from one to another
        raise ValueError(_("'{text}': write a range as in mon-fri", text=text))
    return frozenset((first + ahead) % 7 for ahead in range((last - first) % 7 + 1))


def _monthday(text: str, word: str) -> int:
    """A day of the month that every month has."""
    if word.removesuffix(".") in _LAST_WORDS:
        return LAST
    found = _MONTHDAY.fullmatch(word)
    day = int(found["day"]) if found else 0
    if not 1 <= day <= _COMMON_DAYS:
        raise ValueError(
            _(
                "'{text}': a day of the month is 1 to 28, or last (every month has these)",
                text=text,
            )
        )
    return day
