"""The settings of an account with `channel: smscreator`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from serienpost import AccountSettings, Rate, SecretRef, Texts, is_loopback

_ = Texts(__name__)

SmsType: TypeAlias = Literal[
    "Flash",
    "Standard",
    "StandardDeliveryNotification",
    "StandardLong",
    "HighQuality",
    "HighQualityLong",
]

# Types of one SMS only; the provider documents it for Flash and Standard.
SINGLE: frozenset[str] = frozenset(
    {"Flash", "Standard", "StandardDeliveryNotification", "HighQuality"}
)

# Types whose sender the provider chooses.
NO_OWN_SENDER: frozenset[str] = frozenset(
    {"Flash", "Standard", "StandardDeliveryNotification", "StandardLong"}
)

_GROUPING = re.compile(r"[\s()/.-]")
# Nobody dials this 0 from abroad.
_TRUNK = re.compile(r"(?:\+|00)[0-9]{1,3}0")
_NUMBER = re.compile(r"\+?[0-9]{3,16}\Z")
_WORD = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .-]{1,11}\Z")


def _sender(value: str) -> str:
    number = _GROUPING.sub("", value)
    if _TRUNK.match(number) and "(0)" in value:
        raise ValueError(
            _("write the number with its country code and without (0), as +493511234567")
        )
    if _NUMBER.match(number):
        return number
    if value == "" or _WORD.match(value):
        return value
    raise ValueError(
        _("write a number of at most 16 digits, or at most 11 of A-Z, a-z, 0-9, blank, '.' and '-'")
    )


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        scheme, host, _port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host = "", None
    if scheme not in ("https", "http") or not host or "@" in value:
        raise ValueError(
            _("write an address such as {url}", url="https://www.smscreator.de/gateway")
        )
    if parts.query or parts.fragment:
        raise ValueError(_("write the address without ? and #"))
    if scheme == "http" and not is_loopback(host):
        raise ValueError(_("use https; http is only for a server on this machine (127.0.0.1)"))
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(_("write a time zone such as Europe/Berlin")) from error
    return value


class SmsCreatorAccount(AccountSettings):
    """A customer's account at smsCreator. What the provider does not document is a setting."""

    sender: Annotated[str, AfterValidator(_sender)] = Field(
        default="",
        description="Whom the SMS comes from: a number, which can be answered, or at most 11"
        " letters. Empty: the portal's DefaultSender.",
        examples=["03511234567", "PRAXIS"],
    )
    user: SecretRef = Field(description="The login.", examples=["secret:SMS_USER"])
    password: SecretRef = Field(
        description="The login's password.", examples=["secret:SMS_PASSWORD"]
    )
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        default="https://www.smscreator.de/gateway", description="The gateway's address."
    )
    sms_type: SmsType = Field(
        default="HighQualityLong",
        description="The provider's `SmsTyp`. HighQuality and HighQualityLong carry the own"
        " sender, the Long ones more than one SMS.",
    )
    recipient_format: Literal["0049", "0", "+49"] = Field(
        default="0049",
        description="How German numbers are written to the provider; `0`: without country code.",
    )
    rate: list[Rate] = Field(
        default=[Rate(5, 1)],
        description="Orders at most; the provider names no limit of its own.",
        examples=[["5/second"]],
    )
    spread: bool = Field(default=True, description="Space orders evenly.")
    credits_per_segment: float = Field(
        default=1.0,
        ge=0,
        description="What one SMS of this type costs; see the price list in the customer's area.",
    )
    max_segments: int = Field(
        default=10, ge=1, le=255, description="SMS that one message of a Long type may take."
    )
    unicode: Literal["send", "refuse"] = Field(
        default="send",
        description="Texts with signs outside of GSM 03.38: `refuse` where the provider replaces"
        " or rejects them.",
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Europe/Berlin", description="In which the provider reads and writes times."
    )
    caption_length: int = Field(
        default=12,
        ge=8,
        le=12,
        description="Signs of our reference that the name of an order holds.",
    )
    caption_lookup: bool = Field(
        default=False,
        description="Ask for an order by its name when its answer was lost. Only once it is known"
        " that new and scheduled orders are found by it.",
    )
    delivered_status: list[str] = Field(
        default=["DELIVRD", "Delivered"], description="`Status` of a report that means delivered."
    )
    failed_status: list[str] = Field(
        default=["UNDELIV", "EXPIRED", "REJECTD", "DELETED"],
        description="`Status` of a report that means not delivered.",
    )
    report_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="Reports are asked for again from so many days before the last known one.",
    )
    balance_warning: float | None = Field(
        default=None, ge=0, description="`doctor` warns when fewer credits are left."
    )
    timeout: float = Field(default=30.0, ge=1, le=120, description="Seconds to wait for an answer.")
    region: str = Field(
        default="unknown",
        min_length=1,
        description="Where the provider processes the data, for the manifest.",
        examples=["DE"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.sender and self.sms_type in NO_OWN_SENDER:
            raise ValueError(
                _(
                    "with {type} the provider chooses the sender: leave sender out, or take"
                    " HighQuality or HighQualityLong",
                    type=self.sms_type,
                )
            )
        if self.reply_to is not None:
            raise ValueError(_("an SMS has no reply_to: answers go to the sender"))
        both = set(self.delivered_status) & set(self.failed_status)
        if both:
            raise ValueError(
                _("{status} is both in delivered_status and in failed_status", status=min(both))
            )
        return self

    @property
    def is_local(self) -> bool:
        """Whether the gateway is on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def longest(self) -> int:
        """SMS that one message may take."""
        return 1 if self.sms_type in SINGLE else self.max_segments
