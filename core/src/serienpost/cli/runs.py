"""`runs`, `show` and `report`: what happened, to whom, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost import words
from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, clean, print_facts, print_table, print_text, say
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import Exit
from serienpost.translation import Texts, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from serienpost.errors import Problem
    from serienpost.service import Practice, Run
    from serienpost.service.answers import (
        DueDate,
        MessageLine,
        MessageStory,
        Planned,
        PlannedDate,
        PlannedHoliday,
        ReasonCount,
        Report,
        RunLine,
        RunStatus,
    )

_ = Texts(__name__)

_STYLE = {"accepted": "green", "delivered": "green", "failed": "red", "in_doubt": "yellow"}
_MOST_ROWS = 200


@click.command(name="runs")
@click.option("--limit", metavar="N", default=20, show_default=True, help=_("The newest so many."))
@click.option(
    "--planned", is_flag=True, help=_("What the schedules of mailings bring, instead of runs.")
)
@click.option(
    "--days",
    metavar="N",
    type=click.IntRange(1, 366),
    default=14,
    show_default=True,
    help=_("With --planned: so many days ahead."),
)
@json_option
@with_practice
def runs_command(practice: Practice, limit: int, planned: bool, days: int) -> Reply:
    """List runs and their states, or what comes."""
    if planned:
        return _planned(practice.planned(days))
    runs, dates = practice.runs(limit), practice.due_dates()

    def text() -> None:
        say(_RUN_LINE.format(run=_("run"), due=_.pgettext("column", "due"), mailing=_("mailing")))
        for one in runs:
            _list_run(one)
        _list_due(dates)

    data = {"runs": [one.document() for one in runs], "due": [one.document() for one in dates]}
    return Reply(data, text)


def _list_due(dates: Sequence[DueDate]) -> None:
    """What waits to be prepared or was given up."""
    if not dates:
        return
    print_table(
        [
            _("not sent yet"),
            _.pgettext("column", "due"),
            _("state"),
            _("tries"),
            _.pgettext("column", "until"),
        ],
        [[d.mailing, _due(d), words.due_state(d.state), d.tries, d.until] for d in dates],
    )
    for d in dates:  # a cell would be cut, and what mends it stands at the end
        print_text(
            _(
                "{mailing} for {due}: {reason}",
                mailing=d.mailing,
                due=d.due,
                reason=d.reason,
            )
        )


def _planned(found: Planned) -> Reply:
    """What the schedules bring."""

    def text() -> None:
        if found.planned:
            print_table(
                [_("mailing"), _.pgettext("column", "on"), _.pgettext("column", "note")],
                [[one.mailing, one.at, _note(one)] for one in found.planned],
            )
        elif not found.waiting:
            print_text(_("No mailing has a schedule that brings anything in these days."))
        for holiday in found.holidays:
            print_text(_holiday(holiday))
        _list_due(found.due)

    problems = tuple(problem for one in found.waiting for problem in one.problems)
    return Reply(found.document(), text, found.exit, problems)


def _note(one: PlannedDate) -> str:
    """What is special about a due date."""
    if one.run:
        return _("was sent already, as run {run}", run=one.run)
    if one.moved_from:
        days = [date.fromisoformat(day) for day in one.moved_from]
        return _("instead of {days} (holiday)", days=days)
    return ""


def _holiday(one: PlannedHoliday) -> str:
    """What becomes of a holiday."""
    day = date.fromisoformat(one.day)
    if one.to is None:
        return _("{mailing}: not on {day}, {name}", mailing=one.mailing, day=day, name=one.name)
    return _(
        "{mailing}: on {to} instead of {day}, {name}",
        mailing=one.mailing,
        to=date.fromisoformat(one.to),
        day=day,
        name=one.name,
    )


# Under the mailing: how a run stands. The columns are the same whatever there is to say.
_RUN_LINE = "{run:<13}  {due:<11}  {mailing}"
_UNDER = " " * 15


def _list_run(one: RunLine) -> None:
    """A run in the list: its line, then its messages and what it waits for."""
    say(_RUN_LINE.format(run=one.run, due=clean(_due(one)), mailing=one.mailing))
    who = words.counts(one.counts) if one.counts else _("nobody was selected")
    print_text(words.reason_and_text(words.run_state(one.standing), who), _UNDER)
    if one.ends:
        print_text(words.reason(one.reason, one.ends.how), _UNDER)


def _due(one: RunLine | DueDate) -> date:
    return date.fromisoformat(one.due)


@click.command(name="show")
@click.argument("run")
@click.option("--recipient", metavar="ROW", help=_("What this person got, when, on which consent."))
@click.option(
    "--manifest", is_flag=True, help=_("Which fields left, to whom, for how many people.")
)
@json_option
@with_practice
def show_command(practice: Practice, run: str, recipient: str | None, manifest: bool) -> Reply:
    """Show a run, or what one person got and why."""
    found = practice.run(run)
    if recipient:
        return _story(found, recipient)
    if manifest:
        return _manifest(found)
    return run_reply(found, messages=True, code=Exit.DONE)


def run_reply(
    run: Run,
    *,
    messages: bool,
    code: Exit | None = None,
    problems: tuple[Problem, ...] = (),
) -> Reply:
    """A run's state and counts, with or without its messages.

    Without `code` the exit code describes the run, and the run says why it is not 0.
    """
    status = run.status()

    def text() -> None:
        if messages:
            _show_messages(run.messages(troubled_first=True), sum(status.counts.values()))
        _show_run(status)
        _advise(status)
        _tell_records(run.id, status.records)

    stream = ("messages", run.messages()) if messages else None
    is_scheduled = code is None and status.is_scheduled
    if code is None:
        code, problems = status.exit, status.problems
    return Reply(status.document(), text, code, problems, stream, is_scheduled=is_scheduled)


def _show_messages(messages: Iterable[MessageLine], total: int) -> None:
    shown: list[Sequence[object]] = []
    for one in messages:
        if len(shown) == _MOST_ROWS:
            print_text(
                _(
                    "The first {number} of {total} messages; show --json names all.",
                    number=_MOST_ROWS,
                    total=total,
                )
            )
            break
        state = Cell(words.message_state(one.state), _STYLE.get(one.state, ""))
        code = words.providers_code(one.state, one.code, one.text)
        shown.append([one.row, state, one.attempts, code, one.text or ""])
    print_table([_("row"), _("state"), _("attempts"), _("code"), _("text")], shown)


def _show_run(status: RunStatus) -> None:
    state = words.run_state(status.standing)
    if status.reason and not status.is_scheduled:
        reason = words.reason(status.reason, status.reason_text)
        state = _("{state} ({reason})", state=state, reason=reason)
    waits = status.until if status.ends and not status.scheduled_for else None
    print_facts(
        [
            (_("run"), status.run),
            (_("mailing"), words.sent_by(status.mailing, status.kind, status.account)),
            (_("state"), state),
            *([(_.pgettext("column", "until"), waits)] if waits else []),
            *([(_.pgettext("column", "ends"), status.ends.how)] if status.ends else []),
            *_approval(status),
            *(
                [(_.pgettext("column", "finished"), status.finished_at)]
                if status.finished_at
                else []
            ),
            *_counts(status.present),
            *((_("file"), name) for name in status.files),
            *purged(status.purged_at),
        ]
    )


def purged(at: datetime | None) -> Iterable[tuple[str, str]]:
    """The fact that a run's values were removed; nothing where they are there."""
    if at:
        yield (
            _.pgettext("column", "values"),
            _(
                "values, names and addresses were removed as planned ({moment}, retention: in "
                "serienpost.yaml); what was sent, to which row and when stays",
                moment=at,
            ),
        )


