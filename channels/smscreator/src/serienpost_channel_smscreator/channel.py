"""The channel `smscreator` as the core sees it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from serienpost import Capabilities, Processor, Texts, Unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from serienpost import (
        Accepted,
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

_ = Texts(__name__)


class SmsCreatorChannel:
    """SMS through the gateway of smsCreator."""

    name = "smscreator"
    title = "SMS (smsCreator)"
    kind = "sms"
    capabilities = Capabilities(scheduling=True)
    repeatable = False
    # 10 s to connect, then twice the longest `timeout`: to write and to read.
    longest_call = 300.0

    @property
    def account(self) -> type[SmsCreatorAccount]:
        from serienpost_channel_smscreator.account import SmsCreatorAccount

        return SmsCreatorAccount

    def processor(self, account: SmsCreatorAccount) -> Processor | None:
        if account.is_local:
            return None
        return Processor(f"smsCreator ({urlsplit(account.base_url).hostname})", account.region)

    def compose(
        self,
        context: Context,  # noqa: ARG002
        account: SmsCreatorAccount,
        draft: Draft,
    ) -> Content | Refused:
        from serienpost_channel_smscreator.composition import compose

        return compose(account, draft)

    def cost(self, account: SmsCreatorAccount, content: Content) -> Cost | None:
        from serienpost_channel_smscreator.composition import cost

        return cost(account, content)

    def preview(self, account: SmsCreatorAccount, message: Message) -> Mapping[str, bytes]:
        """The order's fields but for the login, then the text."""
        from serienpost_channel_smscreator.composition import order

        fields = order(account, message)
        text = fields.pop("SMSText")
        head = [f"{name}: {value}".rstrip() for name, value in fields.items()]
        return {".txt": "\n".join([*head, "", text]).encode()}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: SmsCreatorAccount) -> AsyncIterator[Sender]:
        """Read the login; connect with the first call.

        Raises:
            SecretError: no store knows the user or the password.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.sender import SmsCreatorSender

        async with await open_gateway(context, account) as gateway:
            yield SmsCreatorSender(account, gateway)

    async def balance(self, context: Context, account: SmsCreatorAccount) -> float:
        """Credits at the provider; orders that it holds for later are not deducted.

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import balance

        async with await open_gateway(context, account) as gateway:
            return await balance(gateway)

    async def events(
        self, context: Context, account: SmsCreatorAccount, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Reports about delivery.

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import reports

        async with await open_gateway(context, account) as gateway:
            async for event in reports(account, gateway, since, datetime.now(UTC)):
                yield event

    async def lookup(
        self, context: Context, account: SmsCreatorAccount, messages: Sequence[Message]
    ) -> Sequence[Accepted | Rejected | Unknown]:
        """Orders by their names, where the account says that they are found (`caption_lookup`).

        Raises:
            SerienpostError: the provider does not tell.
        """
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.queries import find_order

        if not account.caption_lookup:
            return [Unknown("lookup", _("caption_lookup is off"))] * len(messages)
        async with await open_gateway(context, account) as gateway:
            return [await find_order(account, gateway, message) for message in messages]

    async def probe(self, context: Context, account: SmsCreatorAccount) -> Sequence[ProbeResult]:
        """Log in, look at the balance, and name what is set but not documented."""
        from serienpost_channel_smscreator.gateway import open_gateway
        from serienpost_channel_smscreator.probe import probe

        async with await open_gateway(context, account) as gateway:
            return await probe(account, gateway)
