"""The rules of release: what a person must look at and answer before a run may leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost import words
from serienpost.contracts.providers import Disclaimer, HasDisclaimer
from serienpost.documents import FOR_FACES, Record
from serienpost.errors import ConfigError, LedgerError, Problem, SerienpostError
from serienpost.ledger.runs import allow_command, count_overridden, find_run
from serienpost.run.prepare.changes import refuse_other_edition
from serienpost.run.prepare.people import configured
from serienpost.run.prepare.plan import Header
from serienpost.run.prepare.policy import PolicyWatch, refuse_changed_rules
from serienpost.run.prepare.renderer import load_renderer
from serienpost.run.report.answers import PlanCost, PlanCounts
from serienpost.run.report.estimate import free_balance
from serienpost.run.report.recipients import review_head
from serienpost.run.send import approve as approval
from serienpost.run.send.day import date_macro, passed_occasion, relative_day
from serienpost.run.send.schedule import quiet_hours
from serienpost.service.notices import Notice
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Collection

    from serienpost.context import PracticeContext
    from serienpost.ledger.rows import RunRow
    from serienpost.service.decided import Answers
    from serienpost.service.opened import OpenedPractice

_ = Texts(__name__)

# `release`: send this to these people? `balance`: although the account holds too little? `archive`:
# each message as PDF in the record, or only an entry? `disclaimer`: accept the terms?
Question: TypeAlias = Literal["release", "balance", "archive", "disclaimer"]


@dataclass(frozen=True, slots=True)
class Confirmation(Record):
    """What must be answered before a run is released, and what to look at for it.

    Args:
        run: the prepared run; None where nothing is prepared yet.
        open: the questions without an answer, in the order to ask them.
        plan_hash: of what is shown here; give it to `approve`, so that nothing else is released.
        at: not before this time.
        disclaimer: the terms to accept, where that is a question.
        channel: what people call the channel.
        is_held: with a time that lies ahead the provider gets the messages at once and holds them.
    """

    run: str | None
    mailing: str
    open: tuple[Question, ...]
    kind: str = ""
    account: str = ""
    plan_hash: str | None = None
    counts: PlanCounts = field(default_factory=lambda: PlanCounts(0, 0, 0, 0))
    cost: PlanCost = field(default_factory=lambda: PlanCost("messages", 0))
    at: datetime | None = None
    disclaimer: Disclaimer | None = None
    channel: str = ""
    is_held: bool = field(default=False, metadata=FOR_FACES)


@dataclass(frozen=True, slots=True)
class Obstacle(Record):
    """Why a prepared run cannot be released so that it leaves at once.

    Args:
        problems: what stands against it.
        made_for: the day on which alone it may leave; None where something else stands against it.
        can_wait: that day lies ahead, so that it can be released for a time of it.
    """

    problems: tuple[Problem, ...]
    made_for: date | None = None
    can_wait: bool = False


def obstacle(practice: OpenedPractice, run_id: str) -> Obstacle | None:
    """What stands against the release of a prepared run, whatever is answered; None where nothing
    does, or where it is not prepared. Asks no provider.

    Raises:
        LedgerError: there is no such run.
    """
    with practice.ledger.read() as tx:
        row = find_run(tx, run_id)
    if row.state != "prepared":
        return None
    try:
        _refuse_forbidden(practice, row)
        terms(practice.context, row.account)
        why = _other_day(practice, row, practice.ledger.clock(), catch_up=False)
    except SerienpostError as error:
        return Obstacle(tuple(error.problems))
    if why is None:
        return None
    due = date.fromisoformat(row.due)
    return Obstacle((_of_another_day(row, why),), due, can_wait=due > practice.today())


def only_day(practice: OpenedPractice, run_id: str) -> date | None:
    """The day on which alone a run may leave, because its text or its people go by it; None where
    any day is right.

    Raises:
        LedgerError: there is no such run.
    """
    with practice.ledger.read() as tx:
        row = find_run(tx, run_id)
    day = date.fromisoformat(row.due)
    after = datetime.combine(day + timedelta(days=1), time(12), practice.context.zone)
    return day if _other_day(practice, row, after, catch_up=False) else None


def questions(practice: OpenedPractice, run_id: str, answers: Answers) -> Confirmation:
    """What must be answered before a prepared run is released, whenever it leaves; see `obstacle`
    for what no answer changes.

    Raises:
        SerienpostError: there is no such run, or it is not prepared.
    """
    with practice.ledger.read() as tx:
        row = find_run(tx, run_id)
    allow_command(row, "send")
    return _confirmation(practice, row, answers, None)


def approve(
    practice: OpenedPractice,
    run_id: str,
    answers: Answers,
    *,
    plan: str | None = None,
    at: datetime | None = None,
    catch_up: bool = False,
    due_owner: str | None = None,
    released_before: Collection[str] | None = None,
) -> Confirmation | None:
    """Release a prepared run if everything is answered; one released before stays as it is.

    Args:
        practice: the practice and who acts.
        run_id: the run.
        answers: what the person has decided.
        plan: the plan hash that was looked at; another one is refused.
        at: not before this time.
        catch_up: the due date was missed and is kept where that does no harm.
        due_owner: the process that took up a due date that was put off.
        released_before: runs of its due date that had been released when it was begun; another one
            since then is refused.

    Returns:
        What is not answered yet; None once the run is released.

    Raises:
        SerienpostError: it may not be released so.
        ValueError: `at` has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise ValueError(_("at needs a time zone"))
    context, ledger = practice.context, practice.ledger
    with ledger.read() as tx:
        row = find_run(tx, run_id)
    allow_command(row, "send")
    if plan is not None and plan != row.plan_hash:
        raise LedgerError(
            _("the plan of run {run} is not the one you name", run=run_id),
            hint=_("serienpost review {run}", run=run_id),
        )
    if row.state != "prepared":
        _refuse_late(row, answers, at)
        return None
    _refuse_forbidden(practice, row)
    if at is not None:
        _refuse_quiet(context, row, at)
    _refuse_other_day(practice, row, at or ledger.clock(), catch_up=catch_up)
    question = _confirmation(practice, row, answers, at)
    if question.open:
        return question
    approval.approve(
        ledger,
        run_id,
        practice.actor,
        plan=row.plan_hash,
        send_at=at,
        disclaimer=accepted_by(context, row.account, practice.actor, answers),
        archive=answers.archive,
        due_owner=due_owner,
        released_before=released_before,
    )
    return None


