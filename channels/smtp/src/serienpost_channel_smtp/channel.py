"""The channel `smtp` as the core sees it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serienpost import Capabilities, Content, Processor, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import tzinfo

    from serienpost import (
        AccountSettings,
        Context,
        Cost,
        Draft,
        Event,
        Message,
        ProbeResult,
        Sender,
    )
    from serienpost_channel_smtp.account import SmtpAccount
    from serienpost_channel_smtp.dial import Dial

_LONGEST_CALL = 920.0
"""300 s until the message, 600 s for the reply to it, the rest to take leave."""


class SmtpChannel:
    """E-mail through the practice's own mail provider.

    Args:
        clock: the time for `Date` and for "try again tomorrow", in the zone it is given.
        final_timeout: seconds for the reply to a whole message, None = 600 (RFC 5321).
    """

    name = "smtp"
    title = "E-Mail (SMTP)"
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

    def processor(self, account: AccountSettings) -> Processor | None:
        from serienpost import is_loopback

        own = self._own(account)
        return None if is_loopback(own.host) else Processor(own.host, own.region)

    def compose(
        self,
        context: Context,
        account: AccountSettings,
        draft: Draft,
    ) -> Content | Refused:
        from serienpost_channel_smtp.compose import compose

        return compose(context, self._own(account), draft)

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:  # noqa: ARG002
        return None

    def preview(
        self,
        account: AccountSettings,  # noqa: ARG002
        message: Message,
    ) -> Mapping[str, bytes]:
        """The bytes that would be sent, with today's Date.

        Raises:
            UnsafeMessageError: it would not be sent, and why.
        """
        from serienpost_channel_smtp.message import build

        return {".eml": build(message, date=self._clock(UTC))}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Sender]:
        """Read the password and the certificate authority; connect with the first call.

        Raises:
            SerienpostError: the password or the `ca_file` cannot be read, or this Python would
                write a value as a header.
        """
        from serienpost_channel_smtp.message import self_test
        from serienpost_channel_smtp.sender import SmtpSender

        self_test()
        own = self._own(account)
        sender = SmtpSender(own, await self._dial(context, own), lambda: self._clock(context.zone))
        try:
            yield sender
        finally:
            await sender.close()

    async def probe(self, context: Context, account: AccountSettings) -> Sequence[ProbeResult]:
        """Connect, check TLS, log in, ask whether the sender is allowed, look into the mailbox for
        bounces; nothing is sent."""
        from serienpost_channel_smtp.probe import probe

        own = self._own(account)
        return await probe(context, own, await self._dial(context, own), self._clock(context.zone))

    async def events(
        self, context: Context, account: AccountSettings, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Bounces, complaints and unsubscriptions in the account's mailbox, if it names one.

        Raises:
            MailboxError: it cannot be read.
            SerienpostError: a secret or the `ca_file` cannot be read.
        """
        import asyncio

        from serienpost_channel_smtp.bounces import mailbox_of, read_events

        own = self._own(account)
        mailbox = await mailbox_of(context, own)
        if mailbox is None:
            return
        now = self._clock(context.zone)
        for event in await asyncio.to_thread(read_events, mailbox, own, since, now):
            yield event

    async def _dial(self, context: Context, account: SmtpAccount) -> Dial:
        import asyncio

        from serienpost_channel_smtp.dial import dial

        return await asyncio.to_thread(dial, context, account, self._final_timeout)

    def _own(self, account: AccountSettings) -> SmtpAccount:
        if not isinstance(account, self.account):
            raise TypeError("not an account of the channel smtp")
        return account
