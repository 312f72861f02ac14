"""From an account's settings to everything that a connection needs."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError
from serienpost_channel_smtp.wire import FINAL_TIMEOUT, Dial

if TYPE_CHECKING:
    from serienpost.context import Context
    from serienpost_channel_smtp.account import SmtpAccount


def dial(context: Context, account: SmtpAccount, final_timeout: float | None) -> Dial:
    """Resolve the secret, read the certificate authority, find our own name. Blocks.

    Raises:
        SecretError: no store knows the password.
        ConfigError: the `ca_file` cannot be used.
    """
    return Dial(
        host=account.host.strip("[]"),
        port=account.effective_port,
        security=account.security,
        tls=_tls(context, account),
        username=account.username,
        password=context.secret(account.password) if account.password else None,
        ehlo_name=_own_name(),
        timeout=account.timeout,
        final_timeout=FINAL_TIMEOUT if final_timeout is None else final_timeout,
    )


def _tls(context: Context, account: SmtpAccount) -> ssl.SSLContext | None:
    if account.security == "none":
        return None
    if account.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=context.path(account.ca_file))
    except OSError as error:
        reason = error.strerror or "not readable"
        raise ConfigError(
            f"ca_file {account.ca_file}: {reason}",
            hint="give a PEM file with the certificate authority of the mail server",
        ) from None


def _own_name() -> str:
    """The name for EHLO: this machine's full name, or an address literal where it has none."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() and name.isprintable() else "[127.0.0.1]"
