"""The catcher's SMTP protocol: aiosmtpd, with the script's deeds where the protocol has them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session  # noqa: TID253  imported when a catcher starts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost_demo.misbehaviour import Script

_LARGEST = 50 * 1024 * 1024
logging.getLogger("mail.log").setLevel(logging.WARNING)  # below, its lines hold addresses


class Connection(SMTP):
    """One client's connection.

    Args:
        script: how to misbehave.
        keep: keeps a message: sender, recipients, bytes; says how many there are now.
    """

    def __init__(self, script: Script, keep: Callable[[str, Sequence[str], bytes], int]) -> None:
        self.script = script
        self.keep = keep
        self.brought = 0
        super().__init__(
            _Hooks(),
            data_size_limit=_LARGEST,
            enable_SMTPUTF8=True,
            hostname="catcher.invalid",
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the protocol; a client that resets the connection is no error of ours."""
        super().connection_made(transport)
        assert self._handler_coroutine is not None  # noqa: S101  set by super
        self._handler_coroutine.add_done_callback(
            lambda task: None if task.cancelled() else task.exception()
        )

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd finds it by this name
        """Take a message, or drop the connection where the client would begin to send it."""
        recipients = self.envelope.rcpt_tos if self.envelope else []
        if recipients and self.script.take("before_dot", recipients):
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            await self.drop()
        await super().smtp_DATA(arg)

    async def drop(self) -> None:
        """Cut the connection; aiosmtpd then cancels this session, so this never returns."""
        assert isinstance(self.transport, asyncio.Transport)  # noqa: S101
        self.transport.abort()
        await asyncio.get_running_loop().create_future()


class _Hooks:
    async def handle_MAIL(  # noqa: N802
        self,
        server: Connection,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        refusal = server.script.limit_reply(server.brought)
        if refusal is not None:
            await server.push(refusal)
            await server.drop()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: Connection,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        refusal = server.script.take("refuse_rcpt", [address])
        if refusal is not None:
            return refusal.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: Connection,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        script, recipients = server.script, envelope.rcpt_tos
        refusal = script.take("refuse_data", recipients)
        if refusal is not None:
            return refusal.reply
        server.brought += 1
        data = envelope.original_content or b""
        number = server.keep(envelope.mail_from or "", recipients, data)
        delay = script.take("delay", recipients)
        if delay is not None:
            await asyncio.sleep(delay.seconds)
        if script.take("after_dot", recipients):
            await server.drop()
        return f"250 2.0.0 OK: kept as {number}"
