"""What can be asked without sending: balance, reports, an order by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from serienpost import Accepted, AccountProblem, Event, Message, SerienpostError, Unknown, redact
from serienpost_channel_smscreator.composition import caption, local_time
from serienpost_channel_smscreator.gateway import (
    LARGEST_ANSWER,
    LARGEST_LIST,
    Answer,
    UnreadableError,
    WireError,
    field,
    parse,
)
from serienpost_channel_smscreator.outcomes import of_code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from xml.etree.ElementTree import Element

    from serienpost_channel_smscreator.account import SmsCreatorAccount
    from serienpost_channel_smscreator.gateway import Gateway

# So many the provider gives at once.
MOST_REPORTS = 5000

# So far back reports are asked for when none is known yet.
FIRST_DAYS = timedelta(days=14)


class QueryError(SerienpostError):
    """The provider does not answer a question, or refuses it."""


async def balance(gateway: Gateway) -> float:
    """Credits; what is scheduled is not deducted.

    Raises:
        QueryError: the provider does not tell.
    """
    answer = await _query(gateway, "QueryAccountBalance", {})
    try:
        return answer.number
    except UnreadableError as error:
        raise QueryError(f"smsCreator: {error}") from None


async def find_order(
    account: SmsCreatorAccount, gateway: Gateway, message: Message
) -> Accepted | Unknown:
    """Whether the provider knows the order of a message. Not found decides nothing: nobody knows
    how soon an order is found.

    Raises:
        QueryError: the provider does not tell.
    """
    name = caption(account, message.ref)
    answer = await _query(gateway, "QueryJobInfoByJobCaption", {"Caption": name}, LARGEST_LIST)
    for job in answer.items("Job"):
        if field(job, "Caption") in (None, name):
            return Accepted(name)
    return Unknown("lookup", "no order of this name")


async def reports(
    account: SmsCreatorAccount, gateway: Gateway, since: datetime | None, now: datetime
) -> AsyncIterator[Event]:
    """Reports about delivery, from some days before the last known one on.

    The provider's history is read (`QueryReceivedDLR`), not the list of new reports, which gives
    each report once: what is lost on the way is simply read again.

    Raises:
        QueryError: the provider does not tell.
    """
    start = min(since, now) - timedelta(days=account.report_days) if since else now - FIRST_DAYS
    while True:
        fields = {"StartDate": local_time(account, start), "Limit": str(MOST_REPORTS)}
        answer = await _query(gateway, "QueryReceivedDLR", fields, LARGEST_LIST)
        found = list(answer.items("SMSReport"))
        latest = start
        for element in found:
            event = _event(account, element, now)
            latest = max(latest, event.at)
            yield event
        if len(found) < MOST_REPORTS:
            return
        if latest <= start:
            raise QueryError(
                f"smsCreator has more than {MOST_REPORTS} reports of one second",
                hint="ask the provider; reports behind them are not read",
            )
        start = latest


def _event(account: SmsCreatorAccount, report: Element, now: datetime) -> Event:
    status = field(report, "Status") or ""
    kind = _kind(account, status)
    name = field(report, "Caption") or None
    return Event(
        id=f"{field(report, 'Id')}-{field(report, 'Sequence') or 0}-{kind}",
        kind=kind,
        at=_time(account, field(report, "Date")) or now,
        ref=name,
        provider_ref=name,
        code=redact(status)[:40],
        text=redact(field(report, "MsgText") or ""),
    )


def _kind(account: SmsCreatorAccount, status: str) -> Literal["delivered", "bounced", "other"]:
    if status in account.delivered_status:
        return "delivered"
    return "bounced" if status in account.failed_status else "other"


def _time(account: SmsCreatorAccount, text: str | None) -> datetime | None:
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if read.tzinfo is None:
        read = read.replace(tzinfo=ZoneInfo(account.time_zone))
    return read.astimezone(UTC)


async def _query(
    gateway: Gateway, operation: str, fields: Mapping[str, str], largest: int = LARGEST_ANSWER
) -> Answer:
    try:
        reply = await gateway.ask("Information", operation, fields, largest)
    except WireError as error:
        raise QueryError(f"smsCreator does not answer: {error.stage}: {error.text}") from None
    if reply.status != 200:
        raise QueryError(f"smsCreator answers {operation} with HTTP {reply.status}")
    try:
        answer = parse(reply.body)
    except UnreadableError as error:
        raise QueryError(f"smsCreator's answer to {operation} cannot be read: {error}") from None
    if answer.code != "Ok":
        problem = of_code(answer.code, reply.text, gateway.secrets)
        said = problem.text if isinstance(problem, AccountProblem) else ""
        raise QueryError(f"smsCreator answers {operation} with {answer.code[:40]} {said}".rstrip())
    return answer
