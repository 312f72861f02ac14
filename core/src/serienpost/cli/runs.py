"""`runs`, `show` and `report`: what happened, to whom, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, print_facts, print_table, print_text, say
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import Exit
from serienpost.text import counted, day, day_and_time
from serienpost.translation import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from serienpost.errors import Problem
    from serienpost.service import Practice, Run
    from serienpost.service.answers import (
        DueDate,
        MessageLine,
        MessageStory,
        ReasonCount,
        Report,
        RunLine,
        RunStatus,
    )

_STYLE = {"accepted": "green", "delivered": "green", "failed": "red", "in_doubt": "yellow"}
_MOST_ROWS = 200


@click.command(name="runs")
@click.option("--limit", default=20, show_default=True, help="The newest so many.")
@json_option
@with_practice
def runs_command(practice: Practice, limit: int) -> Reply:
    """List runs and their states."""
    runs, dates = practice.runs(limit), practice.due_dates()

    def text() -> None:
        say(_RUN_LINE.format(run="run", due="due", mailing="mailing"))
        for one in runs:
            _list_run(one)
        if dates:
            print_table(
                ["not sent yet", "due", "state", "tries", "until"],
                [[d.mailing, _due(d), d.state, d.tries, day_and_time(d.until)] for d in dates],
            )
            for d in dates:  # a cell would be cut, and what mends it stands at the end
                print_text(f"{d.mailing} for {d.due}: {d.reason}")

    data = {"runs": [one.document() for one in runs], "due": [one.document() for one in dates]}
    return Reply(data, text)


# Under the mailing: how a run stands. The columns are the same whatever there is to say.
_RUN_LINE = "{run:<13}  {due:<10}  {mailing}"
_UNDER = " " * 15


def _list_run(one: RunLine) -> None:
    """A run in the list: its line, then its messages and what it waits for."""
    say(_RUN_LINE.format(run=one.run, due=_due(one), mailing=one.mailing))
    counts = ", ".join(f"{n} {state}" for state, n in one.counts.items())
    print_text(f"{one.standing}: {counts or 'nobody was selected'}", _UNDER)
    if one.ends:
        print_text(f"{one.reason}: {one.ends.how}", _UNDER)


def _due(one: RunLine | DueDate) -> str:
    return day(date.fromisoformat(one.due))


@click.command(name="show")
@click.argument("run")
@click.option("--recipient", metavar="ROW", help="What this person got, when, on which consent.")
@click.option("--manifest", is_flag=True, help="Which fields left, to whom, for how many people.")
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
            print_text(f"The first {_MOST_ROWS} of {total} messages; show --json names all.")
            break
        state = Cell(one.state, _STYLE.get(one.state, ""))
        shown.append([one.row, state, one.attempts, one.code or "", one.text or ""])
    print_table(["row", "state", "attempts", "code", "text"], shown)


def _show_run(status: RunStatus) -> None:
    said = status.reason and not status.is_scheduled
    reason = f" ({status.reason}: {status.reason_text})" if said else ""
    waits = status.until if status.ends and not status.scheduled_for else None
    print_facts(
        [
            ("run", status.run),
            ("mailing", f"{status.mailing} by {status.kind} from account {status.account}"),
            ("state", f"{status.standing}{reason}"),
            *([("until", _when(waits))] if waits else []),
            *([("ends", status.ends.how)] if status.ends else []),
            *_approval(status),
            *([("finished", _when(status.finished_at))] if status.finished_at else []),
            *sorted(status.present.items()),
            *(("file", name) for name in status.files),
            *purged(status.purged_at),
        ]
    )


def purged(at: datetime | None) -> Iterable[tuple[str, str]]:
    """The fact that a run's values were removed; nothing where they are there."""
    if at:
        yield (
            "values",
            (
                f"values, names and addresses were removed as planned ({day_and_time(at)}, "
                "retention: in serienpost.yaml); what was sent, to which row and when stays"
            ),
        )


def _approval(one: RunStatus | MessageStory | Report) -> Iterable[tuple[str, str]]:
    """Who approved a run and when; nothing where nobody did."""
    if one.approved_at:
        yield "approved", f"{_when(one.approved_at)} by {one.approved_by or '-'}"


def _advise(status: RunStatus) -> None:
    """What a person can do next."""
    counts = status.present
    if not counts:
        print_text("Nobody was selected.")
    elif status.state == "finished" and not set(counts) - {"suppressed", "cancelled"}:
        print_text("Nothing was sent; serienpost report says why.")
    if counts.get("in_doubt"):
        print_text(
            f"Nobody knows about {counted(counts['in_doubt'], 'messages')}. Find out, then: "
            f"serienpost resolve {status.run} --recipient ROW --as accepted|resend|failed"
        )
    if counts.get("failed"):
        print_text(f"To try the failed ones again: serienpost retry {status.run} --failed")
    if status.is_released and not status.ends:
        print_text(f"To go on: serienpost resume {status.run}")


