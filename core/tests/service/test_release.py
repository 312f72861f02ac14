"""What must be answered before a run leaves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from opened_practice import (
    ACTOR,
    KEPT_TERMS,
    OTHER,
    ROWS,
    Bound,
    Paid,
    away,
    held_orders,
    like_email,
    prepared,
)

from serienpost import ConfigError, SerienpostError
from serienpost.errors import LedgerError
from serienpost.service import Answers, Confirmation
from serienpost.service.answers import PlanCounts, RunStatus

if TYPE_CHECKING:
    from pathlib import Path

    from opened_practice import Demanding, Practices, Shelf

    from serienpost import Disclaimer, Practice
    from serienpost.service import Run

ALL = Answers(release=True, ignore_balance=True, archive="pdf", accept_disclaimer=True)


def asked(run: Run, answers: Answers | None = None, **terms: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The questions that are open; none once it is released."""
    found = run.approve(answers, **terms)
    if isinstance(found, RunStatus):
        assert found.state == "approved"
        return ()
    assert run.status().state == "prepared"
    return found.open


@pytest.fixture
def everything(practices: Practices, demanding: Demanding, shelf: Shelf) -> Practices:
    """All that can be asked is asked."""
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: none\narchive: ask")
    demanding.balances[:] = [1.0]
    return practices


def test_every_question_is_asked_in_its_order(practice: Practice, everything: Practices) -> None:
    run = prepared(practice)
    assert asked(run) == ("release", "balance", "archive", "disclaimer")
    assert asked(run, Answers(release=True)) == ("balance", "archive", "disclaimer")
    assert asked(run, Answers(release=True, ignore_balance=True)) == ("archive", "disclaimer")
    assert asked(run, Answers(True, True, "entry")) == ("disclaimer",)
    assert asked(run, Answers(False, True, "entry", True)) == ("release",)
    assert asked(run, ALL) == ()


def test_a_question_shows_what_is_to_be_released(practice: Practice, everything: Practices) -> None:
    run = prepared(practice)
    at = everything.clock.now + timedelta(minutes=1)
    question = run.approve(at=at)
    assert isinstance(question, Confirmation)
    assert (question.run, question.mailing, question.kind) == (run.id, "einladung", "email")
    assert question.account == "mail"
    assert question.plan_hash == run.summary().plan_hash
    assert question.counts == PlanCounts(ROWS, ROWS, ROWS, ROWS)
    assert (question.cost.unit, question.cost.total, question.cost.balance) == ("credits", 12, 1.0)
    assert question.at == at
    assert question.disclaimer
    assert question.disclaimer.german == "Die Daten fliegen."
    assert question.channel == "E-mail that nobody gets"
    assert question.document()["open"] == ["release", "balance", "archive", "disclaimer"]


def test_nothing_is_asked_but_the_release_where_nothing_else_is_open(run: Run) -> None:
    assert asked(run) == ("release",)
    assert asked(run, Answers(release=True)) == ()


def test_the_one_who_answers_released_it(practices: Practices, run: Run) -> None:
    other = practices.open(OTHER).run(run.id)
    status = other.approve(Answers(release=True))
    assert isinstance(status, RunStatus)
    assert status.approved_by == OTHER
    assert status.approved_at == practices.clock.now
    again = run.approve(Answers(release=True))
    assert isinstance(again, RunStatus)
    assert again.approved_by == OTHER


def test_another_plan_than_the_one_looked_at_is_refused(run: Run) -> None:
    seen = run.approve()
    assert isinstance(seen, Confirmation)
    run.mark(exclude=["patient:2"])
    with pytest.raises(LedgerError, match="not the one you name"):
        run.approve(Answers(release=True), plan=seen.plan_hash)
    assert run.status().state == "prepared"
    run.mark(include=["patient:2"])
    assert asked(run, Answers(release=True), plan=seen.plan_hash) == ()


def test_what_belongs_to_the_release_is_refused_after_it(practices: Practices, run: Run) -> None:
    run.approve(Answers(release=True))
    with pytest.raises(LedgerError, match="--archive belongs to its release"):
        run.approve(Answers(release=True, archive="pdf"))
    with pytest.raises(LedgerError, match="--at belongs to its release"):
        run.approve(Answers(release=True), at=practices.clock.now + timedelta(hours=1))


def test_a_cancelled_run_is_not_released(run: Run) -> None:
    run.cancel()
    with pytest.raises(LedgerError, match="cancelled; send is not possible"):
        run.approve(Answers(release=True))


# The rules