def terms(context: PracticeContext, account: str) -> tuple[Disclaimer | None, str]:
    """The disclaimer of an account's channel, None where there is none; and the channel's title."""
    settings = configured(context.config.accounts, account, "account")
    channel = context.registry.channels[settings.channel]
    found = channel.disclaimer(settings) if isinstance(channel, HasDisclaimer) else None
    return found, channel.title


def accepted_by(context: PracticeContext, account: str, actor: str, answers: Answers) -> str | None:
    """Who accepted the disclaimer of an account's channel; None where there is none or nobody."""
    found = terms(context, account)[0]
    if found is None:
        return None
    if answers.accept_disclaimer:
        return actor
    if found.accepted_by:
        return _(
            "{who} ({on}, account {account})",
            who=found.accepted_by,
            on=found.accepted_on or "",
            account=account,
        )
    return None


def open_disclaimer(
    context: PracticeContext, account: str, answers: Answers
) -> tuple[Disclaimer | None, str]:
    """The terms that nobody has accepted, None where there are none; and the channel's title."""
    found, title = terms(context, account)
    is_open = found is not None and not (answers.accept_disclaimer or found.accepted_by)
    return (found if is_open else None), title


def with_balance(practice: OpenedPractice, cost: PlanCost, account: str) -> PlanCost:
    """The cost beside the credits that are free; a provider that does not tell is a notice."""
    if cost.unit != "credits":
        return cost
    try:
        free = free_balance(practice.context, practice.ledger, account)
    except SerienpostError as error:
        practice.notify(Notice("balance_unknown", {"account": account, "text": error.sentence}))
        free = None
    return PlanCost(cost.unit, cost.total, free)


def _confirmation(
    practice: OpenedPractice, row: RunRow, answers: Answers, at: datetime | None
) -> Confirmation:
    head = review_head(practice.ledger, row.id)
    cost = with_balance(practice, head.cost, row.account) if head.cost.total else head.cost
    disclaimer, channel = open_disclaimer(practice.context, row.account, answers)
    asked: dict[Question, bool] = {
        "release": not answers.release,
        "balance": cost.lacking and not answers.ignore_balance,
        "archive": answers.archive is None and _asks_archive(practice.context, row),
        "disclaimer": disclaimer is not None,
    }
    return Confirmation(
        run=row.id,
        mailing=row.mailing,
        open=tuple(name for name, is_open in asked.items() if is_open),
        kind=row.kind,
        account=row.account,
        plan_hash=row.plan_hash,
        counts=head.counts,
        cost=cost,
        at=at,
        disclaimer=disclaimer,
        channel=channel,
        is_held=row.header.get("hand_over") == "now",
    )


