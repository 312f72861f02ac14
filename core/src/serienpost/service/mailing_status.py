"""The mailings of the practice's folder as a face lists them: schedule, next dates, last run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from serienpost.config.loading import load_mailing
from serienpost.config.mailing_file import mailing_heads
from serienpost.documents import Record
from serienpost.errors import SerienpostError
from serienpost.run.report.history import list_runs
from serienpost.scheduling.occurrences import occurrences
from serienpost.scheduling.rules import LAST
from serienpost.service.schedule_check import LONGEST, schedule_of
from serienpost.translation import Texts

if TYPE_CHECKING:
    from datetime import datetime

    from serienpost.config.mailing_file import MailingHead
    from serienpost.errors import Problem
    from serienpost.run.report.answers import RunLine
    from serienpost.scheduling.rules import Rule
    from serienpost.service.opened import OpenedPractice
    from serienpost.translation import Text

_ = Texts(__name__)

_DAYS = (
    _.pgettext("schedule", "Monday"),
    _.pgettext("schedule", "Tuesday"),
    _.pgettext("schedule", "Wednesday"),
    _.pgettext("schedule", "Thursday"),
    _.pgettext("schedule", "Friday"),
    _.pgettext("schedule", "Saturday"),
    _.pgettext("schedule", "Sunday"),
)
# So many coming dates are told, and so many runs looked through for the last one.
_DATES, _RUNS = 3, 500


@dataclass(frozen=True, slots=True)
class MailingStatus(Record):
    """A mailing, without a look at anybody or anything outside of its file.

    Args:
        name: of the file, without its suffix.
        mailing: its id, under which runs go.
        kind: of message; None where the file cannot be read.
        schedule: its rules in words; empty where it goes out only when somebody begins it.
        coming: the next dates of the schedule, in the practice's time zone.
        last: its newest run.
        problems: why the file cannot be read, or its schedule not followed.
    """

    name: str
    mailing: str
    title: str
    account: str | None
    kind: str | None
    purpose: str | None
    schedule: tuple[Text, ...]
    coming: tuple[datetime, ...]
    last: RunLine | None
    problems: tuple[Problem, ...]


def _in_words(rule: Rule) -> Text:
    """`Monday to Friday at 09:00`."""
    days = sorted(rule.weekdays)
    if len(days) == len(_DAYS):
        return _("every day at {time}", time=rule.at)
    if not days:
        dates = sorted(rule.monthdays, key=lambda day: day or 32)
        named = [
            _("on the last day") if day == LAST else _("on day {day}", day=day) for day in dates
        ]
        return _("each month {days} at {time}", days=named, time=rule.at)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        first, last = _DAYS[days[0]], _DAYS[days[-1]]
        return _("{first} to {last} at {time}", first=first, last=last, time=rule.at)
    return _("{days} at {time}", days=[_DAYS[day] for day in days], time=rule.at)


def mailing_statuses(practice: OpenedPractice) -> list[MailingStatus]:
    """The mailings of the practice's folder, by file name."""
    last: dict[str, RunLine] = {}
    for run in list_runs(practice.ledger, _RUNS, practice.context.zone):
        last.setdefault(run.mailing, run)
    return [_status(practice, head, last) for head in mailing_heads(practice.context)]


def _status(practice: OpenedPractice, head: MailingHead, last: dict[str, RunLine]) -> MailingStatus:
    context, now = practice.context, practice.ledger.clock()
    schedule: tuple[Text, ...] = ()
    coming: tuple[datetime, ...] = ()
    problems: tuple[Problem, ...] = ()
    kind = None
    try:
        mailing = load_mailing(context, head.name)
        kind = context.kind_of(mailing.account).name
        schedule = tuple(map(_in_words, mailing.rules))
        if schedule:
            come = occurrences(schedule_of(context, mailing), now, now + LONGEST)
            coming = tuple(one.at.astimezone(context.zone) for one in islice(come, _DATES))
    except SerienpostError as error:
        problems = error.problems
    return MailingStatus(
        name=head.name,
        mailing=head.id,
        title=head.title,
        account=head.account,
        kind=kind,
        purpose=head.purpose,
        schedule=schedule,
        coming=coming,
        last=last.get(head.id),
        problems=problems,
    )
