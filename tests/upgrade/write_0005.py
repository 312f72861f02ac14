"""Writes the ledgers of version 0005 by commit 6a255a6, and what that commit printed about them.

It ran once, with the packages of that commit, and is kept to show how the fixtures were made:

    PYTHONPATH=tests/faults python tests/upgrade/write_0005.py FOLDER

Few runs: what version 0006 adds changes nothing in the tables before it. All that is open is to be
delivered by the code that is tested, which renders as that commit did.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fault_harness.server import Server
from fixture_practice import LARGE, SMALL, SQLITE, TEXTS
from write_fixtures import (
    KILLED,
    Desk,
    World,
    dump_postgresql,
    dump_sqlite,
    lines_of,
    make_practice,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
# No run becomes stale, however late the tests are run.
MORE = "stale_after: 36500 days\n"
# A due date that is not over while this is kept.
DUE = "2999-12-31"


def write(folder: Path, to: Path, play: Callable[[Desk], None]) -> None:
    """Make the practice and both ledgers below a folder; write the fixtures.

    Args:
        folder: where the practice is made.
        to: where the fixtures go.
        play: what is done with each ledger.
    """
    os.environ["SERIENPOST_LANG"] = "en"
    practice = folder / "praxis"
    make_practice(practice)
    with ExitStack() as stack:
        server = stack.enter_context(Server())
        world = World.enter(stack)
        url = server.url(server.database())
        answers = {}
        for backend, ledger in (("sqlite", SQLITE), ("postgresql", url)):
            desk = Desk(practice, world, lambda *_: None, with_pdfs=False)
            if ledger != SQLITE:
                desk.edit(SQLITE, ledger)
            play(desk)
            answers[backend] = {"runs": desk.runs, "pages": {}, "answers": asked(desk)}
            if ledger != SQLITE:
                desk.edit(ledger, SQLITE)
        for path in (practice / "serienpost.yaml", *sorted((practice / "mailings").iterdir())):
            store(to / "praxis" / path.relative_to(practice), path.read_text("utf-8"))
        store(to / "praxis.sql", dump_sqlite(practice / "praxis.db"))
        store(to / "ledger-sqlite.sql", dump_sqlite(practice / "versandbuch.db"))
        store(to / "ledger-postgresql.sql", dump_postgresql(server, url))
        for backend, parts in answers.items():
            store(to / f"{backend}.json", lines_of(parts))


def play(desk: Desk) -> None:
    """Ended runs, prepared ones, open ones, and a due date that is put off."""
    script = desk.world.mail.script
    desk.prepare("mail")
    desk.send("mail")
    desk.prepare("sms")
    desk.send("sms")
    desk.prepare("letter", (43, 44))
    desk.send("letter")
    script.refuse(desk.address(43))
    script.disconnect(desk.address(44), when="after_dot", times=1)
    desk.prepare("mail-doubt", more=MORE)
    desk.send("mail-doubt", code=5)
    script.clear()
    desk("cancel", desk.prepare("mail-cancelled"))

    for label in ("mail-prepared", "letter-prepared"):
        desk.prepare(label, SMALL[:2], more=MORE)

    desk.prepare("mail-sending", LARGE, more=MORE)
    desk.send("mail-sending", fault="wire.after:3", code=KILLED)
    for label in ("mail-paused", "grid-paused", "letter-paused"):
        desk.prepare(label, SMALL[:2], more=MORE)
        desk.approve(label)
        desk("pause", desk.runs[label])

    head = f"source: patients\nselect: {{ids: {list(SMALL)}}}\naccount: mail\n"
    text = f"{head}purpose: information\nonce_per: recipient\n"
    mailing = desk.folder / "mailings" / "mail-due.yaml"
    mailing.write_text(text + MORE + TEXTS["mail"], "utf-8")
    people = desk.folder / "praxis.db"
    away = people.rename(people.with_name("weg.db"))
    desk("run", "mail-due", "--yes", "--for", DUE, code=75)
    people.unlink(missing_ok=True)
    away.rename(people)


def asked(desk: Desk) -> dict[str, Any]:
    """What the program says about its ledger."""
    commands = [["runs", "--limit", "100"], ["export-person", "patient:43"]]
    for label, run in desk.runs.items():
        commands += [["show", run], ["report", run]]
        commands += [["review", run]] if label == "mail-prepared" else []
    answers = {}
    for one in commands:
        answers[" ".join([*one, "--json"])] = json.loads(desk(*one, "--json"))
    return answers


def store(path: Path, text: str) -> None:
    """Write a fixture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), HERE / "ledger0005", play)
