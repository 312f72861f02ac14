"""`runs` and `show`: what happened, to whom, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import Cell, facts, table
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Row

    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger

_STYLE = {"accepted": "green", "delivered": "green", "failed": "red", "in_doubt": "yellow"}
_MOST_ROWS = 200


@click.command(name="runs")
@click.option("--limit", default=20, show_default=True, help="The newest so many.")
@json_option
@with_practice
def runs_command(context: PracticeContext, limit: int) -> Reply:
    """List runs and their states."""
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.history import list_runs

    runs = list_runs(open_ledger(context), limit)

    def text() -> None:
        table(
            ["run", "mailing", "due", "state", "why", "messages"],
            [
                [
                    r["run"],
                    r["mailing"],
                    r["due"],
                    r["state"],
                    r["reason"] or "",
                    ", ".join(f"{n} {state}" for state, n in r["counts"].items()),
                ]
                for r in runs
            ],
        )

    return Reply({"runs": runs}, text)


@click.command(name="show")
@click.argument("run")
@click.option("--recipient", metavar="ROW", help="What this person got, when, on which consent.")
@click.option("--manifest", is_flag=True, help="Which fields left, to whom, for how many people.")
@json_option
@with_practice
def show_command(
    context: PracticeContext, run: str, recipient: str | None, manifest: bool
) -> Reply:
    """Show a run, or what one person got and why."""
    from serienpost.ledger.store import open_ledger

    ledger = open_ledger(context)
    if recipient:
        return _recipient(context, ledger, run, recipient)
    if manifest:
        return _manifest(context, ledger, run)
    return run_reply(context, ledger, run, messages=True, code=Exit.DONE)


def run_reply(
    context: PracticeContext, ledger: Ledger, run: str, *, messages: bool, code: Exit | None = None
) -> Reply:
    """A run's state and counts, with or without its messages.

    Without `code` the exit code describes the run.
    """
    from serienpost.ledger.runs import count_states, find_run
    from serienpost.ledger.states import MESSAGE_STATES
    from serienpost.run.report.history import messages_of
    from serienpost.run.send.archive import archive_counts
    from serienpost.run.send.session import exit_of

    with ledger.read() as tx:
        row = find_run(tx, run)
        counts = count_states(tx, run)
    data = {
        "run": run,
        "mailing": row.mailing,
        "state": row.state,
        "reason": row.reason,
        "counts": {state: counts.get(state, 0) for state in MESSAGE_STATES},
    }

    def text() -> None:
        if messages:
            troubled = messages_of(ledger, run, first=("in_doubt", "failed"))
            _show_messages(troubled, sum(counts.values()))
        _show_run(row, counts, context.zone)
        _advise(row, counts)
        _tell_records(row, archive_counts(ledger, run))

    return Reply(
        data,
        text,
        exit_of(row, counts) if code is None else code,
        stream=("messages", messages_of(ledger, run)) if messages else None,
    )


def _show_messages(messages: Iterable[dict[str, Any]], total: int) -> None:
    shown: list[Sequence[object]] = []
    for one in messages:
        if len(shown) == _MOST_ROWS:
            click.echo(f"The first {_MOST_ROWS} of {total} messages; report --csv writes all.")
            break
        shown.append(
            [
                one["row"],
                Cell(one["state"], _STYLE.get(one["state"], "")),
                one["attempts"],
                one["code"] or "",
                one["text"] or "",
            ]
        )
    table(["row", "state", "attempts", "code", "text"], shown)


def _show_run(row: Row[Any], counts: dict[str, int], zone: ZoneInfo) -> None:
    reason = f" ({row.reason}: {row.reason_text})" if row.reason else ""
    facts(
        [
            ("run", row.id),
            ("mailing", f"{row.mailing} by {row.kind} from account {row.account}"),
            ("state", f"{row.state}{reason}"),
            *([("until", when(row.until, zone))] if row.until else []),
            ("approved", f"{when(row.approved_at, zone)} by {row.approved_by or '-'}"),
            ("finished", when(row.finished_at, zone)),
            *((state, n) for state, n in sorted(counts.items())),
            *(("file", name) for name in row.files or ()),
        ]
    )


def _advise(row: Row[Any], counts: dict[str, int]) -> None:
    """What a person can do next."""
    if not counts:
        click.echo("Nobody was selected.")
    elif row.state == "finished" and not set(counts) - {"suppressed", "cancelled"}:
        click.echo("Nothing was sent; serienpost report says why.")
    if counts.get("in_doubt"):
        click.echo(
            f"Nobody knows about {counts['in_doubt']} messages. Find out, then: "
            f"serienpost resolve {row.id} --recipient ROW --as accepted|resend|failed"
        )
    if counts.get("failed"):
        click.echo(f"To try the failed ones again: serienpost retry {row.id} --failed")
    if row.state in ("paused", "approved", "sending"):
        click.echo(f"To go on: serienpost resume {row.id}")


def _tell_records(row: Row[Any], entries: dict[str, int]) -> None:
    """What became of the messages in the persons' records."""
    if entries.get("stored"):
        click.echo(f"{entries['stored']} messages are in the persons' records.")
    if entries.get("no_record"):
        click.echo(f"{entries['no_record']} persons have no record; nothing was stored for them.")
    if entries.get("waiting"):
        click.echo(f"{entries['waiting']} wait for the records: serienpost resume {row.id}")


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """A time as users see it, in practice time."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else "-"


def _recipient(context: PracticeContext, ledger: Ledger, run: str, row_id: str) -> Reply:
    from serienpost.run.report.history import biography

    found = biography(ledger, run, row_id, context.zone)

    def text() -> None:
        for one in found:
            facts(
                [
                    ("row", one["row"]),
                    ("what", f"{one['title']} ({one['kind']}, {one['purpose']})"),
                    ("state", one["state"]),
                    ("sent", one["sent_at"] or "-"),
                    ("reference", one["ref"]),
                    ("consent", "; ".join(one["evidence"] or []) or "-"),
                    *_override(one["override"]),
                    ("released", f"{one['approved_at'] or '-'} by {one['approved_by'] or '-'}"),
                    *((f"attempt {a['attempt']}", _attempt(a)) for a in one["log"]),
                    *((d["action"], f"{d['at']} by {d['user']}") for d in one["decisions"]),
                    *((r["kind"], f"{r['at']} {r['code'] or ''}") for r in one["reports"]),
                ]
            )

    return Reply({"run": run, "messages": found}, text)


def _override(override: dict[str, Any] | None) -> Iterable[tuple[str, str]]:
    if override:
        yield "override", f"{override['id']} by {override['user']}: {override['reason']}"


def _attempt(attempt: dict[str, Any]) -> str:
    parts = (attempt[key] for key in ("started_at", "outcome", "stage", "code", "text"))
    return " ".join(str(part) for part in parts if part)


def _manifest(context: PracticeContext, ledger: Ledger, run: str) -> Reply:
    from serienpost.run.report.manifest import manifest

    data = manifest(context, ledger, run)

    def text() -> None:
        accepted = f"by {data['disclaimer_by']} at {data['disclaimer_at']}"
        facts(
            [
                ("run", run),
                *((key, data[key]) for key in ("contract", "attestation") if data[key]),
                *([("disclaimer accepted", accepted)] if data["disclaimer_at"] else []),
            ]
        )
        table(
            ["field", "class", "by macro", "people", "to", "region"],
            [
                [
                    *(f[key] for key in ("field", "class", "macro", "people")),
                    f["processor"] or "the practice's own machines",
                    f["region"] or "",
                ]
                for f in data["fields"]
            ],
        )

    return Reply(data, text)
