"""The contract that every channel passes."""

from collections.abc import Callable, Sequence

import pytest

from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_demo.sendgrid import FakeSendGrid, Fault
from serienpost_testkit.suites import Arrived, ChannelSuite

NAMED = "kim.kanarie@example.org is not welcome"
FAULTS = {
    "login": Fault(401, "The provided authorization grant is invalid", times=None),
    "quota": Fault(429, "too many requests", reset=3600, times=None),
    "recipient": Fault(400, NAMED, "personalizations.0.to", times=None),
    "message": Fault(400, NAMED, "content.0.value", times=None),
    "later": Fault(503, NAMED, times=None),
    "lost_request": Fault(500, lost=True, times=None),
    "lost_answer": Fault(202, lost=True, times=None),
    "garbled_answer": Fault(200, takes=True, times=None),
}


class TestSendGrid(ChannelSuite):
    foreign_loggers = ("httpx", "httpcore")

    @pytest.fixture
    def channel(self) -> SendGridChannel:
        return SendGridChannel()

    @pytest.fixture
    def account(self, fake: FakeSendGrid) -> dict[str, object]:
        return {
            "api_key": "secret:MAIL_SENDGRID_API",
            "base_url": fake.url,
            "sender": "Praxis Dr. Sonnenschein <praxis@example.org>",
            "connections": 3,
        }

    @pytest.fixture
    def arrived(self, fake: FakeSendGrid) -> Callable[[], Sequence[Arrived]]:
        def read() -> list[Arrived]:
            return [
                Arrived(
                    m.ref or "",
                    m.to,
                    m.text,
                    m.subject,
                    html=m.html or None,
                    attachments=m.attachments,
                )
                for m in fake.mails
            ]

        return read

    @pytest.fixture
    def play(self, fake: FakeSendGrid) -> Callable[[str | None], None]:
        def fail(fault: str | None) -> None:
            fake.stop()
            fake.script.clear()
            if fault in FAULTS:
                fake.script.add(FAULTS[fault])
            if fault != "connection":
                fake.start()

        return fail
