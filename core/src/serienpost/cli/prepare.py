"""`check`, `prepare` and `review`'s preparation: from a mailing to a run that can be looked at."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from serienpost.cli.group import json_option
from serienpost.cli.practice import user_name, with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import ConfigError, SerienpostError

if TYPE_CHECKING:
    from serienpost.config.mailing import Mailing
    from serienpost.context import PracticeContext
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.templates.folder import TemplateFiles


@click.command(name="check")
@click.argument("mailing")
@json_option
@with_practice
def check_command(context: PracticeContext, mailing: str) -> Reply:
    """Check a mailing without reading any recipient."""
    from serienpost.run.prepare import provider_template as kept
    from serienpost.run.prepare import transliteration

    renderer = checked(context, mailing, {}, due=today(context))
    data: dict[str, Any] = {
        "mailing": renderer.header.mailing,
        "kind": renderer.kind.name,
        "account": renderer.header.account,
        "macros": sorted(renderer.macros),
        "fields": sorted({f for b in renderer.blocks for f in renderer.request(b).fields}),
        "notes": [*kept.notes(renderer), *transliteration.notes(renderer)],
    }

    def text() -> None:
        click.echo(f"{renderer.header.mailing}: nothing is wrong")
        click.echo(f"  goes by {renderer.kind.title} from account {renderer.header.account}")
        click.echo(f"  macros: {', '.join(data['macros']) or 'none'}")
        click.echo(f"  fields read: {', '.join(data['fields'])}")
        for note in data["notes"]:
            click.echo(f"  {note}")

    return Reply(data, text)


@click.command(name="prepare")
@click.argument("mailing")
@click.option("--for", "due", metavar="DATE", help="Due date, YYYY-MM-DD. Default: today.")
@click.option("--edit", is_flag=True, help="Open the text in $EDITOR, for this run only.")
@click.option("--account", help="Send from this account instead.")
@click.option("--template", help="Use this template instead.")
@click.option("--signature", help="Use this signature instead.")
@click.option("--exclude-already-sent", is_flag=True, help="Unmark who had this mailing before.")
@click.option("--summary", is_flag=True, help="Leave the rows out.")
@json_option
@with_practice
def prepare_command(
    context: PracticeContext,
    mailing: str,
    due: str | None,
    edit: bool,
    exclude_already_sent: bool,
    summary: bool,
    **instead: str | None,
) -> Reply:
    """Select, review, render and freeze a mailing as a run."""
    run_id = prepare_run(
        context,
        mailing,
        due=parse_day(due) if due else today(context),
        instead={key: value for key, value in instead.items() if value is not None},
        edit=edit,
        exclude_already_sent=exclude_already_sent,
    )
    from serienpost.cli.review import review_reply

    return review_reply(context, run_id, rows=not summary)


def prepare_run(
    context: PracticeContext,
    mailing: str,
    *,
    due: date,
    instead: dict[str, str],
    edit: bool = False,
    exclude_already_sent: bool = False,
    unattended: bool = False,
) -> str:
    """Prepare a run; returns its id. Unattended nothing is asked."""
    from serienpost.cli.progress import counting
    from serienpost.ledger.store import open_ledger
    from serienpost.run.prepare.freeze import discard_dead, prepare

    renderer = _decided(checked(context, mailing, instead, due=due, edit=edit), unattended)
    ledger = open_ledger(context)
    discard_dead(ledger)
    with counting("rows") as progress:
        return prepare(
            renderer,
            ledger,
            user_name(),
            exclude_already_sent=exclude_already_sent,
            progress=progress,
        )


def checked(
    context: PracticeContext, name: str, instead: dict[str, str], *, due: date, edit: bool = False
) -> RunRenderer:
    """Load and check a mailing, with what the command line names instead."""
    from serienpost.config.loading import load_mailing
    from serienpost.run.prepare.check import check_mailing

    mailing = load_mailing(context, name)
    if instead:
        mailing = _replaced(context, mailing, instead)
    return check_mailing(context, mailing, due, _edited(context, mailing) if edit else None)


def _decided(renderer: RunRenderer, unattended: bool) -> RunRenderer:
    """Ask whether signs that make an SMS longer are written in another way."""
    from dataclasses import replace

    from serienpost.cli.practice import ask
    from serienpost.run.prepare.renderer import RunRenderer
    from serienpost.run.prepare.transliteration import listed, text_changes

    header = renderer.header
    found = text_changes(renderer) if header.transliterate == "ask" else None
    if not found:
        return renderer
    question = (
        f"{header.mailing}: signs that make an SMS longer could be rewritten: {listed(found)}."
    )
    if unattended:
        click.echo(f"{question} They stay; transliterate: always rewrites them.", err=True)
        rewrite = False
    else:
        rewrite = ask(
            f"{question} Rewrite them?", "transliterate: always (or never) to the mailing"
        )
    decided = replace(header, transliterate="always" if rewrite else "never")
    return RunRenderer(renderer.context, decided, renderer.assets)


def _replaced(context: PracticeContext, mailing: Mailing, instead: dict[str, str]) -> Mailing:
    from difflib import get_close_matches

    for key, known in (
        ("account", context.config.accounts),
        ("signature", context.config.signatures),
    ):
        value = instead.get(key)
        if value is not None and value not in known:
            near = get_close_matches(value, known, n=1)
            hint = f"did you mean {near[0]}?" if near else None
            raise ConfigError(f"there is no {key} {value}", hint=hint)
    values: dict[str, Any] = dict(instead)
    if "template" in instead:
        values |= {"subject": None, "text": None}
    return mailing.model_copy(update=values)


def _edited(context: PracticeContext, mailing: Mailing) -> TemplateFiles:
    """The text as changed in the editor; the template itself stays."""
    from serienpost.run.prepare.check import read_text

    account = context.config.accounts[mailing.account]
    kind = context.registry.kind(context.registry.channels[account.channel])
    files = read_text(context, mailing, kind.template_suffix)
    page = next((name for name in files.files if name.endswith(".html")), None)
    if page:
        raise SerienpostError(
            f"{files.name} has a page of its own, {page}, which --edit does not change",
            hint="change the template itself, or a copy of it",
        )
    try:
        after = click.edit(files.text.text, extension=".md")
    except click.ClickException as error:
        raise SerienpostError(f"the editor failed: {error.format_message()}") from error
    if after is None:
        raise SerienpostError("the text was not saved; nothing was prepared")
    subject = files.subject.text if files.subject else None
    return files.with_text(subject, after, "edited text")


def parse_day(text: str) -> date:
    """A date as written on the command line.

    Raises:
        ConfigError: not YYYY-MM-DD or not a day of the calendar.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not a date", hint="write YYYY-MM-DD") from None


def today(context: PracticeContext) -> date:
    """Today in the practice's time zone."""
    return datetime.now(context.zone).date()
