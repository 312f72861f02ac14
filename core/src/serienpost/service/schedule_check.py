"""Whether a mailing can go out where nobody looks, and when its schedule sends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from serienpost.errors import ConfigError, Problem, SerienpostError
from serienpost.run.prepare.stable_ids import remedy_for_ids
from serienpost.scheduling.occurrences import Schedule, occurrences
from serienpost.scheduling.public_holidays import PublicHolidays
from serienpost.service.decided import Answers
from serienpost.service.release import open_disclaimer
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext

_ = Texts(__name__)

# A schedule that comes at all comes within this time.
LONGEST = timedelta(days=400)
_SAID = 3


def schedule_of(context: PracticeContext, mailing: Mailing) -> Schedule:
    """The schedule of a mailing, in practice time."""
    own = mailing.holidays
    holidays = PublicHolidays(own.country, own.state, own.on) if own else None
    return Schedule(mailing.rules, context.zone, holidays)


def placed(mailing: Mailing, error: SerienpostError) -> ConfigError:
    """The same with the place in the mailing's file."""
    return ConfigError(
        *(
            replace(p, file=mailing.file, line=mailing.line(p.key)) if p.key and not p.file else p
            for p in error.problems
        )
    )


def schedule_notes(context: PracticeContext, mailing: Mailing) -> Iterator[str]:
    """What whoever checks a mailing should know of its schedule."""
    from serienpost.ledger.store import utc_now

    if mailing.schedule:
        now = utc_now()
        come = occurrences(schedule_of(context, mailing), now, now + LONGEST)
        yield _(
            "goes out by itself, next on {moments}",
            moments=[one.at.astimezone(context.zone) for one in islice(come, _SAID)],
        )


def refuse_attended(context: PracticeContext, mailing: Mailing) -> None:
    """Make sure that a mailing with a schedule needs nobody who answers.

    Raises:
        SerienpostError: all that is wrong, each at its place in the file.
    """
    problems = list(_schedule_problems(context, mailing))
    if mailing.schedule:
        try:
            refuse_unstable_ids(context, mailing)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)


def _schedule_problems(context: PracticeContext, mailing: Mailing) -> Iterator[Problem]:
    def at(key: str, message: str, hint: str) -> Problem:
        return Problem(message, hint, mailing.file, mailing.line(key), key)

    if mailing.holidays and not mailing.schedule:
        hint = _("add a line as in schedule: mon-fri 09:00, or remove it")
        yield at("holidays", _("does nothing without schedule:"), hint)
    if not mailing.schedule:
        return
    holidays = schedule_of(context, mailing).holidays
    if holidays:
        try:
            holidays.check()
        except ConfigError as error:
            yield from placed(mailing, error).problems
    kind = context.kind_of(mailing.account)
    archives = (one for one in context.registry.archives.values() if kind.name in one.kinds)
    if mailing.archive == "ask" and any(archives):
        said = _("asks what goes into the records, and nobody answers a schedule")
        yield at("archive", said, _("write archive: entry or archive: pdf"))
    if open_disclaimer(context, mailing.account, Answers(release=True))[0]:
        said = _(
            "the terms of the account {account} are not accepted, and nobody answers a schedule",
            account=mailing.account,
        )
        hint = _("accept them for good with disclaimer: under the account")
        yield at("account", said, hint)


def refuse_unstable_ids(context: PracticeContext, mailing: Mailing) -> None:
    """Make sure that who had the mailing is known again in the next run.

    Raises:
        SourceError: a source cannot deliver.
        ConfigError: with the line to add.
    """
    remedy = remedy_for_ids(context, mailing)
    if remedy is not None:
        raise ConfigError(
            Problem(
                _(
                    "people of this selection have other ids whenever it changes, so that all of"
                    " them would be written to again"
                ),
                remedy,
                mailing.file,
                mailing.line("select"),
                "select",
            )
        )
