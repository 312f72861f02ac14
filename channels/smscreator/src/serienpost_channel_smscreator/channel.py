"""The channel `smscreator` as the core sees it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from serienpost import Capabilities, Processor, Unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from serienpost import (
        Accepted,
        AccountSettings,
        Content,
        Context,
        Cost,
        Draft,
        Event,
        Message,
        ProbeResult,
        Refused,
        Rejected,
        Sender,
    )
    from serienpost_channel_smscreator.account import SmsCreatorAccount


class SmsCreatorChannel:
    """SMS through the gateway of smsCreator."""

    name = "smscreator"
    title = "SMS (smsCreator)"
    kind = "sms"
    capabilities = Capabilities(scheduling=True)
    repeatable = False
    longest_call = 300.0
    """10 s to connect, then twice the longest `timeout`: to write and to read."""

    @property
    def account(self) -> type[SmsCreatorAccount]:
        from serienpost_channel_smscreator.account import SmsCreatorAccount

        return SmsCreatorAccount

    def processor(self, account: AccountSettings) -> Processor | None:
        own = self._own(account)
        if own.is_local:
            return None
        return Processor(f"smsCreator ({urlsplit(own.base_url).hostname})", own.region)

    def compose(
        self,
        context: Context,  # noqa: ARG002
        account: AccountSettings,
        draft: Draft,
    ) -> Content | Refused:
        from serienpost_channel_smscreator.compose import compose

        return compose(self._own(account), draft)

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:
        from serienpost_channel_smscreator.compose import cost

        return cost(self._own(account), content)

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        """The order's fields but for the login, then the text."""
        from serienpost_channel_smscreator.orders import order

        fields = order(self._own(account), message)
        text = fields.pop("SMSText")
        head = [f"{name}: {value}".rstrip() for name, value in fields.items()]
        return {".txt": "\n".join([*head, "", text]).encode()}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Sender]:
        """Read the login; connect with the first call.

        Raises:
            SecretError: no store knows the user or the password.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.sender import SmsCreatorSender

        own = self._own(account)
        async with await open_gateway(context, own) as gateway:
            yield SmsCreatorSender(own, gateway)

    async def balance(self, context: Context, account: AccountSettings) -> float:
        """Credits at the provider; orders that it holds for later are not deducted.

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import balance

        async with await open_gateway(context, self._own(account)) as gateway:
            return await balance(gateway)

    async def events(
        self, context: Context, account: AccountSettings, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Reports about delivery.

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import reports

        own = self._own(account)
        async with await open_gateway(context, own) as gateway:
            async for event in reports(own, gateway, since, datetime.now(UTC)):
                yield event

    async def lookup(
        self, context: Context, account: AccountSettings, messages: Sequence[Message]
    ) -> Sequence[Accepted | Rejected | Unknown]:
        """Orders by their names, where the account says that they are found (`caption_lookup`).

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import find_order

        own = self._own(account)
        if not own.caption_lookup:
            return [Unknown("lookup", "caption_lookup is off")] * len(messages)
        async with await open_gateway(context, own) as gateway:
            return [await find_order(own, gateway, message) for message in messages]

    async def probe(self, context: Context, account: AccountSettings) -> Sequence[ProbeResult]:
        """Log in, look at the balance, and name what is set but not documented."""
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.probe import probe

        own = self._own(account)
        async with await open_gateway(context, own) as gateway:
            return await probe(own, gateway)

    def _own(self, account: AccountSettings) -> SmsCreatorAccount:
        if not isinstance(account, self.account):
            raise TypeError("not an account of the channel smscreator")
        return account
