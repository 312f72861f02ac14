"""A run: look at it, mark, try, deliver, decide about it."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from opened_practice import (
    ACTOR,
    OTHER,
    ROWS,
    Bindery,
    Bound,
    Paid,
    Shelf,
    like_email,
    prepared,
    released,
)

from serienpost import Exit, SerienpostError
from serienpost.errors import LedgerError, StillOpenError
from serienpost.service import Answers, Confirmation, Run, Stop
from serienpost.service.answers import RunStatus
from serienpost.translation import speaking

if TYPE_CHECKING:
    from opened_practice import Practices

    from serienpost import Practice
    from serienpost.service import Progress
    from serienpost.service.run import TestResult

YES = Answers(release=True)


def rows(run: Run, **how: object) -> list[str]:
    page = run.review(**how)  # type: ignore[arg-type]
    return [row.row.removeprefix("patient:") for row in page.recipients]


def outcomes(practices: Practices, rules: list[dict[str, object]]) -> Run:
    """A released run whose provider follows these rules."""
    practices.write("rules.json", json.dumps(rules))
    practices.edit("serienpost.yaml", "null-email,", "null-email, outcomes: rules.json,")
    run = prepared(practices.open())
    released(run)
    return run


# Look at it


def test_a_run_that_is_not_there_is_refused(practice: Practice) -> None:
    with pytest.raises(LedgerError, match="there is no run nothing"):
        practice.run("nothing")


def test_the_review_comes_in_pages(run: Run) -> None:
    first = run.review(size=4)
    assert (first.page, first.pages, first.total) == (1, 2, ROWS)
    assert rows(run, size=4) == ["1", "2", "3", "4"]
    assert rows(run, page=2, size=4) == ["5", "6"]
    assert rows(run, page=3, size=4) == []
    assert rows(run) == ["1", "2", "3", "4", "5", "6"]
    assert rows(run, page=2, size=3) == ["4", "5", "6"]
    assert run.review(size=3).pages == 2


def test_a_review_of_nobody_is_one_empty_page(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", f"count: {ROWS}", "count: 0")
    page = prepared(practice).review()
    assert (page.page, page.pages, page.total, page.recipients) == (1, 1, 0, ())


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-row", ["6", "5", "4", "3", "2", "1"]),
        ("name", ["1", "2", "3", "4", "5", "6"]),
        ("-number", ["6", "5", "4", "3", "2", "1"]),
        ("-marked", ["1", "2", "4", "5", "6", "3"]),
    ],
)
def test_pages_are_cut_from_the_sorted_review(run: Run, sort: str, order: list[str]) -> None:
    run.mark(exclude=["patient:3"])
    if sort == "name":
        names = {row.row: row.name or "" for row in run.recipients()}
        order = sorted(order, key=lambda n: (names[f"patient:{n}"].lower(), int(n)))
    assert rows(run, sort=sort, size=3) + rows(run, sort=sort, size=3, page=2) == order
    assert [row.row for row in run.recipients(sort)] == [f"patient:{n}" for n in order]


def test_an_unknown_column_or_filter_is_refused_with_those_that_there_are(run: Run) -> None:
    with pytest.raises(SerienpostError, match=r"sorted by colour.*one of row, number"):
        run.review(sort="colour")
    with pytest.raises(SerienpostError, match=r"filtered by all.*one of marked, unmarked"):
        run.review(filter="all")  # type: ignore[arg-type]


def test_the_review_is_filtered(practices: Practices, practice: Practice) -> None:
    practices.write("consent.jsonl", '{"id": "patient:2", "verdict": "deny"}\n')
    run = prepared(practice)
    run.mark(exclude=["patient:5"])
    assert rows(run, filter="marked") == ["1", "3", "4", "6"]
    assert rows(run, filter="unmarked") == ["2", "5"]
    assert rows(run, filter="not_allowed") == ["2"]
    assert rows(run, filter="unreachable") == []
    page = run.review(filter="marked", size=3)
    assert (page.total, page.pages) == (4, 2)


def test_the_counts_are_those_of_the_head(practices: Practices, practice: Practice) -> None:
    practices.write("consent.jsonl", '{"id": "patient:2", "verdict": "deny"}\n')
    run = prepared(practice)
    run.mark(exclude=["patient:5"])
    assert run.counts() == run.summary().counts == (ROWS, ROWS, ROWS - 1, ROWS - 2)


def test_the_messages_come_in_pages_with_their_names(practices: Practices) -> None:
    run = outcomes(practices, [{"position": [3], "outcome": "unknown"}])
    names = {row.row: (row.number, row.name, row.address) for row in run.recipients()}
    first = run.message_page(size=4)
    assert (first.page, first.pages, first.total) == (1, 2, ROWS)
    assert [one.row for one in first.messages] == [f"patient:{n}" for n in (1, 2, 3, 4)]
    assert {one.state for one in first.messages} == {"pending"}
    for one in (*first.messages, *run.message_page(2, size=4).messages):
        assert (one.number, one.name, one.address) == names[one.row]
    assert run.message_page(3, size=4).messages == ()
    none = run.message_page(state="in_doubt")
    assert (none.page, none.pages, none.total, none.messages) == (1, 1, 0, ())
    run.deliver(wait=False)
    accepted = run.message_page(state="accepted")
    assert accepted.total == run.status().counts["accepted"] > 0
    assert [one.row for one in run.messages() if one.state == "accepted"] == [
        one.row for one in accepted.messages
    ]
    with pytest.raises(ValueError, match="from 1 to"):
        run.message_page(0)


def test_a_pause_is_ended_without_delivering(practices: Practices) -> None:
    run = prepared(practices.open())
    with pytest.raises(LedgerError, match="not possible yet"):
        run.go_on()
    released(run)
    run.pause()
    assert run.go_on().state == "sending"
    counts = run.status().counts
    assert (counts["pending"], counts["accepted"]) == (ROWS, 0)
    practice = practices.open()
    done = practice.continue_run(run.id)  # as a worker does
    assert done is not None
    assert (done.state, done.counts["accepted"]) == ("finished", ROWS)
    with pytest.raises(LedgerError, match="not possible any more"):
        run.go_on()


def test_what_stands_against_a_run_stands_against_going_on(practices: Practices) -> None:
    run = prepared(practices.open())
    released(run)
    run.pause()
    practices.clock.forward(24 * 3600)
    still = run.go_on()
    assert (still.state, still.ends and still.ends.by) == ("paused", "person")
    assert run.go_on(confirm=True).state == "sending"


def test_the_head_tells_duration_cost_and_earlier_runs(practices: Practices) -> None:
    practices.edit("serienpost.yaml", "null-email,", "null-email, rate: [2/minute],")
    practice = practices.open()
    practice.context.registry.channels["null-email"] = like_email(Paid, balances=[5.0])
    first = prepared(practice)
    head = first.summary()
    assert head.seconds == 120.0
    assert (head.cost.unit, head.cost.total, head.cost.balance) == ("credits", 12, 5.0)
    assert head.cost.lacking
    assert head.earlier == ()
    first.approve(Answers(release=True, ignore_balance=True))
    first.deliver(wait=False)
    practices.clock.forward(1)
    (earlier,) = prepared(practice).summary().earlier
    assert (earlier.run, earlier.people) == (first.id, 2)


def test_reasons_are_counted_the_most_frequent_first(
    practices: Practices, practice: Practice
) -> None:
    practices.write("consent.jsonl", '{"id": "patient:2", "verdict": "deny"}\n')
    run = prepared(practice)
    run.mark(exclude=["patient:4", "patient:5"])
    reasons = run.summary().reasons
    assert [count for _, count in reasons] == [2, 1]
    assert "consent was withdrawn" in reasons[1][0]


# Mark


def test_marks_change_together_or_not_at_all(run: Run) -> None:
    before = run.summary()
    with pytest.raises(SerienpostError, match="patient:99"):
        run.mark(exclude=["patient:1", "patient:99"])
    assert run.summary() == before
    run.mark(exclude=["patient:1", "patient:2"])
    assert run.summary().counts.marked == ROWS - 2
    assert run.summary().plan_hash != before.plan_hash
    run.mark(include=["patient:1", "patient:2"])
    assert run.summary().plan_hash == before.plan_hash


def test_who_changed_marks_is_recorded(practices: Practices, run: Run) -> None:
    run.mark(exclude=["patient:1"])
    practices.clock.forward(60)
    practices.open(OTHER).run(run.id).mark(include=["patient:1"])
    changes = [one for one in run.mark_changes() if one.row]
    assert [(one.user, one.row) for one in changes] == [
        (ACTOR, "patient:1"),
        (OTHER, "patient:1"),
    ]
    assert changes[1].at - changes[0].at == timedelta(minutes=1)


def test_an_override_needs_a_reason_and_names_who_gave_it(
    practices: Practices,
) -> None:
    practices.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, default: deny")
    run = prepared(practices.open())
    assert run.summary().counts.allowed == 0
    with pytest.raises(SerienpostError, match="reason"):
        run.mark(override=["patient:1"])
    run.mark(override=["patient:1"], reason="am Telefon")
    (override,) = run.explain("patient:1").overrides.values()
    assert (override["user"], override["reason"]) == (ACTOR, "am Telefon")
    assert rows(run, filter="marked") == ["1"]
    run.mark(drop_not_allowed=True)
    assert rows(run, filter="marked") == []


# Try it


def test_the_preview_is_what_will_leave(run: Run) -> None:
    ((row, files),) = run.preview()
    assert row == "patient:1"
    assert "Ihre Nummer ist 1." in files[".txt"].decode()
    assert [row for row, _ in run.preview(every=True)] == [f"patient:{n}" for n in range(1, 7)]
    ((row, _),) = run.preview("patient:4")
    assert row == "patient:4"
    with pytest.raises(SerienpostError, match="patient:99"):
        list(run.preview("patient:99"))


def test_previews_are_private_files(practices: Practices, run: Run) -> None:
    written = run.write_preview(every=True)
    assert [one.row for one in written] == [f"patient:{n}" for n in range(1, 7)]
    folder = practices.folder / "vorschau" / run.id
    paths = sorted(folder.iterdir())
    assert [str(path) for path in paths] == [one.file for one in written]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    other = practices.folder / "anderswo"
    (one,) = run.write_preview(folder=other)
    assert one.file == str(other / "patient-1.txt")


def test_a_test_with_made_up_data_tells_nothing_and_counts_for_nobody(
    practices: Practices, run: Run
) -> None:
    result = try_out(run, "praxis@example.org")
    assert (result.run, result.outcome, result.is_accepted) == (run.id, "accepted", True)
    assert practices.accepted() == 1
    assert practices.told == []
    assert run.status().present == {"planned": ROWS}


def test_a_test_with_somebodys_data_tells_where_they_go(practices: Practices, run: Run) -> None:
    assert try_out(run, "praxis@example.org", "patient:2").is_accepted
    (notice,) = practices.told
    assert (notice.code, notice.parameters) == ("test_data", {"row": "patient:2"})


def test_a_test_that_is_refused_says_how(practices: Practices) -> None:
    practices.edit("serienpost.yaml", "null-email,",
                   "null-email, outcomes: [{outcome: rejected}],")  # fmt: skip
    result = try_out(prepared(practices.open()), "praxis@example.org")
    assert (result.outcome, result.is_accepted, result.file) == ("rejected", False, None)
    assert result.text == "the null account was told to reject"


def test_a_letter_to_try_is_a_file(practices: Practices, practice: Practice) -> None:
    practices.edit("mailings/einladung.yaml", "account: mail", "account: brief")
    practices.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
    file = str(practices.folder / "probe.txt")
    result = try_out(prepared(practice), file, "patient:1")
    assert (result.outcome, result.file) == ("accepted", file)
    assert practices.told == []


def test_somebodys_data_go_to_a_provider_on_its_terms_only(
    practices: Practices, practice: Practice
) -> None:
    practice.context.registry.channels["null-email"] = like_email(Bound)
    run = prepared(practice)
    asked = run.test("praxis@example.org", "patient:1")
    assert isinstance(asked, Confirmation)
    assert (asked.run, asked.open, asked.account) == (run.id, ("disclaimer",), "mail")
    assert asked.disclaimer
    assert practices.accepted() == 0
    assert try_out(run, "praxis@example.org").is_accepted
    accepted = Answers(accept_disclaimer=True)
    assert try_out(run, "praxis@example.org", "patient:1", accepted).is_accepted


def try_out(
    run: Run, to: str, row: str | None = None, answers: Answers | None = None
) -> TestResult:
    """Try it where nothing is left to ask."""
    result = run.test(to, row, answers)
    assert not isinstance(result, Confirmation)
    return result


# Deliver


def test_a_released_run_is_delivered_with_its_progress(practices: Practices, run: Run) -> None:
    released(run)
    seen: list[Progress] = []
    status = run.deliver(seen.append)
    assert (status.state, status.exit, status.present) == (
        "finished",
        Exit.DONE,
        {"accepted": ROWS},
    )
    assert {(one.run, one.total) for one in seen} == {(run.id, ROWS)}
    assert [one.settled for one in seen] == sorted(one.settled for one in seen)
    assert practices.accepted() == ROWS
    assert [message.state for message in run.messages()] == ["accepted"] * ROWS


def test_a_run_that_nobody_released_is_not_delivered(practices: Practices, run: Run) -> None:
    with pytest.raises(LedgerError, match="prepared; resume is not possible yet"):
        run.deliver()
    assert practices.accepted() == 0


def test_somebody_else_may_deliver_than_who_released(practices: Practices, run: Run) -> None:
    released(run)
    status = practices.open("schedule:einladung").run(run.id).deliver()
    assert (status.state, status.approved_by) == ("finished", ACTOR)


def test_a_rate_that_is_used_up_pauses_where_nobody_waits(practices: Practices) -> None:
    practices.edit("serienpost.yaml", "null-email,", "null-email, rate: [2/minute],")
    run = prepared(practices.open())
    released(run)
    status = run.deliver(wait=False)
    assert (status.state, status.reason, status.exit) == ("paused", "rate", Exit.OPEN)
    assert status.until
    assert practices.accepted() == 2


def test_a_run_that_stood_still_for_long_needs_a_person(practices: Practices, run: Run) -> None:
    released(run)
    practices.clock.forward(7 * 3600)
    assert run.deliver(by_itself=True).reason == "stale"
    assert run.deliver().reason == "stale"
    assert practices.accepted() == 0
    assert run.deliver(confirm=True).state == "finished"


def test_a_request_to_stop_pauses(practices: Practices, run: Run) -> None:
    released(run)
    stop = Stop()
    stop.request()
    status = run.deliver(stop=stop)
    assert (status.state, status.reason, status.exit) == ("paused", "interrupted", Exit.OPEN)
    assert run.deliver().present == {"accepted": ROWS}


def test_records_that_are_away_wait_for_the_next_delivery(
    practices: Practices, practice: Practice, shelf: Shelf, run: Run
) -> None:
    released(run)
    shelf.failure = SerienpostError("the records are away")
    status = run.deliver()
    assert (status.state, status.records) == ("finished", {"waiting": ROWS})
    shelf.failure = None
    assert [one.run for one in practice.resume_due()] == [run.id]
    assert run.status().records == {"stored": ROWS}
    assert practices.accepted() == ROWS


def test_what_follows_the_last_message_and_cannot_be_made_leaves_the_run_open(
    practices: Practices, practice: Practice
) -> None:
    channel = like_email(Bindery, broken=[SerienpostError("the folder is full")])
    practice.context.registry.channels["null-email"] = channel
    run = prepared(practice)
    released(run)
    with pytest.raises(StillOpenError, match="the folder is full") as error:
        run.deliver()
    assert (error.value.run, error.value.exit_code) == (run.id, Exit.OPEN)
    assert practices.accepted() == ROWS
    channel.broken.clear()  # type: ignore[attr-defined]
    assert run.deliver().state == "finished"
    assert practices.accepted() == ROWS


# Decide about it


def test_a_pause_and_a_cancel_name_who_decided(practices: Practices, run: Run) -> None:
    released(run)
    paused = practices.open(OTHER).run(run.id).pause()
    assert (paused.state, paused.reason, paused.reason_text) == (
        "paused",
        "person",
        f"paused by {OTHER}",
    )
    cancelled = run.cancel()
    assert (cancelled.state, cancelled.reason_text) == ("cancelled", f"cancelled by {ACTOR}")
    assert cancelled.present == {"cancelled": ROWS}
    assert run.cancel().present == {"cancelled": ROWS}
    with pytest.raises(LedgerError, match="cancelled"):
        run.deliver()
    assert practices.accepted() == 0


@pytest.fixture
def begun(practices: Practices, shelf: Shelf) -> Run:
    """Two messages left, the rest waits for the rate; what left goes into the records."""
    practices.edit("serienpost.yaml", "null-email,", "null-email, rate: [2/minute],")
    practice = practices.open()
    practice.context.registry.archives["shelf"] = shelf
    practice.context.registry.channels["null-email"] = like_email(Bindery)
    run = prepared(practice)
    released(run)
    assert run.deliver(wait=False).present == {"accepted": 2, "pending": 4}
    assert shelf.entries == []
    return run


def test_what_a_cancelled_run_delivered_is_completed(
    practices: Practices, shelf: Shelf, begun: Run
) -> None:
    assert begun.cancel().present == {"accepted": 2, "cancelled": 4}
    assert [entry.person_id for entry in shelf.entries] == ["patient:1", "patient:2"]
    assert practices.told == []


def test_what_cannot_be_completed_after_a_cancel_is_told(practices: Practices, begun: Run) -> None:
    channel = begun.practice.context.registry.channels["null-email"]
    assert isinstance(channel, Bindery)
    channel.broken.append(SerienpostError("the folder is full"))
    assert begun.cancel().state == "cancelled"
    (notice,) = practices.told
    assert (notice.code, notice.parameters["run"]) == ("incomplete", begun.id)
    assert "the folder is full" in str(notice.parameters["text"])


def test_failed_messages_get_another_chance(practices: Practices) -> None:
    run = outcomes(practices, [{"position": [2, 3], "outcome": "rejected"}])
    status = run.deliver()
    assert (status.exit, status.present) == (Exit.SOME_FAILED, {"accepted": 4, "failed": 2})
    practices.write("rules.json", "[]")
    assert run.retry() == 2
    assert run.deliver().present == {"accepted": ROWS}


def test_doubts_are_decided_by_a_person(practices: Practices) -> None:
    run = outcomes(practices, [{"position": [1, 2, 3], "outcome": "unknown"}])
    status = run.deliver()
    assert (status.exit, status.present) == (Exit.SOME_IN_DOUBT, {"accepted": 3, "in_doubt": 3})
    assert [one.row for one in run.messages(troubled_first=True)][:3] == [
        "patient:1",
        "patient:2",
        "patient:3",
    ]
    with pytest.raises(LedgerError):
        run.resolve(["patient:1", "patient:5"], "accepted")
    assert run.status().present["in_doubt"] == 3
    assert run.resolve(["patient:1"], "accepted") == 1
    assert run.resolve(["patient:2"], "failed") == 1
    practices.write("rules.json", "[]")
    assert run.resolve(["patient:3"], "resend") == 1
    assert run.deliver().present == {"accepted": 5, "failed": 1}
    (story,) = run.story("patient:2")
    assert [(one["action"], one["user"]) for one in story.decisions] == [("resolve failed", ACTOR)]


# What happened


def test_the_report_says_who_released_how_many_and_why_not(practices: Practices) -> None:
    run = outcomes(practices, [{"position": 2, "outcome": "rejected", "code": "5.1.1"}])
    run.deliver()
    report = run.report()
    assert (report.approved_by, report.state) == (ACTOR, "finished")
    assert {state: n for state, n in report.counts.items() if n} == {"accepted": 5, "failed": 1}
    (reason,) = report.reasons
    assert (reason.state, reason.code, reason.messages) == ("failed", "5.1.1", 1)
    assert sum(bar.messages for bar in report.course) == 5
    page = run.report_page(report)
    assert page.startswith("<!")
    assert '>failed</th><td class="number">1</td>' in page
    with speaking("de"):
        german = run.report_page(report)
    assert '<html lang="de">' in german
    assert '>gescheitert</th><td class="number">1</td>' in german
    assert "http" not in page.replace("http-equiv", "")
    failures = io.StringIO()
    assert run.write_failures(failures) == 1
    assert "patient:2" in failures.getvalue()


def test_what_a_person_got_by_other_runs(practice: Practice, run: Run) -> None:
    assert run.other_messages("patient:3") == []
    released(run)
    run.deliver()
    later = practice.prepare("einladung")
    assert isinstance(later, Run)
    (before,) = later.other_messages("patient:3")
    assert (before.run, before.row, before.state) == (run.id, "patient:3", "accepted")
    assert before.sent_at
    (after,) = run.other_messages("patient:3")
    assert (after.run, after.state, after.sent_at) == (later.id, "planned", None)
    with pytest.raises(SerienpostError, match="patient:99"):
        run.other_messages("patient:99")


def test_the_story_of_a_person_names_consent_and_release(run: Run) -> None:
    released(run)
    run.deliver()
    (story,) = run.story("patient:3")
    assert (story.state, story.approved_by, story.attempts) == ("accepted", ACTOR, 1)
    assert story.evidence
    assert story.log[0]["outcome"] == "accepted"
    with pytest.raises(SerienpostError, match="patient:99"):
        run.story("patient:99")


def test_runs_are_listed_the_newest_first(practices: Practices, practice: Practice) -> None:
    made = []
    for _ in range(3):
        made.append(prepared(practice).id)
        practices.clock.forward(1)
    assert [one.run for one in practice.runs()] == made[::-1]
    assert [one.run for one in practice.runs(limit=1)] == made[-1:]
    (line,) = practice.runs(limit=1)
    assert (line.state, line.counts) == ("prepared", {"planned": ROWS})


def test_the_status_is_what_a_command_writes(run: Run) -> None:
    status = released(run)
    assert isinstance(status, RunStatus)
    document = status.document()
    told = {"reason_text", "ends", "scheduled_for"}
    assert set(document) == {"run", "mailing", "state", "reason", "counts"} | told
    assert document["counts"]["pending"] == ROWS
    assert status.exit == Exit.OPEN


# Who listens, and who is in the way


class ListenerError(Exception):
    """A listener that fails."""


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (ListenerError, "crash"),
        (BrokenPipeError, "crash"),
        (KeyboardInterrupt, "interrupted"),
        (SystemExit, "interrupted"),
    ],
)
def test_a_listener_that_fails_costs_no_outcome(
    practices: Practices, run: Run, raised: type[BaseException], reason: str
) -> None:
    released(run)

    def fail(_: Progress) -> None:
        raise raised

    with pytest.raises(raised):
        run.deliver(fail)
    status = run.status()
    assert (status.state, status.reason) == ("paused", reason)
    assert set(status.present) <= {"accepted", "pending"}
    assert status.present["accepted"] == practices.accepted() > 0
    assert run.deliver().present == {"accepted": ROWS}
    assert practices.accepted() == ROWS


def test_a_request_to_stop_that_comes_too_late_does_nothing(run: Run) -> None:
    released(run)
    stop = Stop()
    assert run.deliver(stop=stop).state == "finished"
    stop.request()
    assert run.status().state == "finished"


def test_delivering_in_an_event_loop_is_refused_before_anything_is_written(run: Run) -> None:
    released(run)

    async def inside() -> None:
        with pytest.raises(RuntimeError, match="to_thread"):
            run.deliver()
        with pytest.raises(RuntimeError, match="to_thread"):
            run.test("eva@example.org")
        assert run.status().state == "approved"
        assert (await asyncio.to_thread(run.deliver)).state == "finished"

    asyncio.run(inside())


def test_deciding_about_nothing_changes_nothing(run: Run) -> None:
    released(run)
    run.deliver()
    assert run.resolve([], "resend") == 0
    assert run.status().state == "finished"
    with pytest.raises(ValueError, match="accepted, resend, failed"):
        run.resolve([], "lost")  # type: ignore[arg-type]


@pytest.mark.parametrize("how", [{"page": 0}, {"page": -3}, {"size": 0}, {"size": 10**30}])
def test_pages_that_there_cannot_be_are_refused(run: Run, how: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="numbers from 1"):
        run.review(**how)


def test_an_account_that_is_gone_is_told_by_every_command(practices: Practices, run: Run) -> None:
    practices.edit("serienpost.yaml", "  mail:", "  post:")
    again = practices.open().run(run.id)
    for command in (
        lambda: again.approve(YES),
        again.manifest,
        lambda: again.test("a@example.org"),
    ):
        with pytest.raises(SerienpostError, match="the account mail, which is no longer"):
            command()
