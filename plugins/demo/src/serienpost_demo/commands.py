"""The `demo` command, and what `init --demo` does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from serienpost import Reply

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
    type=click.IntRange(1, 1_000_000),
    default=300,
    show_default=True,
    help="Size of the practice.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which made-up practice.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def demo_command(folder: Path | None, patients: int, seed: int, as_json: bool) -> Reply:
    """Show everything end to end on a made-up practice.

    Makes the practice in DIR (default: demo-practice, or demo-practice-2 ... where that exists),
    starts a mail server on this machine that keeps what it gets, and runs one mailing through all
    commands, then the same by SMS and by letter. Nothing leaves this machine. The exit code is 0
    only if exactly the messages that the record calls accepted have arrived, else 1.
    """
    from serienpost_demo.walkthrough import walk_through

    chosen = folder or _fresh_folder(Path(_DEFAULT_FOLDER))
    return walk_through(chosen, patients, seed, say=partial(click.echo, err=as_json))


def _fresh_folder(wanted: Path) -> Path:
    number = 2
    folder = wanted
    while folder.exists():
        folder = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return folder
