"""A program that does in a process of its own what no command does.
`program.py -C FOLDER ask MAILING` asks a worker to prepare a mailing, `cancel-task TASK` takes that
back."""

from __future__ import annotations

import sys

from serienpost import open_practice
from serienpost.service import Prepare

# The first words of command lines that this module runs.
WORDS = ("ask", "cancel-task")


def main(folder: str, word: str, name: str) -> int:
    """Do it; the exit code is that of a command."""
    with open_practice(folder, actor="desk:eva") as practice:
        if word == "cancel-task":
            practice.task(name).cancel()
        else:
            practice.ask(Prepare(name), token=f"one wish for {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2:]))
