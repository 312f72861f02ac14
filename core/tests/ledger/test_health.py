from __future__ import annotations

from contextlib import closing
from sqlite3 import connect
from typing import TYPE_CHECKING, Any

from serienpost.ledger.health import abandoned_runs, damage, doubts
from serienpost.ledger.owners import ownership

if TYPE_CHECKING:
    Desk = Any


def test_a_sound_file_has_no_damage(desk: Desk) -> None:
    desk.add_run("r")
    desk.add_messages("r", 50)
    assert damage(desk.ledger) == 0


def test_a_page_that_was_overwritten_is_found(desk: Desk) -> None:
    desk.add_run("r")
    desk.add_messages("r", 50)
    file = desk.ledger.engine.url.database
    desk.ledger.engine.dispose()
    with closing(connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = plain.execute("PRAGMA page_size").fetchone()
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'journal'"
        (page,) = plain.execute(where).fetchone()
    with open(file, "r+b") as raw:  # noqa: PTH123
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    assert damage(desk.ledger) > 0


def test_only_runs_of_dead_processes_are_abandoned(desk: Desk) -> None:
    for run in ("alive", "dead", "waiting"):
        desk.add_run(run)
    desk.add_run("half", "preparing", owner="1-GONE")
    with ownership(desk.ledger) as owner:
        desk.add_run("new", "preparing", owner=owner)
        desk.add_messages("alive", 2, "sending", owner=owner)
        desk.add_messages("dead", 2, "claimed", owner="2-GONE")
        desk.add_messages("waiting", 2)
        assert abandoned_runs(desk.ledger) == ["dead", "half"]
    assert abandoned_runs(desk.ledger) == ["alive", "dead", "half", "new"]


def test_doubts_are_counted_per_run(desk: Desk) -> None:
    for run in ("one", "two", "none"):
        desk.add_run(run)
    desk.add_messages("one", 1, "in_doubt")
    desk.add_messages("two", 2, "in_doubt")
    desk.add_messages("none", 3, "accepted")
    assert sorted(doubts(desk.ledger)) == [("one", 1), ("two", 2)]
