"""A test to an own address by a worker: sent once, its address forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, ROWS, Demanding, prepared

from serienpost import Exit, SerienpostError
from serienpost.ledger.schema import message, task
from serienpost.service import Answers, SendTest, Stop, task_work
from serienpost.service.task_work import TaskLook, do_task

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.run.report.export import WaitingTest
    from serienpost.service import Run

OWN = "praxis@example.org"
HOUR = 3600.0


def work(practices: Practices) -> None:
    for row in TaskLook().found(practices.open("os:worker").ledger):
        assert do_task(practices.open(ACTOR), row, Stop()) is None


def kept(practice: Practice) -> str:
    """All that the ledger keeps of tasks."""
    with practice.ledger.read() as tx:
        return str([tuple(row) for row in tx.all(tx.select(task))])


def test_it_is_sent_once(practices: Practices, practice: Practice, run: Run) -> None:
    asked = [practice.ask(SendTest(run.id, OWN), token="one click") for _ in range(2)]
    assert asked[0].id == asked[1].id
    for _ in range(2):
        work(practices)
    status = asked[0].status()
    assert (status.what, status.state, status.exit, status.run) == ("test", "done", 0, run.id)
    assert practices.accepted() == 1
    assert OWN not in kept(practice)


class DiedError(BaseException):
    """The process is gone."""


def test_what_may_have_left_is_not_sent_again(
    practices: Practices, practice: Practice, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault: a worker dies after the test left, and the next one sends it once more."""
    asked = practice.ask(SendTest(run.id, OWN))

    def die(*_args: object, **_came: object) -> None:
        raise DiedError

    with monkeypatch.context() as dying:
        dying.setattr(task_work, "close_task", die)
        with pytest.raises(DiedError):
            work(practices)
    work(practices)
    status = asked.status()
    assert (status.state, status.exit, practices.accepted()) == ("failed", Exit.OPEN, 1)
    assert "look whether it arrives" in str(status.reason)
    assert OWN not in kept(practice)


def test_what_has_not_left_is_sent_by_the_next(
    practices: Practices, practice: Practice, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = practice.ask(SendTest(run.id, OWN))

    def die(*_args: object) -> None:
        raise DiedError

    with monkeypatch.context() as dying:
        dying.setattr(task_work, "note_left", die)
        with pytest.raises(DiedError):
            work(practices)
    assert practices.accepted() == 0
    work(practices)
    assert (asked.status().state, practices.accepted()) == ("done", 1)


def test_nobody_waits_for_it_after_an_hour(
    practices: Practices, practice: Practice, run: Run
) -> None:
    asked = practice.ask(SendTest(run.id, OWN))
    practices.clock.forward(HOUR + 1)
    work(practices)
    assert (asked.status().state, practices.accepted()) == ("failed", 0)


def test_the_reason_does_not_repeat_the_address(
    practices: Practices, practice: Practice, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = practice.ask(SendTest(run.id, OWN))
    real = task_work.own_address.send

    def refused(*args: object) -> object:
        found = real(*args)  # type: ignore[arg-type]
        text = f"550 <{OWN.upper()}> unknown"
        return type(found)(run.id, "refused_permanent", text)  # type: ignore[arg-type, call-arg]

    monkeypatch.setattr(task_work.own_address, "send", refused)
    work(practices)
    status = asked.status()
    assert (status.state, status.exit) == ("failed", Exit.REFUSED)
    assert "unknown" in str(status.reason)
    assert OWN not in kept(practice).lower()


def test_one_that_waits_is_in_what_is_known_of_the_person(practice: Practice, run: Run) -> None:
    with practice.ledger.read() as tx:
        rows = tx.all(tx.select(message, message.c.person, message.c.row_id, message.c.address))
    mine, other = rows[:2]
    practice.ask(SendTest(run.id, mine.address, row=other.row_id))
    practice.ask(SendTest(run.id, OWN, row=mine.row_id))
    told = {(one.run, one.user, one.to, one.row) for one in waiting(practice, mine.person)}
    assert told == {(run.id, ACTOR, mine.address, None), (run.id, ACTOR, None, mine.row_id)}
    theirs = [(one.to, one.row) for one in waiting(practice, other.person)]
    assert theirs == [(None, other.row_id)]


def waiting(practice: Practice, person: str) -> tuple[WaitingTest, ...]:
    """The tests that wait and are about a person."""
    return practice.export_person(person).waiting_tests


@pytest.mark.parametrize("how", ["purge", "cancel", "erase"])
def test_the_address_of_one_that_waits_is_forgotten(
    practices: Practices, practice: Practice, run: Run, how: str
) -> None:
    with practice.ledger.read() as tx:
        (first, *rest) = tx.all(tx.select(message, message.c.person, message.c.address))
    assert len(rest) == ROWS - 1
    own = first.address.upper()
    asked = practice.ask(SendTest(run.id, own))
    assert own in kept(practice)
    if how == "purge":
        practices.clock.forward(HOUR + 1)
        practice.purge()
    elif how == "cancel":
        asked.cancel()
    else:
        practice.erase_person(first.person)
    assert asked.status().state == "cancelled"
    assert own not in kept(practice)
    work(practices)
    assert practices.accepted() == 0


def test_what_it_needs_is_asked_before(practice: Practice, run: Run) -> None:
    assert run.ask_before_test(OWN) is None
    with pytest.raises(SerienpostError, match="cannot be reached"):
        run.ask_before_test("Ada")


def test_terms_are_asked_before_and_not_taken_for_accepted(
    practices: Practices, practice: Practice, demanding: Demanding
) -> None:
    assert demanding
    run = prepared(practice)
    (row, *_others) = [one.row for one in run.recipients()]
    question = run.ask_before_test(OWN, row)
    assert question
    assert question.open == ("disclaimer",)
    assert run.ask_before_test(OWN, row, Answers(accept_disclaimer=True)) is None
