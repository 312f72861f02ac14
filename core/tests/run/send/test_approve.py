from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Deny, words
from serienpost.errors import LedgerError
from serienpost.ledger.runs import allow_command, find_run
from serienpost.ledger.schema import journal, message, once
from serienpost.ledger.schema import run as run_table
from serienpost.ledger.states import COMMANDS, RUN_MOVES
from serienpost.run.send.approve import approve, cancel, pause
from serienpost.translation import speaking

if TYPE_CHECKING:
    Office = Any


def test_approval_releases_the_marked_and_suppresses_the_others(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva")
    office.source.people["patient:2"][0].fields["email"] = None
    office.club.verdicts["patient:3"] = Deny("no", "will nicht", "fragen")
    run = office.prepare(exclude=["patient:4"])
    approve(office.ledger, run, "petra", plan=office.run(run).plan_hash)
    row = office.run(run)
    assert (row.state, row.approved_by, row.approved_at) == ("approved", "petra", office.clock())
    assert office.states(run) == ["pending", "suppressed", "suppressed", "suppressed"]
    for gone in office.messages(run)[1:]:
        assert gone.code == "not_marked"
        assert (gone.name, gone.address, gone.number, gone.macro_values) == (None,) * 4
    assert office.messages(run)[0].fence == 1
    assert [j.action for j in office.rows(journal)] != []


def test_another_plan_is_refused(office: Office) -> None:
    office.add("Ada")
    run = office.prepare()
    with pytest.raises(LedgerError, match="is not the one you name") as caught:
        approve(office.ledger, run, "petra", plan="0" * 64)
    assert f"serienpost review {run}" in str(caught.value)
    assert office.state(run) == "prepared"


def test_a_run_is_approved_once(office: Office) -> None:
    office.add("Ada")
    run = office.approved()
    with pytest.raises(LedgerError, match=f"run {run} is approved, not prepared"):
        approve(office.ledger, run, "petra")


def test_time_and_disclaimer_are_recorded(office: Office) -> None:
    office.add("Ada")
    run = office.prepare()
    later = office.clock() + timedelta(hours=3)
    approve(office.ledger, run, "petra", send_at=later, disclaimer="petra")
    row = office.run(run)
    assert (row.send_at, row.disclaimer_by, row.disclaimer_at) == (later, "petra", office.clock())


def test_two_runs_approved_in_the_same_second_send_once(office: Office) -> None:
    office.add("Ada", "Kim")
    first, second = (office.prepare(once_per="recipient") for _ in range(2))
    approve(office.ledger, first, "cron")
    approve(office.ledger, second, "cron")
    assert office.states(first) == ["pending", "pending"]
    assert office.states(second) == ["suppressed", "suppressed"]
    assert [(m.code, m.text) for m in office.messages(second)] == [
        ("already_sent", f"already in {first}")
    ] * 2
    with speaking("de"):
        assert str(office.messages(second)[0].text) == f"schon in {first}"
    assert {row.run for row in office.rows(once)} == {first}
    assert office.send(second) == "finished"
    assert office.loft.sent == []


def test_without_once_both_runs_send(office: Office) -> None:
    office.add("Ada")
    assert [office.send(office.approved()) for _ in range(2)] == ["finished", "finished"]
    assert office.loft.sent == ["ada", "ada"]


def test_rows_with_one_key_in_one_run_go_out_once(office: Office) -> None:
    from serienpost import Occasion

    office.source.add("patient:1", "Ada", occasion=Occasion("termin:1"))
    office.source.add("patient:1", "Ada", occasion=Occasion("termin:2"))
    run = office.approved(once_per="recipient")
    assert office.states(run) == ["pending", "suppressed"]


def test_cancelling_stops_what_is_not_on_the_wire_and_frees_once(office: Office) -> None:
    office.add("Ada", "Kim", "Uwe", "Eva")
    run = office.approved(once_per="recipient")
    for no, state in ((1, "sending"), (2, "claimed"), (3, "accepted")):
        with office.ledger.begin() as tx:
            one = tx.update(message).where(message.c.no == no)
            tx.execute(one.values(state=state, owner="x"))
    assert cancel(office.ledger, run, "petra") == 2
    assert office.states(run) == ["sending", "cancelled", "accepted", "cancelled"]
    assert [m.owner for m in office.messages(run)] == ["x", None, "x", None]
    assert sorted(row.no for row in office.rows(once)) == [1, 3]
    assert office.state(run) == "cancelled person"
    other = office.approved(once_per="recipient")
    assert office.states(other) == ["suppressed", "pending", "suppressed", "pending"]


@pytest.mark.parametrize("state", RUN_MOVES)
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_allowed_by_state(office: Office, state: str, command: str) -> None:
    office.add("Ada")
    run = office.prepare()
    with office.ledger.begin() as tx:
        tx.execute(tx.update(run_table).values(state=state))
        row = find_run(tx, run)
    if state in COMMANDS[command]:
        allow_command(row, command)
        return
    said = f"run {run} is {words.run_state(state)}; {command} is not possible"
    with pytest.raises(LedgerError, match=said):
        allow_command(row, command)


def test_an_unknown_run_is_one_line(office: Office) -> None:
    with pytest.raises(LedgerError, match="there is no run 20260101-zzzz") as caught:
        approve(office.ledger, "20260101-zzzz", "petra")
    assert caught.value.problems[0].hint == "serienpost runs lists them"


def test_a_person_s_pause_ends_by_a_person_only(office: Office) -> None:
    office.add("Ada")
    run = office.approved()
    pause(office.ledger, run, "petra")
    assert office.run(run).reason_text == "paused by petra"
    assert office.send(run, by_itself=True) == "paused person"
    assert office.loft.sent == []
    assert office.send(run) == "finished"
    assert office.loft.sent == ["ada"]
