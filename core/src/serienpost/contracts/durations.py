"""Lengths of time as users write them: `6 h`, `90 days`, `3 years`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from serienpost.translation import Texts

_ = Texts(__name__)

_PATTERN = re.compile(r"([1-9][0-9]{0,5}) ?([a-z]+)\Z")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SECONDS = {
    "s": 1,
    "second": 1,
    "min": _MINUTE,
    "minute": _MINUTE,
    "h": _HOUR,
    "hour": _HOUR,
    "d": _DAY,
    "day": _DAY,
    "week": 7 * _DAY,
    "month": 30 * _DAY,
    "year": 365 * _DAY,
}
_LONGEST = timedelta(days=100 * 365)


def parse_duration(value: object) -> timedelta:
    """The length of time that a text means; a month counts 30 days, a year 365.

    Raises:
        ValueError: not a number and a unit, or longer than a hundred years.
    """
    if isinstance(value, timedelta):
        return value
    found = _PATTERN.match(value) if isinstance(value, str) else None
    seconds = found and _SECONDS.get(found[2], _SECONDS.get(found[2].removesuffix("s")))
    if not found or not seconds:
        raise ValueError(_("write a number and a unit, as in 6 h, 90 days, 3 years"))
    if int(found[1]) * seconds > _LONGEST.total_seconds():
        raise ValueError(_("is longer than a hundred years"))
    return timedelta(seconds=int(found[1]) * seconds)


def duration_text(value: timedelta) -> str:
    """The shortest way to write a length of time, exactly."""
    seconds = int(value.total_seconds())
    for unit in ("year", "day", "h", "min"):
        count, rest = divmod(seconds, _SECONDS[unit])
        if count and not rest:
            plural = "s" if count > 1 and unit in {"year", "day"} else ""
            return f"{count} {unit}{plural}"
    return f"{seconds} s"


# A `timedelta`, written as number and unit (s, min, h, days, weeks, months, years).
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(duration_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "examples": ["6 h", "90 days", "3 years"]}),
]
