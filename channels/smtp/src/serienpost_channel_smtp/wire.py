"""One SMTP connection, driven command by command, so that the stage of a failure is known."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from serienpost import Texts, without_secrets
from serienpost_channel_smtp.protocol import ReplyError, SmtpProtocol, SmtpReply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiosmtplib import SMTP

    from serienpost_channel_smtp.connection_settings import ConnectionSettings
    from serienpost_channel_smtp.reply_rules import Stage

_ = Texts(__name__)

_QUIT_TIMEOUT = 5.0
_TRY_NEXT_MECHANISM = frozenset({500, 501, 502, 503, 504, 534})


class NotOfferedError(Exception):
    """The server lacks what the account asks for; `code` says what."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class TooBigError(Exception):
    """The message is larger than the server's EHLO allows; nothing was sent."""

    def __init__(self, size: int, limit: int) -> None:
        self.text = _(
            "the message has {size} octets, the server takes {limit}", size=size, limit=limit
        )
        super().__init__(self.text)


class RefusedError(Exception):
    """A command's reply that is not the hoped-for one."""

    def __init__(self, reply: SmtpReply) -> None:
        super().__init__(str(reply.code))
        self.reply = reply


class Connection:
    """A connection to the server. `stage` is what is under way, or was when it failed."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._client: SMTP | None = None
        self._protocol: SmtpProtocol | None = None
        self._needs_reset = False
        self.stage: Stage = "connect"
        self.sent = 0
        self.size_limit = 0
        self.most_messages = 0

    @property
    def is_open(self) -> bool:
        return self._protocol is not None and self._protocol.is_open

    @property
    def client(self) -> SMTP:
        """The library's client; only while open."""
        if self._client is None:
            raise ConnectionError("not connected")
        return self._client

    async def open(self) -> None:
        """Connect, encrypt, log in.

        Raises:
            NotOfferedError: no STARTTLS, or no way to log in that we know.
            aiosmtplib.SMTPException, OSError: as they come; `stage` says where.
        """
        await self.connect()
        await self.secure()
        await self.login()
        self.begin()

    async def connect(self) -> None:
        from aiosmtplib import SMTP

        settings = self._settings
        self._enter("connect")
        self._client = SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=False,
            tls_context=settings.tls,
            local_hostname=settings.ehlo_name,
            timeout=settings.timeout,
        )
        await self._client.connect()
        self._enter("ehlo")
        await self._client.ehlo()

    async def secure(self) -> None:
        if self._settings.security != "starttls":
            return
        self._enter("starttls")
        if not self.client.supports_extension("starttls"):
            raise NotOfferedError("no_starttls", _("the server does not offer STARTTLS"))
        await self.client.starttls()
        self._enter("ehlo")
        await self.client.ehlo()

    async def login(self) -> None:
        settings = self._settings
        if settings.username is None:
            return
        self._enter("auth")
        if settings.token is not None:
            token = await settings.token()
            with _unrepeated(token):
                await self._authenticate_by_token(settings.username, token)
        elif settings.password is not None:
            with _unrepeated(settings.password):
                await self._authenticate(settings.username, settings.password)

    async def _authenticate_by_token(self, username: str, token: str) -> None:
        if "xoauth2" not in self.client.server_auth_methods:
            raise NotOfferedError("no_login", _("the server offers no login by XOAUTH2"))
        await self.client.auth_xoauth2(username, token)

    async def _authenticate(self, username: str, password: str) -> None:
        from aiosmtplib import SMTPAuthenticationError

        client = self.client
        known = {
            "plain": client.auth_plain,
            "login": client.auth_login,
            "cram-md5": client.auth_crammd5,
        }
        refusal: SMTPAuthenticationError | None = None
        for name, mechanism in known.items():
            if name not in client.server_auth_methods:
                continue
            try:
                await mechanism(username, password)
            except SMTPAuthenticationError as error:
                refusal = error
                if error.code not in _TRY_NEXT_MECHANISM:
                    raise
            else:
                return
        if refusal is not None:
            raise refusal
        raise NotOfferedError(
            "no_login", _("the server offers no login by PLAIN, LOGIN or CRAM-MD5")
        )

    def begin(self) -> None:
        """Take the connection over from the library, which is done with it."""
        self._enter("mail")
        transport = self.client.transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionError("connection lost")
        limit = self.client.esmtp_extensions.get("size", "")
        self.size_limit = int(limit) if limit.isdecimal() else 0
        self.most_messages = _most_messages(self.client.esmtp_extensions.get("limits", ""))
        self._knows_size = self.client.supports_extension("size")
        self._pipelines = self.client.supports_extension("pipelining")
        self._protocol = SmtpProtocol(transport)

    async def offer(self, sender: str) -> None:
        """Ask whether the server takes mail from this sender; nothing is sent.

        Raises:
            RefusedError: it does not.
        """
        self.begin()
        self._open_protocol.write(_mail(sender, ""))
        self._needs_reset = True
        reply = await self._open_protocol.reply(self._settings.timeout)
        if not 200 <= reply.code <= 299:
            raise RefusedError(reply)

    async def envelope(self, sender: str, recipient: str, size: int, deadline: float) -> None:
        """MAIL, RCPT and DATA, in one packet where the server can take them so (RFC 2920).

        Until this returns, nothing of the message can have been sent.

        Args:
            sender: for MAIL FROM.
            recipient: for RCPT TO.
            size: octets of the message.
            deadline: of the loop's clock.

        Raises:
            TooBigError: before anything is sent.
            RefusedError: by the command of `stage`.
            ReplyError, TimeoutError, ConnectionError: at the command of `stage`.
        """
        self.stage = "mail"
        if 0 < self.size_limit < size:
            raise TooBigError(size, self.size_limit)
        self._refuse_unasked_reply()
        steps = list(self._steps(sender, recipient, size))
        if self._pipelines:
            self._open_protocol.write(b"".join(command for _, command in steps))
        refusal = None
        for stage, command in steps:
            if not self._pipelines:
                self._refuse_unasked_reply()
                self._open_protocol.write(command)
            self.stage = stage if refusal is None else self.stage
            try:
                reply = await self._reply_by(deadline)
            except (OSError, ReplyError):
                if refusal is None:
                    raise
                self.drop()
                break
            refusal = refusal or self._judge(command, reply)
            if refusal and (not self._pipelines or reply.code in {354, 421}):
                # After a refusal 354 waits for a message that nobody is to get.
                if reply.code in {354, 421}:
                    self.drop()
                break
        if refusal:
            raise refusal

    def _steps(self, sender: str, recipient: str, size: int) -> Iterator[tuple[Stage, bytes]]:
        if self._needs_reset:
            yield "mail", b"RSET\r\n"
        self._needs_reset = True
        yield "mail", _mail(sender, f" SIZE={size}" if self._knows_size else "")
        yield "rcpt", f"RCPT TO:<{recipient}>\r\n".encode("ascii")
        yield "data", b"DATA\r\n"

    @staticmethod
    def _judge(command: bytes, reply: SmtpReply) -> RefusedError | None:
        if command == b"DATA\r\n":
            return None if reply.code == 354 else RefusedError(reply)
        if 200 <= reply.code <= 299:
            return None
        if command == b"RSET\r\n":
            raise ConnectionError("the server refuses RSET")
        return RefusedError(reply)

    async def body(self, raw: bytes) -> SmtpReply:
        """Send the message with its final dot and wait for the reply, whatever it is."""
        self._refuse_unasked_reply()
        stuffed = raw.replace(b"\r\n.", b"\r\n..") if b"\r\n." in raw else raw
        self._open_protocol.write(stuffed + b".\r\n")
        self.stage = "dot"
        answer = await self._open_protocol.reply(self._settings.final_timeout)
        self.sent += 1
        self._needs_reset = not 200 <= answer.code <= 299
        return answer

    async def quit(self) -> None:
        """Take leave; whatever happens, the connection is closed afterwards."""
        from aiosmtplib import SMTPException

        with contextlib.suppress(Exception):
            if self._protocol is not None:
                self._protocol.write(b"QUIT\r\n")
                await self._protocol.reply(_QUIT_TIMEOUT)
            elif self._client is not None and self._client.is_connected:
                with contextlib.suppress(SMTPException, OSError):
                    await self._client.quit(timeout=_QUIT_TIMEOUT)
        self.drop()

    def drop(self) -> None:
        """Cut the connection; octets that have not left yet never will."""
        client, self._client = self._client, None
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.abort()
        elif client is not None:
            abort = getattr(client.transport, "abort", None)
            if abort is not None:
                abort()
            client.close()

    @property
    def _open_protocol(self) -> SmtpProtocol:
        if self._protocol is None:
            raise ConnectionError("not connected")
        return self._protocol

    async def _reply_by(self, deadline: float) -> SmtpReply:
        left = deadline - asyncio.get_running_loop().time()
        return await self._open_protocol.reply(min(left, self._settings.timeout))

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._refuse_unasked_reply()

    def _refuse_unasked_reply(self) -> None:
        # It would be taken for the answer to the next command; after the message that would be a
        # false "accepted". The library keeps octets that follow a reply in the same packet.
        if self._protocol is not None:
            unasked = not self._protocol.is_silent
        else:
            of_library = self._client.protocol if self._client else None
            unasked = bool(getattr(of_library, "_buffer", None))
        if unasked:
            raise ConnectionError("the server sent a reply that nobody asked for")


@contextlib.contextmanager
def _unrepeated(secret: str) -> Iterator[None]:
    """Keep a secret out of the refusal of a server that repeats it, plain or in base64."""
    from aiosmtplib import SMTPResponseException

    try:
        yield
    except SMTPResponseException as error:
        error.message = without_secrets(error.message, [secret])
        raise
    except ValueError as error:  # a challenge that is no base64, or no text
        raise ReplyError("334 ...") from error


def _most_messages(limits: str) -> int:
    """Messages that the server takes over one connection (RFC 9422), 0 where it does not say."""
    for limit in limits.upper().split():
        name, _sign, number = limit.partition("=")
        if name == "MAILMAX" and number.isdecimal():
            return int(number)
    return 0


def _mail(sender: str, parameters: str) -> bytes:
    return f"MAIL FROM:<{sender}>{parameters}\r\n".encode("ascii")
