"""The contract that every channel passes."""

from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites import Arrived, ChannelSuite

if TYPE_CHECKING:
    from email.message import EmailMessage


class Catcher:
    """Keeps every message as the standard parser reads it."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos[0], mail))
        return "250 OK"


class TestSmtp(ChannelSuite):
    foreign_loggers = ("mail.log", "mail.debug")

    @pytest.fixture
    def channel(self) -> SmtpChannel:
        return SmtpChannel()

    @pytest.fixture
    def catcher(self) -> Catcher:
        return Catcher()

    @pytest.fixture
    def account(self, catcher: Catcher, serve_mail: Callable[..., int]) -> dict[str, object]:
        return {
            "host": "127.0.0.1",
            "port": serve_mail(catcher),
            "security": "none",
            "sender": "Praxis Dr. Sonnenschein <praxis@example.org>",
            "connections": 3,
        }

    @pytest.fixture
    def arrived(self, catcher: Catcher) -> Callable[[], Sequence[Arrived]]:
        def read() -> list[Arrived]:
            return [
                Arrived(
                    ref=mail["Message-ID"].strip("<>").partition("@")[0],
                    address=address,
                    text=mail.get_body(("plain",)).get_content(),
                    subject=mail["Subject"],
                )
                for address, mail in catcher.mails
            ]

        return read
