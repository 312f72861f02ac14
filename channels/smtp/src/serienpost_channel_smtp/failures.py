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
    Texts,
    Unknown,
    joined,
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

_ = Texts(__name__)

# What a connection raises, beside the library's `SMTPException` while it is opened.
WIRE_ERRORS = (OSError, ReplyError, RefusedError, NotOfferedError, TooBigError, TokenRefusedError)

PORT_AND_SECURITY = _("check port and security: 587 goes with starttls, 465 with tls")

# What to do about a problem of the account that was found out here, by its code.
REMEDIES = {
    "certificate": _(
        "compare host with the name in the certificate; for an authority of your own set ca_file"
    ),
    "tls": PORT_AND_SECURITY,
    "no_starttls": PORT_AND_SECURITY,
    "no_login": _("ask the provider whether this port takes this kind of login"),
    "token": _("check the oauth_ keys; the provider may want a person to agree again"),
}
_DOING = {
    "ehlo": "EHLO",
    "starttls": "STARTTLS",
    "auth": _.pgettext("during", "the login"),
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
        return Unknown("data", _("{what} after the message, before its reply", what=_what(error)))
    if isinstance(error, TokenServerError):
        said = _("{reason} (check the oauth_ keys)", reason=error.text)
        return Deferred("token", said, connection=True)
    problem = _own_problem(error) or _tls_problem(error)
    if problem is not None:
        return problem
    what = _what(error)
    if stage != "connect":
        what = _("{what} during {command}", what=what, command=_DOING[stage])
    return Deferred("connection", what, connection=stage in SESSION)


def at_server(outcome: Outcome, server: str) -> Outcome:
    """The outcome of opening a connection, saying at which server and what to do."""
    match outcome:
        case Deferred(code="connection" | "reply", connection=True, retry_after=None):
            return replace(outcome, text=no_answer(server, outcome.text, _("host and port")))
        case AccountProblem(code="certificate" | "tls" | "no_starttls" as code):
            remedy = joined(": ", (server, REMEDIES[code]))
            return replace(outcome, text=joined("; ", (outcome.text, remedy)))
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
            said = _("the provider gives no access token: {reason}", reason=error.text)
            return AccountProblem("token", said)
        case TooBigError():
            return Rejected("too_big", error.text, scope="message")
    return None


def _tls_problem(error: BaseException) -> AccountProblem | None:
    """A certificate or a handshake that will not be better the next time."""
    cause = tls_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = cause.verify_message or cause.reason
        said = _("the server's certificate is refused: {reason}", reason=reason)
        return AccountProblem("certificate", said)
    if cause is not None:
        reason = cause.reason or _("TLS error")
        return AccountProblem("tls", _("no encrypted connection: {reason}", reason=reason))
    return None


def _what(error: BaseException) -> str:
    return _("no reply in time") if isinstance(error, TimeoutError) else no_connection(error)
