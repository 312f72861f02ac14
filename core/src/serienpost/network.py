"""Which hosts are the machine itself, why no encrypted connection came about, and what is asked
before a request is written."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from ssl import SSLError

# As httpx names the moment at which the connection stands and nothing of the request is written.
_BEFORE_REQUEST = "send_request_headers.started"


class HeldBackError(Exception):
    """`go` said no; nothing of the request was written."""


def asking(go: Callable[[], Awaitable[bool]]) -> Callable[[str, object], Awaitable[None]]:
    """An extension `trace` of httpx that asks `go` before the first byte of a request.

    For `httpx.Request` and the methods of its clients: `extensions={"trace": asking(go)}`. After a
    no they raise `HeldBackError`.
    """

    async def trace(event: str, _: object) -> None:
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
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLError) and not isinstance(found, ended):
            return found
        found = found.__cause__ or found.__context__
    return None
