"""What is asked of a worker: asked once, done in the name of whoever asked, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from opened_practice import ACTOR, OTHER, ROWS, Paid, away, like_email

from serienpost import Exit, SerienpostError
from serienpost.errors import ConfigError, LedgerError, LedgerUnavailableError
from serienpost.ledger import store
from serienpost.ledger.schema import journal, message, selected, task
from serienpost.ledger.schema import run as run_table
from serienpost.service import (
    AskBalances,
    Draft,
    Prepare,
    PrepareDraft,
    ReadSelection,
    Stop,
    task_work,
)
from serienpost.service.mailing import Transliteration
from serienpost.service.task_work import TaskLook, do_task
from serienpost.translation import speaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from opened_practice import Practices
    from sqlalchemy import Table

    from serienpost import Practice
    from serienpost.service import Selection

# So many rows that they come in three slices.
MANY = 2_400


def work(practices: Practices, stop: Stop | None = None) -> list[Exception | None]:
    """Do what a worker finds, in the name of whoever asked; returns bugs."""
    found = TaskLook().found(practices.open("os:worker").ledger)
    return [do_task(practices.open(row.asked_by), row, stop or Stop()) for row in found]


def rows(practice: Practice, table: Table) -> list[tuple[object, ...]]:
    with practice.ledger.read() as tx:
        return [tuple(row) for row in tx.all(tx.select(table))]


def many(practices: Practices) -> None:
    practices.edit("mailings/einladung.yaml", f"count: {ROWS}", f"count: {MANY}")


def during(monkeypatch: pytest.MonkeyPatch, deed: Callable[[int], None]) -> list[int]:
    """Do something before the worker counts a slice; the rows of those that it counted then."""
    counted: list[int] = []
    real = task_work.Work.progress

    def progress(self: task_work.Work, done: int) -> None:
        deed(done)
        real(self, done)
        counted.append(done)

    monkeypatch.setattr(task_work.Work, "progress", progress)
    return counted


# Asking


def test_what_was_asked_is_prepared_in_the_name_of_whoever_asked(
    practices: Practices, practice: Practice
) -> None:
    asked = practice.ask(Prepare("einladung", due=date(2026, 12, 24)))
    waiting = asked.status()
    assert (waiting.state, waiting.exit, waiting.is_open) == ("waiting", None, True)
    assert (waiting.what, waiting.mailing, waiting.asked_by) == ("prepare", "einladung", ACTOR)

    work(practices)
    done = practice.task(asked.id).status()
    assert (done.state, done.exit, done.done, done.is_open) == ("done", Exit.DONE, ROWS, False)
    assert done.ended_at
    assert done.ended_at.utcoffset() == timedelta(hours=1)
    assert done.run
    assert practice.run(done.run).status().state == "prepared"
    assert done.run.startswith("20261224-")
    (line,) = rows(practice, journal)
    assert ACTOR in line


def test_the_due_date_is_the_day_of_asking(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "utc_now", practices.clock)
    today = practice.today()
    asked = practice.ask(Prepare("einladung"))
    practices.clock.forward(3 * 86400.0)
    work(practices)
    run = asked.status().run
    assert run
    assert run.startswith(f"{today:%Y%m%d}-")
    assert practice.today() > today


def test_what_is_used_instead_is_used(practices: Practices, practice: Practice) -> None:
    asked = practice.ask(Prepare("einladung", instead={"account": "brief", "template": "fehlt"}))
    work(practices)
    found = asked.status()
    assert (found.state, found.exit) == ("failed", Exit.REFUSED)
    assert found.reason
    assert "fehlt" in found.reason


def test_one_wish_is_one_task(practice: Practice, practices: Practices) -> None:
    first = practice.ask(Prepare("einladung"), token="A1")
    assert practice.ask(Prepare("einladung"), token="A1").id == first.id
    others = [
        practice.ask(Prepare("einladung"), token="B2"),
        practice.ask(Prepare("einladung", exclude_already_sent=True), token="A1"),
        practices.open(OTHER).ask(Prepare("einladung"), token="A1"),
        practice.ask(Prepare("einladung")),
        practice.ask(Prepare("einladung")),
    ]
    assert len({first.id, *(one.id for one in others)}) == 6
    work(practices)
    assert practice.ask(Prepare("einladung"), token="A1").status().state == "done"
    assert len(rows(practice, run_table)) == 6


def test_tasks_are_listed(practices: Practices, practice: Practice) -> None:
    ids = []
    for name in "abc":
        ids.append(practice.ask(Prepare(name)).id)
        practices.clock.forward(1)
    assert [one.task for one in practice.tasks()] == ids[::-1]
    assert [one.mailing for one in practice.tasks(1)] == ["c"]
    with pytest.raises(ValueError, match="the limit"):
        practice.tasks(0)


def test_there_is_no_such_task(practice: Practice) -> None:
    with pytest.raises(LedgerError, match="there is no task X"):
        practice.task("X")


# What becomes of it


def test_a_question_is_kept(practices: Practices, practice: Practice) -> None:
    practices.write("mailings/kurz.yaml", SMS)
    asked = practice.ask(Prepare("kurz"))
    work(practices)
    found = asked.status()
    direct = practice.prepare("kurz")
    assert isinstance(direct, Transliteration)
    assert (found.state, found.run, found.question) == ("done", None, direct)
    assert rows(practice, run_table) == []

    again = practice.ask(Prepare("kurz", rewrite_signs=True))
    work(practices)
    assert again.status().run
    assert again.status().question is None


SMS = """\
source: "null"
select: {count: 2}
account: kurz
purpose: event
transliterate: ask
text: "Termin um ½ 9 bei Dr. Đorđević"
"""


def test_a_reason_is_said_in_the_readers_language(practices: Practices, practice: Practice) -> None:
    asked = practice.ask(Prepare("weg"))
    work(practices)
    with speaking("de"):
        german = str(asked.status().reason)
    assert german != str(asked.status().reason)
    assert "weg" in german


def test_a_bug_fails_the_task_and_is_returned(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(done: int) -> None:
        raise ZeroDivisionError(f"Erika Mustermann {done}")

    during(monkeypatch, break_down)
    asked = practice.ask(Prepare("einladung"))
    (bug,) = work(practices)
    assert isinstance(bug, ZeroDivisionError)
    found = asked.status()
    assert (found.state, found.exit) == ("failed", Exit.BUG)
    assert found.reason
    assert "ZeroDivisionError" in found.reason
    assert asked.id in found.reason
    assert "Mustermann" not in found.reason
    assert rows(practice, run_table) == rows(practice, message) == []


def test_what_a_newer_serienpost_asked_for_fails(practices: Practices, practice: Practice) -> None:
    asked = practice.ask(Prepare("einladung"))
    with practice.ledger.begin() as tx:
        tx.execute(tx.update(task).values(what="fly"))
    (bug,) = work(practices)
    assert isinstance(bug, KeyError)
    assert (asked.status().state, asked.status().exit) == ("failed", Exit.BUG)


def test_progress_is_told_now_and_then(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(practices)
    monkeypatch.setattr(task_work, "NOTE_SECONDS", 0.0)
    asked = practice.ask(Prepare("einladung"))
    seen = []
    counted = during(monkeypatch, lambda _: seen.append(asked.status().done))
    work(practices)
    assert len(counted) > 1
    assert seen == [0, *counted[:-1]]
    assert asked.status().done == counted[-1] == MANY


# Cancelling and stopping


def test_one_that_waits_is_never_begun(practices: Practices, practice: Practice) -> None:
    asked = practice.ask(Prepare("einladung"))
    assert asked.cancel().state == "cancelled"
    work(practices)
    assert asked.status().state == "cancelled"
    assert rows(practice, run_table) == []
    assert asked.cancel().state == "cancelled"


def test_one_under_way_stops_and_leaves_nothing(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(practices)
    asked = practice.ask(Prepare("einladung"))
    counted = during(monkeypatch, lambda done: asked.cancel() and None if done > 1000 else None)
    work(practices)
    assert counted == [1000]
    assert asked.status().state == "cancelled"
    assert rows(practice, run_table) == rows(practice, message) == []


def test_one_cancelled_when_all_is_read_leaves_nothing(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last slice and the transaction that would make the run a prepared one."""
    asked = practice.ask(Prepare("einladung"))
    real = task_work.Work.progress

    def progress(self: task_work.Work, done: int) -> None:
        real(self, done)
        asked.cancel()

    monkeypatch.setattr(task_work.Work, "progress", progress)
    work(practices)
    assert asked.status().state == "cancelled"
    assert rows(practice, run_table) == rows(practice, message) == []


