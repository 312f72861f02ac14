"""Times that replies speak of: when to try again, when an allowance begins anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

_UNITS = {"s": 1, "m": 60, "h": 3600}
_WAIT = re.compile(
    r"(?:again|retry|wait|try|after|for|later|versuchen|warten|wieder|erneut)\b[^.;\d]{0,40}"
    r"(?P<number>\d{1,5}) ?(?P<unit>s(?:ec|ek)?\w*|m(?:in)?\w*|h(?:our)?\w*|stunden?)\b"
)
_GERMAN_WAIT = re.compile(
    r"\bin (?P<number>\d{1,5}) (?P<unit>sek\w*|min\w*|stunden?|sec\w*|hours?)\b"
)
_DAY = re.compile(
    r"\b(?:daily|days?|24 ?h(?:ours?)?|today|tomorrow|pro tag|tage\w*|täglich\w*|heute|morgen"
    r"|24 stunden)\b"
)
_HOUR = re.compile(r"\b(?:hourly|hours?|stunden?|stunden-?\w+|stündlich\w*)\b")
_MINUTE = re.compile(r"\b(?:minutes?|minuten?)\b")
_LONGEST = 86400.0


def wait_seconds(words: str) -> float | None:
    """The wait that a reply asks for (`try again in 5 minutes`), at most a day."""
    found = _WAIT.search(words) or _GERMAN_WAIT.search(words)
    if found is None:
        return None
    unit = found["unit"]
    factor = 3600 if unit.startswith("stunde") else _UNITS[unit[0]]
    return min(int(found["number"]) * factor, _LONGEST) or None


def quota_until(words: str, now: datetime) -> datetime | None:
    """When an allowance begins anew, as far as the reply says so.

    Args:
        words: the reply in lower case.
        now: aware, in the zone whose midnight ends the day.
    """
    wait = wait_seconds(words)
    if wait is not None:
        return (now + timedelta(seconds=wait)).astimezone(UTC)
    if _DAY.search(words):
        tomorrow = now.date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), now.tzinfo).astimezone(UTC)
    if _HOUR.search(words):
        return (now + timedelta(hours=1)).astimezone(UTC)
    if _MINUTE.search(words):
        return (now + timedelta(minutes=1)).astimezone(UTC)
    return None
