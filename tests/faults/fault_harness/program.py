"""A program that does in a process of its own what no command does.

`program.py -C FOLDER WORD NAME`: `ask MAILING` asks a worker to prepare a mailing, `cancel-task
TASK` takes that back; others log in, write a draft, or choose people before there is a text, and
write how the selection stands.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

from serienpost import SerienpostError, open_practice
from serienpost.service import Draft, Prepare, PrepareDraft, ReadSelection

if TYPE_CHECKING:
    from collections.abc import Callable

    from serienpost.service import Practice


USER = "ada"
PASSWORD = "vier kleine worte"

_PEOPLE = {"source": "null", "count": 24}


def write_draft(practice: Practice, _name: str = "") -> None:
    """Begin a draft, give it a file, save, prepare, change, prepare again, discard."""
    draft = practice.new_draft("einladung", title="Erster")
    assert isinstance(draft, Draft)
    draft.add_file("plan.pdf", io.BytesIO(b"%PDF" * 50_000))
    for version, title in enumerate(("Zweiter", "Dritter"), start=1):
        saved = draft.save({**draft.keys, "title": title}, version)
        assert isinstance(saved, Draft)
        draft = saved
        draft.prepare()
    practice.draft(draft.id).discard()


def _log_in(practice: Practice, _name: str) -> None:
    practice.log_in(USER, PASSWORD, "127.0.0.1")


def _select(practice: Practice, _name: str) -> None:
    _tell(practice, practice.select([_PEOPLE], account="mail", purpose="event").id)


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


def _ask_to_read(practice: Practice, selection: str) -> None:
    if not selection:
        selection = practice.new_selection([_PEOPLE], account="mail", purpose="event").id
    practice.ask(ReadSelection(selection))


def _ask_for_draft(practice: Practice, _name: str) -> None:
    people = practice.select([_PEOPLE], account="mail", purpose="event")
    people.unmark(["patient:3"])
    draft = practice.new_draft("einladung", selection=people.id)
    assert isinstance(draft, Draft)
    practice.ask(PrepareDraft(draft.id, draft.version))


def _cancel(practice: Practice, task: str) -> None:
    practice.task(task).cancel()


# The first words of command lines that this module runs.
WORDS: dict[str, Callable[[Practice, str], None]] = {
    "ask": _ask,
    "ask-to-read": _ask_to_read,
    "ask-for-draft": _ask_for_draft,
    "cancel-task": _cancel,
    "log-in": _log_in,
    "write-draft": write_draft,
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
