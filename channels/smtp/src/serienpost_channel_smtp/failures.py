"""What an exception on the wire means for the message, by the stage it happened in."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from serienpost import AccountProblem, Deferred, Outcome, Rejected, Unknown, tls_cause
from serienpost_channel_smtp.oauth import TokenRefusedError
from serienpost_channel_smtp.protocol import ReplyError
from serienpost_channel_smtp.reply_rules import SESSION, classify
from serienpost_channel_smtp.wire import NotOfferedError, RefusedError, TooBigError

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost_channel_smtp.reply_rules import Stage

# What a connection raises, beside the library's `SMTPException` while it is opened.
WIRE_ERRORS = (OSError, ReplyError, RefusedError, NotOfferedError, TooBigError, TokenRefusedError)

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
    reply = _reply(error)
    if reply is not None:
        return classify(stage, *reply, now=now, address=address)
    if stage == "dot":
        return Unknown("data", f"{_what(error)} after the message, before its reply")
    problem = _own_problem(error) or _tls_problem(error)
    if problem is not None:
        return problem
    return Deferred(
        "connection", f"{_what(error)} during {_DOING[stage]}", connection=stage in SESSION
    )


def _reply(error: Exception) -> tuple[int, str] | None:
    """Code and text of a reply that is an error; -1 where it is no SMTP."""
    from aiosmtplib import SMTPResponseException

    match error:
        case RefusedError():
            return error.reply.code, error.reply.text
        case ReplyError():
            return -1, error.text
        case SMTPResponseException():
            return error.code, error.message
    return None


def _own_problem(error: Exception) -> Outcome | None:
    """What was found out here, before anything was sent."""
    match error:
        case NotOfferedError():
            return AccountProblem(error.code, error.text)
        case TokenRefusedError():
            return AccountProblem("token", f"the provider gives no access token: {error.text}")
        case TooBigError():
            return Rejected("too_big", str(error), scope="message")
    return None


def _tls_problem(error: BaseException) -> AccountProblem | None:
    """A certificate or a handshake that will not be better the next time."""
    cause = tls_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message or cause.reason
        return AccountProblem("certificate", f"the server's certificate is refused: {reason}")
    if cause is not None:
        return AccountProblem("tls", f"no encrypted connection: {cause.reason or 'TLS error'}")
    return None


def _what(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no reply in time"
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    name = type(cause).__name__
    known = {"ConnectionRefusedError": "connection refused", "gaierror": "host name not found"}
    return known.get(name, "connection lost")
