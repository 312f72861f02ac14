"""From an account's settings to everything that a connection needs."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import ConfigError, Texts
from serienpost_channel_smtp.oauth import Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from serienpost import Context
    from serienpost_channel_smtp.account import Security, SmtpAccount

    Token: TypeAlias = Callable[[], Awaitable[str]]

_ = Texts(__name__)

# Seconds for the reply to the final dot (RFC 5321 4.5.3.2.6). Giving up earlier makes doubt.
FINAL_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Everything that a connection needs. `tls` is None only for a server on this machine;
    `token` gives access tokens, where the login is made with them."""

    host: str
    port: int
    security: Security
    tls: ssl.SSLContext | None
    username: str | None
    password: str | None
    token: Token | None
    ehlo_name: str
    timeout: float
    final_timeout: float


def connection_settings(
    context: Context, account: SmtpAccount, final_timeout: float | None
) -> ConnectionSettings:
    """Resolve the secrets, read the certificate authority, find our own name. Blocks.

    Raises:
        SecretError: no store knows a secret.
        ConfigError: the `ca_file` cannot be used.
    """
    return ConnectionSettings(
        host=account.host.strip("[]"),
        port=account.effective_port,
        security=account.security,
        tls=tls(context, account, account.security),
        username=account.username,
        password=context.secret(account.password) if account.password else None,
        token=token(context, account),
        ehlo_name=_own_name(),
        timeout=account.timeout,
        final_timeout=FINAL_TIMEOUT if final_timeout is None else final_timeout,
    )


def tls(context: Context, account: SmtpAccount, security: Security) -> ssl.SSLContext | None:
    """The certificate check, None where the connection is not encrypted.

    Raises:
        ConfigError: the `ca_file` cannot be used.
    """
    if security == "none":
        return None
    if account.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=context.path(account.ca_file))
    except OSError as error:
        reason = error.strerror or _("not readable")
        raise ConfigError(
            _("ca_file {file}: {reason}", file=account.ca_file, reason=reason),
            hint=_("give a PEM file with the certificate authority of the mail server"),
        ) from None


def token(context: Context, account: SmtpAccount) -> Token | None:
    """What gives access tokens; None where the login is made with a password.

    Raises:
        SecretError: no store knows a secret.
    """
    if account.login != "xoauth2":
        return None
    if account.oauth_token is not None:
        given = account.oauth_token

        async def fresh() -> str:
            return context.secret(given)

        return fresh
    form = {"client_id": account.oauth_client_id, "scope": account.oauth_scope}
    if account.oauth_client_secret is not None:
        form["client_secret"] = context.secret(account.oauth_client_secret)
    if account.oauth_refresh_token is None:
        form["grant_type"] = "client_credentials"
    else:
        form["grant_type"] = "refresh_token"
        form["refresh_token"] = context.secret(account.oauth_refresh_token)
    url = account.oauth_token_url or ""
    check = ssl.create_default_context() if url.startswith("https:") else None
    return Tokens(url, {key: value for key, value in form.items() if value is not None}, check)


def _own_name() -> str:
    """The name for EHLO: this machine's full name, or an address literal where it has none."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() and name.isprintable() else "[127.0.0.1]"
