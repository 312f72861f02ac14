"""The settings of an account with `channel: smtp`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from serienpost import AccountSettings, SecretRef, Texts, is_loopback, parse_sender
from serienpost_channel_smtp.headers import is_address
from serienpost_channel_smtp.presets import preset_defaults, presets

_ = Texts(__name__)

DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}
IMAP_PORTS = {"starttls": 143, "tls": 993, "none": 143}


def _mailbox(value: str) -> str:
    parse_sender(value)
    if not value.rpartition("<")[2].isascii():
        raise ValueError(_("write the address in ASCII, as in Name <address@example.org>"))
    return value


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError(_("write the bare address, as in praxis@example.org"))
    return value


def _host(value: str) -> str:
    if not value.isascii() or not value.isprintable() or any(c in value for c in " /@"):
        raise ValueError(_("write the name of the server alone, as in smtp.example.org"))
    return value


def _preset(value: str) -> str:
    if value not in presets():
        raise ValueError(_("there is no such preset; there are {names}", names=sorted(presets())))
    return value


def _token_url(value: str) -> str:
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
    if not is_safe or not parts.hostname or parts.username:
        raise ValueError(_("write the https address where the provider gives out tokens"))
    return value


MailboxText = Annotated[str, AfterValidator(_mailbox)]
AddressText = Annotated[str, AfterValidator(_address)]
HostText = Annotated[str, Field(min_length=1), AfterValidator(_host)]
Security = Literal["starttls", "tls", "none"]


class SmtpAccount(AccountSettings):
    """A mailbox at a provider from which mail is submitted (RFC 6409)."""

    preset: Annotated[str, AfterValidator(_preset)] | None = Field(
        default=None,
        description="The provider: sets host, encryption, rate and connections as far as they"
        " are known; keys of the account win.",
        examples=["ionos"],
    )
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
    security: Security = Field(
        default="starttls",
        description="How the connection is encrypted. The certificate is always checked. `none`"
        " only for a server on this machine.",
    )
    login: Literal["password", "xoauth2"] = Field(
        default="password", description="How the login is made; `xoauth2` needs the `oauth_` keys."
    )
    username: str | None = Field(default=None, min_length=1, description="For the login.")
    password: SecretRef | None = Field(
        default=None, description="For the login.", examples=["secret:MAIL_PASSWORD"]
    )
    oauth_token: SecretRef | None = Field(
        default=None, description="An access token that something else keeps fresh."
    )
    oauth_token_url: Annotated[str, AfterValidator(_token_url)] | None = Field(
        default=None,
        description="Where the provider gives out access tokens (RFC 6749).",
        examples=["https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"],
    )
    oauth_client_id: str | None = Field(default=None, description="The registered program.")
    oauth_client_secret: SecretRef | None = Field(default=None, description="Its secret.")
    oauth_refresh_token: SecretRef | None = Field(
        default=None, description="Given once by a person; without it the program logs in itself."
    )
    oauth_scope: str | None = Field(
        default=None,
        description="What is asked for.",
        examples=["https://outlook.office365.com/.default"],
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
    html: bool = Field(
        default=True,
        description="Whether messages have a formatted part, with its images, beside the text.",
    )
    list_unsubscribe: Literal["when_linked", "always", "never"] = Field(
        default="when_linked",
        description="Whether messages have a List-Unsubscribe header (RFC 2369, 8058);"
        " `when_linked`: those whose text has the `Abmelde_Link`.",
    )
    auto_submitted: bool = Field(
        default=False,
        description="Mark messages as sent by a program (RFC 3834), so that nobody's absence"
        " note comes back.",
    )
    imap_host: HostText | None = Field(
        default=None, description="The server with the mailbox that bounces come to."
    )
    imap_port: int | None = Field(
        default=None, ge=1, le=65535, description="Default: 993, or 143 without `tls`."
    )
    imap_security: Security = Field(
        default="tls", description="How the mailbox is reached; `none` only on this machine."
    )
    imap_username: str | None = Field(default=None, min_length=1, description="If another.")
    imap_password: SecretRef | None = Field(default=None, description="If another.")
    imap_folder: str = Field(default="INBOX", min_length=1, description="Where bounces lie.")
    region: str = Field(
        default="unknown",
        min_length=1,
        description="Where the provider processes the mail, for the manifest.",
        examples=["DE"],
    )

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, values: Any) -> Any:  # noqa: ANN401  as it stands in the file
        name = values.get("preset") if isinstance(values, dict) else None
        if not isinstance(name, str) or name not in presets():
            return values
        return {**preset_defaults(name), **values}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for host, security in ((self.host, self.security), (self.imap_host, self.imap_security)):
            if security == "none" and host is not None and not is_loopback(host):
                raise ValueError(
                    _("security: none is only for a server on this machine (127.0.0.1)")
                )
        if self.login == "xoauth2":
            self._check_tokens()
        elif (self.username is None) != (self.password is None):
            raise ValueError(_("username and password belong together: give both or none"))
        if self.imap_password is not None and self.imap_username is None:
            raise ValueError(_("imap_password needs imap_username"))
        if self.imap_host is not None and (self.imap_username or self.username) is None:
            raise ValueError(_("imap_host needs a username and a password"))
        return self

    def _check_tokens(self) -> None:
        if self.username is None or self.password is not None:
            raise ValueError(_("login: xoauth2 needs a username and no password"))
        can_ask = self.oauth_token_url is not None and self.oauth_client_id is not None
        if (self.oauth_token is not None) == can_ask:
            raise ValueError(
                _("login: xoauth2 needs either oauth_token, or oauth_token_url and oauth_client_id")
            )

    @property
    def effective_port(self) -> int:
        """The port as given, else the usual one for the kind of encryption."""
        return self.port or DEFAULT_PORTS[self.security]

    @property
    def effective_imap_port(self) -> int:
        """The port as given, else the usual one for the kind of encryption."""
        return self.imap_port or IMAP_PORTS[self.imap_security]

    @property
    def envelope(self) -> str:
        """The address for `MAIL FROM`."""
        return self.envelope_sender or parse_sender(self.sender).address
