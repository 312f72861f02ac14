"""The contract that every channel passes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from serienpost_testkit.suites import Arrived, ChannelSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost_channel_smscreator.channel import SmsCreatorChannel
    from serienpost_demo.smscreator import FakeSmsCreator, Job


class TestSmsCreator(ChannelSuite):
    impossible = {  # noqa: RUF012
        "quota": "the provider documents no answer for an account without credits",
    }

    @pytest.fixture
    def channel(self, channel: SmsCreatorChannel) -> SmsCreatorChannel:
        return channel

    @pytest.fixture
    def account(self, plain: dict[str, Any]) -> dict[str, Any]:
        return plain

    @pytest.fixture
    def arrived(self, fake: FakeSmsCreator) -> Callable[[], Sequence[Arrived]]:
        def read() -> list[Arrived]:
            return [_arrived(job) for job in fake.gateway.jobs]

        return read

    @pytest.fixture
    def play(self, fake: FakeSmsCreator) -> Callable[[str | None], None]:
        """The provider's words name the recipient wherever it has any."""
        failures = fake.failures
        named = "cannot use 0049 1522 8817386 (+4915228817386), Kanarienvogel, lieber Kim Kanarie"
        faults: dict[str, Callable[[], object]] = {
            "connection": fake.web.close,
            "login": lambda: failures.status("InvalidUser"),
            "recipient": lambda: failures.order_status("NoRecipientFound"),
            "message": lambda: failures.order_status(f"Unheard: {named}"),
            "later": lambda: failures.http(503, named),
            "lost_request": lambda: failures.drop(when="before"),
            "lost_answer": lambda: failures.drop(when="after"),
            "garbled_answer": lambda: failures.garble(f"<html>{named}"),
        }

        def fail(fault: str | None) -> None:
            failures.clear()
            if fault is None:
                fake.web.close()
                fake.web.listen_again()
            else:
                faults[fault]()

        return fail


def _arrived(job: Job) -> Arrived:
    return Arrived(
        ref=job.caption,
        address=job.number,
        text=job.text,
        send_at=job.send_at.astimezone(UTC) if job.send_at > job.created else None,
    )