def test_the_rules_of_now_count_not_those_that_the_practice_was_opened_with(
    practices: Practices, run: Run
) -> None:
    practices.edit("serienpost.yaml", "override: true", "override: false")
    with pytest.raises(SerienpostError, match=r"not those of the review \(consent.override\)"):
        run.approve(Answers(release=True))
    practices.edit("serienpost.yaml", "override: false", "override: true")
    assert asked(run, Answers(release=True)) == ()


def test_a_policy_of_the_machine_that_appears_counts_at_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yaml"
    monkeypatch.setattr("serienpost.config.layers.POLICY_FILE", policy)
    policy.write_text("required_plugins: [serienpost-testkit]\n", "utf-8")
    with pytest.raises(SerienpostError, match="required_plugins"):
        run.approve(Answers(release=True))
    policy.write_text("required_plugins: [serienpost-else]\n", "utf-8")
    with pytest.raises(SerienpostError, match="the policy requires serienpost-else"):
        run.approve(Answers(release=True))


# Another day, quiet hours


def at(practices: Practices, day: int, hour: int = 11) -> datetime:
    zone = practices.opened[0].context.zone
    return datetime(2026, 3, day, hour, tzinfo=zone)


def test_a_text_that_names_no_day_may_leave_on_another(
    practices: Practices, practice: Practice
) -> None:
    run = prepared(practice, due=date(2026, 3, 2))
    assert asked(run, Answers(release=True), at=at(practices, 4)) == ()


def test_a_selection_that_counts_from_the_due_date_leaves_on_it(
    practices: Practices, practice: Practice
) -> None:
    practices.edit("mailings/einladung.yaml", f"count: {ROWS}", f"count: {ROWS}, occasion: true")
    run = prepared(practice, due=date(2026, 3, 2))
    with pytest.raises(ConfigError, match="cannot be sent on another day") as refused:
        run.approve(Answers(release=True), at=at(practices, 3))
    assert refused.value.problems[0].hint == "serienpost prepare einladung --for 2026-03-03"
    practices.clock.now = at(practices, 3)
    with pytest.raises(ConfigError, match="cannot be sent on another day") as plainly:
        run.approve(Answers(release=True))
    assert plainly.value.problems == refused.value.problems
    practices.clock.now = at(practices, 1)
    with pytest.raises(ConfigError, match="cannot be sent on another day") as early:
        run.approve(Answers(release=True), catch_up=True)
    assert str(early.value.problems[0].hint).endswith("send it then with --at 2026-03-02THH:MM")
    assert asked(run, Answers(release=True), at=at(practices, 2)) == ()


def test_a_day_that_was_missed_is_caught_up_while_the_occasion_lies_ahead(
    practices: Practices, practice: Practice
) -> None:
    practices.edit("mailings/einladung.yaml", f"count: {ROWS}", f"count: {ROWS}, occasion: true")
    run = prepared(practice, due=date(2026, 3, 2))
    practices.clock.now = at(practices, 3, 0)
    with pytest.raises(ConfigError, match="the selection counts from that day"):
        run.approve(Answers(release=True))
    run.approve(Answers(release=True), catch_up=True)
    assert run.deliver().present == {"accepted": ROWS}


def test_what_a_provider_holds_does_not_leave_in_quiet_hours(practices: Practices) -> None:
    practices.edit("serienpost.yaml", "accounts:", 'quiet: {email: "20:00-08:00"}\naccounts:')
    practice = practices.open()
    held_orders(practice)
    run = prepared(practice, due=date(2026, 3, 2))
    with pytest.raises(ConfigError, match="no email goes out at 22:00: quiet hours 20:00-08:00"):
        run.approve(Answers(release=True), at=at(practices, 2, 22))
    assert asked(run, Answers(release=True), at=at(practices, 2, 12)) == ()


def test_what_is_handed_over_when_due_waits_for_the_end_of_quiet_hours(
    practices: Practices,
) -> None:
    practices.edit("serienpost.yaml", "accounts:", 'quiet: {email: "20:00-08:00"}\naccounts:')
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: none\nhand_over: due")
    practice = practices.open()
    held_orders(practice)
    run = prepared(practice, due=date(2026, 3, 2))
    assert asked(run, Answers(release=True), at=at(practices, 2, 22)) == ()


# Terms of the provider


def bound(practice: Practice, terms: Disclaimer | None) -> Run:
    practice.context.registry.channels["null-email"] = like_email(Bound, terms=terms)
    return prepared(practice)


def accepted_by(run: Run) -> str | None:
    run.approve(Answers(release=True))
    return run.manifest().disclaimer_by


def test_a_channel_without_terms_needs_nobody(practice: Practice) -> None:
    run = bound(practice, None)
    assert asked(run, Answers(release=True, accept_disclaimer=True)) == ()
    assert run.manifest().disclaimer_by is None
    assert run.manifest().disclaimer_at is None


