"""`check` and `prepare`: from a mailing to a run that can be looked at."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import folded_lines, print_text
from serienpost.cli.practice import with_practice
from serienpost.cli.questions import ask
from serienpost.cli.reply import Reply
from serienpost.errors import SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from serienpost.service import Practice
    from serienpost.service.mailing import EditedText, Instead

_ = Texts(__name__)


@click.command(name="check")
@click.argument("mailing")
@json_option
@with_practice
def check_command(practice: Practice, mailing: str) -> Reply:
    """Check a mailing without reading any recipient."""
    checked = practice.check(mailing)
    kind = checked.kind_title

    def text() -> None:
        print_text(_("{mailing}: nothing is wrong", mailing=checked.mailing))
        macros = list(checked.macros) or [_.pgettext("macros", "none")]
        lines = [
            _("goes by {kind} from account {account}", kind=kind, account=checked.account),
            _("macros: {names}", names=macros),
            _("fields read: {names}", names=checked.fields),
        ]
        for line in lines:
            _print_folded(line, "  ")
        for note in checked.notes:
            first, *further = str(note).splitlines()
            _print_folded(first, "  ")
            for more in further:
                _print_folded(more, "    ")

    return Reply(checked.document(), text)


def _print_folded(text: str, indent: str) -> None:
    for line in folded_lines(text, indent, f"{indent}  "):
        click.echo(line)


@click.command(name="prepare")
@click.argument("mailing")
@click.option(
    "--for", "due", metavar="DATE", help=_("Due date: 30.11., morgen, 2026-11-30. Default: today.")
)
@click.option("--edit", is_flag=True, help=_("Open the text in $EDITOR, for this run only."))
@click.option("--account", help=_("Send from this account instead."))
@click.option("--template", help=_("Use this template instead."))
@click.option("--signature", help=_("Use this signature instead."))
@click.option("--exclude-already-sent", is_flag=True, help=_("Unmark who had this mailing before."))
@click.option("--summary", is_flag=True, help=_("Leave the rows out."))
@json_option
@with_practice
def prepare_command(
    practice: Practice,
    mailing: str,
    due: str | None,
    edit: bool,
    exclude_already_sent: bool,
    summary: bool,
    **instead: str | None,
) -> Reply:
    """Select, review, render and freeze a mailing as a run."""
    from serienpost.cli.progress import Display
    from serienpost.cli.review import review_reply
    from serienpost.service import Transliteration

    day = practice.day(due) if due else None
    other = cast("Instead", {key: value for key, value in instead.items() if value is not None})
    text = _edited(practice.text_of(mailing, other)) if edit else None
    rewrite: bool | None = None
    while True:
        with Display(practice.context.zone, reads=True) as display:
            found = practice.prepare(
                mailing,
                due=day,
                instead=other,
                text=text,
                rewrite_signs=rewrite,
                exclude_already_sent=exclude_already_sent,
                progress=display.counted,
            )
        if not isinstance(found, Transliteration):
            return review_reply(found, rows=not summary)
        rewrite = ask(
            _(
                "{mailing}: signs that make an SMS longer could be rewritten: {changes}. "
                "Rewrite them?",
                mailing=found.mailing,
                changes=found.changes,
            ),
            _("transliterate: always (or never) to the mailing"),
        )


def _edited(before: EditedText) -> EditedText:
    """The text as changed in the editor; the template itself stays.

    Raises:
        SerienpostError: there is no editor, or nobody to use it.
    """
    if not (sys.stdin.isatty() or os.environ.get("VISUAL") or os.environ.get("EDITOR")):
        raise SerienpostError(_("nobody is there to edit the text"), hint=_("leave --edit out"))
    try:
        after = click.edit(before.text, extension=".md")
    except click.ClickException as error:
        failed = _("the editor failed: {error}", error=error.format_message())
        raise SerienpostError(failed) from error
    if after is None:
        raise SerienpostError(_("the text was not saved; nothing was prepared"))
    return before.changed(after)
