"""The channel `sendgrid` as the core sees it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from serienpost import Capabilities, Processor, Texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from serienpost import (
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

_ = Texts(__name__)

# Seconds: 240 in which a call begins requests, 280 for the last to connect, leave, be answered.
_LONGEST_CALL = 520.0


class SendGridChannel:
    """E-mail through SendGrid's v3 API."""

    name = "sendgrid"
    title = _("e-mail (SendGrid)")
    kind = "email"
    capabilities = Capabilities(subject=True, html=True, attachments=True)
    repeatable = False
    longest_call = _LONGEST_CALL

    @property
    def account(self) -> type[SendGridAccount]:
        from serienpost_channel_sendgrid.account import SendGridAccount

        return SendGridAccount

    def processor(self, account: SendGridAccount) -> Processor | None:
        if account.is_local:
            return None
        known = account.processor
        return Processor(known.name, account.region, known.contract_date, known.attestation)

    def disclaimer(self, account: SendGridAccount) -> Disclaimer | None:
        """What must be accepted once per run."""
        from serienpost_channel_sendgrid.account import disclaimer

        return disclaimer(account)

    def compose(
        self,
        context: Context,  # noqa: ARG002
        account: SendGridAccount,
        draft: Draft,
    ) -> Content | Refused:
        from serienpost_channel_sendgrid.composition import compose

        return compose(account, draft)

    def cost(self, account: SendGridAccount, content: Content) -> Cost | None:  # noqa: ARG002
        return None

    def preview(self, account: SendGridAccount, message: Message) -> Mapping[str, bytes]:
        """The request for this message alone; with a template also the version it was made for."""
        from serienpost_channel_sendgrid.composition import MailSend

        shown = MailSend(account).document([message])
        if message.content.template:
            shown = {"template_version": message.content.template.version, **shown}
        return {".json": json.dumps(shown, ensure_ascii=False, indent=1).encode() + b"\n"}

    def views(
        self,
        account: SendGridAccount,  # noqa: ARG002
        message: Message,
        files: Mapping[str, bytes],  # noqa: ARG002
    ) -> Mapping[str, bytes]:
        """Both parts as they are read; a template of SendGrid's is filled in as SendGrid does."""
        from serienpost import browser_page
        from serienpost_channel_sendgrid.rendering import render

        content = message.content
        parts = {"html": content.html or "", "text": content.text}
        if filled := content.template:
            parts = {part: render(source, filled.data) for part, source in filled.sources.items()}
        views = {}
        if parts.get("text", "").strip():
            views[".txt"] = parts["text"].encode("utf-8", "replace")
        if parts.get("html", "").strip():
            views[".html"] = browser_page(parts["html"], content.attachments)
        return views

    def open(
        self, context: Context, account: SendGridAccount
    ) -> contextlib.AbstractAsyncContextManager[Sender]:
        """One message per request, several requests at the same time.

        Raises:
            SecretError: the key is in no store.
        """
        return self._opened(context, account, account.connections, 1)

    def open_for_template(
        self, context: Context, account: SendGridAccount
    ) -> contextlib.AbstractAsyncContextManager[Sender]:
        """One request at a time, with as many messages as `batch` allows.

        Raises:
            SecretError: the key is in no store.
        """
        return self._opened(context, account, 1, account.batch)

    @contextlib.asynccontextmanager
    async def _opened(
        self, context: Context, account: SendGridAccount, slots: int, batch: int
    ) -> AsyncIterator[SendGridSender]:
        from serienpost_channel_sendgrid.client import clients
        from serienpost_channel_sendgrid.sender import SendGridSender

        async with clients(context, account, count=slots) as opened:
            yield SendGridSender(account, opened, batch)

    async def provider_template(
        self, context: Context, account: SendGridAccount, wanted: str
    ) -> ProviderTemplate:
        """The template of this id or name with its version in force.

        Raises:
            TemplateError: there is none, or it must not be used.
            SerienpostError: SendGrid cannot be asked.
        """
        from serienpost_channel_sendgrid.client import reading
        from serienpost_channel_sendgrid.templates import read_template

        async with reading(context, account, for_templates=True) as api:
            return await read_template(api, wanted)

    async def events(
        self, context: Context, account: SendGridAccount, since: datetime | None
    ) -> AsyncIterator[Event]:
        """Bounces, blocks, spam reports, invalid addresses and unsubscribes."""
        import asyncio

        from serienpost_channel_sendgrid.client import reading
        from serienpost_channel_sendgrid.events import suppressions

        key = await asyncio.to_thread(context.secret, account.api_key)
        async with reading(context, account) as api:
            async for event in suppressions(api, key, since):
                yield event

    async def probe(self, context: Context, account: SendGridAccount) -> Sequence[ProbeResult]:
        """Let SendGrid check a message without sending it, read templates, look at duties."""
        from serienpost_channel_sendgrid.probe import probe

        return await probe(context, account)
