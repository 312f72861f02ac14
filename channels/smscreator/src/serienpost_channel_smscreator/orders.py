"""One order of `SendSimpleSMS`: the fields of its form, in the provider's names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost import Message
    from serienpost_channel_smscreator.account import SmsCreatorAccount

_GERMANY = "+49"


def caption(account: SmsCreatorAccount, ref: str) -> str:
    """The name of an order: our reference, as far as the provider keeps it."""
    return ref[: account.caption_length]


def recipient(account: SmsCreatorAccount, number: str) -> str:
    """A number in E.164 form as the account writes it."""
    if account.recipient_format == "+49":
        return number
    if account.recipient_format == "0" and number.startswith(_GERMANY):
        return "0" + number.removeprefix(_GERMANY)
    return "00" + number.removeprefix("+")


def local_time(account: SmsCreatorAccount, moment: datetime) -> str:
    """A time as the gateway reads it: ISO without offset, in the account's zone.

    The service runs with American culture, so that only this form is read as it is meant.
    """
    local = moment.astimezone(ZoneInfo(account.time_zone)).replace(tzinfo=None)
    return local.isoformat(timespec="seconds")


def order(account: SmsCreatorAccount, message: Message) -> dict[str, str]:
    """The form without the login. An empty `SendDate` means now."""
    return {
        "Caption": caption(account, message.ref),
        "Sender": account.sender,
        "Recipient": recipient(account, message.content.address),
        "SMSText": message.content.text,
        "SmsTyp": account.sms_type,
        "SendDate": local_time(account, message.send_at) if message.send_at else "",
    }
