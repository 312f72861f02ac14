"""What an answer of mail send means. A request is accepted as a whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from serienpost import (
    Accepted,
    AccountProblem,
    Deferred,
    QuotaReached,
    Rejected,
    Texts,
    Unknown,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from serienpost import Outcome
    from serienpost_channel_sendgrid.client import ApiReply

_ = Texts(__name__)

# Seconds; a limit that lasts longer pauses the run until then.
LONGEST_WAIT = 60.0

_INDEX = re.compile(r"personalizations[.\[](\d+)")
_EVERYBODY = re.compile(
    r"from|reply_to|template_id|categories|asm|ip_pool|mail_settings|tracking_settings|batch_id"
)
_CREDITS = re.compile(r"credits", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """These messages of the request are at fault: position -> why. None of it was accepted."""

    rejected: Mapping[int, Rejected]


@dataclass(frozen=True, slots=True)
class Split:
    """Something in the request is at fault, or it is too large; nothing of it was accepted.

    `alone` is the outcome of a request with a single message.
    """

    alone: Rejected


Verdict: TypeAlias = "Outcome | Named | Split"


def verdict(reply: ApiReply, count: int, *, sandbox: bool, now: datetime) -> Verdict:
    """Judge an answer.

    Args:
        reply: the answer.
        count: messages of the request.
        sandbox: the request was to be checked only; then 200 is the answer to a good one.
        now: aware.
    """
    if reply.status == 202 or (sandbox and reply.status == 200):
        text = _("checked only, not sent: sandbox") if sandbox else ""
        return Accepted(reply.headers.get("x-message-id"), text)
    errors = _errors(reply)
    text = "; ".join(redact(message) for message, _field in errors) or f"HTTP {reply.status}"
    if reply.status == 400:
        return _bad_request(errors, text, count)
    if reply.status == 413:
        return Split(Rejected("too_large", text, scope="message"))
    return _limited(reply, text, now) or _refused(reply, text, now, explained=bool(errors))


def _refused(reply: ApiReply, text: str, now: datetime, *, explained: bool) -> Verdict:
    """What a proxy says in SendGrid's place (500, 502, 504) tells nothing about the request."""
    if 300 <= reply.status < 500:
        return AccountProblem(str(reply.status), text)
    if reply.status == 503 and (explained or reply.headers.get("retry-after")):
        return Deferred("503", text, _seconds(reply, now))
    return Unknown("reply", text)


def _bad_request(errors: list[tuple[str, str]], text: str, count: int) -> Verdict:
    """The messages that the fields name; else whoever it is."""
    rejected: dict[int, Rejected] = {}
    for message, field in errors:
        found = _INDEX.match(field)
        if found and int(found[1]) < count:
            scope = "address" if ".to" in field else "message"
            rejected[int(found[1])] = Rejected("400", redact(message), scope=scope)  # type: ignore[arg-type]
        elif not found and _EVERYBODY.match(field):
            return AccountProblem("400", text)
    if rejected:
        return Named(rejected)
    return Split(Rejected("400", text, scope="message"))


def _limited(reply: ApiReply, text: str, now: datetime) -> Verdict | None:
    """The rate, or what was paid for, is used up."""
    if reply.status == 401 and _CREDITS.search(text):
        return QuotaReached("credits", text)
    if reply.status != 429:
        return None
    seconds = _seconds(reply, now)
    if seconds is not None and seconds > LONGEST_WAIT:
        return QuotaReached("429", text, now + timedelta(seconds=seconds))
    return Deferred("429", text, seconds)


def _seconds(reply: ApiReply, now: datetime) -> float | None:
    """How long to wait: until the limit's reset, at least a second."""
    for name, past in (("x-ratelimit-reset", now.timestamp()), ("retry-after", 0.0)):
        value = reply.headers.get(name, "")
        if re.fullmatch(r"\d{1,12}", value):
            return max(1.0, int(value) - past)
    return None


def _errors(reply: ApiReply) -> list[tuple[str, str]]:
    """Message and field of each error; SendGrid writes a missing field as null or "null"."""
    document: Any = reply.json()
    listed = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return []
    return [
        (str(error.get("message") or ""), str(error.get("field") or ""))
        for error in listed[:1000]
        if isinstance(error, dict)
    ]


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)
