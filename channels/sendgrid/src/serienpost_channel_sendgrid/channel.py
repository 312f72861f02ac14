"""The channel `sendgrid` as the core sees it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from serienpost import Capabilities, Processor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from serienpost import (
        AccountSettings,
        Content,
        Context,
        Cost,
        Disclaimer,
        Draft,
        Event,
        Message,
        ProbeResult,
        ProviderTemplate,
        Refused,
        Sender,
    )
    from serienpost_channel_sendgrid.account import SendGridAccount
    from serienpost_channel_sendgrid.sender import SendGridSender

_LONGEST_CALL = 520.0
"""Seconds: 240 in which a call begins requests, 280 for the last to connect, leave, be answered."""


class SendGridChannel:
    """E-mail through SendGrid's v3 API."""

    name = "sendgrid"
    title = "E-Mail (SendGrid)"
    kind = "email"
    capabilities = Capabilities(subject=True, html=True, attachments=True)
    repeatable = False
    longest_call = _LONGEST_CALL

    @property
    def account(self) -> type[SendGridAccount]:
        from serienpost_channel_sendgrid.account import SendGridAccount

        return SendGridAccount

    def processor(self, account: AccountSettings) -> Processor | None:
        own = self._own(account)
        if own.is_local:
            return None
        known = own.processor
        return Processor(known.name, own.region, known.contract_date, known.attestation)

    def disclaimer(self, account: AccountSettings) -> Disclaimer | None:
        """What must be accepted once per run."""
        from serienpost_channel_sendgrid.disclaimer import disclaimer

        return disclaimer(self._own(account))

    def compose(
        self,
        context: Context,  # noqa: ARG002
        account: AccountSettings,
        draft: Draft,
    ) -> Content | Refused:
        from serienpost_channel_sendgrid.compose import compose

        return compose(self._own(account), draft)

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:  # noqa: ARG002
        return None

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        """The request for this message alone; with a template also the version it was made for."""
        from serienpost_channel_sendgrid.body import Body

        shown = Body(self._own(account)).document([message])
        if message.content.template:
            shown = {"template_version": message.content.template.version, **shown}
        return {".json": json.dumps(shown, ensure_ascii=False, indent=1).encode() + b"\n"}

    def open(
        self, context: Context, account: AccountSettings
    ) -> contextlib.AbstractAsyncContextManager[Sender]:
        """One message per request, several requests at the same time.

        Raises:
            SecretError: the key is in no store.
        """
        own = self._own(account)
        return self._opened(context, own, own.connections, 1)

    def open_for_template(
        self, context: Context, account: AccountSettings
    ) -> contextlib.AbstractAsyncContextManager[Sender]:
        """One request at a time, with as many messages as `batch` allows.

        Raises:
            SecretError: the key is in no store.
        """
        own = self._own(account)
        return self._opened(context, own, 1, own.batch)

    @contextlib.asynccontextmanager
    async def _opened(
        self, context: Context, own: SendGridAccount, slots: int, batch: int
    ) -> AsyncIterator[SendGridSender]:
        import asyncio

        from serienpost_channel_sendgrid.http import clients
        from serienpost_channel_sendgrid.sender import SendGridSender

        key = await asyncio.to_thread(context.secret, own.api_key)
        async with clients(own.base_url, key, count=slots, patience=own.timeout) as opened:
            yield SendGridSender(own, opened, batch)

    async def provider_template(
        self, context: Context, account: AccountSettings, wanted: str
    ) -> ProviderTemplate:
        """The template of this id or name with its version in force.

        Raises:
            TemplateError: there is none, or it must not be used.
            SerienpostError: SendGrid cannot be asked.
        """
        from serienpost_channel_sendgrid.api import reading
        from serienpost_channel_sendgrid.templates import read_template

        own = self._own(account)
        async with reading(context, own, own.templates_url or own.base_url) as api:
            return await read_template(api, wanted)

    async def events(
        self, context: Context, account: AccountSettings, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Bounces, blocks, spam reports, invalid addresses and unsubscribes."""
        import asyncio

        from serienpost_channel_sendgrid.api import reading
        from serienpost_channel_sendgrid.events import suppressions

        own = self._own(account)
        key = await asyncio.to_thread(context.secret, own.api_key)
        async with reading(context, own, own.base_url) as api:
            async for event in suppressions(api, key, since):
                yield event

    async def probe(self, context: Context, account: AccountSettings) -> Sequence[ProbeResult]:
        """Let SendGrid check a message without sending it, read templates, look at duties."""
        import asyncio

        from serienpost_channel_sendgrid.http import clients
        from serienpost_channel_sendgrid.probe import duties, try_sending, try_templates

        own = self._own(account)
        key = await asyncio.to_thread(context.secret, own.api_key)
        results = []
        async with clients(own.base_url, key, count=1, patience=own.timeout) as (client,):
            results.append(await try_sending(own, client))
        if results[0].ok:
            url = own.templates_url or own.base_url
            async with clients(url, key, count=1, patience=own.timeout) as (client,):
                results.append(await try_templates(client))
        return [*results, *duties(own)]

    def _own(self, account: AccountSettings) -> SendGridAccount:
        if not isinstance(account, self.account):
            raise TypeError("not an account of the channel sendgrid")
        return account
