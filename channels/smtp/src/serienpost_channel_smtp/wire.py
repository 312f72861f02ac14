"""One SMTP connection, driven command by command, so that the stage of a failure is known."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    from aiosmtplib import SMTP, SMTPResponse

    from serienpost_channel_smtp.classify import Stage

FINAL_TIMEOUT = 600.0
"""Seconds for the reply to the final dot (RFC 5321 4.5.3.2.6). Giving up earlier makes doubt."""

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
        super().__init__(f"the message has {size} octets, the server takes {limit}")


@dataclass(frozen=True, slots=True)
class Dial:
    """Everything that a connection needs. `tls` is None only for a server on this machine."""

    host: str
    port: int
    security: str
    tls: ssl.SSLContext | None
    username: str | None
    password: str | None
    ehlo_name: str
    timeout: float
    final_timeout: float


class Connection:
    """A connection to the server. `stage` is what is under way, or was when it failed."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._client: SMTP | None = None
        self._needs_reset = False
        self.stage: Stage = "connect"
        self.sent = 0

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.is_connected

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

    async def connect(self) -> None:
        from aiosmtplib import SMTP

        dial = self._dial
        self._enter("connect")
        self._client = SMTP(
            hostname=dial.host,
            port=dial.port,
            use_tls=dial.security == "tls",
            start_tls=False,
            tls_context=dial.tls,
            local_hostname=dial.ehlo_name,
            timeout=dial.timeout,
        )
        await self._client.connect()
        self._enter("ehlo")
        await self._client.ehlo()

    async def secure(self) -> None:
        if self._dial.security != "starttls":
            return
        self._enter("starttls")
        if not self.client.supports_extension("starttls"):
            raise NotOfferedError("no_starttls", "the server does not offer STARTTLS")
        await self.client.starttls()
        self._enter("ehlo")
        await self.client.ehlo()

    async def login(self) -> None:
        dial = self._dial
        if dial.username is None or dial.password is None:
            return
        self._enter("auth")
        await self._authenticate(dial.username, dial.password)

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
        raise NotOfferedError("no_login", "the server offers no login by PLAIN, LOGIN or CRAM-MD5")

    @property
    def size_limit(self) -> int:
        """Octets that the server takes at most (RFC 1870), 0 where it does not say."""
        limit = self.client.esmtp_extensions.get("size", "")
        return int(limit) if limit.isdecimal() else 0

    async def mail(self, sender: str, size: int | None = None) -> None:
        """Begin a transaction.

        Raises:
            TooBigError: before anything is sent.
        """
        self._enter("mail")
        if self._needs_reset:
            await self._reset()
        if size is not None and 0 < self.size_limit < size:
            raise TooBigError(size, self.size_limit)
        knows_size = size is not None and self.client.supports_extension("size")
        await self.client.mail(sender, options=[f"SIZE={size}"] if knows_size else None)
        self._needs_reset = True

    async def rcpt(self, recipient: str) -> None:
        self._enter("rcpt")
        await self.client.rcpt(recipient)

    async def data(self) -> None:
        """Ask whether the server will take the message. Until it agrees nothing can be sent."""
        from aiosmtplib import SMTPDataError

        self._enter("data")
        answer = await self.client.execute_command(b"DATA")
        if answer.code != 354:
            raise SMTPDataError(answer.code, answer.message)

    async def body(self, raw: bytes) -> SMTPResponse:
        """Send the message with its final dot and wait for the reply, whatever it is.

        Not the library's own `data()`: that one cannot say whether a lost connection or a
        malformed reply came before the message or after it.
        """
        protocol = self.client.protocol
        if protocol is None:
            raise ConnectionError("not connected")
        self._refuse_unasked_reply()
        protocol.write(raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        self.stage = "dot"
        answer = await protocol.read_response(timeout=self._dial.final_timeout)
        self.sent += 1
        self._needs_reset = not 200 <= answer.code <= 299
        return answer

    async def _reset(self) -> None:
        from aiosmtplib import SMTPResponseException

        try:
            await self.client.rset()
        except SMTPResponseException as error:
            raise ConnectionError("the server refuses RSET") from error
        self._needs_reset = False

    async def quit(self) -> None:
        """Take leave; whatever happens, the connection is closed afterwards."""
        from aiosmtplib import SMTPException

        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(SMTPException, OSError):
                await self._client.quit(timeout=_QUIT_TIMEOUT)
        self.drop()

    def drop(self) -> None:
        """Cut the connection; octets that have not left yet never will."""
        client, self._client = self._client, None
        if client is None:
            return
        abort = getattr(client.transport, "abort", None)
        if abort is not None:
            abort()
        client.close()

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._refuse_unasked_reply()

    def _refuse_unasked_reply(self) -> None:
        # The library keeps octets that follow a reply in the same packet and would take them for
        # the answer to the next command; after the message that would be a false "accepted".
        protocol = self._client.protocol if self._client else None
        if getattr(protocol, "_buffer", None):
            raise ConnectionError("the server sent a reply that nobody asked for")