def _tell_records(run: str, entries: Mapping[str, int]) -> None:
    """What became of the messages in the persons' records."""
    if entries.get("stored"):
        stored = counted(entries["stored"], "messages", "is", "are")
        print_text(f"{stored} in the persons' records.")
    if entries.get("no_record"):
        without = counted(entries["no_record"], "persons", "has", "have")
        print_text(f"{without} no record; nothing was stored for them.")
    if entries.get("waiting"):
        waiting = counted(entries["waiting"], "messages", "waits", "wait")
        print_text(f"{waiting} for the records: serienpost resume {run}")


def _when(moment: datetime | None) -> str:
    return day_and_time(moment) if moment else "-"


def _story(run: Run, row: str) -> Reply:
    found = run.story(row)

    def text() -> None:
        for one in found:
            print_facts(_told(one))

    return Reply({"run": run.id, "messages": [one.document() for one in found]}, text)


def _told(one: MessageStory) -> Iterable[tuple[str, object]]:
    yield "row", one.row
    yield "what", f"{one.title} ({one.kind}, {one.purpose})"
    yield "state", one.state
    if one.code or one.text:
        yield "why", joined(": ", [each for each in (one.code, one.text) if each])
    if one.scheduled_for:
        yield "scheduled for", day_and_time(one.scheduled_for)
    yield "handed over" if one.scheduled_for else "sent", _when(one.sent_at)
    yield "reference", one.ref
    known = "; ".join(one.evidence or [])
    if one.state != "suppressed":
        yield "consent", known or "-"
    elif known:
        yield "allowed before", known
    if one.override:
        by = f"{one.override['id']} by {one.override['user']}"
        yield "override", f"{by}: {one.override['reason']}"
    yield from _approval(one)
    for attempt in one.log:
        yield f"attempt {attempt['attempt']}", _attempt(attempt)
    for decision in one.decisions:
        told = f"{_when(decision['at'])} by {decision['user']}"
        to = (decision["detail"] or {}).get("to") if decision["action"] == "test" else None
        yield decision["action"], f"{told} to address hash {to[:12]}" if to else told
    yield from purged(one.purged_at)
    for report in one.reports:
        yield report["kind"], f"{_when(report['at'])} {report['code'] or ''}"


def _attempt(attempt: Mapping[str, Any]) -> str:
    rest = (attempt[key] for key in ("outcome", "stage", "code", "text"))
    return " ".join(str(part) for part in (_when(attempt["started_at"]), *rest) if part)


def _manifest(run: Run) -> Reply:
    data = run.manifest()

    def text() -> None:
        accepted = f"by {data.disclaimer_by} at {_when(data.disclaimer_at)}"
        known = (("contract", data.contract), ("attestation", data.attestation))
        print_facts(
            [
                ("run", data.run),
                *((key, value) for key, value in known if value),
                *([("disclaimer accepted", accepted)] if data.disclaimer_at else []),
            ]
        )
        print_table(
            ["field", "class", "by macro", "people", "to", "region"],
            [
                [
                    one.name,
                    one.sensitivity,
                    one.macro,
                    one.people,
                    one.processor or "the practice's own machines",
                    one.region or "",
                ]
                for one in data.fields
            ],
        )
        reasons = {one.name: one.because for one in data.fields if one.because}
        if reasons:
            print_facts([(f"{name} may leave because", why) for name, why in reasons.items()])

    return Reply(data.document(), text)


def _reason(one: ReasonCount) -> str:
    """The reason, and some of the rows that it stands for where each has its own words."""
    more = ", ..." if one.messages > len(one.rows) else ""
    return f"{one.text or ''}{': ' + ', '.join(one.rows) + more if one.rows else ''}"


@click.command(name="report")
@click.argument("run")
@click.option("--html", "html_file", metavar="FILE", help="Write one self-contained page.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write who did not get it (yet), and why.")
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
                ("run", data.run),
                ("mailing", f"{data.mailing} by {data.kind} from account {data.account}"),
                ("state", data.standing),
                *_approval(data),
                *([("finished", _when(data.finished_at))] if data.finished_at else []),
                *sorted(data.counts.items()),
            ]
        )
        print_table(
            ["state", "code", "messages", "reason"],
            [[r.state, r.code or "", r.messages, _reason(r)] for r in data.reasons],
        )
        for reason in data.reasons:
            if reason.advice:
                print_text(f"{reason.state} {reason.code or ''}: {reason.advice}")
        if data.tests:
            print_table(
                ["test at", "by", "address hash", "data of"],
                [[_when(t.at), t.user, (t.to or "file")[:12], t.row or ""] for t in data.tests],
            )
        for name in files:
            say(f"written: {name}")

    return Reply({**data.document(), "files": files}, text)
