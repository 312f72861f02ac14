from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from serienpost.run.prepare.plan import Header
from serienpost.run.send.schedule import is_stale, not_now, quiet_until

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        ("20:00-08:00", "2026-03-02T19:59:59+01:00", None),
        ("20:00-08:00", "2026-03-02T20:00:00+01:00", "2026-03-03T08:00:00+01:00"),
        ("20:00-08:00", "2026-03-03T00:30:00+01:00", "2026-03-03T08:00:00+01:00"),
        ("20:00-08:00", "2026-03-03T07:59:59+01:00", "2026-03-03T08:00:00+01:00"),
        ("20:00-08:00", "2026-03-03T08:00:00+01:00", None),
        ("12:00 - 14:00", "2026-03-03T11:59:00+01:00", None),
        ("12:00 - 14:00", "2026-03-03T12:00:00+01:00", "2026-03-03T14:00:00+01:00"),
        ("12:00-14:00", "2026-03-03T14:00:00+01:00", None),
        # Clocks go forward in the night to 29 March, back in the night to 25 October.
        ("20:00-08:00", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        ("20:00-08:00", "2026-03-29T07:30:00+02:00", "2026-03-29T08:00:00+02:00"),
        ("20:00-08:00", "2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        ("20:00-08:00", "2026-10-25T02:30:00+02:00", "2026-10-25T08:00:00+01:00"),
        ("20:00-08:00", "2026-10-25T02:30:00+01:00", "2026-10-25T08:00:00+01:00"),
        # An hour that comes twice is quiet both times; the end lies ahead.
        ("22:00-02:30", "2026-10-25T02:15:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("22:00-02:30", "2026-10-25T02:45:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("22:00-02:30", "2026-10-25T02:15:00+01:00", "2026-10-25T02:30:00+01:00"),
        ("22:00-02:30", "2026-10-25T02:30:00+01:00", None),
        ("02:30-06:00", "2026-10-25T02:10:00+01:00", "2026-10-25T06:00:00+01:00"),
        # An hour that does not exist makes them no shorter.
        ("22:00-02:30", "2026-03-29T01:59:00+01:00", "2026-03-29T03:30:00+02:00"),
        ("02:30-06:00", "2026-03-29T03:15:00+02:00", "2026-03-29T06:00:00+02:00"),
        ("20:00-08:00", "2026-12-31T23:00:00+01:00", "2027-01-01T08:00:00+01:00"),
    ],
)
def test_quiet_hours_are_hours_of_the_practice(hours: str, now: str, until: str | None) -> None:
    found = quiet_until(hours, _at(now), BERLIN)
    assert (found and found.astimezone(UTC)) == (_at(until) if until else None)


NOW = _at("2026-03-02T10:00:00+01:00")

HEADER = Header(
    mailing="m",
    title="",
    template="t",
    kind="sms",
    channel="pigeon",
    account="post",
    sender="",
    reply_to=None,
    purpose="event",
    language="de",
    due="2026-03-02",
    signature=None,
    blocks=(),
    assets={},
    versions={},
    once_per="none",
    on_doubt="hold",
    same_address="separate",
    max_attempts=8,
    stale_after=21600,
)


def _run(**times: datetime | None) -> Any:  # noqa: ANN401
    names = ("progress_at", "send_at", "until", "approved_at")
    plain: dict[str, Any] = {
        "state": "approved",
        "reason": None,
        "reason_text": None,
        "kind": "sms",
    }
    plain |= {"header": HEADER.to_json(), "purged_at": None}
    return SimpleNamespace(**plain, **{**dict.fromkeys(names), **times})


@pytest.mark.parametrize("name", ["progress_at", "send_at", "until", "approved_at"])
def test_standstill_counts_from_the_latest_known_moment(name: str) -> None:
    old = NOW - timedelta(days=9)
    six = timedelta(hours=6)
    row = _run(**{"approved_at": old, "progress_at": old, name: NOW - six})
    assert not is_stale(row, six, NOW)
    assert is_stale(row, six, NOW + timedelta(seconds=1))


def test_nothing_known_is_not_stale() -> None:
    assert not is_stale(_run(), timedelta(hours=6), NOW)


def test_a_run_waits_for_its_time_then_its_quota_then_the_end_of_quiet_hours() -> None:
    config = SimpleNamespace(quiet={"sms": "09:00-11:00"})
    context: Any = SimpleNamespace(config=config, zone=BERLIN)
    later = NOW + timedelta(minutes=1)

    def waits(**values: object) -> tuple[str, datetime | None] | None:
        row = _run()
        for name, value in values.items():
            setattr(row, name, value)
        found = not_now(context, row, NOW)
        return (found.reason, found.until) if found else None

    assert waits(send_at=later) == ("schedule", later)
    assert waits(state="paused", reason="quota", until=later) == ("quota", later)
    assert waits(send_at=NOW) == ("quiet", _at("2026-03-02T11:00:00+01:00"))
    assert waits(kind="email") is None
    held = {"header": replace(HEADER, hand_over="now").to_json()}
    assert waits(send_at=later, **held) == ("quiet", _at("2026-03-02T11:00:00+01:00"))
    assert waits(send_at=_at("2026-03-02T11:00:00+01:00"), **held) is None
    assert waits(send_at=later, purged_at=NOW, header={}) == ("schedule", later)
    assert waits(kind="email", state="paused", reason="quota", until=NOW) is None
    assert waits(kind="email", state="paused", reason="deferral", until=later) is None
