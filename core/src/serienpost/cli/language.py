"""Which language a command speaks, and its help in that language."""

from __future__ import annotations

import copy
import re
import sys
from typing import TYPE_CHECKING

import click
from click import core, decorators, exceptions, formatting, parser, termui, types

from serienpost.translation import (
    SOURCE_LANGUAGE,
    Text,
    Texts,
    languages,
    offered,
    paragraphs,
    present_language,
    speak,
    translate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ = Texts(__name__)

# As `config.models` has it for a practice that does not say.
_PRACTICE_LANGUAGE = "de"
# In click's messages: their values are click's own words, Directory and integer range.
_ENGLISH_VALUES = ("{name} ", " ({number_type})")
# Of a click option without a metavar: INTEGER RANGE is said in a word.
_NUMBERS = (types.IntParamType, types.FloatParamType)
_KEY = re.compile(r"^language:[ \t]*[\"']?([A-Za-z_-]+)", re.MULTILINE)


def choose_language(asked: str | None, folder: Path, environment: Mapping[str, str]) -> None:
    """Speak as whoever reads the answer does: `--lang` and `SERIENPOST_LANG` before anything else.

    At a terminal sits a person, whose terminal says its language (`LANG`). Without one the command
    runs by itself and its answer goes to the practice, whatever the machine is set to: cron has no
    `LANG`, or that of the server.

    Raises:
        UsageError: `--lang` names no language that is offered.
    """
    named = offered(asked) if asked else None
    speak(named or _unasked(folder, environment))
    if asked and named is None:
        names = list(languages())
        raise click.UsageError(_("no language {name}; one of {names}", name=asked, names=names))


def _unasked(folder: Path, environment: Mapping[str, str]) -> str:
    if said := environment.get("SERIENPOST_LANG"):
        return offered(said) or SOURCE_LANGUAGE
    surrounding = surrounding_language(environment)
    practice = practice_language(folder)
    first, second = (surrounding, practice) if is_attended() else (practice, surrounding)
    return first or second or SOURCE_LANGUAGE


def let_click_speak() -> None:
    """Let click's own words (`Usage:`, `No such option`) come in the present language.

    click takes them from gettext by the environment of the process alone, which is not where the
    language comes from here; so its modules are given another gettext. The core's catalogue has
    their translations.
    """
    for module in (core, decorators, exceptions, formatting, parser, termui, types):
        module._ = _said  # type: ignore[attr-defined]
        module.ngettext = _said_of  # type: ignore[attr-defined]


def _said(message: str) -> str:
    said = translate("serienpost", message)
    if present_language() != SOURCE_LANGUAGE:
        for english in _ENGLISH_VALUES:
            said = said.replace(english, "")
    return said


def _said_of(one: str, several: str, n: int) -> str:
    return str(Text("serienpost", one, {"n": n}, several))


def is_attended() -> bool:
    """Whether a person sits there: at least one of the three streams is a terminal."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return any(stream is not None and stream.isatty() for stream in streams)


def surrounding_language(environment: Mapping[str, str]) -> str | None:
    """The language of a terminal (POSIX, 8.2: `LC_ALL`, `LC_MESSAGES`, `LANG`): English where it is
    not offered; None where none is said."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    said = next(filter(None, (environment.get(name) for name in names)), None)
    return None if said is None else offered(said) or SOURCE_LANGUAGE


def practice_language(folder: Path) -> str | None:
    """`language:` as it stands in a practice's file, before that is known to be right; None where
    there is no practice."""
    try:
        text = (folder / "serienpost.yaml").read_text("utf-8", errors="replace")
    except OSError:
        return None
    found = _KEY.search(text)
    return offered(found[1] if found else _PRACTICE_LANGUAGE)


def spoken(command: click.Command) -> click.Command:
    """A copy of the command with its help in the present language."""
    said = copy.copy(command)
    said._help_option = None  # click keeps it in the language in which it was first shown
    if present_language() == SOURCE_LANGUAGE:
        return said
    module = getattr(command.callback, "__module__", "serienpost")
    domain = module.partition(".")[0]
    said.help = _translated(domain, command.help)
    said.short_help = _translated(domain, command.short_help)
    said.params = [_spoken_parameter(domain, one) for one in command.params]
    said.options_metavar = str(_("[OPTIONS]"))
    if isinstance(said, click.Group):
        said.subcommand_metavar = str(_("COMMAND [ARGS]..."))
        said.commands = {name: spoken(one) for name, one in said.commands.items()}
    return said


def _spoken_parameter(domain: str, parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option):
        return parameter
    said = copy.copy(parameter)
    said.help = _translated(domain, parameter.help)
    if said.metavar is None and isinstance(said.type, _NUMBERS):
        said.metavar = str(_("NUMBER"))
    return said


def _translated(domain: str, text: str | None) -> str | None:
    """Help is only its English where it is shown: click takes it apart and keeps no more."""
    if text is None:
        return None
    return "\n\n".join(mark + _paragraph(domain, said) for mark, said in paragraphs(text))


def _paragraph(domain: str, said: str) -> str:
    """In the words of the command's package, else in those of an option that it has of the core."""
    own = translate(domain, said)
    return translate("serienpost", said) if own == said else own
