"""What an exception on the wire means for the message, by the stage it happened in."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from serienpost import (
    AccountProblem,
    Deferred,
    Outcome,
    Rejected,
    Unknown,
    no_answer,
    no_connection,
    tls_cause,
)
from serienpost_channel_smtp.oauth import TokenRefusedError, TokenServerError
from serienpost_channel_smtp.protocol import ReplyError
from serienpost_channel_smtp.reply_rules import SESSION, classify
from serienpost_channel_smtp.wire import NotOfferedError, RefusedError, TooBigError

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost_channel_smtp.reply_rules import Stage

# What a connection raises, beside the library's `SMTPException` while it is opened.
WIRE_ERRORS = (OSError, ReplyError, RefusedError, NotOfferedError, TooBigError, TokenRefusedError)

# What to do about a problem of the account that was found out here, by its code.
REMEDIES = {
    "certificate": "compare host with the name in the certificate; for an authority of your own"
    " set ca_file",
    "tls": "check port and security: 587 goes with starttls, 465 with tls",
    "no_starttls": "check port and security: 587 goes with starttls, 465 with tls",
    "no_login": "ask the provider whether this port takes this kind of login",
    "token": "check the oauth_ keys; the provider may want a person to agree again",
}
_DOING = {
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
    if isinstance(error, TokenServerError):
        return Deferred("token", f"{error} (check the oauth_ keys)", connection=True)
    problem = _own_problem(error) or _tls_problem(error)
    if problem is not None:
        return problem
    doing = "" if stage == "connect" else f" during {_DOING[stage]}"
    return Deferred("connection", f"{_what(error)}{doing}", connection=stage in SESSION)


def at_server(outcome: Outcome, server: str) -> Outcome:
    """The outcome of opening a connection, saying at which server and what to do."""
    match outcome:
        case Deferred(code="connection" | "reply", connection=True, retry_after=None):
            return replace(outcome, text=no_answer(server, outcome.text, "host and port"))
        case AccountProblem(code="certificate" | "tls" | "no_starttls" as code):
            return replace(outcome, text=f"{outcome.text}; {server}: {REMEDIES[code]}")
    return outcome


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
    return "no reply in time" if isinstance(error, TimeoutError) else no_connection(error)
