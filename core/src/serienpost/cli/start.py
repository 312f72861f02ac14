"""`init`: makes a practice folder."""

from __future__ import annotations

import shlex
from importlib import import_module
from pathlib import Path

import click

from serienpost.cli.group import json_option
from serienpost.cli.output import clean, say
from serienpost.cli.reply import Reply
from serienpost.errors import PluginError, Problem, SerienpostError
from serienpost.translation import PSEUDO_LANGUAGE, Text, Texts, present_language

_ = Texts(__name__)

DEFAULT_PATIENTS = 300
MOST_PATIENTS = 1_000_000

# Files to begin with, their comments in the language of who makes the folder.
CONFIGURATION = _("""\
# The settings of this practice for serienpost.
# `serienpost doctor` says what is still missing, `serienpost config show` what is in force.

practice:
  name: Praxis                    # as patients read it
  # street: Lindenallee 5
  # postal_code: "01067"          # numbers that are text stand in quotes
  # city: Dresden
  # phone: "0351 1234567"
  # email: praxis@example.org
  # timezone: Europe/Berlin

language: en                      # of reports and of what runs by itself; or de

# Only what stands here is loaded. Install a plugin with pip, then name it:
plugins: []
# plugins:
#   - serienpost-practice-db        # the practice's own database, opened read-only
#   - serienpost-source-patients    # recipients from the patient table
#   - serienpost-consent-flags      # who may be written to, from the master data
#   - serienpost-macros-practice    # Briefanrede and the other macros
#   - serienpost-channel-smtp       # e-mail

# database: sqlite:///praxis.db     # for serienpost-practice-db; a path starts in this folder

# Who sends. A password never stands in this file: secret:NAME is read from the environment
# (NAME, or NAME_FILE with the path of a file).
# accounts:
#   mail:
#     channel: smtp
#     host: smtp.example.org
#     security: starttls
#     username: praxis
#     password: secret:MAIL_PASSWORD
#     sender: Praxis <praxis@example.org>
#     rate: [250/hour]              # what the provider permits

# Who signs.
# signatures:
#   sonnenschein:
#     name: Dr. med. Sonja Sonnenschein
#     closing: Mit freundlichen Grüßen
""")

MAILING = _("""\
# A mailing to begin with. Copy this file to information.yaml (without .example), take "# " away at
# the beginning of the lines below, then `serienpost check information`. Its account, its signature
# and its source are named as in ../serienpost.yaml.
#
# title: Information
# source: patients                  # `serienpost sources` lists them
# select: {city: Dresden}           # `serienpost sources patients` explains the filters
# account: mail
# purpose: information
# signature: sonnenschein
# subject: Neue Sprechzeiten
# text: |
#   {{Briefanrede}}
#
#   unsere Sprechzeiten haben sich geändert.
""")


@click.command(name="init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--demo", is_flag=True, help=_("Fill it with a made-up practice."))
@click.option(
    "--patients",
    metavar="N",
    type=click.IntRange(1, MOST_PATIENTS),
    help=_("Made-up patients. Default: 300."),
)
@click.option("--seed", metavar="S", type=int, help=_("Other numbers, other people. Default: 1."))
@json_option
def init_command(
    folder: Path,
    demo: bool,
    patients: int | None,
    seed: int | None,
) -> Reply:
    """Make a practice folder."""
    if not demo and (patients is not None or seed is not None):
        raise click.UsageError(_("--patients and --seed belong to --demo"))
    if (folder / "serienpost.yaml").exists():
        raise SerienpostError(
            Problem(_("is a practice folder already"), _("name another folder"), str(folder))
        )
    before = set(_files(folder))
    if demo:
        _init_demo(folder, patients or DEFAULT_PATIENTS, 1 if seed is None else seed)
    else:
        _init(folder)
    made = [path for path in _files(folder) if path not in before]

    def text() -> None:
        say(_("{folder} is a practice folder now:", folder=str(folder)))
        for path in made:
            say(f"  {path}")
        say(_("next: {command}", command=f"serienpost -C {shlex.quote(clean(folder))} doctor"))

    return Reply({"folder": str(folder), "files": made}, text)


def _init_demo(folder: Path, patients: int, seed: int) -> None:
    try:
        demo = import_module("serienpost_demo")
    except ModuleNotFoundError as error:
        if error.name != "serienpost_demo":
            raise
        raise PluginError(
            _("--demo comes with serienpost-demo"),
            hint=_("install it: pip install {distribution}", distribution="serienpost-demo"),
        ) from None
    demo.init_demo(folder, patients, seed)


def _init(folder: Path) -> None:
    """Write the folder; a file that is there already stays as it is."""
    from serienpost.files import private_folder, write_private

    for name in ("mailings", "templates"):
        private_folder(folder / name)
    mailing = folder / "mailings" / "information.yaml.example"
    for path, content in ((mailing, MAILING), (folder / "serienpost.yaml", CONFIGURATION)):
        if not path.exists():
            write_private(path, _said(content).encode())


def _said(content: Text) -> str:
    """A file's content as it is read; brackets around it would break it."""
    is_test = present_language() == PSEUDO_LANGUAGE
    return str.__str__(content) if is_test else str(content)


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
