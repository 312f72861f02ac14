"""What is done with drafts, for which there is no command: each in a process of its own."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from fault_harness.program import write_draft

from serienpost import fault_injection, open_practice
from serienpost.service import Draft

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

# Begins a draft, gives it a file, saves, prepares, changes, prepares again, discards.
WHOLE_LIFE = "write_draft(practice)"

# Adds a word of its own to the title, however often somebody is faster.
_ADD_WORD = """
draft = practice.draft("{draft}")
keys, version = draft.keys, draft.version
while True:
    title = keys["title"] + " {name}"
    done = draft.save({{**keys, "title": title}}, version)
    if isinstance(done, Draft):
        break
    keys, version = done.theirs, done.version
"""

# Processes that have read the code already.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["serienpost.service.draft", "serienpost_testkit.null.channels"])


def at_desk(folder: Path, do: str, fault: str | None = None) -> int | None:
    """Do this in a process of its own; returns how it ended."""
    (code,) = _ended(folder, [("desk:ada", do)], fault)
    return code


def at_once(folder: Path, draft: str, names: list[str]) -> None:
    """Let everybody add a word to the title of a draft at the same time."""
    do = [(f"desk:{name}", _ADD_WORD.format(draft=draft, name=name)) for name in names]
    assert _ended(folder, do) == [0 for _ in names]


def _ended(folder: Path, do: list[tuple[str, str]], fault: str | None = None) -> list[int | None]:
    begin = _PROCESSES.Barrier(len(do))
    started = [
        _PROCESSES.Process(target=_at_desk, args=(str(folder), actor, one, fault, begin))
        for actor, one in do
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    return [process.exitcode for process in started]


def _at_desk(folder: str, actor: str, do: str, fault: str | None, begin: Barrier) -> None:
    fault_injection._ARMED = fault  # read from the environment when imported
    with open_practice(folder, actor=actor) as practice:
        practice.drafts()
        begin.wait()
        exec(do, {"practice": practice, "write_draft": write_draft, "Draft": Draft})  # noqa: S102  # our own
