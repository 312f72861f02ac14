"""Which hosts are the machine itself, why no encrypted connection came about, and what is asked
before a request is written."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from ssl import SSLError

_ = Texts(__name__)

# As httpx names the moment at which the connection stands and nothing of the request is written.
_BEFORE_REQUEST = "send_request_headers.started"


class HeldBackError(Exception):
    """`go` said no; nothing of the request was written."""


def asking(go: Callable[[], Awaitable[bool]]) -> Callable[[str, object], Awaitable[None]]:
    """An extension `trace` of httpx that asks `go` before the first byte of a request.

    For `httpx.Request` and the methods of its clients: `extensions={"trace": asking(go)}`. After a
    no they raise `HeldBackError`.
    """

    async def trace(event: str, _info: object) -> None:
        if event.endswith(_BEFORE_REQUEST) and not await go():
            raise HeldBackError

    return trace


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def tls_cause(error: BaseException) -> SSLError | None:
    """The error of TLS that this one goes back to, such as a certificate that is refused; None
    where it was none, or only a connection that ended, which will do the next time."""
    import ssl

    ended = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
    found = (one for one in _causes(error) if isinstance(one, ssl.SSLError))
    return next((one for one in found if not isinstance(one, ended)), None)


def server_of(url: str) -> str:
    """Host and port of a web address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


_CAUSES = {
    errno.ECONNREFUSED: _("connection refused"),
    errno.EHOSTUNREACH: _("no way to it in the network"),
    errno.ENETUNREACH: _("no way to it in the network"),
    errno.ETIMEDOUT: _("no answer in time"),
}
# asyncio tells several failed addresses of one host in one text.
_ERRNO = re.compile(r"\[Errno (\d+)\]")


def no_connection(error: BaseException) -> str:
    """Why no connection came about, or why it ended, in words that name nobody."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return _("host name not found")
        if isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__:
            return _("no answer in time")
        if isinstance(cause, OSError):
            told = _ERRNO.search(str(cause)) if cause.errno is None else None
            number = int(told[1]) if told else cause.errno
            if number in _CAUSES:
                return _CAUSES[number]
    tls = tls_cause(error)
    if tls is None:
        return _("connection lost")
    return _("no encrypted connection ({reason})", reason=tls.reason or _("TLS error"))


def no_answer(server: str, why: str, keys: str) -> str:
    """One line about a server that cannot be reached, as the text of a `Deferred`.

    Args:
        server: host and port.
        why: what happened, as of `no_connection`.
        keys: of the account, that say where the server is.
    """
    return _(
        "the server at {server} does not answer: {why} (start it, or correct {keys})",
        server=server,
        why=why,
        keys=keys,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """This error and those it goes back to."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
