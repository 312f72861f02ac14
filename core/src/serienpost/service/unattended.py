"""A due date of a mailing that is prepared and released where nobody looks at the review.

What cannot answer decides nothing: nobody is left out for it, nothing is released, and the due date
is put off (`ledger/due.py`) until it can, or until nobody is served by it any more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from serienpost.contracts.rows import RowRequest
from serienpost.errors import (
    ConfigError,
    LedgerUnavailableError,
    Problem,
    SecretError,
    SelectionError,
    SerienpostError,
    SourceError,
    StillOpenError,
    UnavailableError,
    cause_of,
)
from serienpost.ledger.due import find_due, put_off, taken_up
from serienpost.run.prepare.freeze import UnlimitedError
from serienpost.run.report.estimate import earlier_runs, left_out_for
from serienpost.service import mailing as mailings
from serienpost.service import release
from serienpost.service.notices import Notice
from serienpost.service.run import Run
from serienpost.service.schedule_check import refuse_unstable_ids
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.run.report.answers import EarlierRun
    from serienpost.run.send.stop import Stop
    from serienpost.service.decided import Answers
    from serienpost.service.opened import OpenedPractice
    from serienpost.service.release import Confirmation

_ = Texts(__name__)

# What may answer later. A selection that its source cannot serve, a text and a key that are wrong
# stay so until a person mends them.
_MAY_ANSWER_LATER = (UnavailableError, SecretError, SourceError, LedgerUnavailableError, OSError)

# Plugins of these kinds are asked while preparing; whatever they raise, they did not answer.
_ASKED = ("sources", "consent_checks", "secret_stores")


class PutOffError(StillOpenError):
    """Something could not answer; the due date of `mailing`, an id, is prepared again by
    `resume --due`."""

    mailing: str = ""


def release_unattended(
    practice: OpenedPractice,
    name: str,
    mailing: Mailing,
    due: date,
    answers: Answers,
    *,
    released_before: Collection[str],
    counting: Callable[[int], None],
    stop: Stop,
) -> Run | Confirmation:
    """Prepare a due date and release it, unless another run than `released_before` was released
    meanwhile; returns the run, or what must be answered first.

    Raises:
        PutOffError: something could not answer; nothing was approved, and the date is put off.
        StillOpenError: another process prepares or has released it.
        SerienpostError: refused, or it was asked to stop; nothing was approved.
    """
    ledger, day = practice.ledger, due.isoformat()
    with taken_up(ledger, mailing.id, day) as owner:
        try:
            refuse_unstable_ids(practice.context, mailing)
            run = _prepared(practice, name, due, counting, stop)
        except UnlimitedError as error:
            raise _unlimited(mailing, error) from error
        except SelectionError:
            raise
        except _MAY_ANSWER_LATER as error:
            raise _put_off(practice, name, mailing, due, answers, _said(error)) from error
        except Exception as error:
            culprit = _asked_plugin(practice.context, error)
            if culprit is None or isinstance(error, SerienpostError):
                raise
            said = _("{what} cannot answer: {why}", what=culprit, why=type(error).__name__)
            raise _put_off(practice, name, mailing, due, answers, said) from error
        again = earlier_runs(practice.context, ledger, run.id) if mailing.once_per == "none" else ()
        with _cancelled_unless_released(run, stop):
            asked = release.approve(
                practice,
                run.id,
                answers,
                catch_up=True,
                due_owner=owner,
                released_before=released_before,
            )
        if asked:
            return asked
    run.is_released_here = True
    _tell_earlier(practice, mailing, "left_out", left_out_for(practice.context, ledger, run.id))
    _tell_earlier(practice, mailing, "sent_again", again)
    return run


@contextmanager
def ledger_is_needed() -> Iterator[None]:
    """Where the ledger is away nothing can be put off: the next call is the retry.

    Raises:
        StillOpenError: the ledger is away.
    """
    try:
        yield
    except LedgerUnavailableError as error:
        again = _("run the same command again when the ledger is back")
        raise StillOpenError(*(replace(p, hint=p.hint or again) for p in error.problems)) from error


def _prepared(
    practice: OpenedPractice, name: str, due: date, counting: Callable[[int], None], stop: Stop
) -> Run:
    """Prepare unattended: signs that make an SMS longer stay, and that is told.

    Raises:
        SerienpostError: it was asked to stop; nothing is kept of the run.
    """

    def count(number: int) -> None:
        if stop.requests:
            raise _stopped()
        counting(number)

    found = mailings.prepare(practice, name, due=due, unattended=True, progress=count)
    if isinstance(found, Run):
        return found
    run = mailings.prepare(
        practice, name, due=due, rewrite_signs=False, unattended=True, progress=count
    )
    assert isinstance(run, Run)  # noqa: S101  # the question is answered
    told = {"mailing": found.mailing, "changes": found.changes}
    practice.notify(Notice("signs_stay", told))
    return run


def _tell_earlier(
    practice: OpenedPractice,
    mailing: Mailing,
    code: Literal["left_out", "sent_again"],
    earlier: Sequence[EarlierRun],
) -> None:
    """Say who had the mailing before and what was done about them, now that it is done."""
    for one in earlier:
        told = {"mailing": mailing.id, "people": one.people, "on": one.on, "run": one.run}
        if code == "left_out":
            practice.notify(Notice("left_out", told))
        else:
            practice.notify(Notice("sent_again", told))


@contextmanager
def _cancelled_unless_released(run: Run, stop: Stop) -> Iterator[None]:
    """Leave no prepared run behind that nobody will look at."""
    try:
        if stop.requests:
            raise _stopped()
        yield
    except LedgerUnavailableError:
        raise  # the run stays prepared, and a prepared run is never sent by itself
    except SerienpostError:
        run.cancel()
        raise


def _stopped() -> SerienpostError:
    return SerienpostError(_("stopped; nothing was approved"))


def _unlimited(mailing: Mailing, error: UnlimitedError) -> ConfigError:
    """The same at its place in the file, with the line to add."""
    line = mailing.line("once_per")
    remedy = (
        _("add the line once_per: recipient (each person once), or once_per: none (in every run)")
        if line is None
        else _("write once_per: recipient (each person once), or once_per: none (in every run)")
    )
    return ConfigError(
        *(Problem(p.message, remedy, mailing.file, line, "once_per") for p in error.problems)
    )


def _said(error: Exception) -> str:
    """One line about what did not answer; an error that is not ours may name a person."""
    if isinstance(error, SerienpostError):
        return joined("; ", [problem.sentence for problem in error.problems])
    said = error.strerror if isinstance(error, OSError) else None
    return _("the disk or the system cannot answer: {why}", why=said or type(error).__name__)


def _asked_plugin(context: PracticeContext, error: Exception) -> str | None:
    """The plugin that was asked and raised this; None where none was."""
    from serienpost.plugin_attribution import plugin_behind

    asked = {
        f"plugin {provider.distribution} {provider.version}"
        for (group, _name), provider in context.registry.providers.items()
        if group in _ASKED
    }
    behind = plugin_behind(error)
    return behind if behind in asked else None


def _put_off(
    practice: OpenedPractice,
    name: str,
    mailing: Mailing,
    due: date,
    answers: Answers,
    reason: str,
) -> SerienpostError:
    """Put the due date off; returns the error that says so."""
    ledger, zone = practice.ledger, practice.context.zone
    now = ledger.clock()
    with ledger.read() as tx:
        before = find_due(tx, mailing.id, due.isoformat())
    known = before.until if before and before.until > now else None
    until = _give_up_at(practice.context, mailing, due, now, known)
    if until <= now:
        hint = _("the due date is over; name another one when it can answer again")
        said = _(
            "{mailing} for {due}: {reason}", mailing=mailing.id, due=due.isoformat(), reason=reason
        )
        return UnavailableError(said, hint=hint)
    put_off(
        ledger,
        mailing.id,
        due.isoformat(),
        name=name,
        archive=answers.archive,
        reason=reason,
        by=practice.actor,
        until=until,
    )
    end = until.astimezone(zone)
    error = PutOffError(
        _(
            "{mailing} for {due}: {reason}; nothing was approved",
            mailing=mailing.id,
            due=due.isoformat(),
            reason=reason,
        ),
        hint=_("serienpost resume --due prepares it again until {until}", until=end),
    )
    error.mailing = mailing.id
    return error


def _give_up_at(
    context: PracticeContext, mailing: Mailing, due: date, now: datetime, known: datetime | None
) -> datetime:
    """When nobody is served any more: the earliest start of what the mailing is about, or the end
    of the due date where it is about nothing that starts.

    Args:
        context: the practice.
        mailing: the mailing.
        due: the due date.
        now: the time.
        known: what was found out before; it stands where a source cannot say now.
    """
    midnight = _end_of(context, due)
    found: list[datetime] = []
    for index in range(len(mailing.blocks)):
        try:
            start = _earliest_start(context, mailing, due, now, index)
        except Exception:  # noqa: BLE001  # it may be what cannot answer
            start = known
        found += [start] if start else []
    return min(found, default=midnight)


def window_end(context: PracticeContext, mailing: Mailing, due: date, now: datetime) -> datetime:
    """When nobody is served any more by a due date of a schedule, as for one that is put off.

    Raises:
        UnavailableError: the day is over, and a source cannot say whether it still helps anybody.
    """
    midnight = _end_of(context, due)
    if midnight > now:
        return _give_up_at(context, mailing, due, now, None)
    try:
        starts = [
            _earliest_start(context, mailing, due, now, index)
            for index in range(len(mailing.blocks))
        ]
    except Exception as error:
        said = _("nobody knows whom it would still help: {why}", why=cause_of(error))
        raise UnavailableError(said) from error
    return min([start for start in starts if start], default=midnight)


def _end_of(context: PracticeContext, due: date) -> datetime:
    return datetime.combine(due + timedelta(days=1), time(), context.zone).astimezone(UTC)


def _earliest_start(
    context: PracticeContext, mailing: Mailing, due: date, now: datetime, index: int
) -> datetime | None:
    """Of what lies ahead; rows of one block have occasions all alike.

    Raises:
        Exception: its source cannot say.
    """
    block = mailing.blocks[index]
    source = context.registry.sources[block.source]
    earliest: datetime | None = None
    for rows in source.rows(context, block.selection, RowRequest(frozenset(), due)):
        starts = [row.occasion.starts_at for row in rows if row.occasion]
        known = [start for start in starts if start]
        if not known:
            break
        ahead = [start for start in known if start > now]
        earliest = min([*ahead, *([earliest] if earliest else [])], default=None)
    return earliest
