"""When a run may be delivered: schedule, quiet hours, and how old is too old."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from serienpost.errors import ConfigError
from serienpost.run.handover import held_until, judged_at
from serienpost.run.outcomes import Halt

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Row

    from serienpost.context import Context


def not_now(context: Context, row: Row[Any], now: datetime) -> Halt | None:
    """Why this run must wait for its time: `--at`, the end of a quota, quiet hours."""
    if row.send_at and row.send_at > now and not held_until(row):
        return Halt("schedule", "waits for its time", row.send_at)
    if row.state == "paused" and row.until and row.until > now and row.reason == "quota":
        return Halt("quota", row.reason_text, row.until)
    return quiet_hours(context, row.kind, judged_at(row, now))


def quiet_hours(context: Context, kind: str, now: datetime) -> Halt | None:
    """Whether messages of this kind must rest now."""
    quiet = context.config.quiet.get(kind)
    until = quiet_until(quiet, now, context.zone) if quiet else None
    return Halt("quiet", f"quiet hours {quiet}", until) if until else None


def is_stale(row: Row[Any], stale_after: timedelta, now: datetime) -> bool:
    """Whether nothing happened for so long that a person must confirm."""
    known = [t for t in (row.progress_at, row.send_at, row.until, row.approved_at) if t]
    return bool(known) and now - max(known) > stale_after


def quiet_until(hours: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of quiet hours `20:00-08:00` (practice time) that `now` lies in, else None."""
    begin, end = (time.fromisoformat(part.strip()) for part in hours.split("-"))
    local = now.astimezone(zone)
    today = local.date()
    for day in (today - timedelta(days=1), today):
        start = datetime.combine(day, begin, zone)
        stop = datetime.combine(day if end > begin else day + timedelta(days=1), end, zone)
        if start <= local < stop:
            return stop
    return None


def parse_when(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """`YYYY-MM-DDTHH:MM` or `HH:MM` (the next such time), in practice time.

    Raises:
        ConfigError: neither form, a time that does not exist on that day, or one in the past.
    """
    local = now.astimezone(zone)
    try:
        if "T" in text:
            when = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
        else:
            when = datetime.combine(local.date(), time.fromisoformat(text), zone)
            if when <= local:
                when = datetime.combine(local.date() + timedelta(days=1), when.time(), zone)
    except ValueError:
        raise ConfigError(
            f"{text!r} is not a time", hint="write HH:MM or YYYY-MM-DDTHH:MM"
        ) from None
    if when.astimezone(now.tzinfo).astimezone(zone).replace(tzinfo=None) != when.replace(
        tzinfo=None
    ):
        raise ConfigError(f"{text} does not exist on that day (clocks go forward)")
    if when <= now:
        when = when.replace(fold=1)
    if when <= now:
        raise ConfigError(f"{text} is in the past")
    return when
