"""`report`: how a run went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import facts, table
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply

if TYPE_CHECKING:
    from serienpost.context import PracticeContext


@click.command(name="report")
@click.argument("run")
@click.option("--html", "html_file", metavar="FILE", help="Write one self-contained page.")
@click.option("--csv", "csv_file", metavar="FILE", help="Write who did not get it, and why.")
@json_option
@with_practice
def report_command(
    context: PracticeContext, run: str, html_file: str | None, csv_file: str | None
) -> Reply:
    """Report how a run went, as text, HTML or CSV."""
    from serienpost.files import private_file
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.summary import figures, page, write_failures

    ledger = open_ledger(context)
    data = figures(ledger, run, context.zone)
    files = []
    if html_file:
        with private_file(Path(html_file)) as file:
            file.write(page(data))
        files.append(html_file)
    if csv_file:
        with private_file(Path(csv_file)) as file:
            write_failures(ledger, run, file)
        files.append(csv_file)

    def text() -> None:
        facts(
            [
                ("run", run),
                ("mailing", f"{data['mailing']} by {data['kind']} from account {data['account']}"),
                ("state", data["state"]),
                ("released", f"{data['approved_at'] or '-'} by {data['approved_by'] or '-'}"),
                ("finished", data["finished_at"] or "-"),
                *sorted(data["counts"].items()),
            ]
        )
        table(
            ["state", "code", "reason", "messages"],
            [
                [r["state"], r["code"] or "", r["text"] or "", r["messages"]]
                for r in data["reasons"]
            ],
        )
        for name in files:
            click.echo(f"written: {name}")

    return Reply({**data, "files": files}, text)
