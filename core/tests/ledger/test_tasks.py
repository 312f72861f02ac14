"""Tasks: asked for once, taken up by one process, ended once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost.errors import Exit, LedgerError
from serienpost.ledger import tasks
from serienpost.ledger.schema import task
from serienpost.ledger.states import OPEN_TASK, TASK_MOVES
from serienpost.ledger.tasks import NotWantedError
from serienpost.ledger.transitions import ForbiddenMoveError, move_task

if TYPE_CHECKING:
    Desk = Any

DEAD = "999999-DEAD"
DAY = 86400.0


def ask(desk: Desk, name: str = "t", **columns: object) -> tasks.TaskRow:
    """A task that was asked for, with other columns than a new one has."""
    tasks.enter_task(desk.ledger, name, "desk:eva", {"what": "prepare"})
    if columns:
        with desk.ledger.begin() as tx:
            tx.execute(tx.update(task).where(task.c.id == name).values(**columns))
    return read(desk, name)


def read(desk: Desk, name: str = "t") -> tasks.TaskRow:
    with desk.ledger.read() as tx:
        return tasks.find_task(tx, name)


@pytest.mark.parametrize("start", TASK_MOVES)
def test_a_task_moves_as_the_table_says_or_stays(desk: Desk, start: str) -> None:
    for end in TASK_MOVES:
        ask(desk, end, state=start, owner="me")
        with desk.ledger.begin() as tx:
            if end != start and end not in TASK_MOVES[start]:
                with pytest.raises(ForbiddenMoveError, match=f"^{start} -> {end}$"):
                    move_task(tx, end, start, end)
                continue
            assert move_task(tx, end, start, end, task.c.owner == "you") == 0
            assert move_task(tx, end, start, end, task.c.owner == "me", run="r") == 1
        found = read(desk, end)
        assert (found.state, found.owner, found.run) == (end, None, "r")


def test_what_is_over_stays_so() -> None:
    assert {state for state, following in TASK_MOVES.items() if following} == set(OPEN_TASK)


def test_the_same_id_is_the_same_task(desk: Desk) -> None:
    ask(desk)
    desk.clock.forward(1)
    tasks.enter_task(desk.ledger, "t", "desk:ada", {"what": "read"})
    (row,) = desk.rows(task)
    assert (row["asked_by"], row["what"]) == ("desk:eva", "prepare")


def test_of_two_that_read_the_same_row_one_takes_it(desk: Desk) -> None:
    row = ask(desk)
    with tasks.taken(desk.ledger, row) as first, tasks.taken(desk.ledger, row) as second:
        assert first
        assert second is None
        found = read(desk)
        assert (found.state, found.owner, found.tries) == ("working", first, 1)
        assert not tasks.is_free(desk.ledger, found)
    assert tasks.is_free(desk.ledger, read(desk))


def test_a_dead_owner_is_followed(desk: Desk) -> None:
    row = ask(desk, state="working", owner=DEAD, tries=1, done=500)
    assert tasks.is_free(desk.ledger, row)
    with tasks.taken(desk.ledger, row) as owner:
        found = read(desk)
    assert (found.owner, found.tries, found.done) == (owner, 2, 0)


def test_who_lost_a_task_cannot_end_it(desk: Desk) -> None:
    row = ask(desk)
    with tasks.taken(desk.ledger, row) as lost:
        assert lost
        with desk.ledger.begin() as tx:
            move_task(tx, "t", "working", "working", owner=DEAD)
        with tasks.taken(desk.ledger, read(desk)) as owner:
            assert owner
            with pytest.raises(NotWantedError), desk.ledger.begin() as tx:
                tasks.end_task(tx, "t", lost, "done", run="theirs")
            tasks.note_done(desk.ledger, "t", lost, 900)
            tasks.leave_task(desk.ledger, "t", lost)
            assert read(desk).done == 0
            with desk.ledger.begin() as tx:
                assert not tasks.is_wanted(tx, "t", lost)
                assert tasks.is_wanted(tx, "t", owner)
                tasks.end_task(tx, "t", owner, "done", run="mine")
    found = read(desk)
    assert (found.state, found.run, found.owner) == ("done", "mine", None)
    assert found.ended_at == desk.clock()


def test_a_task_at_which_processes_die_is_given_up(desk: Desk) -> None:
    row = ask(desk, state="working", owner=DEAD, tries=tasks.TRIES)
    with tasks.taken(desk.ledger, row) as owner:
        assert owner is None
    found = read(desk)
    assert (found.state, found.exit) == ("failed", Exit.BUG)
    assert found.reason
    assert "3 times" in found.reason


def test_a_task_that_was_left_has_as_many_tries_as_before(desk: Desk) -> None:
    row = ask(desk, state="working", owner=DEAD, tries=tasks.TRIES - 1)
    with tasks.taken(desk.ledger, row) as owner:
        assert owner
        tasks.leave_task(desk.ledger, "t", owner)
    found = read(desk)
    assert (found.state, found.owner, found.tries) == ("waiting", None, tasks.TRIES - 1)


@pytest.mark.parametrize("state", TASK_MOVES)
def test_cancelling_ends_what_is_open(desk: Desk, state: str) -> None:
    before = ask(desk, state=state, owner=DEAD)
    tasks.cancel_task(desk.ledger, "t")
    if state in OPEN_TASK:
        found = read(desk)
        assert (found.state, found.owner, found.ended_at) == ("cancelled", None, desk.clock())
    else:
        assert read(desk) == before


def test_open_tasks_come_in_their_order(desk: Desk) -> None:
    for name, state in (("a", "done"), ("b", "working"), ("c", "waiting")):
        ask(desk, name, state=state)
        desk.clock.forward(1)
    with desk.ledger.read() as tx:
        assert [row.id for row in tasks.open_tasks(tx)] == ["b", "c"]
        assert [row.id for row in tasks.newest_tasks(tx, 2)] == ["c", "b"]


def test_what_was_over_long_ago_is_forgotten(desk: Desk) -> None:
    for name in "ab":
        ask(desk, name)
    tasks.cancel_task(desk.ledger, "a")
    desk.clock.forward(7 * DAY)
    for left in (["a", "b"], ["b"]):
        with desk.ledger.begin() as tx:
            tasks.forget_ended(tx)
        assert [row["id"] for row in desk.rows(task)] == left
        desk.clock.forward(1)
    with pytest.raises(LedgerError, match="there is no task a"):
        read(desk, "a")


def test_an_older_ledger_is_not_asked(desk: Desk) -> None:
    """It is used as it is while a run is open."""
    with desk.ledger.engine.begin() as connection:
        task.drop(connection)
    with pytest.raises(LedgerError, match="knows nothing of the desk"):
        tasks.enter_task(desk.ledger, "t", "desk:eva", {"what": "prepare"})
    with desk.ledger.begin() as tx:
        assert tasks.newest_tasks(tx, 9) == []
        tasks.forget_ended(tx)
    with pytest.raises(LedgerError, match="knows nothing of the desk"):
        read(desk)
