"""`review --explain` and `--history`: why a row goes out or not, and who changed that."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.output import table
from serienpost.cli.reply import Reply

if TYPE_CHECKING:
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger


def explanation(context: PracticeContext, ledger: Ledger, run: str, row_id: str) -> Reply:
    """What each check said about a row, by which record and when, and what would change it."""
    from serienpost.ledger.runs import find_rows
    from serienpost.run.report.history import asked_at
    from serienpost.run.report.recipients import recipient

    with ledger.read() as tx:
        rows = find_rows(tx, run, row_id)
        asked = asked_at(tx, run, [row.no for row in rows])
    found = [recipient(row) for row in rows]
    data = {
        "run": run,
        "asked_at": asked and asked.astimezone(context.zone).isoformat(timespec="seconds"),
        "recipients": found,
        "overrides": {row.row_id: _local(row.override, context) for row in rows if row.override},
    }

    def text() -> None:
        for row in found:
            _explain(row, data)

    return Reply(data, text)


def _local(override: dict[str, Any], context: PracticeContext) -> dict[str, Any]:
    """The override with its time as users see it."""
    at = datetime.fromisoformat(override["at"]).astimezone(context.zone)
    return {**override, "at": at.isoformat(timespec="seconds")}


def _explain(row: dict[str, Any], data: dict[str, Any]) -> None:
    click.echo(f"{row['row']}: {'goes out' if row['marked'] else 'does not go out'}")
    if not row["reachable"]:
        click.echo(f"  not reachable: {row['unreachable_reason']}")
        click.echo("  what would change it: a correct address in the master data; prepare again")
        return
    if row["unmarked"]:
        click.echo(f"  not marked: {row['unmarked']['reason']}")
        way = "--include" if row["unmarked"]["includable"] else "the reason; then prepare again"
        click.echo(f"  what would change it: {way}")
    by = data["overrides"].get(row["row"])
    if by:
        covered = ", ".join(f"{check}.{code}" for check, code in by["codes"])
        click.echo(
            f"  override {by['id']} of {covered} by {by['user']} at {by['at']}: {by['reason']}"
        )
    click.echo(f"  consent, asked {data['asked_at'] or '-'}:")
    table(
        ["check", "verdict", "code", "reason or evidence", "what would change it"],
        [
            [answer["check"], answer["verdict"], answer["code"], answer["reason"], answer["remedy"]]
            for answer in row["consent"]
        ],
    )


def changes(context: PracticeContext, ledger: Ledger, run: str) -> Reply:
    """Who changed the marks of a run, when and why, the oldest first."""
    from serienpost.run.report.history import mark_changes

    found = mark_changes(ledger, run, context.zone)

    def text() -> None:
        table(
            ["at", "by", "change", "row", "detail"],
            [[c["at"], c["user"], c["action"], c["row"], _detail(c["detail"])] for c in found],
        )

    return Reply({"run": run, "changes": found}, text)


def _detail(detail: dict[str, Any] | None) -> str:
    known = detail or {}
    return str(known.get("reason") or known.get("kept") or known.get("plan") or "")
