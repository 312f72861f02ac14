"""`preview` and `test`: see what would leave before anybody gets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.practice import user_name, with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, Problem

if TYPE_CHECKING:
    from serienpost.context import PracticeContext


@click.command(name="preview")
@click.argument("run")
@click.option("--recipient", metavar="ROW", help="This row or person. Default: the first marked.")
@click.option("--all", "every", is_flag=True, help="All marked rows.")
@click.option("--out", metavar="DIR", help="Folder for the files. Default: vorschau/RUN.")
@json_option
@with_practice
def preview_command(
    context: PracticeContext, run: str, recipient: str | None, every: bool, out: str | None
) -> Reply:
    """Write what would leave as files."""
    from serienpost.files import private_folder, write_private
    from serienpost.ledger.store import open_ledger
    from serienpost.run.prepare.renderer import load_renderer
    from serienpost.run.report.preview import preview

    ledger = open_ledger(context)
    renderer = load_renderer(context, ledger, run)
    folder = Path(out) if out else context.path("vorschau") / run
    written = []
    for row_id, files in preview(renderer, ledger, run, recipient, every=every):
        private_folder(folder)
        for suffix, data in files.items():
            path = folder / f"{row_id.replace(':', '-').replace('/', '_')}{suffix}"
            write_private(path, data)
            written.append({"row": row_id, "file": str(path)})

    def text() -> None:
        for one in written[:10]:
            click.echo(f"{one['row']}: {one['file']}")
        if len(written) > 10:
            click.echo(f"... {len(written)} files in {folder}")

    return Reply({"run": run, "files": written}, text)


@click.command(name="test")
@click.argument("run")
@click.option("--to", metavar="ADDRESS", required=True, help="Your own address; letters: a file.")
@click.option("--recipient", metavar="ROW", help="Use this marked row's data, not made-up data.")
@json_option
@with_practice
def test_command(context: PracticeContext, run: str, to: str, recipient: str | None) -> Reply:
    """Send one message to an address of your own."""
    from serienpost.cli.disclaimer import accepted_by
    from serienpost.contracts.outcomes import Accepted
    from serienpost.ledger.store import open_ledger
    from serienpost.run.prepare.renderer import load_renderer
    from serienpost.run.report.preview import send_test

    ledger = open_ledger(context)
    renderer = load_renderer(context, ledger, run)
    if recipient:
        accepted_by(context, renderer.header.account)
    if recipient and not renderer.channel.repeatable:
        processor = renderer.processor()
        whom = f"{processor.name} ({processor.region})" if processor else "your own mail server"
        click.echo(f"the data of {recipient} goes to the address you named, by {whom}", err=True)
    outcome = send_test(renderer, ledger, run, to, recipient, user_name())
    result = type(outcome).__name__.lower()
    if isinstance(outcome, Accepted):
        where = f"written to {to}" if renderer.channel.repeatable else "look into the mailbox"
        return Reply({"run": run, "outcome": result}, lambda: click.echo(f"{result}; {where}"))
    problem = Problem(f"the test was not accepted: {result} {outcome.text}".rstrip())
    return Reply({"run": run, "outcome": result}, exit=Exit.REFUSED, problems=(problem,))
