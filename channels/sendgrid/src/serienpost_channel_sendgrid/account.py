"""The settings of an account with `channel: sendgrid`, and what a practice accepts before data go
there."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from serienpost import (
    AccountSettings,
    Disclaimer,
    SecretRef,
    StrictModel,
    Texts,
    is_loopback,
    parse_sender,
)

_ = Texts(__name__)

EU = "https://api.eu.sendgrid.com"
# Recipients of one request (mail send, `personalizations`).
MOST_RECIPIENTS = 1000

_GERMAN = """\
Haftungsausschluss: Die E-Mail-Adressen und alle Angaben, die der Text verwendet, werden an
{name} ({region}) übertragen und dort verarbeitet. Schon dass jemand Post dieser Praxis bekommt, ist
eine geschützte Angabe. Die Praxis hat selbst zu prüfen und steht dafür ein, dass sie einen
Vertrag zur Auftragsverarbeitung mit Verschwiegenheitspflicht hat, dass die Empfänger eingewilligt
haben, soweit es nötig ist, und dass der Inhalt so übertragen werden darf. Angenommen heißt nicht
zugestellt: SendGrid nimmt auch Nachrichten an, die es später verwirft."""

_ENGLISH = """\
Disclaimer: the e-mail addresses and all data that the text uses are transmitted to {name}
({region}) and processed there. That somebody gets mail from this practice is protected
information in itself. The practice must check, and answers for it, that it has a contract about
processing with a duty of secrecy, that the recipients have consented where that is needed, and that
the content may be transmitted this way. Accepted is not delivered: SendGrid also accepts messages
that it drops later."""


def _mailbox(value: str) -> str:
    if set(";,") & set(parse_sender(value).name):
        raise ValueError(_("a name holds no comma and no semicolon; SendGrid refuses them"))
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if not bare or not parts.hostname:
        raise ValueError(_("write scheme and host alone, as in {url}", url=EU))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(
            _("must begin with https://; http:// is only for a server on this machine")
        )
    return value.rstrip("/")


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        said = _("is no date; write year-month-day, such as 2026-01-31")
        raise ValueError(said) from None


def _category(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError(_("a category is plain ASCII"))
    return value


def _different(value: list[str]) -> list[str]:
    if len(set(value)) != len(value):
        raise ValueError(_("a category stands here twice"))
    return value


SenderText = Annotated[str, AfterValidator(_mailbox)]
Url = Annotated[str, AfterValidator(_url)]
Day = Annotated[str, AfterValidator(_day)]
Category = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_category)]


class ProcessorSettings(StrictModel):
    """Who processes the data for the practice (Art. 28 GDPR, section 393 SGB V)."""

    name: str = Field(
        default="Twilio Inc. (SendGrid)", min_length=1, description="The company of the contract."
    )
    country: str | None = Field(
        default=None,
        min_length=1,
        description="Where it processes the data; default: EU with the EU host, else US.",
    )
    contract_date: Day | None = Field(
        default=None, description="Day of the contract about processing.", examples=["2026-01-31"]
    )
    attestation: str | None = Field(
        default=None,
        min_length=1,
        description="What attests its security.",
        examples=["C5 Typ 2, 2026"],
    )


class DisclaimerSettings(StrictModel):
    """Who accepted the disclaimer for runs that nobody watches."""

    accepted_by: str = Field(min_length=1, description="Name of the person.")
    accepted_on: Day = Field(description="Day of the acceptance.", examples=["2026-11-01"])


class SendGridAccount(AccountSettings):
    """An account at SendGrid, used through its v3 API."""

    sender: SenderText = Field(
        description="Who writes, `Name <address>`; SendGrid must have verified the address.",
        examples=["Praxis Dr. Sonnenschein <praxis@example.org>"],
    )
    reply_to: SenderText | None = Field(
        default=None, description="Where answers go if not to the sender."
    )
    api_key: SecretRef = Field(
        description="An API key that may send and read templates and suppressions.",
        examples=["secret:MAIL_SENDGRID_API"],
    )
    base_url: Url = Field(
        default=EU,
        description="Where requests go. The EU host needs a key of an EU subuser; the global one"
        " is https://api.sendgrid.com.",
    )
    templates_url: Url | None = Field(
        default=None, description="Where templates are read, if not at `base_url`."
    )
    batch: int = Field(
        default=100,
        ge=1,
        le=MOST_RECIPIENTS,
        description="Recipients of one request with a template; so many are in doubt if its"
        " answer is lost.",
    )
    connections: int = Field(
        default=8, ge=1, le=50, description="Requests at the same time, without a template."
    )
    timeout: float = Field(default=60.0, ge=1, le=120, description="Seconds to wait for an answer.")
    categories: Annotated[list[Category], Field(max_length=10), AfterValidator(_different)] = Field(
        default=[],
        description="Words for SendGrid's statistics. They are stored there for long and visible"
        " to its staff: nothing about a person.",
        examples=[["praxis"]],
    )
    click_tracking: bool = Field(
        default=False, description="SendGrid replaces links to see who follows them."
    )
    open_tracking: bool = Field(
        default=False, description="SendGrid adds a picture to see who opens a message."
    )
    sandbox: bool = Field(
        default=False, description="SendGrid checks requests and sends nothing; for tests."
    )
    processor: ProcessorSettings = Field(
        default_factory=ProcessorSettings, description="Who processes the data, for the manifest."
    )
    disclaimer: DisclaimerSettings | None = Field(
        default=None, description="The disclaimer accepted in advance, for cron."
    )

    @model_validator(mode="after")
    def _one_region(self) -> Self:
        urls = (self.base_url, self.templates_url or self.base_url)
        if any(map(_is_local, urls)) and not all(map(_is_local, urls)):
            raise ValueError(_("base_url and templates_url: both on this machine, or none"))
        return self

    @property
    def is_local(self) -> bool:
        """Whether it is a server on this machine, so that nothing leaves the practice."""
        return _is_local(self.base_url)

    @property
    def region(self) -> str:
        """Where the data are processed."""
        return self.processor.country or ("EU" if self.base_url == EU else "US")


def disclaimer(account: SendGridAccount) -> Disclaimer:
    """The disclaimer in German and English, and who accepted it in the account."""
    facts = {"name": account.processor.name, "region": account.region}
    accepted = account.disclaimer
    return Disclaimer(
        _GERMAN.format(**facts),
        _ENGLISH.format(**facts),
        accepted.accepted_by if accepted else None,
        accepted.accepted_on if accepted else None,
    )


def _is_local(url: str) -> bool:
    """Whether it is a server on this machine."""
    return is_loopback(urlsplit(url).hostname or "")
