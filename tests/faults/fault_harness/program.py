"""A program that chooses people before there is a text, in a process of its own: what no command
does."""

from __future__ import annotations

import json
import sys

from serienpost import SerienpostError, open_practice

# The first words of command lines that this module runs.
WORDS = ("select", "select-again", "read-selected", "unmark-selected", "show-selected")


def main(folder: str, word: str, selection: str = "") -> int:
    """Do it, and write how the selection stands; the exit code is that of a command."""
    with open_practice(folder, actor="desk:eva") as practice:
        try:
            if word == "select":
                block = {"source": "null", "count": 24}
                selection = practice.select([block], account="mail", purpose="event").id
            elif word == "select-again":
                practice.selection(selection).again()
            elif word == "read-selected":
                practice.selection(selection).read()
            elif word == "unmark-selected":
                practice.selection(selection).unmark(["patient:3"])
            found = practice.selection(selection).status()
            listed = {one.selection: one.state for one in practice.selections()}
        except SerienpostError as error:
            sys.stderr.write(f"{error}\n")
            return error.exit_code
    assert listed[selection] == found.state
    sys.stdout.write(json.dumps([found.state, found.reason, found.counts.selected]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2:]))
