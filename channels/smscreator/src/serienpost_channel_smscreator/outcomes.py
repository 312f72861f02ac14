"""What an answer to an order means for the message, in the core's vocabulary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from serienpost import (
    Accepted,
    AccountProblem,
    Deferred,
    Outcome,
    Rejected,
    Texts,
    Unknown,
    redact,
)
from serienpost_channel_smscreator.gateway import UnreadableError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serienpost_channel_smscreator.gateway import GatewayReply, WireError

_ = Texts(__name__)

# Call-level codes after which no order can succeed.
OF_THE_ACCOUNT = {
    "InvalidUser": _("user or password is wrong"),
    "AccountLocked": _("the provider locked the account"),
    "IPLock": _("the account may not be used from this network address"),
}

OF_THE_RECIPIENT = frozenset({"NoRecipientFound"})
OF_THE_MESSAGE = frozenset({"NoTextFound", "NoDataFound", "NoUrlFound", "SMSTypeError"})

_LOST_BEHIND_A_PROXY = frozenset({502, 504})
_TRY_LATER = frozenset({408, 425, 429})
_SHORTEST = 3
_CLOSING = re.compile(r"</[^<>]*>|<[?!][^<>]*>")
_OPENING = re.compile(r"<([\w.:-]+)[^<>]*>")
_INTERFACE = re.compile(
    r"(Missing parameter: \w+|Cannot convert .{0,200}? to [\w.]+|Request format is unrecognized)"
)


def outcome_of(reply: GatewayReply, ref: str, known: Iterable[str]) -> Outcome:
    """What became of an order.

    Args:
        reply: the answer to `SendSimpleSMS`.
        ref: the order's name at the provider.
        known: values that must not be seen in what is kept of the answer.
    """
    if reply.status != 200:
        return _of_status(reply, known)
    try:
        answer = parse(reply.body)
    except UnreadableError as error:
        return Unknown("reply", _("the answer cannot be read: {why}", why=error.why))
    if answer.code != "Ok":
        return of_code(answer.code, reply.text, known)
    if answer.status == "Ok":
        return Accepted(ref)
    return _of_order(answer.status, reply.text, known)


def _of_order(status: str | None, raw: str, known: Iterable[str]) -> Outcome:
    """What an order-level status other than `Ok` means."""
    if status is None:
        return Unknown("reply", _("the answer says nothing about the order"))
    if status in OF_THE_RECIPIENT:
        return Rejected(status, _("the provider cannot use this number"), "address")
    if status in OF_THE_MESSAGE:
        return Rejected(status, _("the provider refuses this message"), "message")
    return _unheard_of(status, raw, known)


def of_code(code: str, raw: str, known: Iterable[str]) -> Outcome:
    """What a call-level code other than `Ok` means."""
    if code in OF_THE_ACCOUNT:
        return AccountProblem(code, OF_THE_ACCOUNT[code])
    if code == "DatabaseError":
        return Deferred(code, _("the provider has a fault of its own"))
    return _unheard_of(code, raw, known)


def of_failure(error: WireError) -> Outcome:
    """What a missing answer means."""
    if error.stage == "connect":
        return Deferred("connection", error.text, connection=True)
    if error.stage == "certificate":
        return AccountProblem("certificate", error.text)
    return Unknown(error.stage, error.text)


def _unheard_of(code: str, raw: str, known: Iterable[str]) -> Rejected:
    """Not sent as far as is known, and not tried again; the answer is kept for a person."""
    return Rejected(without(known, code)[:40] or "empty", without(known, raw), "message")


def _of_status(reply: GatewayReply, known: Iterable[str]) -> Outcome:
    code = f"http_{reply.status}"
    text = without(known, reply.text)
    found = _INTERFACE.search(reply.text) if reply.status == 500 else None
    if found:
        said = without(known, found[1])
        return AccountProblem(
            "interface", _("the gateway does not understand us: {said}", said=said)
        )
    if reply.status in _LOST_BEHIND_A_PROXY:
        return Unknown("reply", f"{code} {text}".strip())
    if reply.status in _TRY_LATER or reply.status >= 500:
        return Deferred(code, text, _seconds(reply.retry_after))
    if reply.status == 413:
        return Rejected(code, text, "message")
    if not text:
        return AccountProblem(code, _("check base_url"))
    return AccountProblem(code, _("{said} (check base_url)", said=text))


def _seconds(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds; a date is left to the core's own pause."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


def without(known: Iterable[str], text: str) -> str:
    """What the provider says, as it is kept: markup as `Name: text`; these values, addresses and
    numbers masked; cut to 200 signs."""
    line = " ".join(_OPENING.sub(r" \1: ", _CLOSING.sub(" ", text)).split())
    for value in sorted({" ".join(value.split()) for value in known}, key=len, reverse=True):
        if len(value) >= _SHORTEST:
            line = re.sub(re.escape(value), "…", line, flags=re.IGNORECASE)
    return redact(line)