def test_one_that_is_over_stays_so(practices: Practices, practice: Practice) -> None:
    asked = practice.ask(Prepare("einladung"))
    work(practices)
    done = asked.status()
    assert asked.cancel() == done


def test_a_worker_that_is_stopped_leaves_it_to_another(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(practices)
    asked, stop = practice.ask(Prepare("einladung")), Stop()
    with monkeypatch.context() as patch:
        during(patch, lambda _: stop.request())
        work(practices, stop)
    assert asked.status().state == "waiting"
    assert rows(practice, run_table) == rows(practice, message) == []
    work(practices)
    assert asked.status().state == "done"
    assert len(rows(practice, run_table)) == 1


def test_a_ledger_that_is_away_leaves_it_to_another_look(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(_done: int) -> None:
        raise LedgerUnavailableError(str(away()))

    asked = practice.ask(Prepare("einladung"))
    with monkeypatch.context() as patch:
        during(patch, be_away)
        with pytest.raises(LedgerUnavailableError):
            work(practices)
    assert asked.status().state == "working"
    work(practices)
    assert asked.status().state == "done"
    assert len(rows(practice, run_table)) == 1


def test_a_ledger_that_cannot_be_written_fails_it_the_third_time(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the disk has room for a task and for no run."""

    def be_full(_done: int) -> None:
        raise LedgerUnavailableError(str(away()))

    asked = practice.ask(Prepare("einladung"))
    during(monkeypatch, be_full)
    for state in ("working", "working", "failed"):
        with pytest.raises(LedgerUnavailableError):
            work(practices)
        assert asked.status().state == state
    assert (asked.status().exit, asked.status().reason) == (Exit.OPEN, str(away()))
    assert rows(practice, run_table) == []


def test_it_is_given_up_at_the_third_death(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = practice.ask(Prepare("einladung"))

    def die(_done: int) -> None:
        raise KeyboardInterrupt  # as a process ends: nothing is written down

    during(monkeypatch, die)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            work(practices)
        assert asked.status().state == "working"
    work(practices)
    found = asked.status()
    assert (found.state, found.exit) == ("failed", Exit.BUG)
    assert rows(practice, run_table) == []


# People who are chosen, and drafts


def chosen(
    practice: Practice, count: int = ROWS, due: date | None = None, **block: object
) -> Selection:
    """People who are to be read."""
    block = {"source": "null", "count": count, **block}
    return practice.new_selection([block], account="mail", purpose="event", due=due)


def draft_to(practice: Practice, selection: Selection) -> Draft:
    """A draft that writes to a selection; its own keys say nothing of whom it is for."""
    text = {"subject": "Neues", "text": "Guten Tag {{Null_Name}}"}
    keys = {"account": "mail", "purpose": "event", **text}
    made = practice.new_draft(about="other", keys=keys, selection=selection.id, title="Neues")
    assert isinstance(made, Draft)
    return made


def test_people_are_read_and_written_to_by_a_worker(
    practices: Practices, practice: Practice
) -> None:
    people = chosen(practice)
    asked = practice.ask(ReadSelection(people.id), token="A1")
    assert practice.ask(ReadSelection(people.id), token="A1").id == asked.id
    waiting = asked.status()
    assert (waiting.what, waiting.selection, waiting.mailing) == ("read", people.id, None)
    work(practices)
    done = asked.status()
    assert (done.state, done.done, done.run, done.exit) == ("done", ROWS, None, Exit.DONE)
    assert people.status().state == "ready"

    people.unmark(["patient:3"])
    draft = draft_to(practice, people)
    assert draft.check().kind == "email"
    asked = practice.ask(PrepareDraft(draft.id, draft.version))
    work(practices)
    done = asked.status()
    assert (done.state, done.draft, done.version, done.done) == ("done", draft.id, 1, ROWS)
    assert done.run == practice.draft(draft.id).run
    run = practice.run(done.run or "")
    assert run.summary().counts.marked == ROWS - 1
    (left_out,) = run.review(filter="unmarked").recipients
    assert left_out.row == "patient:3"

    asked = practice.ask(Prepare("einladung", selection=people.id))
    work(practices)
    assert asked.status().selection == people.id
    again = practice.run(asked.status().run or "")
    assert again.summary().counts == run.summary().counts


def test_a_draft_takes_a_selection_over_as_a_mailing_does(practice: Practice) -> None:
    people = chosen(practice)
    people.read()
    people.unmark(["patient:2"])
    draft, made = draft_to(practice, people), practice.prepare("einladung", selection=people.id)
    own = draft.prepare()
    assert not isinstance(own, Transliteration)
    assert not isinstance(made, Transliteration)
    assert [(one.row, one.marked) for one in own.recipients()] == [
        (one.row, one.marked) for one in made.recipients()
    ]
    other = draft.save({**draft.keys, "purpose": "information"}, 1)
    assert isinstance(other, Draft)
    for call in (other.check, other.prepare):
        with pytest.raises(ConfigError, match="for the purpose information") as refused:
            call()
        assert refused.value.problems[0].key == "purpose"
    with pytest.raises(LedgerError, match="writes to these people"):
        people.discard()
    assert practice.draft(draft.id).run == own.id


def test_a_draft_that_was_saved_meanwhile_is_not_prepared(
    practices: Practices, practice: Practice
) -> None:
    people = chosen(practice)
    people.read()
    draft = draft_to(practice, people)
    asked = practice.ask(PrepareDraft(draft.id, draft.version))
    draft.save({**draft.keys, "subject": "Anders"}, draft.version)
    work(practices)
    found = asked.status()
    assert (found.state, found.exit) == ("failed", Exit.REFUSED)
    assert "meanwhile" in str(found.reason)
    assert rows(practice, run_table) == []


@pytest.mark.parametrize("by_day", [True, False])
def test_the_day_is_that_of_people_who_were_chosen_by_one_or_that_of_asking(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch, by_day: bool
) -> None:
    monkeypatch.setattr(store, "utc_now", practices.clock)
    today = practice.today()
    theirs = today + timedelta(days=2)
    people = chosen(practice, due=theirs, occasion=by_day)
    people.read()
    draft = draft_to(practice, people)
    asked = [
        practice.ask(wish)
        for wish in (
            PrepareDraft(draft.id, draft.version),
            Prepare("einladung", selection=people.id),
        )
    ]
    practices.clock.forward(86400.0)
    work(practices)
    expected = theirs if by_day else today
    for one in asked:
        assert (one.status().run or "").startswith(f"{expected:%Y%m%d}-")


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_reading_that_is_stopped_waits_and_one_that_is_cancelled_has_failed(
    practices: Practices,
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    cancelled: bool,
) -> None:
    people, stop = chosen(practice, MANY), Stop()
    asked = practice.ask(ReadSelection(people.id))
    with monkeypatch.context() as patch:
        during(patch, lambda _: (asked.cancel() and None) if cancelled else stop.request())
        work(practices, stop)
    assert rows(practice, selected) == []
    found = people.status()
    if cancelled:
        assert (found.state, found.reason) == ("failed", "somebody cancelled the reading")
        assert asked.status().state == "cancelled"
        people.ask_again()
        asked = practice.ask(ReadSelection(people.id))
    else:
        assert (found.state, asked.status().state) == ("reading", "waiting")
    work(practices)
    assert (people.status().state, asked.status().state) == ("ready", "done")
    assert people.status().counts.marked == MANY


def test_what_is_cancelled_when_all_is_read_is_not_ready(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = chosen(practice)
    asked = practice.ask(ReadSelection(people.id))
    real = task_work.Work.progress

    def progress(self: task_work.Work, done: int) -> None:
        real(self, done)
        asked.cancel()

    monkeypatch.setattr(task_work.Work, "progress", progress)
    work(practices)
    assert (asked.status().state, people.status().state) == ("cancelled", "failed")
    assert rows(practice, selected) == []


def test_what_cannot_be_read_fails_selection_and_task(
    practices: Practices, practice: Practice
) -> None:
    people = chosen(practice)
    people.read()
    twice, gone = practice.ask(ReadSelection(people.id)), practice.ask(ReadSelection("s1"))
    work(practices)
    assert "was read already" in str(twice.status().reason)
    assert "there is no selection" in str(gone.status().reason)
    assert people.status().state == "ready"


# Keeping


def test_purge_removes_what_was_over_long_ago(practices: Practices, practice: Practice) -> None:
    over, waits = practice.ask(Prepare("weg")), practice.ask(Prepare("einladung"))
    over.cancel()
    practices.clock.forward(8 * 86400.0)
    practice.purge()
    assert [one.task for one in practice.tasks()] == [waits.id]
    with pytest.raises(SerienpostError, match="there is no task"):
        over.status()


def test_balances_are_what_providers_said_when_they_were_asked_last(
    practices: Practices, practice: Practice
) -> None:
    paid = like_email(Paid, balances=[12.5, TimeoutError("no answer"), 7.0])
    assert isinstance(paid, Paid)
    practice.context.registry.channels["null-email"] = paid

    def told() -> tuple[float | None, datetime | None, datetime | None]:
        (one,) = {(one.amount, one.known_at, one.asked_at) for one in practice.balances()}
        return one

    def stands() -> tuple[bool, bool, bool]:
        (one,) = {(o.is_asked, o.is_old, o.is_unanswered) for o in practice.balances()}
        return one

    def ask() -> None:
        for row in TaskLook().found(practice.ledger):
            assert do_task(practice, row, Stop()) is None

    assert (told(), stands()) == ((None, None, None), (False, True, False))
    practice.ask(AskBalances())
    assert (told(), stands()) == ((None, None, None), (True, False, False))
    ask()
    first = practices.clock.now
    assert (told(), stands()) == ((12.5, first, first), (False, False, False))
    practices.clock.forward(3600)
    assert stands() == (False, True, False)
    practice.ask(AskBalances())
    assert (told(), stands()) == ((12.5, first, first), (True, False, False))
    ask()
    second = practices.clock.now
    assert (told(), stands()) == ((12.5, first, second), (False, False, True))
    assert paid.balances == [7.0], "nobody is asked for a page"
