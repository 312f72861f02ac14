"""Which hosts are the machine itself, and why no encrypted connection came about."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLError


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
