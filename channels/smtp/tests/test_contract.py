"""The contract that every channel passes."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from serienpost_channel_smtp.channel import SmtpChannel
from serienpost_testkit.suites import Arrived, ChannelSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session


REFUSALS = {
    "login": ("MAIL", "530 5.7.0 Authentication required"),
    "quota": ("MAIL", "450 4.7.1 Mail send limit exceeded"),
    "recipient": ("RCPT", "550 5.1.1 <{}> User unknown"),
    "message": ("DATA", "552 5.3.4 Message to <{}> exceeds the size limit"),
    "later": ("RCPT", "451 4.3.0 <{}> Temporary lookup failure"),
}
CUTS = {"connection": "EHLO", "lost_request": "RCPT"}


class Catcher:
    """Keeps every message as the standard parser reads it, and fails on request."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.fault: str | None = None

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, host: str, replies: list[str]
    ) -> list[str]:
        self._may_cut("EHLO", server)
        session.host_name = host
        return replies

    async def handle_MAIL(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        envelope.mail_from = address
        return self._refusal("MAIL", address) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._may_cut("RCPT", server)
        if refusal := self._refusal("RCPT", address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if refusal := self._refusal("DATA", envelope.rcpt_tos[0]):
            return refusal
        mail = message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos[0], mail))
        if self.fault == "lost_answer":
            server.transport.abort()
        return "what?" if self.fault == "garbled_answer" else "250 OK"

    def _refusal(self, verb: str, address: str) -> str | None:
        at, reply = REFUSALS.get(self.fault or "", ("", ""))
        return reply.format(address) if at == verb else None

    def _may_cut(self, verb: str, server: SMTP) -> None:
        if CUTS.get(self.fault or "") == verb:
            server.transport.abort()


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
                    html=_part(mail, "html"),
                    attachments=tuple(
                        (part.get_filename(), part.get_content())
                        for part in mail.iter_attachments()
                    ),
                )
                for address, mail in catcher.mails
            ]

        return read

    @pytest.fixture
    def play(self, catcher: Catcher) -> Callable[[str | None], None]:
        def fail(fault: str | None) -> None:
            catcher.fault = fault

        return fail


def _part(mail: EmailMessage, subtype: str) -> str | None:
    part = mail.get_body((subtype,))
    return part.get_content() if part is not None else None
