"""From a rendered draft to what leaves, or the reason why it cannot; its cost and its order."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serienpost import Content, Cost, Refused, Texts, measure_sms

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost import Draft, Measured, Message
    from serienpost_channel_smscreator.account import SmsCreatorAccount

_ = Texts(__name__)

_FINE = frozenset("\n\t")
_GERMANY = "+49"

# What an SMS cannot carry.
_BEYOND = {
    "wrong_kind": _("the channel smscreator carries SMS only"),
    "subject": _("an SMS has no subject"),
    "html": _("an SMS has no formatted part"),
    "attachments": _("an SMS carries no attachments"),
    "template": _("smsCreator keeps no templates"),
    "no_text": _("the text is empty"),
    "text": _("the text holds control characters"),
}


def compose(account: SmsCreatorAccount, draft: Draft) -> Content | Refused:
    """The text with plain line ends; refused is what an SMS of this account cannot carry."""
    text = draft.text.replace("\r\n", "\n")
    beyond = (
        (draft.kind != "sms", "wrong_kind"),
        (bool(draft.subject), "subject"),
        (draft.html is not None, "html"),
        (bool(draft.attachments), "attachments"),
        (draft.template is not None, "template"),
        (not text.strip(), "no_text"),
        (not all(map(_is_text, text)), "text"),
    )
    for applies, code in beyond:
        if applies:
            return Refused(code, _BEYOND[code])
    return refused_length(account, text) or Content("sms", account.sender, draft.address, "", text)


def refused_length(account: SmsCreatorAccount, text: str) -> Refused | None:
    """Why a text is not sent by this account: too long, or of signs that it refuses."""
    found = measure_sms(text)
    if found.beyond and account.unicode == "refuse":
        refused = _("{sign}, which the account refuses (unicode: refuse)", sign=because(found))
        return Refused("unicode", refused)
    if found.segments <= account.longest:
        return None
    encoding: str = found.encoding
    if found.beyond:
        encoding = _("{encoding}, because of {sign}", encoding=found.encoding, sign=because(found))
    long = _.ngettext(
        "the text takes {segments} SMS ({encoding}); {type} carries one SMS",
        "the text takes {segments} SMS ({encoding}); {type} carries {n} SMS",
        account.longest,
        segments=found.segments,
        encoding=encoding,
        type=account.sms_type,
    )
    return Refused("too_long", long)


def because(found: Measured) -> str:
    """The first sign that a text could not be sent with GSM 03.38 for, named."""
    sign = found.beyond[0]
    name = unicodedata.name(sign, "")
    shown = f'"{sign}" ' if sign.isprintable() and not sign.isspace() else ""
    return f"{shown}U+{ord(sign):04X} {name}".rstrip()


def cost(account: SmsCreatorAccount, content: Content) -> Cost:
    """Credits of one message, by the account's price."""
    found = measure_sms(content.text)
    amount = round(found.segments * account.credits_per_segment, 6)
    detail: dict[str, str | int | float] = {
        "segments": found.segments,
        "encoding": found.encoding,
    }
    if found.beyond:
        detail["because"] = found.beyond[0]
    return Cost("credits", amount, detail)


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
    """The fields of `SendSimpleSMS` in the provider's names, without the login. An empty `SendDate`
    means now."""
    return {
        "Caption": caption(account, message.ref),
        "Sender": account.sender,
        "Recipient": recipient(account, message.content.address),
        "SMSText": message.content.text,
        "SmsTyp": account.sms_type,
        "SendDate": local_time(account, message.send_at) if message.send_at else "",
    }


def _is_text(sign: str) -> bool:
    return sign in _FINE or unicodedata.category(sign) not in ("Cc", "Cs")
