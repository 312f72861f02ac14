"""What an exception on the wire means for the message, by the stage it happened in."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from serienpost.contracts.channels import (
    AccountProblem,
    Deferred,
    Outcome,
    Rejected,
    Unknown,
)
from serienpost_channel_smtp.classify import SESSION, classify
from serienpost_channel_smtp.wire import NotOfferedError, TooBigError

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost_channel_smtp.classify import Stage

_DOING = {
    "connect": "connecting",
    "ehlo": "EHLO",
    "starttls": "STARTTLS",
    "auth": "the login",
    "mail": "MAIL FROM",
    "rcpt": "RCPT TO",
    "data": "DATA",
}


def outcome_of(error: Exception, stage: Stage, *, now: datetime, address: str = "") -> Outcome:
    """The outcome for an error; anything but a reply after the first octet of the message is
    unknown, anything before it is definitely not sent."""
    from aiosmtplib import SMTPResponseException

    if isinstance(error, SMTPResponseException):
        return classify(stage, error.code, error.message, now=now, address=address)
    if stage == "dot":
        return Unknown("data", f"{_what(error)} after the message, before its reply")
    if isinstance(error, NotOfferedError):
        return AccountProblem(error.code, error.text)
    if isinstance(error, TooBigError):
        return Rejected("too_big", str(error), scope="message")
    if problem := _tls_problem(error):
        return problem
    return Deferred(
        "connection", f"{_what(error)} during {_DOING[stage]}", connection=stage in SESSION
    )


def _tls_problem(error: BaseException) -> AccountProblem | None:
    """A certificate or a handshake that will not be better the next time."""
    causes: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and len(causes) < 10:
        causes.append(current)
        current = current.__cause__
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message or cause.reason
            return AccountProblem("certificate", f"the server's certificate is refused: {reason}")
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return AccountProblem("tls", f"no encrypted connection: {cause.reason or 'TLS error'}")
    return None


def _what(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no reply in time"
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    name = type(cause).__name__
    known = {"ConnectionRefusedError": "connection refused", "gaierror": "host name not found"}
    return known.get(name, "connection lost")
