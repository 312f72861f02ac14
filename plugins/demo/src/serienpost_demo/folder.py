"""Makes the demo's practice folder: configuration, database, mailings, an own template."""

from __future__ import annotations

import os
from datetime import datetime
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serienpost import Problem, SerienpostError, Texts, present_language

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from serienpost import Text

_ = Texts(__name__)

# Where the demo practice's account expects a mail server on this machine.
DEMO_PORT = 2525

# Where it expects the made-up SMS provider on this machine.
DEMO_SMS_PORT = 2526

# Where its account at SendGrid, once turned on, expects the made-up one on this machine.
DEMO_GRID_PORT = 2527

DATABASE = "praxis.db"
LEDGER = "versandbuch.db"
# What arrives at the servers that play its providers.
INBOX = "postfach"
CONFIGURATION = "serienpost.yaml"


def write_folder(
    folder: Path,
    patients: int,
    seed: int,
    port: int = DEMO_PORT,
    sms_port: int = DEMO_SMS_PORT,
    grid_port: int = DEMO_GRID_PORT,
) -> list[Path]:
    """Make a practice folder with a made-up practice and return the files written.

    Folders are made for the owner alone (0700), files too (0600). Comments in the files are in the
    present language where we have them in it, else in English.

    Args:
        folder: made if absent; may hold other things, but none that we would write.
        patients: how many, 1 to 1,000,000.
        seed: which made-up practice.
        port: of the mail server on this machine that the account names.
        sms_port: of the made-up SMS provider on this machine.
        grid_port: of the made-up SendGrid on this machine.

    Raises:
        SerienpostError: something of ours is there already, the folder cannot be written, or the
            number of patients is out of range.
    """
    from serienpost_demo.practice import write_practice

    contents = _contents(port=port, sms_port=sms_port, grid_port=grid_port)
    _refuse_if_ours(folder, [*contents, DATABASE, LEDGER])
    written = []
    try:
        for name, text in contents.items():
            path = folder / name
            _make_folders(path.parent)
            with os.fdopen(
                os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as file:
                file.write(text.encode())
            written.append(path)
    except OSError as error:
        said = _("cannot be written: {reason}", reason=error.strerror or type(error).__name__)
        raise SerienpostError(Problem(said, file=str(folder))) from error
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    write_practice(folder / DATABASE, patients, seed, today)
    return [*written, folder / DATABASE]


def fresh_folder(wanted: Path) -> Path:
    """This folder, or the first numbered one beside it that is not there yet."""
    number = 2
    folder = wanted
    while folder.exists():
        folder = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return folder


def made_in_words(patients: int, folder: Path) -> Text:
    """What `write_folder` did."""
    return _.ngettext(
        "Made a practice with {n} made-up patient in {folder}.",
        "Made a practice with {n} made-up patients in {folder}.",
        patients,
        folder=str(folder),
    )


def _contents(**ports: int) -> dict[str, str]:
    ours = files("serienpost_demo") / "files"
    configuration = Template(_in_present_language(ours)[CONFIGURATION]).substitute(ports)
    mailings = _in_present_language(ours / "mailings")
    return {
        CONFIGURATION: configuration,
        **{f"mailings/{name}": text for name, text in mailings.items()},
        **dict(_texts_below(ours / "templates", "templates")),
    }


def _in_present_language(place: Traversable) -> dict[str, str]:
    """The YAML files that lie here: of `x.yaml` its twin `x.de.yaml` where German is spoken."""
    found = {one.name: one for one in place.iterdir() if one.name.endswith(".yaml")}
    names = sorted(name for name in found if name.count(".") == 1)
    twins = {name: name.replace(".", f".{present_language()}.") for name in names}
    return {name: found.get(twins[name], found[name]).read_text("utf-8") for name in names}


def _texts_below(place: Traversable, name: str) -> list[tuple[str, str]]:
    if place.is_file():
        return [(name, place.read_text("utf-8"))]
    inner = sorted(place.iterdir(), key=lambda entry: entry.name)
    return [found for entry in inner for found in _texts_below(entry, f"{name}/{entry.name}")]


def _refuse_if_ours(folder: Path, names: list[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise SerienpostError(_("{folder} is a file", folder=str(folder)), hint=_("name a folder"))
    taken = [name for name in names if (folder / name).exists()]
    if taken:
        problem = Problem(
            _("holds {names} already; nothing was changed", names=taken),
            hint=_("choose another folder"),
            file=str(folder),
        )
        raise SerienpostError(problem)


def _make_folders(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700)
