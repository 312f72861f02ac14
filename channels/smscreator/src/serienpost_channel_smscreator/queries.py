"""What can be asked without sending: balance, reports, an order by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from serienpost import (
    Accepted,
    AccountProblem,
    Event,
    Message,
    SerienpostError,
    Texts,
    Unknown,
    redact,
)
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

_ = Texts(__name__)

# So many the provider gives at once.
MOST_REPORTS = 5000

# So far back reports are asked for when none is known yet.
FIRST_DAYS = timedelta(days=14)


class QueryError(SerienpostError):
    """The provider does not answer a question, or refuses it.

    Args:
        message: what happened.
        hint: what to do.
        code: of the provider, or where certainty ended (`certificate`).
    """

    def __init__(self, message: str, hint: str | None = None, *, code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


async def balance(gateway: Gateway) -> float:
    """Credits; what is scheduled is not deducted.

    Raises:
        QueryError: the provider does not tell.
    """
    answer = await _query(gateway, "QueryAccountBalance", {})
    try:
        return answer.number
    except UnreadableError as error:
        raise QueryError(_("smsCreator: {why}", why=error.why)) from None


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
    return Unknown("lookup", _("no order of this name"))


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
                _.ngettext(
                    "smsCreator has more than {n} report of one second",
                    "smsCreator has more than {n} reports of one second",
                    MOST_REPORTS,
                ),
                hint=_("ask the provider; reports behind them are not read"),
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
        what = _("smsCreator does not answer: {why}", why=error.text)
        raise QueryError(what, code=error.stage) from None
    if reply.status != 200:
        what = _(
            "smsCreator answers {operation} with HTTP {status}",
            operation=operation,
            status=reply.status,
        )
        raise QueryError(what)
    try:
        answer = parse(reply.body)
    except UnreadableError as error:
        what = _(
            "smsCreator's answer to {operation} cannot be read: {why}",
            operation=operation,
            why=error.why,
        )
        raise QueryError(what) from None
    if answer.code != "Ok":
        problem = of_code(answer.code, reply.text, gateway.secrets)
        code = answer.code[:40]
        what = _("smsCreator answers {operation} with {code}", operation=operation, code=code)
        if isinstance(problem, AccountProblem):
            what = _("{answer}: {why}", answer=what, why=problem.text)
        raise QueryError(what, code=code)
    return answer
