"""`suppress`, `events`, `purge`, `export-person`, `erase-person`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import table
from serienpost.cli.practice import ask, user_name, with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import ConfigError, SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.consent.suppression_file import Entry
    from serienpost.context import PracticeContext
    from serienpost.ledger.store import Ledger


def _addresses(command: Callable[..., object]) -> Callable[..., object]:
    """The addresses that a command names, on the command line and in a file."""
    for option in (
        click.option("--csv", "csv_file", metavar="FILE", help="Also those in a file."),
        click.option(
            "--kind", default="email", show_default=True, help="email, sms or a channel's own."
        ),
        click.argument("addresses", nargs=-1, metavar="ADDRESS..."),
    ):
        command = option(command)
    return command


@click.group(name="suppress")
def suppress_command() -> None:
    """Keep the list of addresses that must not be written to."""


@suppress_command.command(name="add")
@_addresses
@json_option
@with_practice
def suppress_add(
    context: PracticeContext, addresses: tuple[str, ...], kind: str, csv_file: str | None
) -> Reply:
    """Put addresses on the list; only their keyed hashes are kept."""
    from serienpost.ledger.store import open_ledger
    from serienpost.ledger.suppressions import suppress

    ledger = open_ledger(context)
    given = _given(context, ledger, addresses, kind, csv_file)
    source = f"by {user_name()}"
    with ledger.begin("suppress") as tx:
        added = sum(suppress(tx, e.kind, e.address_hash, e.reason, source) for e in given)
        tx.note(user_name(), "suppress add", detail={"kind": kind, "added": added})
    return Reply(
        {"added": added, "known": len(given) - added},
        lambda: click.echo(f"{added} added, {len(given) - added} were on the list"),
    )


@suppress_command.command(name="remove")
@_addresses
@json_option
@with_practice
def suppress_remove(
    context: PracticeContext, addresses: tuple[str, ...], kind: str, csv_file: str | None
) -> Reply:
    """Take addresses off the list."""
    from serienpost.ledger.store import open_ledger
    from serienpost.ledger.suppressions import release

    ledger = open_ledger(context)
    given = _given(context, ledger, addresses, kind, csv_file)
    with ledger.begin("unsuppress") as tx:
        removed = sum(release(tx, e.kind, e.address_hash) for e in given)
        tx.note(user_name(), "suppress remove", detail={"kind": kind, "removed": removed})
    return Reply({"removed": removed}, lambda: click.echo(f"{removed} removed"))


@suppress_command.command(name="list")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the list to a file.")
@json_option
@with_practice
def suppress_list(context: PracticeContext, csv_file: str | None) -> Reply:
    """Show the list; of the addresses only the beginning of their hashes is known."""
    from serienpost.consent.suppression_file import write
    from serienpost.ledger.store import open_ledger
    from serienpost.ledger.suppressions import entries

    ledger = open_ledger(context)
    with ledger.read() as tx:
        found = [
            {
                "kind": row.kind,
                "address_hash": row.address_hash,
                "reason": row.reason,
                "source": row.source,
                "since": row.since.astimezone(context.zone).isoformat(timespec="seconds"),
            }
            for row in entries(tx)
        ]
    if csv_file:
        write(Path(csv_file), found, ledger)

    def text() -> None:
        table(
            ["kind", "address hash", "reason", "source", "since"],
            [
                [f["kind"], f["address_hash"][:12], f["reason"], f["source"], f["since"]]
                for f in found
            ],
        )

    return Reply({"entries": found}, text)


@click.command(name="events")
@click.argument("account", required=False)
@json_option
@with_practice
def events_command(context: PracticeContext, account: str | None) -> Reply:
    """Ask providers for reports, bounces and complaints."""
    from serienpost.ledger.store import open_ledger
    from serienpost.run.send.events import poll_events

    known = context.config.accounts
    if account is not None and account not in known:
        raise ConfigError(f"there is no account {account}", hint=f"one of {', '.join(known)}")
    ledger = open_ledger(context)
    found = []
    for name in [account] if account else list(known):
        taken = poll_events(context, ledger, name)
        counts = {"new": taken.new, "changed": taken.changed, "suppressed": taken.suppressed}
        found.append({"account": name, **counts})

    def text() -> None:
        table(
            ["account", "new events", "messages changed", "addresses suppressed"],
            [list(one.values()) for one in found],
        )

    return Reply({"accounts": found}, text)


@click.command(name="purge")
@json_option
@with_practice
def purge_command(context: PracticeContext) -> Reply:
    """Remove what the retention periods no longer cover."""
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.retention import purge

    done = purge(context, open_ledger(context), user_name())

    def text() -> None:
        click.echo(f"{done.values} runs lost their values and addresses")
        click.echo(f"{done.unapproved} runs that nobody released were removed")
        click.echo(f"{done.messages} old runs were removed")

    data = {"values": done.values, "unapproved": done.unapproved, "messages": done.messages}
    return Reply(data, text)


@click.command(name="export-person")
@click.argument("person", metavar="ID")
@click.option("--out", metavar="FILE", help="Write to a file instead of the terminal.")
@json_option
@with_practice
def export_person_command(context: PracticeContext, person: str, out: str | None) -> Reply:
    """Give out everything that the ledger knows about a person."""
    from serienpost.files import private_file
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.retention import export_person

    data = export_person(context, open_ledger(context), person)
    if out:
        with private_file(Path(out)) as file:
            json.dump(data, file, ensure_ascii=False, indent=1)
        return Reply({"person": person, "file": out}, lambda: click.echo(f"written: {out}"))
    return Reply(data, lambda: click.echo(json.dumps(data, ensure_ascii=False, indent=1)))


@click.command(name="erase-person")
@click.argument("person", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_practice
def erase_person_command(context: PracticeContext, person: str, yes: bool) -> Reply:
    """Replace a person by a tombstone everywhere in the ledger."""
    from serienpost.ledger.store import open_ledger
    from serienpost.run.report.retention import erase_person

    if not yes and not ask(f"Erase {person} from the ledger for good?", "--yes"):
        raise SerienpostError("nothing was erased")
    changed = erase_person(context, open_ledger(context), person, user_name())
    return Reply(
        {"person": person, "messages": changed},
        lambda: click.echo(f"{changed} messages no longer name {person}"),
    )


def _given(
    context: PracticeContext,
    ledger: Ledger,
    addresses: tuple[str, ...],
    kind: str,
    csv_file: str | None,
) -> list[Entry]:
    """What the user names, as arguments or in a file."""
    from serienpost.consent.suppression_file import named

    if not addresses and not csv_file:
        raise click.UsageError("name addresses, or a file with --csv")
    return named(context, ledger, addresses, kind, csv_file)