def test_the_answer_accepts_in_the_name_of_whoever_gives_it(
    practice: Practice, practices: Practices, demanding: Demanding
) -> None:
    run = prepared(practice)
    assert asked(run, Answers(release=True, accept_disclaimer=True)) == ()
    assert run.manifest().disclaimer_by == ACTOR
    assert run.manifest().disclaimer_at == practices.clock.now


def test_the_account_accepts_for_runs_that_nobody_watches(practice: Practice) -> None:
    run = bound(practice, KEPT_TERMS)
    assert accepted_by(run) == "Dr. Sonnenschein (2026-11-01, account mail)"


def test_who_accepts_here_is_recorded_before_the_account(practice: Practice) -> None:
    run = bound(practice, KEPT_TERMS)
    run.approve(Answers(release=True, accept_disclaimer=True))
    assert run.manifest().disclaimer_by == ACTOR


def test_nobody_accepted_and_nothing_is_released(practice: Practice, demanding: Demanding) -> None:
    run = prepared(practice)
    assert asked(run, Answers(release=True)) == ("disclaimer",)
    assert run.manifest().disclaimer_by is None


# The balance of the provider's account


@pytest.fixture
def paid(practice: Practice) -> Paid:
    made = like_email(Paid, balances=[12.0])
    assert isinstance(made, Paid)
    practice.context.registry.channels["null-email"] = made
    return made


def test_a_balance_that_is_just_enough_is_no_question(practice: Practice, paid: Paid) -> None:
    run = prepared(practice)
    question = run.approve()
    assert isinstance(question, Confirmation)
    assert (question.open, question.cost.balance) == (("release",), 12.0)
    assert asked(run, Answers(release=True)) == ()


def test_a_balance_that_is_too_low_is_a_question(practice: Practice, paid: Paid) -> None:
    paid.balances[:] = [11.5]
    run = prepared(practice)
    assert asked(run, Answers(release=True)) == ("balance",)
    assert asked(run, Answers(release=True, ignore_balance=True)) == ()


def test_a_balance_that_nobody_knows_is_told_and_stops_nothing(
    practices: Practices, practice: Practice, paid: Paid
) -> None:
    paid.balances[:] = [away()]
    run = prepared(practice)
    assert asked(run, Answers(release=True)) == ()
    (notice,) = practices.told
    assert (notice.code, notice.parameters["account"]) == ("balance_unknown", "mail")
    assert notice.parameters["text"] == (
        "the balance of account mail is not known: the provider does not answer"
    )


def test_the_error_of_a_channel_is_told_by_its_kind_alone(
    practices: Practices, practice: Practice, paid: Paid
) -> None:
    paid.balances[:] = [RuntimeError("Ada Abel, null-1@example.org")]
    assert asked(prepared(practice), Answers(release=True)) == ()
    (notice,) = practices.told
    assert str(notice.parameters["text"]).endswith("is not known: RuntimeError")


def test_nobody_asks_for_a_balance_where_messages_cost_nothing(
    practices: Practices, run: Run
) -> None:
    question = run.approve()
    assert isinstance(question, Confirmation)
    assert (question.cost.unit, question.cost.balance) == ("messages", None)
    assert practices.told == []


# What goes into the records


def test_the_records_are_asked_about_where_the_mailing_says_so(
    practices: Practices, practice: Practice, shelf: Shelf
) -> None:
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: none\narchive: ask")
    run = prepared(practice)
    assert asked(run, Answers(release=True)) == ("archive",)
    assert asked(run, Answers(release=True, archive="entry")) == ()
    run.deliver()
    assert len(shelf.entries) == ROWS
    assert {entry.pdf for entry in shelf.entries} == {None}


def test_nobody_is_asked_about_records_that_there_are_none(
    practices: Practices, practice: Practice
) -> None:
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: none\narchive: ask")
    assert asked(prepared(practice), Answers(release=True)) == ()


@pytest.mark.usefixtures("shelf")
def test_records_of_another_kind_are_no_question(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", "once_per: none", "once_per: none\narchive: ask")
    practices.edit("mailings/einladung.yaml", "account: mail", "account: brief")
    practices.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
    assert asked(prepared(practice), Answers(release=True)) == ()


def test_an_answer_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="entry or pdf"):
        Answers(archive="bogus")  # type: ignore[arg-type]


def test_a_time_without_a_zone_is_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="time zone"):
        run.approve(Answers(release=True), at=datetime(2026, 3, 3, 9))  # noqa: DTZ001
    assert run.status().state == "prepared"