def _asks_archive(context: PracticeContext, row: RunRow) -> bool:
    """Whether somebody must say what goes into the records."""
    archives = (one for one in context.registry.archives.values() if row.kind in one.kinds)
    return row.header.get("archive") == "ask" and any(archives)


def _refuse_late(row: RunRow, answers: Answers, at: datetime | None) -> None:
    for option, is_given in (("--archive", answers.archive), ("--at", at)):
        if is_given:
            raise LedgerError(
                _(
                    "run {run} is {state}; {option} belongs to its release",
                    run=row.id,
                    state=words.run_state(row.state),
                    option=option,
                )
            )


def _refuse_forbidden(practice: OpenedPractice, row: RunRow) -> None:
    """The rules that count are those of now, not those that the practice was opened with; an
    override counts if the practice permits it now, not when it was made."""
    header = Header.from_json(row.header)
    refuse_other_edition(row.id, header)
    now = PolicyWatch(practice.context).look()
    refuse_changed_rules(now, header)
    if now.config.consent.override:
        return
    with practice.ledger.read() as tx:
        count = count_overridden(tx, row.id)
    if count:
        raise ConfigError(
            _.ngettext(
                "{n} row of run {run} is overridden; this practice does not permit overrides",
                "{n} rows of run {run} are overridden; this practice does not permit overrides",
                count,
                run=row.id,
            ),
            hint=_("serienpost review {run} --drop-not-allowed takes them back", run=row.id),
        )


def _refuse_other_day(
    practice: OpenedPractice, row: RunRow, leaves_at: datetime, *, catch_up: bool
) -> None:
    """Make sure that a run leaves on the day that it is made for.

    Raises:
        ConfigError: it would leave on another one.
    """
    if why := _other_day(practice, row, leaves_at, catch_up=catch_up):
        day = leaves_at.astimezone(practice.context.zone).date().isoformat()
        command = _("serienpost prepare {mailing} --for {day}", mailing=row.mailing, day=day)
        later = _("{command}, or send it then with --at {due}THH:MM", command=command, due=row.due)
        raise ConfigError(
            _of_another_day(row, why, hint=later if day < row.due else command),
        )


def _other_day(
    practice: OpenedPractice, row: RunRow, leaves_at: datetime, *, catch_up: bool
) -> str | None:
    """What binds a run to its due date, where it would leave on another day; else None. A text or a
    selection that counts from the due date leaves on that date.

    A due date that was missed is kept where no text names a date and what it is about lies ahead.
    """
    context = practice.context
    day = leaves_at.astimezone(context.zone).date().isoformat()
    if day == row.due:
        return None
    renderer = load_renderer(context, practice.ledger, row.id)
    why = date_macro(renderer)
    if not why and catch_up and day > row.due:
        with practice.ledger.read() as tx:
            return passed_occasion(tx, renderer, row.id)
    return why or relative_day(renderer)


def _of_another_day(row: RunRow, why: str, hint: str | None = None) -> Problem:
    said = _(
        "the run is made for {due} and {why}; it cannot be sent on another day",
        due=date.fromisoformat(row.due),
        why=why,
    )
    return Problem(said, hint)


def _refuse_quiet(context: PracticeContext, row: RunRow, at: datetime) -> None:
    """What the provider holds until `at` goes out then, whatever the hour; better say so now."""
    quiet = quiet_hours(context, row.kind, at)
    if row.header.get("hand_over") == "now" and quiet and quiet.until:
        until = quiet.until.astimezone(context.zone)
        raise ConfigError(
            Problem(
                _(
                    "no {kind} goes out at {time}: {why}",
                    kind=row.kind,
                    time=at.astimezone(context.zone).time(),
                    why=quiet.text,
                ),
                _(
                    "--at {until}, or hand_over: due in the mailing",
                    until=f"{until:%Y-%m-%dT%H:%M}",
                ),
            )
        )
