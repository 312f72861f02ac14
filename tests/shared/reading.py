"""The language in which the suite reads what commands say, `pytest --reading de`.

Tests assert English. A command that says its texts in another language is put back into English by
what its texts say themselves: each text that was said is known with its English. What a test sees
then differs from an English run only where something was no text, or was frozen in a language.

`qps`, English with each sentence in brackets, shows in addition what is said without being a text.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unsaid import unsaid

from serienpost import Text
from serienpost.translation import PSEUDO_LANGUAGE, SOURCE_LANGUAGE, speak

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Process -> the file in which it notes what it says.
_NOTES: dict[int, Path] = {}

# Of the suite, in the environment so that workers and commands have it too.
LANGUAGE, HEARD = "READING", "READING_HEARD"
HERE = Path(__file__).parent
BRACKETS = re.compile("[⟦⟧]")


def language() -> str:
    """The language in which commands speak where a test chooses none."""
    return os.environ.get(LANGUAGE, SOURCE_LANGUAGE)


def is_chosen(args: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a test says itself which language a command speaks."""
    return "SERIENPOST_LANG" in environment or any(one.startswith("--lang") for one in args)


@contextmanager
def heard(args: Sequence[str], environment: Mapping[str, str]) -> Iterator[Callable[[str], str]]:
    """Listen to a command of this process; gives what puts its words into English."""
    if language() == SOURCE_LANGUAGE or is_chosen(args, environment):
        yield lambda shown: shown
        return
    said: dict[str, str] = {}
    with _listening(said.__setitem__):
        try:
            yield lambda shown: in_english(shown, said)
        finally:
            speak(SOURCE_LANGUAGE)


def module(args: Sequence[str], environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The module that runs a command in a process of its own, and what it needs in the environment
    to note what it says."""
    if language() in (SOURCE_LANGUAGE, PSEUDO_LANGUAGE) or is_chosen(args, environment):
        return "serienpost", {}
    path = os.pathsep.join(filter(None, (str(HERE), environment.get("PYTHONPATH"))))
    return "reading", {"PYTHONPATH": path, HEARD: tempfile.mkstemp(prefix="heard-")[1]}


def assert_all_said(args: Sequence[str], folder: Path, *shown: str) -> None:
    """In `qps`, where a test chose no language: people read nothing that is no text."""
    if language() != PSEUDO_LANGUAGE or "--json" in args or not any("⟦" in one for one in shown):
        return
    found = [phrase for one in shown for phrase in unsaid(one, args, folder)]
    assert not found, f"said, and no text: {found}"


def listen(process: subprocess.Popen[str], environment: Mapping[str, str]) -> None:
    """Remember where a process that was started as `module` said notes what it says."""
    if HEARD in environment:
        _NOTES[process.pid] = Path(environment[HEARD])


def understood(process: subprocess.Popen[str]) -> Callable[[str], str]:
    """What puts the words of an ended process into English."""
    notes = _NOTES.get(process.pid)
    lines = notes.read_text("utf-8").splitlines() if notes else []
    said = dict(json.loads(line) for line in lines)
    return lambda shown: in_english(shown, said)


def in_english(shown: str, said: Mapping[str, str]) -> str:
    """What was shown, with English for each text that was said."""
    if language() == PSEUDO_LANGUAGE:
        return BRACKETS.sub("", shown)
    differing = {
        text: english for text, english in said.items() if text.strip() and text != english
    }
    if not differing:
        return shown
    longest = sorted(differing, key=len, reverse=True)
    folded = (r"\s+".join(map(re.escape, text.split())) for text in longest)
    pattern = re.compile("|".join(rf"(?<!\w){one}(?!\w)" for one in folded))
    by_words = {" ".join(text.split()): english for text, english in differing.items()}

    def english(text: str) -> str:
        return pattern.sub(lambda found: by_words[" ".join(found[0].split())], text)

    if shown.startswith("{"):
        try:
            return json.dumps(_each(json.loads(shown), english), ensure_ascii=False) + "\n"
        except ValueError:
            pass
    return english(shown)


def _each(document: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  # JSON
    if isinstance(document, dict):
        return {name: _each(value, change) for name, value in document.items()}
    if isinstance(document, list):
        return [_each(value, change) for value in document]
    return change(document) if isinstance(document, str) else document


@contextmanager
def _listening(note: Callable[[str, str], None]) -> Iterator[None]:
    """Note each text that is said, with its English."""
    say = Text.__str__

    def listened(text: Text) -> str:
        said = say(text)
        note(said, str.__str__(text))
        return said

    Text.__str__ = listened  # type: ignore[method-assign]
    try:
        yield
    finally:
        Text.__str__ = say  # type: ignore[method-assign]


def main() -> None:
    """Run the command line and note what it says in the file that the environment names."""
    with Path(os.environ[HEARD]).open("a", encoding="utf-8", buffering=1) as file:

        def note(said: str, english: str) -> None:
            file.write(json.dumps([said, english]) + "\n")

        with _listening(note):
            sys.argv[0] = "serienpost"
            runpy.run_module("serienpost", run_name="__main__", alter_sys=False)


if __name__ == "__main__":
    main()
