"""What is done with drafts, for which there is no command: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from fault_harness.providers import install_plugin

if TYPE_CHECKING:
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

# Adds a line of its own to the text, however often somebody is faster.
_ADD_LINE = """
draft = practice.draft("{draft}")
keys, version = draft.keys, draft.version
while True:
    title = keys["title"] + " {name}"
    done = draft.save({{**keys, "title": title}}, version)
    if isinstance(done, Draft):
        break
    keys, version = done.theirs, done.version
"""

_BEGIN = """
import io
import sys

from serienpost import open_practice
from serienpost.service import Draft
"""

_PROGRAM = f"""{_BEGIN}
with open_practice(sys.argv[1], actor=sys.argv[2]) as practice:
    practice.drafts()
    print("ready", flush=True)
    sys.stdin.readline()
    exec(sys.argv[3])
"""

# A plugin whose command does it, to be killed meanwhile.
_PLUGIN = f"""{_BEGIN}
import click

from serienpost import hookimpl

@click.command(name="write-draft")
@click.pass_context
def write_draft(ctx):
    with open_practice(ctx.find_root().params["practice"], actor="desk:ada") as practice:
        exec({WHOLE_LIFE!r})

@hookimpl
def serienpost_commands():
    return [write_draft]
"""


def at_drafts(practice: Practice) -> None:
    """A command that begins, changes and discards a draft."""
    install_plugin(practice, "fault-drafts", _PLUGIN)
    config = (practice.folder / "serienpost.yaml").read_text("utf-8")
    practice.write("serienpost.yaml", config.replace("plugins: [", "plugins: [fault-drafts, "))


def at_desk(practice: Practice, do: str, fault: str | None = None) -> int:
    """Do this in a process of its own; returns how it ended."""
    process = _started(practice, "desk:ada", do, fault)
    _, err = process.communicate("\n")
    assert "Error" not in err, err
    return process.returncode


def at_once(practice: Practice, draft: str, names: list[str]) -> None:
    """Let everybody add a line to a draft at the same time."""
    do = [_ADD_LINE.format(draft=draft, name=name) for name in names]
    started = [_started(practice, f"desk:{n}", one) for n, one in zip(names, do, strict=True)]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    said = [process.communicate("\n") for process in started]
    assert [(p.returncode, err) for p, (_, err) in zip(started, said, strict=True)] == [
        (0, "") for _ in names
    ]


def _started(
    practice: Practice, actor: str, do: str, fault: str | None = None
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(practice.folder / "site")}
    if fault:
        environment["SERIENPOST_FAULT"] = fault
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(practice.folder), actor, do],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
