"""The `demo` command, and what `init --demo` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from serienpost import Texts

if TYPE_CHECKING:
    from serienpost import Reply

_ = Texts(__name__)

_DEFAULT_FOLDER = "demo-practice"
_INBOX = "eingang"


def init_demo(folder: Path, patients: int, seed: int) -> list[Path]:
    """Make a practice folder with a made-up practice and return the files written.

    Raises:
        SerienpostError: the folder holds a practice already, cannot be written, or the number of
            patients is not 1 to 1,000,000.
    """
    from serienpost_demo.folder import write_folder

    return write_folder(folder, patients, seed)


@click.command("demo")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--patients",
    metavar="N",
    type=click.IntRange(1, 1_000_000),
    default=300,
    show_default=True,
    help=_("Size of the practice."),
)
@click.option(
    "--seed",
    metavar="S",
    type=int,
    default=1,
    show_default=True,
    help=_("Which made-up practice."),
)
@click.option(
    "--serve",
    is_flag=True,
    help=_("Start the servers alone and keep them running, to try a demo practice by hand."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON document on stdout."))
@click.pass_context
def demo_command(
    command: click.Context,
    folder: Path | None,
    patients: int,
    seed: int,
    serve: bool,
    as_json: bool,
) -> Reply:
    """Show everything end to end on a made-up practice.

    Makes the practice in DIR (default: demo-practice, or demo-practice-2 ... where that exists),
    starts a mail server on this machine that keeps what it gets, and runs one mailing through all
    commands, then the same by SMS and by letter. Nothing leaves this machine. The exit code is 0
    only if exactly the messages that the record calls accepted have arrived, else 1.

    With --serve it makes no practice: mail server, smsCreator and SendGrid run until Ctrl-C, so
    that each account of a practice that `init --demo` made works by hand. DIR is then such a
    practice, whose ports are taken and in whose folder eingang stands what arrives. Without DIR
    the ports are those that every such practice has at first, and eingang lies in the current
    folder. The exit code is 0.
    """
    if serve:
        return _serve(command, folder)
    from serienpost_demo.command_line import folded
    from serienpost_demo.walkthrough import walk_through

    chosen = folder or _fresh_folder(Path(_DEFAULT_FOLDER))

    def say(message: str) -> None:
        click.echo(folded(message), err=as_json)

    return walk_through(chosen, patients, seed, say)


def _serve(command: click.Context, practice: Path | None) -> Reply:
    for name in ("patients", "seed", "as_json"):
        if command.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = "--json" if name == "as_json" else f"--{name}"
            raise click.UsageError(
                _("{option} does not go with --serve, which makes no practice", option=option)
            )
    from serienpost import Reply
    from serienpost_demo.servers import serve

    def say(message: str) -> None:
        click.echo(str(message))

    serve(practice, _fresh_folder((practice or Path()) / _INBOX), say=say)
    return Reply()


def _fresh_folder(wanted: Path) -> Path:
    number = 2
    folder = wanted
    while folder.exists():
        folder = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return folder
