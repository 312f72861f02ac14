"""`users`: who may use the desk, and what they may do there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from serienpost import words
from serienpost.cli.group import json_option
from serienpost.cli.output import print_table, say
from serienpost.cli.practice import with_practice
from serienpost.cli.reply import Reply
from serienpost.errors import SerienpostError
from serienpost.rights import Right
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.service import Practice, UserLine

_ = Texts(__name__)

_ALL = tuple(right.value for right in Right)


def _rights(command: Callable[..., object]) -> Callable[..., object]:
    """The rights that a command names."""
    for option in (
        click.option(
            "--admin", is_flag=True, help=_("All rights: read, prepare, approve, administer.")
        ),
        click.option(
            "--right",
            "rights",
            multiple=True,
            type=click.Choice(_ALL),
            metavar="RIGHT",
            help=_("read (everybody's), prepare, approve or administer; may be repeated."),
        ),
    ):
        command = option(command)
    return command


@click.group(name="users")
def users_command() -> None:
    """Say who may use the desk, and what they may do there."""


@users_command.command(name="add", short_help=_("Add a user."))
@click.argument("name", metavar="NAME")
@_rights
@json_option
@with_practice
def users_add(practice: Practice, name: str, rights: tuple[str, ...], admin: bool) -> Reply:
    """Add a user, who may read unless more rights are named.

    The password is asked twice; without a terminal it is the first line of stdin.
    """
    done = practice.add_user(name, _password, _ALL if admin else rights)
    may = words.rights(done.rights)
    return Reply(
        {"user": done},
        lambda: say(_("{name} is added and may {rights}", name=done.name, rights=may)),
    )


@users_command.command(name="change", short_help=_("Change rights or password of a user."))
@click.argument("name", metavar="NAME")
@_rights
@click.option("--password", is_flag=True, help=_("Ask for a new password, as users add does."))
@json_option
@with_practice
def users_change(
    practice: Practice, name: str, rights: tuple[str, ...], admin: bool, password: bool
) -> Reply:
    """Give a user exactly the rights that are named, a new password, or both.

    Whoever is logged in as this user must log in again.
    """
    if not (rights or admin or password):
        raise click.UsageError(_("name what is to change: --right, --admin or --password"))
    given = _ALL if admin else rights
    done = practice.change_user(
        name, rights=given or None, password=_password if password else None
    )
    return Reply(
        {"user": done},
        lambda: say(
            _(
                "{name} is changed and may {rights}",
                name=done.name,
                rights=words.rights(done.rights),
            )
        ),
    )


@users_command.command(name="remove", short_help=_("Remove a user."))
@click.argument("name", metavar="NAME")
@json_option
@with_practice
def users_remove(practice: Practice, name: str) -> Reply:
    """Remove a user. What the ledger says of this user's decisions stays."""
    done = practice.remove_user(name)
    return Reply({"user": done}, lambda: say(_("{name} is removed", name=done.name)))


@users_command.command(name="list", short_help=_("List the users and what they may do."))
@json_option
@with_practice
def users_list(practice: Practice) -> Reply:
    """List the users and what they may do."""
    found = practice.users()

    def text() -> None:
        print_table(
            [_("user"), _("added"), _("changed"), _("may")],
            [[one.name, one.added_at, one.changed_at, words.rights(one.rights)] for one in found],
        )

    return Reply({"users": found}, text)


@users_command.command(name="history", short_help=_("Show who logged in, who changed users."))
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, help=_("Lines at most (50).")
)
@json_option
@with_practice
def users_history(practice: Practice, limit: int) -> Reply:
    """Show who logged in at the desk, and who added, changed or removed a user, the newest first.

    What was done about a run, show and report say. Log-ins are kept as long as values are
    (retention.values).
    """
    found = practice.user_history(limit)

    def text() -> None:
        print_table(
            [_("at"), _("who"), _("did"), _("user"), _("may")],
            [
                [one.at, one.user, words.action(one.action), _about(one), words.rights(one.rights)]
                for one in found
            ],
        )

    return Reply({"history": found}, text)


def _about(line: UserLine) -> str:
    """The user that a line is about; of a log-in nobody else."""
    if line.action == "log in":
        return ""
    return _("{name}, new password", name=line.name) if line.password else line.name


def _password() -> str:
    """The new password: asked twice and not shown at a terminal, else a line of stdin.

    Raises:
        SerienpostError: stdin is empty, or no text.
    """
    if sys.stdin.isatty():
        asked: str = click.prompt(
            str(_("Password (is not shown)")), hide_input=True, confirmation_prompt=True, err=True
        )
        return asked
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise SerienpostError(_("the password is no text in UTF-8")) from None
    if not line:
        raise SerienpostError(
            _("there is no password"),
            hint=_("type it at a terminal, or give it as one line on stdin"),
        )
    return line.rstrip("\r\n")
