"""What a person reads fits a terminal of 80 columns; each problem on stderr is one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

COLUMNS = 80
# What stays whole, so that it can be copied, may be wider: a path or an id that stands alone in its
# line or behind its name.
WHOLE = re.compile(r"\s*(?:[\w:/-]+ +)?(?:\S*/\S+|\S{60,})")


def wide(text: str) -> list[str]:
    """The lines that do not fit."""
    lines = (line.rstrip() for line in text.splitlines())
    return [line for line in lines if len(line) > COLUMNS and not WHOLE.fullmatch(line)]


def helps(practice: Practice, *args: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The help of a command and of all commands below it."""
    out = practice(*args, "--help").out
    yield args, out
    _, found, rest = re.sub("\nBefehle:\n", "\nCommands:\n", out).partition("\nCommands:\n")
    for name in re.findall(r"^  ([a-z][a-z-]*)", rest, re.MULTILINE) if found else ():
        yield from helps(practice, *args, name)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_help_fits(demo: Practice, language: str) -> None:
    """Was: 86 columns in that of preview."""
    demo.env |= {"COLUMNS": str(COLUMNS), "SERIENPOST_LANG": language}
    found = {**dict(helps(demo)), **dict(helps(demo, "letters")), **dict(helps(demo, "sendgrid"))}
    assert {("preview",), ("suppress", "add"), ("letters", "print"), ("sendgrid",)} <= set(found)
    assert {args: wide(out) for args, out in found.items() if wide(out)} == {}


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_commands_say_fits(few: Practice, language: str) -> None:
    """Was: the fields of check in one line, the notes too."""
    few.env |= {"COLUMNS": str(COLUMNS), "SERIENPOST_LANG": language}
    run = few.run
    commands = [
        *(("check", mail) for mail in ("information", "kurznachricht", "terminerinnerung")),
        *((name,) for name in ("plugins", "sources", "macros", "templates", "runs")),
        ("sources", "patients"),
        ("prepare", "einladung"),
        ("review", run),
        ("review", run, "--explain", "patient:1"),
        ("review", run, "--exclude", "patient:2"),
        ("review", run, "--history"),
        ("preview", run),
        ("test", run, "--to", "praxis@example.org"),
        ("show", run, "--manifest"),
        ("send", run, "--yes"),
        ("show", run),
        ("show", run, "--recipient", "patient:1"),
        ("report", run),
        ("runs",),
        ("events", "mail"),
        ("suppress", "add", "weg@example.org"),
        ("suppress", "list"),
        ("purge",),
    ]
    too_wide = {}
    for args in commands:
        done = few(*args)
        assert done.code == 0, (args, done.err)
        if lines := wide(done.out):
            too_wide[args] = lines
    assert too_wide == {}
