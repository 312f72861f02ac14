"""The settings of an account with `channel: sendgrid`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from serienpost import AccountSettings, SecretRef, StrictModel
from serienpost_channel_sendgrid.checks import EU, Category, Day, Mailbox, Url, different, is_local

MOST_RECIPIENTS = 1000
"""Recipients of one request (mail send, `personalizations`)."""


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

    sender: Mailbox = Field(
        description="Who writes, `Name <address>`; SendGrid must have verified the address.",
        examples=["Praxis Dr. Sonnenschein <praxis@example.org>"],
    )
    reply_to: Mailbox | None = Field(
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
    categories: Annotated[list[Category], Field(max_length=10), AfterValidator(different)] = Field(
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
        if any(map(is_local, urls)) and not all(map(is_local, urls)):
            raise ValueError("base_url and templates_url: both on this machine, or none")
        return self

    @property
    def is_local(self) -> bool:
        """Whether it is a server on this machine, so that nothing leaves the practice."""
        return is_local(self.base_url)

    @property
    def region(self) -> str:
        """Where the data are processed."""
        return self.processor.country or ("EU" if self.base_url == EU else "US")
