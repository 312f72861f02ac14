"""What is done with drafts, for which there is no command: each in a process of its own."""

from __future__ import annotations

import io
import multiprocessing
from typing import TYPE_CHECKING

from fault_harness.providers import install_plugin

from serienpost import fault_injection, open_practice
from serienpost.service import Draft

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from fault_harness.practice import Practice

# Begins a draft, gives it a file, saves, prepares, changes, prepares again, discards.
WHOLE_LIFE = """
draft = practice.new_draft("einladung", title="Erster")
draft.add_file("plan.pdf", io.BytesIO(b"%PDF" * 50_000))
draft = draft.save({**draft.keys, "title": "Zweiter"}, 1)
draft.prepare()
draft = draft.save({**draft.keys, "title": "Dritter"}, 2)
draft.prepare()
practice.draft(draft.id).discard()
"""

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

# A plugin whose command does it, to be killed meanwhile.
_PLUGIN = f"""
import io

import click

from serienpost import hookimpl, open_practice

@click.command(name="write-draft")
@click.pass_context
def write_draft(ctx):
    with open_practice(ctx.find_root().params["practice"], actor="desk:ada") as practice:
        exec({WHOLE_LIFE!r})

@hookimpl
def serienpost_commands():
    return [write_draft]
"""

# Processes that have read the code already.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["serienpost.service.draft", "serienpost_testkit.null.channels"])


def at_drafts(practice: Practice) -> None:
    """A command that begins, changes and discards a draft."""
    install_plugin(practice, "fault-drafts", _PLUGIN)
    config = (practice.folder / "serienpost.yaml").read_text("utf-8")
    practice.write("serienpost.yaml", config.replace("plugins: [", "plugins: [fault-drafts, "))


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
        exec(do, {"practice": practice, "io": io, "Draft": Draft})  # noqa: S102  # our own
