"""Days and moments as people write them, in German or English: one reading for every option."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_ = Texts(__name__)

_DAYS_AHEAD = {"heute": 0, "today": 0, "morgen": 1, "tomorrow": 1, "übermorgen": 2}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "montag monday",
            "dienstag tuesday",
            "mittwoch wednesday",
            "donnerstag thursday",
            "freitag friday",
            "samstag sonnabend saturday",
            "sonntag sunday",
        )
    )
    for name in names.split()
}
_MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "januar",
            "februar",
            "märz",
            "april",
            "mai",
            "juni",
            "juli",
            "august",
            "september",
            "oktober",
            "november",
            "dezember",
        ],
        1,
    )
}

# `morgen`, `montag`, `30.11.`, `30.11.2026`, `30. November`, `2026-11-30`.
_DAY = re.compile(
    r"(?:am |on )?(?:(?!um\b|at\b|am\b|on\b)(?P<word>[^\W\d_]+)"
    r"|(?P<day>\d{1,2})\. ?(?:(?P<month>\d{1,2})\.|(?P<name>[^\W\d_]+))(?: ?(?P<year>\d{4}))?"
    r"|(?P<iso>\d{4}-\d{2}-\d{2}))",
    re.IGNORECASE,
)
# `9:00`, `9:00 Uhr`, `9 Uhr`, `9.30 Uhr`, `um 9`; an hour alone behind a day.
_MOMENT = re.compile(
    rf"(?:(?:{_DAY.pattern}),?(?: |(?<=\d)T))?(?P<at>um |at )?(?P<hour>\d{{1,2}})"
    r"(?::(?P<minute>\d{2})|\.(?P<dotted>\d{2})(?= ?uhr))?(?P<clock> ?uhr)?",
    re.IGNORECASE,
)
# A day without a year that is over this year is meant for the next if it comes within half a year.
_HALF_A_YEAR = timedelta(days=183)
_MOMENTS = _("write 9:00, tomorrow 9:00, monday 9:00, 30.11. 9:00 or 2026-11-30 9:00")
_DAYS = _("write today, tomorrow, monday, 30.11., 30.11.2026 or 2026-11-30")


def parse_day(text: str, today: date) -> date:
    """A day as people write it: `heute`, `morgen`, `gestern`, a weekday for the next such day,
    `30.11.`, `30.11.2026`, `30. November` or `2026-11-30`.

    Raises:
        ConfigError: another form, no day of the calendar, or a weekday that may be today.
    """
    written = " ".join(text.split())
    if written.casefold() in ("gestern", "yesterday"):
        return today - timedelta(days=1)
    found = _DAY.fullmatch(written)
    try:
        day = _day(found, today) if found else None
    except (KeyError, ValueError):
        day = None
    if day is None:
        raise ConfigError(_("'{text}' is not a date", text=text), hint=_DAYS)
    return day


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment as people write it, in practice time: a time alone is the next such time, a day as
    in `parse_day` may stand before it, before a blank or a `T`.

    Raises:
        ConfigError: another form, a time that does not exist on that day, or one in the past.
    """
    local = now.astimezone(zone)
    found = _MOMENT.fullmatch(" ".join(text.split()))
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301  # as what is no day
        at = time(int(found["hour"]), int(found["minute"] or found["dotted"] or 0))
        day = _day(found, local.date())
        is_time = day or found["minute"] or found["clock"] or found["at"]
    except (KeyError, ValueError):
        is_time = None
    if not (found and is_time):
        raise ConfigError(_("'{text}' is not a day and time", text=text), hint=_MOMENTS)
    when = datetime.combine(day or local.date(), at, zone)
    if day is None and when <= local:
        when = datetime.combine(local.date() + timedelta(days=1), at, zone)
    if when.astimezone(now.tzinfo).astimezone(zone).replace(tzinfo=None) != when.replace(
        tzinfo=None
    ):
        raise ConfigError(_("{time} does not exist on that day (clocks go forward)", time=text))
    if when <= now:
        when = when.replace(fold=1)
    if when <= now:
        raise ConfigError(
            _("{text} is in the past: {moment}", text=text, moment=when),
            hint=_("now it is {moment}", moment=local),
        )
    return when


def _day(found: re.Match[str], today: date) -> date | None:
    """The day that is written; None where there is only a time.

    Raises:
        KeyError, ValueError: it is none.
        ConfigError: it may be today or in a week.
    """
    if found["word"]:
        return _named_day(found["word"], today)
    if found["iso"]:
        return date.fromisoformat(found["iso"])
    if not found["day"]:
        return None
    month = int(found["month"] or _MONTHS[found["name"].casefold()])
    day = date(int(found["year"] or today.year), month, int(found["day"]))
    if found["year"] or day >= today:
        return day
    later = day.replace(year=day.year + 1)
    return later if later - today <= _HALF_A_YEAR else day


def _named_day(word: str, today: date) -> date:
    name = word.casefold()
    if name in _DAYS_AHEAD:
        return today + timedelta(days=_DAYS_AHEAD[name])
    ahead = (_WEEKDAYS[name] - today.weekday()) % 7
    if not ahead:
        later = today + timedelta(days=7)
        day = f"{later:%d.%m.%Y}"
        raise ConfigError(
            _("today is {weekday}", weekday=word), hint=_("write today, or {day}", day=day)
        )
    return today + timedelta(days=ahead)
