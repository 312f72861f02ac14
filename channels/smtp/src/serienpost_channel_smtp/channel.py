"""The channel `smtp` as the core sees it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serienpost import Capabilities, Content, Processor, Refused, Texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import tzinfo

    from serienpost import (
        Context,
        Cost,
        Draft,
        Event,
        Message,
        ProbeResult,
        Sender,
    )
    from serienpost_channel_smtp.account import SmtpAccount
    from serienpost_channel_smtp.connection_settings import ConnectionSettings

_ = Texts(__name__)

# 300 s until the message, 600 s for the reply to it, the rest to take leave.
_LONGEST_CALL = 920.0


class SmtpChannel:
    """E-mail through the practice's own mail provider.

    Args:
        clock: the time for `Date` and for "try again tomorrow", in the zone it is given.
        final_timeout: seconds for the reply to a whole message, None = 600 (RFC 5321).
    """

    name = "smtp"
    title = _("e-mail (SMTP)")
    kind = "email"
    capabilities = Capabilities(subject=True, html=True, attachments=True)
    repeatable = False
    longest_call = _LONGEST_CALL

    def __init__(
        self,
        clock: Callable[[tzinfo], datetime] = datetime.now,
        final_timeout: float | None = None,
    ) -> None:
        self._clock = clock
        self._final_timeout = final_timeout

    @property
    def account(self) -> type[SmtpAccount]:
        from serienpost_channel_smtp.account import SmtpAccount

        return SmtpAccount

    def processor(self, account: SmtpAccount) -> Processor | None:
        from serienpost import is_loopback

        return None if is_loopback(account.host) else Processor(account.host, account.region)

    def compose(self, context: Context, account: SmtpAccount, draft: Draft) -> Content | Refused:
        from serienpost_channel_smtp.composition import compose

        return compose(context, account, draft)

    def cost(self, account: SmtpAccount, content: Content) -> Cost | None:  # noqa: ARG002
        return None

    def preview(
        self,
        account: SmtpAccount,  # noqa: ARG002
        message: Message,
    ) -> Mapping[str, bytes]:
        """The bytes that would be sent now.

        Raises:
            UnsafeMessageError: it would not be sent, and why.
        """
        from serienpost_channel_smtp.message import build

        return {".eml": build(message, date=message.seen_at or self._clock(UTC))}

    def views(
        self,
        account: SmtpAccount,  # noqa: ARG002
        message: Message,
        files: Mapping[str, bytes],  # noqa: ARG002
    ) -> Mapping[str, bytes]:
        """The formatted part with its images in it; the text where there is none."""
        from serienpost import browser_page

        content = message.content
        if content.html is None:
            return {".txt": content.text.encode()}
        return {".html": browser_page(content.html, content.attachments)}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: SmtpAccount) -> AsyncIterator[Sender]:
        """Read the password and the certificate authority; connect with the first call.

        Raises:
            SerienpostError: the password or the `ca_file` cannot be read, or this Python would
                write a value as a header.
        """
        from serienpost_channel_smtp.message import self_test
        from serienpost_channel_smtp.sender import SmtpSender

        self_test()
        settings = await self._settings(context, account)
        sender = SmtpSender(account, settings, lambda: self._clock(context.zone))
        try:
            yield sender
        finally:
            await sender.close()

    async def probe(self, context: Context, account: SmtpAccount) -> Sequence[ProbeResult]:
        """Connect, check TLS, log in, ask whether the sender is allowed, look into the mailbox for
        bounces; nothing is sent."""
        from serienpost_channel_smtp.probe import probe

        settings = await self._settings(context, account)
        return await probe(context, account, settings, self._clock(context.zone))

    async def events(
        self, context: Context, account: SmtpAccount, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Bounces, complaints and unsubscriptions in the account's mailbox, if it names one.

        Raises:
            MailboxError: it cannot be read.
            SerienpostError: a secret or the `ca_file` cannot be read.
        """
        import asyncio

        from serienpost_channel_smtp.bounces import mailbox_of, read_events

        mailbox = await mailbox_of(context, account)
        if mailbox is None:
            return
        now = self._clock(context.zone)
        for event in await asyncio.to_thread(read_events, mailbox, account, since, now):
            yield event

    async def _settings(self, context: Context, account: SmtpAccount) -> ConnectionSettings:
        import asyncio

        from serienpost_channel_smtp.connection_settings import connection_settings

        return await asyncio.to_thread(connection_settings, context, account, self._final_timeout)
