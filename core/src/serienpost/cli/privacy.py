"""`suppress`, `events`, `purge`, `export-person`, `erase-person`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost import words
from serienpost.cli.group import json_option
from serienpost.cli.output import print_table, say
from serienpost.cli.practice import with_practice
from serienpost.cli.questions import ask
from serienpost.cli.reply import Reply
from serienpost.errors import SerienpostError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.service import Practice

_ = Texts(__name__)


def _addresses(command: Callable[..., object]) -> Callable[..., object]:
    """The addresses that a command names, on the command line and in a file."""
    for option in (
        click.option("--csv", "csv_file", metavar="FILE", help=_("Also those in a file.")),
        click.option(
            "--kind", default="email", show_default=True, help=_("email, sms or a channel's own.")
        ),
        click.argument("addresses", nargs=-1, metavar="ADDRESS..."),
    ):
        command = option(command)
    return command


@click.group(name="suppress")
def suppress_command() -> None:
    """Keep the list of addresses that must not be written to."""


@suppress_command.command(name="add", short_help=_("Put addresses on the list."))
@_addresses
@json_option
@with_practice
def suppress_add(
    practice: Practice, addresses: tuple[str, ...], kind: str, csv_file: str | None
) -> Reply:
    """Put addresses on the list; only their keyed hashes are kept."""
    _require(addresses, csv_file)
    done = practice.suppress(addresses, kind=kind, csv_file=csv_file)
    return Reply(
        done._asdict(),
        lambda: say(
            _("added: {added}, on the list before: {known}", added=done.added, known=done.known)
        ),
    )


@suppress_command.command(name="remove")
@_addresses
@json_option
@with_practice
def suppress_remove(
    practice: Practice, addresses: tuple[str, ...], kind: str, csv_file: str | None
) -> Reply:
    """Take addresses off the list."""
    _require(addresses, csv_file)
    removed = practice.unsuppress(addresses, kind=kind, csv_file=csv_file)
    return Reply({"removed": removed}, lambda: say(_("removed: {number}", number=removed)))


def _require(addresses: tuple[str, ...], csv_file: str | None) -> None:
    if not addresses and not csv_file:
        raise click.UsageError(_("name addresses, or a file with --csv"))


@suppress_command.command(name="list", short_help=_("Show the list."))
@click.option("--csv", "csv_file", metavar="FILE", help=_("Write the list to a file."))
@json_option
@with_practice
def suppress_list(practice: Practice, csv_file: str | None) -> Reply:
    """Show the list; of the addresses only the beginning of their hashes is known."""
    found = practice.suppressed()
    if csv_file:
        practice.write_suppressed(Path(csv_file))

    def text() -> None:
        print_table(
            [_("kind"), _("address hash"), _("reason"), _("source"), _("since")],
            [
                [
                    words.kind(one.kind),
                    one.address_hash[:12],
                    words.why_suppressed(one.reason),
                    one.source,
                    one.since,
                ]
                for one in found
            ],
        )

    return Reply({"entries": found}, text)


@click.command(name="events")
@click.argument("account", required=False)
@json_option
@with_practice
def events_command(practice: Practice, account: str | None) -> Reply:
    """Ask providers for reports, bounces and complaints."""
    found = practice.events(account)

    def text() -> None:
        columns = [
            _("account"),
            _("new events"),
            _("messages changed"),
            _("addresses put on the suppression list"),
        ]
        print_table(columns, found)

    return Reply({"accounts": found}, text)


@click.command(name="purge")
@json_option
@with_practice
def purge_command(practice: Practice) -> Reply:
    """Remove what the retention periods no longer cover."""
    done = practice.purge()

    def text() -> None:
        of, never, old = map(words.run_count, (done.values, done.unapproved, done.messages))
        say(_("values and addresses removed: {runs}", runs=of))
        say(_("removed because nobody approved them: {runs}", runs=never))
        say(_("removed because of their age: {runs}", runs=old))
        if done.drafts:
            say(_("removed drafts that nobody went on with: {n}", n=done.drafts))
        if done.selections:
            say(_("selections of people removed: {number}", number=done.selections))

    return Reply(done.document(), text)


@click.command(name="export-person")
@click.argument("person", metavar="ID")
@click.option("--out", metavar="FILE", help=_("Write to a file instead of the terminal."))
@json_option
@with_practice
def export_person_command(practice: Practice, person: str, out: str | None) -> Reply:
    """Give out everything that the ledger knows about a person."""
    from serienpost.files import private_file

    data = practice.export_person(person).document()
    if out:
        with private_file(Path(out)) as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        return Reply({"person": person, "file": out}, lambda: say(_("written: {file}", file=out)))
    return Reply(data, lambda: click.echo(json.dumps(data, ensure_ascii=False, indent=1)))


@click.command(name="erase-person")
@click.argument("person", metavar="ID")
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@json_option
@with_practice
def erase_person_command(practice: Practice, person: str, yes: bool) -> Reply:
    """Replace a person by a tombstone everywhere in the ledger."""
    if not yes and not ask(_("Erase {person} from the ledger for good?", person=person), "--yes"):
        raise SerienpostError(_("nothing was erased"))
    changed = practice.erase_person(person)
    return Reply(
        {"person": person, "messages": changed},
        lambda: say(
            _.ngettext(
                "{person} is erased from {n} message",
                "{person} is erased from {n} messages",
                changed,
                person=person,
            )
        ),
    )
