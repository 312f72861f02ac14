"""A program that does in a process of its own what no command does.

`program.py -C FOLDER WORD NAME`: `ask MAILING` asks a worker to prepare a mailing, `cancel-task
TASK` takes that back; others choose people before there is a text, and write how the selection
stands.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from serienpost import SerienpostError, open_practice
from serienpost.service import Prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.service import Practice


def _select(practice: Practice, _name: str) -> None:
    block = {"source": "null", "count": 24}
    _tell(practice, practice.select([block], account="mail", purpose="event").id)


def _again(practice: Practice, selection: str) -> None:
    practice.selection(selection).again()
    _tell(practice, selection)


def _read(practice: Practice, selection: str) -> None:
    practice.selection(selection).read()
    _tell(practice, selection)


def _unmark(practice: Practice, selection: str) -> None:
    practice.selection(selection).unmark(["patient:3"])
    _tell(practice, selection)


def _tell(practice: Practice, selection: str) -> None:
    """Write how a selection stands."""
    found = practice.selection(selection).status()
    listed = {one.selection: one.state for one in practice.selections()}
    assert listed[selection] == found.state
    sys.stdout.write(json.dumps([found.state, found.reason, found.counts.selected]))


def _ask(practice: Practice, mailing: str) -> None:
    practice.ask(Prepare(mailing), token=f"one wish for {mailing}")


def _cancel(practice: Practice, task: str) -> None:
    practice.task(task).cancel()


# The first words of command lines that this module runs.
WORDS: dict[str, Callable[[Practice, str], None]] = {
    "ask": _ask,
    "cancel-task": _cancel,
    "select": _select,
    "select-again": _again,
    "read-selected": _read,
    "unmark-selected": _unmark,
    "show-selected": _tell,
}


def main(folder: str, word: str, name: str = "") -> int:
    """Do it; the exit code is that of a command."""
    with open_practice(folder, actor="desk:eva") as practice:
        try:
            WORDS[word](practice, name)
        except SerienpostError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2:]))
