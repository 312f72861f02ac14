"""Dates, times and other values as text in the language of a template."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date, format_time

from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Hashable
    from zoneinfo import ZoneInfo

_ = Texts(__name__)

# What each filter can format, and how to say so.
NEEDS: dict[str, tuple[tuple[type, ...], str]] = {
    "datum": ((date, datetime), _("a date")),
    "wochentag": ((date, datetime), _("a date")),
    "uhrzeit": ((time, datetime), _("a time")),
}
# What a value is, for people; a moment is a date too, and true is a number too.
_KINDS = {
    str: _("a text"),
    bool: _("true or false"),
    int: _("a number"),
    datetime: _("a date with a time"),
    date: _("a date"),
    time: _("a time"),
}

_REMEMBERED = 4096


def what_it_is(value: object) -> str:
    """What a value is, for people."""
    found = (said for of, said in _KINDS.items() if isinstance(value, of))
    return next(found, type(value).__name__)


class Formats:
    """Formats values by Unicode CLDR (through Babel), in the practice's time zone.

    Args:
        language: the template's language, a tag that Babel knows.
        zone: aware times are shown in this zone; naive ones are practice time already.

    Raises:
        babel.UnknownLocaleError: Babel does not know the language.
        ValueError: the language is not a language tag.
    """

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.locale = Locale.parse(language, sep="-" if "-" in language else "_")
        self.zone = zone
        self._formatted = lru_cache(_REMEMBERED)(self._format)

    def datum(self, value: Hashable) -> str:
        """`24.12.2026`. Text stays as it is."""
        return self._text("datum", value)

    def uhrzeit(self, value: Hashable) -> str:
        """`09:30`. Text stays as it is."""
        return self._text("uhrzeit", value)

    def wochentag(self, value: Hashable) -> str:
        """`Donnerstag`. Text stays as it is."""
        return self._text("wochentag", value)

    def plain(self, value: Hashable) -> str:
        """A value without a filter: `24. Dezember 2026`, `09:30`, both for a date with time."""
        return self._text("plain", value)

    def _text(self, how: str, value: Hashable) -> str:
        if isinstance(value, str):
            return str(value)
        if isinstance(value, datetime):
            local = value.astimezone(self.zone) if value.tzinfo else value
            value = local.replace(tzinfo=None, fold=0)
        elif isinstance(value, time):
            value = value.replace(tzinfo=None)
        return self._formatted(how, type(value), value)

    def _format(self, how: str, _kind: Hashable, value: Hashable) -> str:
        if isinstance(value, datetime):
            return self._datetime(how, value)
        if isinstance(value, date):
            return self._date(how, value)
        if isinstance(value, time):
            return self._time(how, value)
        if isinstance(value, bool):
            return ("nein", "ja")[value] if self.locale.language == "de" else ("no", "yes")[value]
        return str(value)

    def _datetime(self, how: str, value: datetime) -> str:
        if how == "uhrzeit":
            return self._time(how, value.time())
        if how == "plain":
            return f"{self._date(how, value)}, {self._time(how, value.time())}"
        return self._date(how, value)

    def _date(self, how: str, value: date) -> str:
        style = {"datum": "medium", "wochentag": "EEEE"}.get(how, "long")
        return format_date(value, style, locale=self.locale)

    def _time(self, how: str, value: time) -> str:
        style = "short" if how == "uhrzeit" else "HH:mm"
        return format_time(value, style, locale=self.locale).replace("\u202f", " ")
