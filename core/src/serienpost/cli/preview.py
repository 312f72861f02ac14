"""`preview` and `test`: see what would leave before anybody gets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import say
from serienpost.cli.practice import with_practice
from serienpost.cli.questions import answered
from serienpost.cli.reply import Reply
from serienpost.errors import Exit, Problem
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.service import Practice
    from serienpost.service.own_address import TestResult

_ = Texts(__name__)


# Where a test of a kind is seen.
_LOOK = {"email": _("look into the mailbox"), "sms": _("look at the phone")}


@click.command(name="preview")
@click.argument("run")
@click.option(
    "--recipient", metavar="ROW", help=_("This row or person. Default: the first marked.")
)
@click.option(
    "--all", "every", is_flag=True, help=_("All marked rows; pages as images only of the first 20.")
)
@click.option("--out", metavar="DIR", help=_("Folder for the files. Default: vorschau/RUN."))
@json_option
@with_practice
def preview_command(
    practice: Practice, run: str, recipient: str | None, every: bool, out: str | None
) -> Reply:
    """Write what would leave as files, and what one can look at.

    \b
    e-mail (SMTP)      .eml, and .html for a browser with its images in it
    e-mail (SendGrid)  .json for SendGrid; .html and .txt as it will be read
    SMS                .txt
    letter             .pdf, and each page as .1.png ... (--all: the first 20)

    The .html loads nothing from elsewhere. All files are readable by their owner alone.
    """
    folder = Path(out) if out else None
    found = practice.run(run)
    written = found.write_preview(recipient, every=every, folder=folder)

    def text() -> None:
        for one in written[:10]:
            say(f"{one.row}: {one.file}")
        if len(written) > 10:
            parent = str(Path(written[0].file).parent)
            say(
                _.ngettext(
                    "... {n} file in {folder}",
                    "... {n} files in {folder}",
                    len(written),
                    folder=parent,
                )
            )
        rows, seen = ({one.row for one in written if one.is_view >= only} for only in (False, True))
        if 0 < len(seen) < len(rows):
            say(
                _(
                    "Pages as images: of the first {seen} of {rows}; of another one: "
                    "serienpost preview {run} --recipient ROW",
                    seen=len(seen),
                    rows=len(rows),
                    run=run,
                )
            )

    files, views = (
        [one.document() for one in written if one.is_view is is_view] for is_view in (False, True)
    )
    return Reply({"run": found.id, "files": files, "views": views}, text)


@click.command(name="test")
@click.argument("run")
@click.option(
    "--to",
    metavar="ADDRESS",
    required=True,
    help=_("Your own e-mail address or number; for letters a file."),
)
@click.option("--recipient", metavar="ROW", help=_("Use this marked row's data, not made-up data."))
@json_option
@with_practice
def test_command(practice: Practice, run: str, to: str, recipient: str | None) -> Reply:
    """Send one message to an address of your own."""
    from serienpost.service import Answers, Confirmation

    answers = Answers()
    while isinstance(result := practice.run(run).test(to, recipient, answers), Confirmation):
        answers = answered(result, answers, balance_hint="")
    data = result.document()
    if result.is_accepted:
        return Reply(data, lambda: say(_arrival(result)))
    return Reply(data, exit=Exit.REFUSED, problems=(Problem(result.refusal),))


def _arrival(result: TestResult) -> str:
    """Where a test that was accepted is seen."""
    if result.file:
        return _("accepted; written to {file}", file=result.file)
    where = _LOOK.get(result.kind, _("see it arrive"))
    return _("accepted; {where}", where=where)