def _approval(one: RunStatus | MessageStory | Report) -> Iterable[tuple[str, str]]:
    """Who approved a run and when; nothing where nobody did."""
    if one.approved_at:
        yield _.pgettext("column", "approved"), _by(one.approved_at, one.approved_by)


def _by(at: datetime | None, user: str | None) -> str:
    """When somebody did something, and who."""
    return _("{moment} by {user}", moment=_when(at), user=user or "-")


def _counts(numbers: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    """How many messages are in each state."""
    return [(words.message_state(state), number) for state, number in sorted(numbers.items())]


def _advise(status: RunStatus) -> None:
    """What a person can do next."""
    counts = status.present
    if not counts:
        print_text(_("Nobody was selected."))
    elif status.state == "finished" and not set(counts) - {"suppressed", "cancelled"}:
        print_text(_("Nothing was sent; serienpost report says why."))
    if counts.get("in_doubt"):
        print_text(
            _.ngettext(
                "Nobody knows about {n} message. Find out, then: serienpost resolve {run} "
                "--recipient ROW --as accepted|resend|failed",
                "Nobody knows about {n} messages. Find out, then: serienpost resolve {run} "
                "--recipient ROW --as accepted|resend|failed",
                counts["in_doubt"],
                run=status.run,
            )
        )
    if counts.get("failed"):
        print_text(
            _("To try the failed ones again: serienpost retry {run} --failed", run=status.run)
        )
    if status.is_released and not status.ends:
        print_text(_("To go on: serienpost resume {run}", run=status.run))


def _tell_records(run: str, entries: Mapping[str, int]) -> None:
    """What became of the messages in the persons' records."""
    if stored := entries.get("stored"):
        print_text(
            _.ngettext(
                "{n} message is in the persons' records.",
                "{n} messages are in the persons' records.",
                stored,
            )
        )
    if without := entries.get("no_record"):
        print_text(
            _.ngettext(
                "{n} person has no record; nothing was stored for them.",
                "{n} persons have no record; nothing was stored for them.",
                without,
            )
        )
    if waiting := entries.get("waiting"):
        print_text(
            _.ngettext(
                "{n} message waits for the records: serienpost resume {run}",
                "{n} messages wait for the records: serienpost resume {run}",
                waiting,
                run=run,
            )
        )


def _when(moment: datetime | None) -> datetime | str:
    return moment or "-"


def _story(run: Run, row: str) -> Reply:
    found = run.story(row)

    def text() -> None:
        for one in found:
            print_facts(_told(one))

    return Reply({"run": run.id, "messages": [one.document() for one in found]}, text)


def _told(one: MessageStory) -> Iterable[tuple[str, object]]:
    yield _("row"), one.row
    yield (
        _.pgettext("column", "what"),
        _(
            "{title} ({kind}, {purpose})",
            title=one.title,
            kind=words.kind(one.kind),
            purpose=one.purpose,
        ),
    )
    yield _("state"), words.message_state(one.state)
    code = words.providers_code(one.state, one.code, one.text)
    if code or one.text:
        yield _.pgettext("column", "why"), joined(": ", [each for each in (code, one.text) if each])
    if one.scheduled_for:
        yield _.pgettext("column", "scheduled for"), one.scheduled_for
    yield (
        _.pgettext("column", "handed over") if one.scheduled_for else _.pgettext("column", "sent"),
        _when(one.sent_at),
    )
    yield _("reference"), one.ref
    known = joined("; ", one.evidence or [])
    if one.state != "suppressed":
        yield _("consent"), known or "-"
    elif known:
        yield _("allowed before"), known
    if one.override:
        yield (
            _("override"),
            _(
                "{id} by {user}: {reason}",
                id=one.override["id"],
                user=one.override["user"],
                reason=one.override["reason"],
            ),
        )
    yield from _approval(one)
    for attempt in one.log:
        yield _("attempt {number}", number=attempt["attempt"]), _attempt(attempt)
    for decision in one.decisions:
        yield words.action(decision["action"]), _decision(decision)
    yield from purged(one.purged_at)
    for report in one.reports:
        said = [each for each in (_when(report["at"]), report["code"]) if each]
        yield words.message_state(report["kind"]), _spaced(said)


def _decision(decision: Mapping[str, Any]) -> str:
    at, user = decision["at"], decision["user"]
    to = (decision["detail"] or {}).get("to") if decision["action"] == "test" else None
    if not to:
        return _by(at, user)
    return _(
        "{moment} by {user} to address hash {address}", moment=_when(at), user=user, address=to[:12]
    )


def _attempt(attempt: Mapping[str, Any]) -> str:
    outcome = attempt["outcome"] and words.outcome(attempt["outcome"])
    stage = attempt["stage"] and words.stage(attempt["stage"])
    if outcome and stage:
        outcome = _("{outcome} ({stage})", outcome=outcome, stage=stage)
    said = (outcome, attempt["code"], attempt["text"])
    return _spaced([each for each in (_when(attempt["started_at"]), *said) if each])


def _spaced(parts: Sequence[Any]) -> str:
    """Values behind one another."""
    return joined(" ", parts)


# What stands in place of a macro.
_IN_PLACE_OF_MACRO = {
    "address": _.pgettext("manifest", "the address"),
    "language": _.pgettext("manifest", "the language"),
}


def _manifest(run: Run) -> Reply:
    data = run.manifest()

    def text() -> None:
        accepted = _by(data.disclaimer_at, data.disclaimer_by)
        known = ((_("contract"), data.contract), (_("attestation"), data.attestation))
        print_facts(
            [
                (_("run"), data.run),
                *((key, value) for key, value in known if value),
                *([(_("disclaimer accepted"), accepted)] if data.disclaimer_at else []),
            ]
        )
        print_table(
            [
                _("field"),
                _("class"),
                _("by macro"),
                _("people"),
                _.pgettext("column", "to"),
                _("region"),
            ],
            [
                [
                    one.name,
                    one.sensitivity,
                    _IN_PLACE_OF_MACRO.get(one.macro, one.macro),
                    one.people,
                    one.processor or _("the practice's own machines"),
                    one.region or "",
                ]
                for one in data.fields
            ],
        )
        reasons = {one.name: one.because for one in data.fields if one.because}
        if reasons:
            print_facts(
                [(_("{name} may leave because", name=name), why) for name, why in reasons.items()]
            )

    return Reply(data.document(), text)


def _reason(one: ReasonCount) -> str:
    """The reason, and some of the rows that it stands for where each has its own words."""
    if not one.rows:
        return one.text or ""
    rows = [*one.rows, "..."] if one.messages > len(one.rows) else list(one.rows)
    return joined(": ", (one.text or "", ", ".join(rows)))


def _advice(one: ReasonCount, advice: str) -> str:
    """What to do about the messages with one reason."""
    code = words.providers_code(one.state, one.code, one.text)
    about = joined(" ", [each for each in (words.message_state(one.state), code) if each])
    return joined(": ", (about, advice))


@click.command(name="report")
@click.argument("run")
@click.option("--html", "html_file", metavar="FILE", help=_("Write one self-contained page."))
@click.option(
    "--csv", "csv_file", metavar="FILE", help=_("Write who did not get it (yet), and why.")
)
@json_option
@with_practice
def report_command(
    practice: Practice, run: str, html_file: str | None, csv_file: str | None
) -> Reply:
    """Report how a run went, as text, HTML or CSV."""
    from serienpost.files import private_file

    found = practice.run(run)
    data = found.report()
    files = []
    if html_file:
        with private_file(Path(html_file)) as file:
            file.write(found.report_page(data))
        files.append(html_file)
    if csv_file:
        with private_file(Path(csv_file)) as file:
            found.write_failures(file)
        files.append(csv_file)

    def text() -> None:
        print_facts(
            [
                (_("run"), data.run),
                (_("mailing"), words.sent_by(data.mailing, data.kind, data.account)),
                (_("state"), words.run_state(data.standing)),
                *_approval(data),
                *(
                    [(_.pgettext("column", "finished"), data.finished_at)]
                    if data.finished_at
                    else []
                ),
                *_counts(data.counts),
            ]
        )
        print_table(
            [_("state"), _("code"), _("messages"), _("reason")],
            [
                [
                    words.message_state(r.state),
                    words.providers_code(r.state, r.code, r.text),
                    r.messages,
                    _reason(r),
                ]
                for r in data.reasons
            ],
        )
        for reason in data.reasons:
            if reason.advice:
                print_text(_advice(reason, reason.advice))
        if data.tests:
            print_table(
                [_("test at"), _.pgettext("column", "by"), _("address hash"), _("data of")],
                [[t.at, t.user, t.to[:12] if t.to else _("file"), t.row] for t in data.tests],
            )
        for name in files:
            say(_("written: {file}", file=name))

    return Reply({**data.document(), "files": files}, text)
