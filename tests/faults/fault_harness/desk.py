"""What is done at a desk, for which there is no command: users who log in, several at once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from fault_harness.program import PASSWORD, USER

if TYPE_CHECKING:
    from fault_harness.practice import Practice

# Begins when it is told to, by a line.
_PROGRAM = """
import sys

from serienpost import SerienpostError, open_practice

with open_practice(sys.argv[1], actor="os:test") as practice:
    practice.users()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        {do}
    except SerienpostError as error:
        print("refused:", error)
"""


def with_user(practice: Practice) -> None:
    """A user of the desk, besides one who administers."""
    admin = f'practice.add_user("chief", "{PASSWORD}", ["administer"])'
    assert at_once(practice, f'{admin}; practice.add_user("{USER}", "{PASSWORD}")') == [""]


def at_once(practice: Practice, *programs: str) -> list[str]:
    """What processes print that do this at the same time, each with the practice opened."""
    environment = {**os.environ, "PYTHONPATH": str(practice.folder / "site")}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(do=do), str(practice.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for do in programs
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate() for process in started]
    assert [err for _, err in said] == [""] * len(said)
    return [out.strip() for out, _ in said]
