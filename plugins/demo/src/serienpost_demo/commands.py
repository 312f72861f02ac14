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
    help=_("Open the desk on the practice, made where it is not there, until Ctrl-C."),
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help=_("With --serve: port of the desk; 0 takes a free one."),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON document on stdout."))
@click.pass_context
def demo_command(
    command: click.Context,
    folder: Path | None,
    patients: int,
    seed: int,
    serve: bool,
    port: int,
    as_json: bool,
) -> Reply:
    """Show everything end to end on a made-up practice.

    Makes the practice in DIR (default: demo-practice, or demo-practice-2 ... where that exists),
    starts a mail server on this machine that keeps what it gets, and runs one mailing through all
    commands, then the same by SMS and by letter. Nothing leaves this machine. The exit code is 0
    only if exactly the messages that the record calls accepted have arrived, else 1.

    With --serve it opens the desk instead, for a browser on this machine, and says with which name
    and password; DIR (default: this folder if it is a demo practice, else demo-practice) is made
    unless it is there. Mail server, smsCreator and SendGrid run beside it, so that each account
    works, at the desk and by command line; what arrives stands in the practice's folder postfach.
    Ctrl-C ends everything. The exit code is 0.
    """
    if serve:
        return _serve(command, folder, patients, seed, port)
    if _is_given(command, "port"):
        raise click.UsageError(_("--port goes with --serve"))
    from serienpost_demo.command_line import folded
    from serienpost_demo.folder import fresh_folder
    from serienpost_demo.walkthrough import walk_through

    chosen = folder or fresh_folder(Path(_DEFAULT_FOLDER))

    def say(message: str) -> None:
        click.echo(folded(message), err=as_json)

    return walk_through(chosen, patients, seed, say)


def _serve(
    command: click.Context, folder: Path | None, patients: int, seed: int, port: int
) -> Reply:
    from serienpost import Exit, Problem, Reply
    from serienpost_demo.folder import CONFIGURATION
    from serienpost_demo.servers import Size, serve

    if _is_given(command, "as_json"):
        raise click.UsageError(_("--json does not go with --serve"))
    is_here = Path(CONFIGURATION).exists()
    practice = folder or (Path() if is_here else Path(_DEFAULT_FOLDER))
    for name in ("patients", "seed"):
        if _is_given(command, name) and (practice / CONFIGURATION).exists():
            raise click.UsageError(
                _(
                    "--{option} is for a new practice; {folder} is one",
                    option=name,
                    folder=str(practice),
                )
            )

    def say(message: str) -> None:
        click.echo(str(message))

    code = serve(practice, Size(patients, seed), port, say)
    if not code:
        return Reply()
    ended = Problem(_("the desk has ended by itself, with exit code {code}", code=code))
    is_known = code in Exit._value2member_map_
    return Reply(exit=Exit(code) if is_known else Exit.BUG, told=(ended,))


def _is_given(command: click.Context, name: str) -> bool:
    return command.get_parameter_source(name) is not ParameterSource.DEFAULT
