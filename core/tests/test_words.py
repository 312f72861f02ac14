"""Words for codes, and sentences without what only a command line has."""

from __future__ import annotations

import io
import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from babel.messages.pofile import read_po  # noqa: TID253  # a test

from serienpost import words
from serienpost.cli.group import COMMANDS


def sentences() -> set[str]:
    """What serienpost and its plugins may say, in English and German."""
    packages = {"serienpost", *(one.value for one in entry_points(group="serienpost"))}
    found: set[str] = set()
    for package in packages:
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = Path(folder) / "locale" / "de" / "LC_MESSAGES" / f"{package}.po"
            if path.is_file():
                for one in read_po(io.BytesIO(path.read_bytes())):
                    for said in (one.id, one.string):
                        found.update((said,) if isinstance(said, str) else said)
    return found - {""}


def test_commands_are_told_from_words() -> None:
    assert set(COMMANDS) <= words.COMMANDS
    kept = (
        "the user who runs serienpost write the file",
        "mit einem neueren serienpost vorbereitet; neu vorbereiten",
        None,
    )
    assert [words.without_commands(one) for one in kept] == list(kept)
    assert words.without_commands("mend it; then serienpost resume R1") == "mend it"
    assert words.without_commands("serienpost resume R1; or --due, later") is None


def test_no_sentence_keeps_a_command() -> None:
    """Whatever is wrong, and whatever can be done about it, is said at the desk without them."""
    typed = re.compile(
        rf"serienpost ({'|'.join(sorted(COMMANDS))})\b(?! ?[.:=])|`resume|resume --|--[a-z]"
    )
    all_of_them = sentences()
    with_one = {one for one in all_of_them if typed.search(one)}
    assert len(with_one) > 40
    assert len(all_of_them) > 1500
    left = {words.without_commands(one) or "" for one in with_one}
    assert {one for one in left if typed.search(one)} == set()
