"""The five suppression lists as events."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from serienpost import Context, Event
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_demo.sendgrid import FakeSendGrid


@pytest.fixture
def poll(context: Context, account: SendGridAccount) -> object:
    def run(since: datetime | None = None) -> list[Event]:
        async def collect() -> list[Event]:
            return [one async for one in SendGridChannel().events(context, account, since)]

        return asyncio.run(collect())

    return run


def test_each_list_is_an_event(fake: FakeSendGrid, poll: object) -> None:
    days = range(1_700_000_000, 1_800_000_000, 2 * 86_400)
    for created, name in zip(days, fake.suppressions, strict=False):
        fake.suppressions[name].append(
            {
                "created": created,
                "email": f"{name}@example.org",
                "reason": f"550 5.1.1 <{name}@example.org> unknown",
                "status": "5.1.1",
            }
        )
    found = {event.address: (event.kind, event.permanent) for event in poll()}
    assert found == {
        "bounces@example.org": ("bounced", True),
        "blocks@example.org": ("bounced", False),
        "spam_reports@example.org": ("complained", True),
        "invalid_emails@example.org": ("bounced", True),
        "unsubscribes@example.org": ("unsubscribed", True),
    }
    first, second = poll(), poll()
    assert first == second
    assert len({event.id for event in first}) == 5
    for event in first:
        assert "example.org" not in event.id + event.text + event.code
    since = datetime.fromtimestamp(days[3], UTC)
    assert len(poll(since)) == 2
    assert len(poll(since + timedelta(hours=23))) == 2
    assert len(poll(since + timedelta(hours=25))) == 1


def test_all_pages_are_read(fake: FakeSendGrid, poll: object) -> None:
    fake.suppressions["bounces"] = [
        {"created": 1, "email": f"a{n}@example.org", "reason": "", "status": "5.0.0"}
        for n in range(1100)
    ]
    fake.suppressions["blocks"] = [{"created": 1, "email": ""}, {"created": 1}]
    assert len(poll()) == 1100
