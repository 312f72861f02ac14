"""Mailings that go out by themselves: what their schedules bring due, and what comes next.

Each due date of a schedule is entered in the table of due dates when its moment has come, once,
ever (`ledger/schedule.py`). From there `resume_due` prepares and sends it as it does what was put
off (`service/due.py`). What passed before a schedule was first seen is nobody's; that one begins,
is another, or is gone, is told.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from serienpost.config.loading import load_mailing, mailing_names
from serienpost.config.mailing_file import FOLDER
from serienpost.config.reader import scan_yaml
from serienpost.documents import FOR_FACES, Record
from serienpost.errors import (
    ConfigError,
    Exit,
    LedgerUnavailableError,
    Problem,
    SerienpostError,
    UnavailableError,
)
from serienpost.ledger.runs import released_runs
from serienpost.ledger.schedule import (
    NewDue,
    begin_schedule,
    enter_due_dates,
    find_schedule,
    forget_schedule,
    miss_schedule,
    missed,
    schedules,
    set_back,
)
from serienpost.ledger.store import AHEAD
from serienpost.run.report.history import due_dates
from serienpost.scheduling.occurrences import (
    Occurrence,
    Schedule,
    holidays_met,
    occurrences,
    parse_schedule,
)
from serienpost.service.notices import Notice
from serienpost.service.schedule_check import placed, schedule_of
from serienpost.service.unattended import window_end
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.ledger.schedule import ScheduleRow
    from serienpost.run.report.answers import DueDate
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

_MOST_DAYS = 366
# A due date has its moments, by whatever rule, within this time of each other.
_ONE_DAY = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class WaitingSchedule(Record):
    """A mailing whose schedule cannot be followed now; the others are.

    Args:
        mailing: its id, or the name of its file where that cannot be read.
        reason: why, and what to do.
        exit: 3 where a person must mend it, 75 where it may go on later.
    """

    mailing: str
    reason: str
    exit: Exit
    problems: tuple[Problem, ...] = field(metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class PlannedDate(Record):
    """A due date that a schedule brings.

    Args:
        due: the day.
        at: the moment, in practice time.
        moved_from: holidays of the schedule that were moved to this day.
        run: a run of this due date that was released already, so that it is not sent again.
    """

    mailing: str
    due: str
    at: datetime
    moved_from: tuple[str, ...]
    run: str | None


@dataclass(frozen=True, slots=True)
class PlannedHoliday(Record):
    """A holiday on which a schedule would have come.

    Args:
        to: the due date that it was moved to; None where it is left out.
    """

    mailing: str
    day: str
    name: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Planned(Record):
    """What the schedules of a practice bring.

    Args:
        planned: by time.
        holidays: that move or leave out a due date.
        due: due dates that wait to be prepared, or were given up.
        waiting: schedules that cannot be followed.
    """

    planned: tuple[PlannedDate, ...]
    holidays: tuple[PlannedHoliday, ...]
    due: tuple[DueDate, ...]
    waiting: tuple[WaitingSchedule, ...]

    @property
    def exit(self) -> Exit:
        """3 where a schedule must be mended."""
        return Exit.REFUSED if self.waiting else Exit.DONE


class _Scheduled(NamedTuple):
    """A mailing with a schedule, and how its file is named."""

    name: str
    mailing: Mailing
    schedule: Schedule


# What a file says: a schedule, none, or that it cannot be read. By path, with what the disk says of
# the file as it was read.
_Found: TypeAlias = "_Scheduled | SerienpostError | None"
_Known: TypeAlias = "dict[Path, tuple[tuple[int, ...], _Found]]"


def enter_due(practice: OpenedPractice) -> tuple[list[WaitingSchedule], list[Exception]]:
    """Enter every due date whose moment has come.

    Returns:
        The schedules that cannot be followed, and bugs that one of them met.

    Raises:
        LedgerUnavailableError: the ledger is away.
    """
    found, waiting, others = _read_all(practice.context)
    ledger = practice.ledger
    with ledger.read() as tx:
        rows, away, now = schedules(tx), missed(tx), tx.now
    if rows is None:
        return [*waiting, *_too_old(found)], []
    bugs: list[Exception] = []
    for one in found:
        try:
            if one.mailing.id in away:
                find_schedule(ledger, one.mailing.id)
            _enter(practice, one, rows.get(one.mailing.id), now)
        except LedgerUnavailableError:
            raise
        except SerienpostError as error:
            waiting.append(_waiting(one.mailing.id, error))
        except Exception as error:  # noqa: BLE001  # raised after the others had their turn
            bugs.append(error)
    gone = _gone(rows, found)
    without, unread = _without(practice.context, others, gone)
    waiting += unread
    for mailing in sorted(gone):
        if mailing in without or not waiting:  # one that cannot be read has a schedule as before
            _miss(practice, rows[mailing], is_without=mailing in without)
    return waiting, bugs


def has_schedules(context: PracticeContext, *, is_known: bool) -> bool:
    """Whether a mailing has a schedule.

    Args:
        context: the practice.
        is_known: whether one had a schedule before; it counts while a mailing cannot be read.
    """
    found, waiting, _others = _read_all(context)
    return bool(found or (waiting and is_known))


def planned(practice: OpenedPractice, days: int) -> Planned:
    """See `Practice.planned`."""
    if not 1 <= days <= _MOST_DAYS:
        raise ValueError(_("the days are a number from 1 to {most}", most=_MOST_DAYS))
    zone, ledger = practice.context.zone, practice.ledger
    found, waiting, others = _read_all(practice.context)
    with ledger.read() as tx:
        rows, now = schedules(tx) or {}, tx.now
    waiting += _without(practice.context, others, _gone(rows, found))[1]
    dates: list[PlannedDate] = []
    holidays: list[PlannedHoliday] = []
    for one in found:
        mailing, row = one.mailing.id, rows.get(one.mailing.id)
        since = row.entered_until if row and row.rule == str(one.schedule) else now
        until = now + timedelta(days=days)
        first, last = (moment.astimezone(zone).date() for moment in (since, until))
        try:
            come = list(occurrences(one.schedule, since, until))
            met = list(holidays_met(one.schedule, first, last))
        except SerienpostError as error:
            waiting.append(_waiting(mailing, placed(one.mailing, error)))
            continue
        with ledger.read() as tx:
            dates += [
                PlannedDate(
                    mailing=mailing,
                    due=each.due.isoformat(),
                    at=each.at.astimezone(zone),
                    moved_from=tuple(day.isoformat() for day in each.moved_from),
                    run=next(iter(released_runs(tx, mailing, each.due.isoformat())), None),
                )
                for each in come
            ]
        holidays += [
            PlannedHoliday(
                mailing, each.day.isoformat(), each.name, each.to.isoformat() if each.to else None
            )
            for each in met
        ]
    return Planned(
        planned=tuple(sorted(dates, key=lambda each: (each.at, each.mailing))),
        holidays=tuple(sorted(holidays, key=lambda each: (each.day, each.mailing))),
        due=tuple(due_dates(ledger, zone)),
        waiting=tuple(waiting),
    )


def _enter(
    practice: OpenedPractice, one: _Scheduled, row: ScheduleRow | None, now: datetime
) -> None:
    """Enter what a schedule brought due until now; of one that is another, what it was before.

    Raises:
        SerienpostError: something of it cannot be entered now.
    """
    ledger, mailing, rule = practice.ledger, one.mailing.id, str(one.schedule)
    if row is None:
        if begin_schedule(ledger, mailing, rule, None):
            _tell(practice, mailing, _("goes out by itself from now on: {rule}", rule=rule))
        return
    if row.entered_until > now + AHEAD:
        row = _set_back(practice, row)
    if row is None:
        return
    try:
        come = _come(one, row, now)
    except ConfigError as error:
        raise placed(one.mailing, error) from error
    dates: list[NewDue] = []
    try:
        for each in come:
            dates += [_new_due(practice.context, one.mailing, each, now)]
    finally:
        if dates:
            until = come[len(dates) - 1].at
            enter_due_dates(ledger, row, until, one.name, dates)
            row = row._replace(entered_until=until)
    if row.rule != rule and begin_schedule(ledger, mailing, rule, row):
        said = _(
            "goes by another schedule from now on: {rule}; before: {old}", rule=rule, old=row.rule
        )
        _tell(practice, mailing, said)


def _come(one: _Scheduled, row: ScheduleRow, now: datetime) -> list[Occurrence]:
    """What came since the mark, in its order. Where the rule is another, that is what the old one
    brought, and days that it would still bring and whose moment is over by the new one: a day
    that both have is not lost.

    Raises:
        ConfigError: its holidays are not known.
    """
    since = row.entered_until
    new = list(occurrences(one.schedule, since, now))
    if row.rule == str(one.schedule):
        return new
    try:
        before = parse_schedule(row.rule)
        old = list(occurrences(before, since, now + _ONE_DAY))
    except (ValueError, ConfigError):  # another version wrote it, or its holidays are not known
        return []
    ahead = {each.due for each in old if each.at > now}
    come = [each for each in old if each.at <= now]
    return sorted([*come, *(each for each in new if each.due in ahead)], key=lambda each: each.at)


def _set_back(practice: OpenedPractice, row: ScheduleRow) -> ScheduleRow | None:
    """Let a schedule go on whose mark lies ahead; None where another process did."""
    zone = practice.context.zone
    after = set_back(practice.ledger, row, zone)
    if after:
        said = _(
            "a clock was ahead, until {until}; what it entered and did not send comes again",
            until=row.entered_until.astimezone(zone),
        )
        _tell(practice, row.mailing, said)
    return after


def _gone(rows: Collection[str], found: Sequence[_Scheduled]) -> set[str]:
    """The mailings that have no schedule any more, or whose file is not there."""
    return set(rows) - {one.mailing.id for one in found}


def _without(
    context: PracticeContext, names: Sequence[str], gone: Collection[str]
) -> tuple[set[str], list[WaitingSchedule]]:
    """Of the mailings that are gone: those whose file is complete and has no schedule, and those
    of which nobody knows.

    Args:
        context: the practice.
        names: of the files without a schedule.
        gone: ids.
    """
    folder = context.path(FOLDER)
    if not gone:
        return set(), []
    if not folder.is_dir():
        problem = Problem(_("cannot be read: there is no such folder"), None, str(folder))
        return set(), [_waiting(one, UnavailableError(problem)) for one in sorted(gone)]
    without, unread = set(), []
    for name in names:
        try:
            without.add(load_mailing(context, name).id)
        except SerienpostError as error:  # a part of a file, as an editor leaves it for a moment
            if name in gone or _is_empty(folder / f"{name}.yaml"):
                unread.append(_waiting(name, error))
    return without & set(gone), unread


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return True


def _miss(practice: OpenedPractice, row: ScheduleRow, *, is_without: bool) -> None:
    """Forget a schedule; of one whose file is gone, only after a day."""
    if is_without:
        done = "forgotten" if forget_schedule(practice.ledger, row) else None
    else:
        done = miss_schedule(practice.ledger, row)
    if done == "forgotten":
        _tell(practice, row.mailing, _("does not go out by itself any more"))
    elif done == "missed":
        said = _("its file is gone; if that is there again within a day, its schedule goes on")
        _tell(practice, row.mailing, said)


def _tell(practice: OpenedPractice, mailing: str, text: str) -> None:
    practice.notify(Notice("schedule", {"mailing": mailing, "text": text}))


def _new_due(
    context: PracticeContext, mailing: Mailing, occurrence: Occurrence, now: datetime
) -> NewDue:
    """A due date to enter.

    Raises:
        UnavailableError: its day is over, and its source cannot say whether it still helps anybody.
    """
    day = occurrence.due.isoformat()
    try:
        until = window_end(context, mailing, occurrence.due, now)
    except UnavailableError as error:
        raise UnavailableError(
            *(replace(p, message=_for(mailing.id, day, p.message)) for p in error.problems)
        ) from error
    over = _("nobody was there to send it in time (serienpost worker, or resume --due in cron)")
    return NewDue(day, over if until <= now else _("due by its schedule"), until)


def _for(mailing: str, day: str, reason: str) -> str:
    return _("{mailing} for {day}: {reason}", mailing=mailing, day=day, reason=reason)


def _read_all(
    context: PracticeContext,
) -> tuple[list[_Scheduled], list[WaitingSchedule], list[str]]:
    """The mailings with a schedule, those of which nobody knows, and the files without one. A file
    that is as it was when this process read it is not read again."""
    known: _Known = context.shared("schedules", lambda: nullcontext({}))
    found: dict[str, _Scheduled] = {}
    waiting: list[WaitingSchedule] = []
    others: list[str] = []
    for name in mailing_names(context):
        one = _read(context, name, known)
        if isinstance(one, SerienpostError):
            waiting.append(_waiting(name, one))
        elif one is None:
            others.append(name)
        else:
            first = found.setdefault(one.mailing.id, one)
            if first is not one and name == one.mailing.id:  # whose name is the id goes on
                first, one = one, first
                found[name] = first
            if first is not one:
                waiting.append(_waiting(one.name, _same_id(one, first.name)))
    return list(found.values()), waiting, others


def _read(context: PracticeContext, name: str, known: _Known) -> _Found:
    path = context.path(FOLDER) / f"{name}.yaml"
    try:
        stat = path.stat()
        now = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        before, found = known.get(path, ((), None))
        if before != now:
            found = _read_file(context, name, path)
            known[path] = now, found
    except OSError as error:
        cannot = _("cannot be read: {why}", why=error.strerror or type(error).__name__)
        return ConfigError(Problem(cannot, None, str(path)))
    return found


def _read_file(context: PracticeContext, name: str, path: Path) -> _Found:
    if b"schedule" not in path.read_bytes():
        return None
    try:
        if "schedule" not in scan_yaml(path).data:
            return None
        mailing = load_mailing(context, name)
    except SerienpostError as error:
        return error
    return _Scheduled(name, mailing, schedule_of(context, mailing)) if mailing.schedule else None


def _same_id(one: _Scheduled, other: str) -> ConfigError:
    return ConfigError(
        Problem(
            _("is the id of {other} too, which also has a schedule", other=other),
            _("give one of the two an id: of its own, or remove one schedule:"),
            one.mailing.file,
            one.mailing.line("id"),
            "id",
        )
    )


def _too_old(found: Sequence[_Scheduled]) -> list[WaitingSchedule]:
    if not found:
        return []
    names = [one.mailing.id for one in found]
    problem = Problem(
        _("this older ledger holds no schedules; they wait: {mailings}", mailings=names),
        _("end the open runs of this older ledger"),
    )
    return [WaitingSchedule(", ".join(names), problem.sentence, Exit.OPEN, (problem,))]


def _waiting(name: str, error: SerienpostError) -> WaitingSchedule:
    """What the faces say; the exit code is 75 where it may go on by itself."""
    code = Exit.OPEN if isinstance(error, UnavailableError) else Exit.REFUSED
    named = tuple(
        p if p.file or name in p.message else replace(p, message=joined(": ", [name, p.message]))
        for p in error.problems
    )
    return WaitingSchedule(name, joined("; ", [p.sentence for p in named]), code, named)
