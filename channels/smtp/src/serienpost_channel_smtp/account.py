"""The settings of an account with `channel: smtp`."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from serienpost.config.accounts import AccountSettings, SecretRef
from serienpost_channel_smtp.headers import is_address, parse_mailbox

DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _mailbox(value: str) -> str:
    parse_mailbox(value)
    return value


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("write the bare address, as in praxis@example.org")
    return value


def _host(value: str) -> str:
    if not value.isascii() or not value.isprintable() or any(c in value for c in " /@"):
        raise ValueError("write the name of the server alone, as in smtp.example.org")
    return value


MailboxText = Annotated[str, AfterValidator(_mailbox)]
AddressText = Annotated[str, AfterValidator(_address)]
HostText = Annotated[str, Field(min_length=1), AfterValidator(_host)]


class SmtpAccount(AccountSettings):
    """A mailbox at a provider from which mail is submitted (RFC 6409)."""

    sender: MailboxText = Field(
        description="Who writes, as patients see it: `Name <address>`.",
        examples=["Praxis Dr. Sonnenschein <praxis@example.org>"],
    )
    reply_to: MailboxText | None = Field(
        default=None, description="Where answers go if not to the sender."
    )
    host: HostText = Field(
        description="The provider's server for sending.", examples=["smtp.example.org"]
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Default: 587 with `starttls`, 465 with `tls`, 25 with `none`.",
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted. The certificate is always checked. `none`"
        " only for a server on this machine.",
    )
    username: str | None = Field(default=None, min_length=1, description="For the login.")
    password: SecretRef | None = Field(
        default=None, description="For the login.", examples=["secret:MAIL_PASSWORD"]
    )
    ca_file: str | None = Field(
        default=None,
        description="A PEM file with the certificate authority that signs the server's"
        " certificate, instead of the system's authorities.",
    )
    connections: int = Field(
        default=1, ge=1, le=20, description="Connections at the same time; ask the provider."
    )
    messages_per_connection: int = Field(
        default=50, ge=1, description="After so many messages a new connection is made."
    )
    timeout: float = Field(
        default=60.0,
        ge=1,
        le=120,
        description="Seconds to wait for a reply; the reply to a whole message may take 600"
        " (RFC 5321).",
    )
    envelope_sender: AddressText | None = Field(
        default=None, description="Where bounces go; default: the sender's address."
    )
    region: str = Field(
        default="unknown",
        min_length=1,
        description="Where the provider processes the mail, for the manifest.",
        examples=["DE"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("security: none is only for a server on this machine (127.0.0.1)")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together: give both or none")
        return self

    @property
    def effective_port(self) -> int:
        """The port as given, else the usual one for the kind of encryption."""
        return self.port or DEFAULT_PORTS[self.security]

    @property
    def envelope(self) -> str:
        """The address for `MAIL FROM`."""
        return self.envelope_sender or parse_mailbox(self.sender).address
