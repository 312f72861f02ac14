"""What goes on by itself: runs whose time has come, and a mailing that cron sends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from opened_practice import (
    ACTOR,
    ROWS,
    TERMS,
    Bound,
    Paid,
    held_orders,
    like_email,
    prepared,
    released,
)

from serienpost import Exit, SerienpostError
from serienpost.run.send.recheck import Recheck
from serienpost.service import Answers, Confirmation, Stop
from serienpost.service.answers import RunStatus

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.ledger.rows import Outgoing
    from serienpost.service import Progress, Run

YES = Answers(release=True)
BIRTHDAY = date(2026, 3, 2)


def for_day(practice: Practice, day: int) -> Run:
    """A released run of the due date in March."""
    run = prepared(practice, due=date(2026, 3, day))
    released(run)
    return run


def counts(status: RunStatus | Confirmation) -> dict[str, int]:
    assert isinstance(status, RunStatus)
    return status.present


# Every run whose time has come


def test_nothing_is_due_in_a_new_practice(practice: Practice) -> None:
    assert practice.resume_due() == []


def test_a_run_that_nobody_released_is_left_alone(practice: Practice, run: Run) -> None:
    assert practice.resume_due() == []
    assert run.status().state == "prepared"


def test_released_runs_are_delivered_the_oldest_first(
    practices: Practices, practice: Practice
) -> None:
    runs = []
    for day in (3, 2, 4):
        runs.append(for_day(practice, day).id)
        practices.clock.forward(1)
    seen: list[str] = []
    due = practice.resume_due(progress=lambda one: seen.append(one.run))
    assert [(one.run, one.state, one.exit) for one in due] == [
        (run, "finished", Exit.DONE) for run in runs
    ]
    assert list(dict.fromkeys(seen)) == runs
    assert practices.accepted() == 3 * ROWS
    assert practice.resume_due() == []


def test_a_run_that_waits_for_its_time_waits_on(practices: Practices, practice: Practice) -> None:
    run = prepared(practice)
    later = practices.clock.now + timedelta(hours=2)
    run.approve(YES, at=later)
    assert run.deliver(wait=False).reason == "schedule"
    (due,) = practice.resume_due()
    assert (due.run, due.exit, due.state, due.reason) == (run.id, Exit.OPEN, "paused", "schedule")
    assert due.until == later
    assert due.document()["until"] == "2026-03-02T12:00:00+01:00"
    assert practices.accepted() == 0
    practices.clock.forward(2 * 3600)
    (due,) = practice.resume_due()
    assert (due.state, due.exit, due.until) == ("finished", Exit.DONE, None)
    assert practices.accepted() == ROWS


def test_a_run_that_a_person_paused_waits_for_a_person(
    practices: Practices, practice: Practice
) -> None:
    run = for_day(practice, 2)
    run.pause()
    (due,) = practice.resume_due()
    assert (due.exit, due.state, due.reason) == (Exit.OPEN, "paused", "person")
    assert practices.accepted() == 0


def test_an_error_of_one_run_concerns_that_run_only(
    practices: Practices, practice: Practice
) -> None:
    practices.write("mailings/leise.yaml", (practices.folder / "mailings/einladung.yaml")
                    .read_text("utf-8").replace("account: mail", "account: brief")
                    .replace("subject: Einladung\n", ""))  # fmt: skip
    broken = for_day(practice, 2)
    practices.clock.forward(1)
    whole = prepared(practice, "leise")
    released(whole)
    del practice.context.config.accounts["mail"]
    due = {one.run: one for one in practice.resume_due()}
    assert (due[broken.id].exit, due[whole.id].exit) == (Exit.OPEN, Exit.DONE)
    assert practices.told == []  # it is said once, by the run itself
    (problem,) = due[broken.id].problems
    assert broken.id in problem.message
    assert "mail" in problem.message
    assert due[broken.id].ends is None
    assert practices.accepted() == ROWS


def test_failures_show_in_the_exit_of_their_run(practices: Practices) -> None:
    rules = "outcomes: [{position: 1, outcome: rejected}]"
    practices.edit("serienpost.yaml", "null-email,", f"null-email, {rules},")
    practice = practices.open()
    run = for_day(practice, 2)
    assert [(one.run, one.exit) for one in practice.resume_due()] == [(run.id, Exit.SOME_FAILED)]


def test_after_a_request_to_stop_no_further_run_begins(
    practices: Practices, practice: Practice
) -> None:
    first = for_day(practice, 2)
    practices.clock.forward(1)
    second = for_day(practice, 3)
    stop = Stop()

    def stop_in_the_first(progress: Progress) -> None:
        assert progress.run == first.id
        stop.request()

    due = practice.resume_due(progress=stop_in_the_first, stop=stop)
    states = {one.run: (one.state, one.exit) for one in due}
    assert states[second.id] == ("approved", Exit.OPEN)
    assert first.id in states
    assert second.status().present == {"pending": ROWS}


def test_a_cancelled_run_is_settled_and_not_listed(
    practices: Practices, practice: Practice
) -> None:
    run = for_day(practice, 2)
    run.cancel()
    assert practice.resume_due() == []
    assert practices.codes() == []


def test_orders_that_must_not_go_out_are_named_for_withdrawal(
    practices: Practices, practice: Practice
) -> None:
    held_orders(practice)
    run = prepared(practice)
    later = practices.clock.now + timedelta(days=2)
    run.approve(YES, at=later)
    assert run.deliver().present == {"accepted": ROWS}
    assert practice.resume_due() == []
    practices.write("gone.json", '{"patient:2": "moved away"}')
    (due,) = practice.resume_due()
    assert (due.run, due.exit, due.state) == (run.id, Exit.OPEN, "finished")
    assert due.held_until == later
    (order,) = due.withdraw
    assert (order.row, order.code, order.reason) == ("patient:2", "gone", "moved away")
    assert order.ref in {message.ref for message in run.messages()}


def test_orders_that_cannot_be_judged_are_told_and_stay_open(
    practices: Practices, practice: Practice
) -> None:
    held_orders(practice)
    run = prepared(practice)
    run.approve(YES, at=practices.clock.now + timedelta(days=2))
    run.deliver()
    practices.write("gone.json", "no JSON")
    (due,) = practice.resume_due()
    assert (due.run, due.exit, due.withdraw) == (run.id, Exit.OPEN, ())
    assert practices.codes() == ["orders_unknown"]


# A mailing in one go


def test_a_mailing_is_prepared_released_and_delivered(
    practices: Practices, practice: Practice
) -> None:
    counted: list[int] = []
    seen: list[Progress] = []
    done = practice.run_mailing(
        "einladung", answers=YES, counting=counted.append, progress=seen.append
    )
    assert counts(done) == {"accepted": ROWS}
    assert isinstance(done, RunStatus)
    assert done.approved_by == ACTOR
    assert counted[-1] == ROWS
    assert (seen[-1].run, seen[-1].total, seen[-1].settled) == (done.run, ROWS, ROWS)
    assert practices.accepted() == ROWS


def test_without_a_release_nothing_is_prepared(practice: Practice) -> None:
    asked = practice.run_mailing("einladung")
    assert isinstance(asked, Confirmation)
    assert (asked.run, asked.mailing, asked.open) == (None, "einladung", ("release",))
    assert practice.runs() == []


def test_terms_that_nobody_accepted_are_asked_before_anything_is_prepared(
    practice: Practice,
) -> None:
    practice.context.registry.channels["null-email"] = like_email(Bound)
    asked = practice.run_mailing("einladung")
    assert isinstance(asked, Confirmation)
    assert asked.open == ("release", "disclaimer")
    assert asked.disclaimer == TERMS
    asked = practice.run_mailing("einladung", answers=YES)
    assert isinstance(asked, Confirmation)
    assert asked.open == ("disclaimer",)
    assert practice.runs() == []
    accepted = Answers(release=True, accept_disclaimer=True)
    assert counts(practice.run_mailing("einladung", answers=accepted)) == {"accepted": ROWS}


def test_what_only_the_prepared_run_can_ask_names_it(
    practices: Practices, practice: Practice
) -> None:
    practice.context.registry.channels["null-email"] = like_email(Paid, balances=[1.0])
    asked = practice.run_mailing("einladung", answers=YES)
    assert isinstance(asked, Confirmation)
    assert asked.open == ("balance",)
    assert asked.run
    run = practice.run(asked.run)
    assert run.status().state == "prepared"
    assert asked.plan_hash == run.summary().plan_hash
    assert practices.accepted() == 0
    run.approve(Answers(release=True, ignore_balance=True), plan=asked.plan_hash)
    assert counts(run.deliver(by_itself=True)) == {"accepted": ROWS}


def test_an_open_run_is_resumed_instead_of_preparing_another(
    practices: Practices, practice: Practice
) -> None:
    run = for_day(practice, 2)
    done = practice.run_mailing("einladung", due=BIRTHDAY)
    assert isinstance(done, RunStatus)
    assert (done.run, counts(done)) == (run.id, {"accepted": ROWS})
    assert [one.run for one in practice.runs()] == [run.id]
    again = practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert isinstance(again, RunStatus)
    assert again.run != run.id


def test_a_run_that_a_person_paused_is_not_released_by_cron(
    practices: Practices, practice: Practice
) -> None:
    run = for_day(practice, 2)
    run.pause()
    done = practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert isinstance(done, RunStatus)
    assert (done.run, done.state, done.exit) == (run.id, "paused", Exit.OPEN)
    assert practices.accepted() == 0


def test_earlier_due_dates_are_continued_and_later_ones_are_not(
    practices: Practices, practice: Practice
) -> None:
    earlier, later = for_day(practice, 1), for_day(practice, 3)
    done = practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert isinstance(done, RunStatus)
    assert done.run not in {earlier.id, later.id}
    assert earlier.status().state == "finished"
    assert later.status().state == "approved"
    assert practices.accepted() == 2 * ROWS


def test_a_run_of_another_mailing_is_not_continued(
    practices: Practices, practice: Practice
) -> None:
    text = (practices.folder / "mailings/einladung.yaml").read_text("utf-8")
    practices.write("mailings/andere.yaml", text)
    other = prepared(practice, "andere", due=date(2026, 3, 1))
    released(other)
    practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert other.status().state == "approved"


def test_an_earlier_run_that_cannot_go_on_keeps_nobody_from_todays(
    practices: Practices, practice: Practice
) -> None:
    earlier = for_day(practice, 1)
    accounts = practice.context.config.accounts
    practices.edit("mailings/einladung.yaml", "account: mail", "account: brief")
    practices.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
    del accounts["mail"]
    done = practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert counts(done) == {"accepted": ROWS}
    assert earlier.status().state == "approved"
    assert [(n.code, n.parameters["run"]) for n in practices.told if n.code == "not_continued"] == [
        ("not_continued", earlier.id)
    ]


def test_people_who_had_the_mailing_before_are_told(
    practices: Practices, practice: Practice
) -> None:
    first = practice.run_mailing("einladung", due=BIRTHDAY, answers=YES)
    assert isinstance(first, RunStatus)
    practices.clock.forward(86400)
    practice.run_mailing("einladung", due=date(2026, 3, 3), answers=YES)
    (notice,) = practices.told
    assert notice.code == "sent_again"
    assert notice.parameters == {
        "mailing": "einladung",
        "people": ROWS,
        "on": BIRTHDAY,
        "run": first.run,
    }


def test_signs_that_make_an_sms_longer_stay_where_nobody_can_be_asked(
    practices: Practices, practice: Practice
) -> None:
    practices.write(
        "mailings/kurz.yaml",
        'source: "null"\nselect: {count: 2}\naccount: kurz\npurpose: event\nonce_per: none\n'
        "text: „Guten Tag“ aus der Praxis\n",
    )
    done = practice.run_mailing("kurz", answers=YES)
    assert isinstance(done, RunStatus)
    assert counts(done) == {"accepted": 2}
    (notice,) = practices.told
    assert notice.code == "signs_stay"
    assert '„ -> " (1)' in str(notice.parameters["changes"])
    (_, files), = practice.run(done.run).preview()  # fmt: skip
    assert "„Guten Tag“" in files[".txt"].decode()


# Asked to stop, and bugs


def test_a_mailing_asked_to_stop_while_it_is_prepared_releases_nothing(
    practices: Practices, practice: Practice
) -> None:
    stop = Stop()
    with pytest.raises(SerienpostError, match="stopped; nothing was approved"):
        practice.run_mailing("einladung", answers=YES, counting=lambda _: stop.request(), stop=stop)
    assert [one.state for one in practice.runs()] in ([], ["cancelled"])
    assert practice.resume_due() == []
    assert practices.accepted() == 0


def test_a_bug_in_one_run_leaves_the_others_their_turn(
    practices: Practices, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = for_day(practice, 2), for_day(practice, 3)
    sound = Recheck.run

    def faulty(self: Recheck, rows: list[Outgoing], at: datetime) -> object:
        if self.renderer.header.due == "2026-03-02":
            raise ZeroDivisionError
        return sound(self, rows, at)

    monkeypatch.setattr(Recheck, "run", faulty)
    with pytest.raises(ZeroDivisionError):
        practice.resume_due()
    assert (first.status().state, first.status().reason) == ("paused", "crash")
    assert second.status().state == "finished"
    assert practices.accepted() == ROWS
