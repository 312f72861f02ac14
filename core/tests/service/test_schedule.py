"""Schedules of mailings: what they bring due, what is theirs, and what keeps them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from opened_practice import MAILING, ROWS, Bound, Shelf, like_email, prepared, released

from serienpost import Exit, SerienpostError, SourceError
from serienpost.service.answers import DueDate, DueRun, WaitingSchedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opened_practice import Practices

    from serienpost import Context, Practice, Row, RowRequest

BERLIN = ZoneInfo("Europe/Berlin")
FILE = "mailings/einladung.yaml"
DAILY = "schedule: daily 12:00\n"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.fixture
def scheduled(practices: Practices, practice: Practice) -> Practice:
    """Monday, 10:00: the schedule (daily at 12:00) was seen."""
    practices.write(FILE, MAILING + DAILY)
    assert practice.resume_due() == []
    assert "daily 12:00" in said(practices)
    return practice


def said(practices: Practices) -> str:
    """What was told of a schedule, once."""
    (notice,) = practices.told
    practices.told.clear()
    assert notice.code == "schedule"
    assert notice.parameters["mailing"] == "einladung"
    return str(notice.parameters["text"])


def rows(practices: Practices, statement: str) -> list[dict[str, Any]]:
    """Read or change the ledger behind the back."""
    with closing(sqlite3.connect(practices.folder / "versandbuch.db")) as db, db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(statement)]


def due(practices: Practices) -> dict[str, str]:
    """Due date -> state."""
    found = rows(practices, "SELECT due, state FROM due ORDER BY due")
    return {row["due"]: row["state"] for row in found}


def go_to(practices: Practices, moment: str) -> None:
    practices.clock.now = at(moment)


def test_it_is_sent_when_its_moment_has_come(practices: Practices, scheduled: Practice) -> None:
    go_to(practices, "2026-03-02 11:59")
    assert scheduled.resume_due() == []
    go_to(practices, "2026-03-02 12:00")
    (run,) = scheduled.resume_due()
    assert isinstance(run, DueRun)
    assert (run.state, run.exit) == ("finished", Exit.DONE)
    assert practices.accepted() == ROWS
    assert due(practices) == {"2026-03-02": "done"}
    (made,) = rows(practices, "SELECT due, approved_by FROM run")
    assert made == {"due": "2026-03-02", "approved_by": "schedule:einladung"}
    assert scheduled.resume_due() == []
    assert practices.told == []


def test_nothing_of_the_past_is_entered(practices: Practices, practice: Practice) -> None:
    practices.write(FILE, MAILING + "schedule: daily 09:59\n")
    assert practice.resume_due() == []
    assert practice.resume_due() == []
    assert due(practices) == {}


def test_another_rule_begins_anew(practices: Practices, scheduled: Practice) -> None:
    practices.edit(FILE, "daily 12:00", "tue 09:30")
    assert scheduled.resume_due() == []
    assert "tue 09:30" in said(practices)
    go_to(practices, "2026-03-02 13:00")
    assert scheduled.resume_due() == []
    go_to(practices, "2026-03-03 09:30")
    assert len(scheduled.resume_due()) == 1
    assert due(practices) == {"2026-03-03": "done"}


def test_what_the_old_rule_brought_is_entered(practices: Practices, scheduled: Practice) -> None:
    practices.edit(FILE, "daily 12:00", "daily 12:30")
    go_to(practices, "2026-03-02 12:10")
    assert len(scheduled.resume_due()) == 1
    assert "12:30" in said(practices)
    go_to(practices, "2026-03-02 12:40")
    assert scheduled.resume_due() == []
    assert due(practices) == {"2026-03-02": "done"}
    assert practices.accepted() == ROWS


@pytest.mark.parametrize("first", [0, 1])
def test_copies_that_differ_lose_no_day(
    practices: Practices, scheduled: Practice, first: int
) -> None:
    """Two machines do the rounds in turn."""
    rules = ("daily 12:00", "daily 12:01")
    for number, minute in enumerate(("11:58", "11:59", "12:00", "12:01", "12:02", "12:03")):
        practices.write(FILE, f"{MAILING}schedule: {rules[(number + first) % 2]}\n")
        go_to(practices, f"2026-03-02 {minute}")
        scheduled.resume_due()
    assert due(practices) == {"2026-03-02": "done"}
    assert practices.accepted() == ROWS


def test_an_empty_file_is_no_mailing_without_a_schedule(
    practices: Practices, scheduled: Practice
) -> None:
    """An editor writes in place."""
    practices.write(FILE, "")
    (broken,) = scheduled.resume_due()
    assert isinstance(broken, WaitingSchedule)
    assert (broken.mailing, broken.exit) == ("einladung", Exit.REFUSED)
    practices.write(FILE, MAILING + DAILY)
    go_to(practices, "2026-03-02 12:10")
    assert len(scheduled.resume_due()) == 1
    assert practices.told == []


def test_a_folder_that_is_away_is_told(practices: Practices, scheduled: Practice) -> None:
    folder = practices.folder / "mailings"
    folder.rename(practices.folder / "away")
    go_to(practices, "2026-03-04 12:10")
    for waits in (*scheduled.resume_due(), *scheduled.planned(1).waiting):
        assert isinstance(waits, WaitingSchedule)
        assert (waits.mailing, waits.exit) == ("einladung", Exit.OPEN)
        assert "there is no such folder" in waits.reason
    (practices.folder / "away").rename(folder)
    assert len(scheduled.resume_due()) == 3
    assert due(practices)["2026-03-04"] == "done"


@pytest.mark.parametrize(("back", "is_known"), [("2026-03-03 09:00", True), ("later", False)])
def test_a_file_that_is_gone_is_kept_in_mind_for_a_day(
    practices: Practices, scheduled: Practice, back: str, is_known: bool
) -> None:
    (practices.folder / FILE).unlink()
    for _ in range(2):
        assert scheduled.resume_due() == []
    assert "its file is gone" in said(practices)
    if is_known:
        go_to(practices, back)
    else:
        go_to(practices, "2026-03-03 10:00")
        assert scheduled.resume_due() == []
        assert "does not go out" in said(practices)
    practices.write(FILE, MAILING + DAILY)
    scheduled.resume_due()
    assert due(practices) == ({"2026-03-02": "given_up"} if is_known else {})
    actions = [row["action"] for row in rows(practices, "SELECT action FROM journal ORDER BY at")]
    assert actions[:2] == ["begin schedule", "miss schedule"]
    assert actions[2] == ("find schedule" if is_known else "forget schedule")
    if is_known:  # it is missed anew, from now on
        practices.told.clear()
        (practices.folder / FILE).unlink()
        go_to(practices, "2026-03-03 10:30")
        scheduled.resume_due()
        assert "its file is gone" in said(practices)


@pytest.mark.parametrize("again", ["11:00", "13:00"])
def test_a_clock_that_was_ahead_keeps_no_day(
    practices: Practices, scheduled: Practice, again: str
) -> None:
    go_to(practices, "2026-03-05 13:00")
    scheduled.resume_due()
    assert due(practices) == {
        **dict.fromkeys(("2026-03-02", "2026-03-03", "2026-03-04"), "given_up"),
        "2026-03-05": "done",
    }
    practices.told.clear()
    go_to(practices, f"2026-03-02 {again}")
    scheduled.resume_due()
    assert "a clock was ahead" in said(practices)
    sent = ["2026-03-05"]
    for day in ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"):
        go_to(practices, f"{day} 13:00")
        scheduled.resume_due()
        sent = sorted({*sent, day})
        assert due(practices) == dict.fromkeys(sent, "done")
    assert set(practices.codes()) == {"sent_again"}
    assert practices.accepted() == 4 * ROWS


def test_a_schedule_that_began_ahead_of_time_goes_on(
    practices: Practices, practice: Practice
) -> None:
    practices.write(FILE, MAILING + DAILY)
    now = practices.clock.now
    go_to(practices, "2026-03-07 13:00")
    practice.resume_due()
    practices.clock.now = now
    practice.resume_due()
    go_to(practices, "2026-03-02 12:00")
    assert len(practice.resume_due()) == 1


def test_the_same_rule_in_other_words_is_the_same(
    practices: Practices, scheduled: Practice
) -> None:
    practices.edit(FILE, "daily 12:00", "täglich um 12:00 Uhr")
    go_to(practices, "2026-03-02 12:00")
    assert len(scheduled.resume_due()) == 1


def test_a_schedule_that_comes_back_is_a_new_one(practices: Practices, scheduled: Practice) -> None:
    practices.write(FILE, MAILING)
    assert scheduled.resume_due() == []
    assert "does not go out" in said(practices)
    go_to(practices, "2026-03-04 13:00")
    practices.write(FILE, MAILING + DAILY)
    assert scheduled.resume_due() == []
    assert due(practices) == {}


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_a_person_sent_already_is_done(
    practices: Practices, scheduled: Practice, cancelled: bool
) -> None:
    run = prepared(scheduled, due=at("2026-03-02 12:00").date())
    released(run)
    run.cancel() if cancelled else run.deliver()
    sent = practices.accepted()
    go_to(practices, "2026-03-02 12:00")
    assert scheduled.resume_due() == []
    assert practices.accepted() == sent
    assert rows(practices, "SELECT state, run FROM due") == [{"state": "done", "run": run.id}]


def test_what_a_person_sends_in_the_same_moment_is_done(
    practices: Practices, scheduled: Practice
) -> None:
    """The due date was entered by a process that did not see the release yet."""
    run = prepared(scheduled, due=at("2026-03-02 12:00").date())
    released(run)
    run.deliver()
    go_to(practices, "2026-03-02 12:00")
    scheduled.resume_due()
    rows(practices, "UPDATE due SET state = 'open', run = NULL")
    assert scheduled.resume_due() == []
    assert practices.accepted() == ROWS
    assert rows(practices, "SELECT state, run FROM due") == [{"state": "done", "run": run.id}]


def test_a_person_who_took_it_off_is_heard(practices: Practices, scheduled: Practice) -> None:
    practices.edit("serienpost.yaml", "gone.json}", "gone.json, default: raise}")
    with practices.open() as other:
        go_to(practices, "2026-03-02 12:00")
        (waits,) = other.resume_due()
        assert isinstance(waits, DueDate)
        assert (waits.state, waits.put_off_by) == ("open", "schedule:einladung")
        other.cancel_due("einladung", at("2026-03-02 12:00").date())
    rows(practices, "UPDATE schedule SET entered_until = entered_until - 86400000000")
    assert scheduled.resume_due() == []
    assert due(practices)["2026-03-02"] == "removed"


def test_what_cannot_answer_is_tried_each_round(practices: Practices, scheduled: Practice) -> None:
    practices.edit("serienpost.yaml", "gone.json}", "gone.json, default: raise}")
    go_to(practices, "2026-03-02 12:00")
    with practices.open() as other:
        for tries in (1, 2):
            (waits,) = other.resume_due()
            assert isinstance(waits, DueDate)
            assert (waits.exit, waits.tries) == (Exit.OPEN, tries)
            assert "null-consent" in waits.reason
    assert len(scheduled.resume_due()) == 1
    assert practices.accepted() == ROWS


def test_what_was_missed_is_given_up_and_told_once(
    practices: Practices, scheduled: Practice
) -> None:
    go_to(practices, "2026-03-04 13:00")
    *given_up, run = sorted(scheduled.resume_due(), key=lambda one: isinstance(one, DueRun))
    assert [(one.due, one.exit) for one in given_up if isinstance(one, DueDate)] == [
        ("2026-03-02", Exit.SOME_FAILED),
        ("2026-03-03", Exit.SOME_FAILED),
    ]
    assert run.exit is Exit.DONE
    assert "nobody was there" in str(practices.told[0].parameters["text"])
    assert practices.codes() == ["given_up", "given_up"]
    assert practices.accepted() == ROWS
    assert scheduled.resume_due() == []
    assert practices.told == []


class Away:
    """A source that cannot answer while it is away."""

    def __init__(self, source: Any) -> None:  # noqa: ANN401
        self._source = source
        self.is_away = False
        self.asked = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._source, name)

    def rows(
        self,
        context: Context,
        selection: Any,  # noqa: ANN401
        request: RowRequest,
    ) -> Iterator[Sequence[Row]]:
        self.asked += 1
        if self.is_away:
            raise SourceError("the database does not answer")
        yield from self._source.rows(context, selection, request)


@pytest.fixture
def source(practice: Practice) -> Away:
    sources = practice.context.registry.sources
    made = Away(sources["null"])
    sources["null"] = made
    return made


def test_a_missed_date_waits_for_its_source(
    practices: Practices, practice: Practice, source: Away
) -> None:
    """Whether it still helps anybody is known to the source alone."""
    practices.write(FILE, MAILING.replace("count: 6", "count: 6, occasion: true") + DAILY)
    practice.resume_due()
    source.is_away = True
    go_to(practices, "2026-03-03 07:30")  # the first appointment is at 8:15
    for _ in range(2):
        (waits,) = practice.resume_due()
        assert isinstance(waits, WaitingSchedule)
        assert (waits.mailing, waits.exit) == ("einladung", Exit.OPEN)
        assert "2026-03-02" in waits.reason
        assert "does not answer" in waits.reason
    assert due(practices) == {}
    source.is_away = False
    (run,) = practice.resume_due()
    assert run.exit is Exit.DONE
    assert practices.accepted() == ROWS
    assert due(practices) == {"2026-03-02": "done"}


def test_nobody_is_asked_before_the_moment(
    practices: Practices, scheduled: Practice, source: Away
) -> None:
    go_to(practices, "2026-03-02 11:59")
    assert scheduled.resume_due() == []
    assert source.asked == 0


def test_a_broken_mailing_keeps_no_other(practices: Practices, scheduled: Practice) -> None:
    practices.write("mailings/andere.yaml", MAILING + DAILY)
    scheduled.resume_due()
    practices.edit(FILE, "purpose: event", "purpose: nonsense")
    go_to(practices, "2026-03-02 12:00")
    run, broken = scheduled.resume_due()
    assert run.exit is Exit.DONE
    assert isinstance(broken, WaitingSchedule)
    assert (broken.mailing, broken.exit) == ("einladung", Exit.REFUSED)
    (problem,) = broken.problems
    assert (problem.key, problem.line) == ("purpose", 4)
    assert problem.file
    assert practices.accepted() == ROWS

    practices.edit(FILE, "purpose: nonsense", "purpose: event")
    assert len(scheduled.resume_due()) == 1  # it was not forgotten
    assert practices.accepted() == 2 * ROWS


@pytest.mark.parametrize(
    ("lines", "key", "line"),
    [
        ("schedule: mon-fry 09:00\n", "schedule", 8),
        ("schedule: daily 09:00\nholidays: {country: XX}\n", "holidays.country", 9),
        ("schedule: daily 09:00\nholidays: {country: DE, state: Q}\n", "holidays.state", 9),
        ("schedule: daily 09:00\nholidays: {country: Germany}\n", "holidays.country", 9),
        ("schedule: daily 09:00\nholidays: {country: DE, on: never}\n", "holidays.on", 9),
        ("schedule: daily 09:00\nholidays: {state: SN}\n", "holidays.country", 9),
        ("holidays: {country: DE}\n", "holidays", 8),
        ("schedule: daily 09:00\narchive: ask\n", "archive", 9),
    ],
)
def test_check_says_what_is_wrong(
    practices: Practices, practice: Practice, shelf: Shelf, lines: str, key: str, line: int
) -> None:
    practices.write(FILE, MAILING + lines)
    with pytest.raises(SerienpostError) as refused:
        practice.check("einladung")
    (problem,) = refused.value.problems
    assert (problem.key, problem.line) == (key, line)
    assert shelf.entries == []


def test_check_asks_for_accepted_terms(practices: Practices, practice: Practice) -> None:
    practice.context.registry.channels["null-email"] = like_email(Bound)
    practice.check("einladung")
    practices.write(FILE, MAILING + DAILY)
    with pytest.raises(SerienpostError, match="terms of the account mail"):
        practice.check("einladung")


def test_check_says_when_it_goes_out(practices: Practices, practice: Practice) -> None:
    assert not any("goes out" in note for note in practice.check("einladung").notes)
    practices.write(FILE, MAILING + DAILY)
    (note,) = [note for note in practice.check("einladung").notes if "goes out" in note]
    assert note.count("12:00") == 3


def test_two_mailings_of_one_id_are_refused(practices: Practices, scheduled: Practice) -> None:
    practices.write("mailings/kopie.yaml", MAILING + DAILY + "id: einladung\n")
    (second,) = scheduled.resume_due()
    assert isinstance(second, WaitingSchedule)
    assert (second.mailing, second.exit) == ("kopie", Exit.REFUSED)
    assert "einladung" in second.reason


def test_the_file_that_is_named_by_its_id_goes_on(
    practices: Practices, scheduled: Practice
) -> None:
    practices.write("mailings/anders.yaml", MAILING + "schedule: fri 11:00\nid: einladung\n")
    go_to(practices, "2026-03-02 12:00")
    run, second = scheduled.resume_due()
    assert isinstance(run, DueRun)
    assert isinstance(second, WaitingSchedule)
    assert (second.mailing, second.exit) == ("anders", Exit.REFUSED)


def test_a_mailing_that_is_gone_is_told_until_it_is_given_up(
    practices: Practices, scheduled: Practice
) -> None:
    practices.edit("serienpost.yaml", "gone.json}", "gone.json, default: raise}")
    with practices.open() as other:
        go_to(practices, "2026-03-02 12:00")
        other.resume_due()
    (practices.folder / FILE).unlink()
    (waits,) = scheduled.resume_due()
    assert isinstance(waits, DueDate)
    assert waits.exit is Exit.OPEN
    assert "there is no mailing" in waits.reason
    go_to(practices, "2026-03-03 00:00")
    (over,) = scheduled.resume_due()
    assert (over.exit, practices.codes()) == (Exit.SOME_FAILED, ["schedule", "given_up"])


def test_an_older_ledger_holds_no_schedules(practices: Practices, practice: Practice) -> None:
    practices.write(FILE, MAILING + DAILY)
    rows(practices, "DROP TABLE schedule")
    (waits,) = practice.resume_due()
    assert isinstance(waits, WaitingSchedule)
    assert (waits.mailing, waits.exit) == ("einladung", Exit.OPEN)
    assert "older ledger" in waits.reason


def test_what_comes_is_shown(practices: Practices, practice: Practice) -> None:
    nothing: dict[str, list[object]] = {"planned": [], "holidays": [], "due": [], "waiting": []}
    assert practice.planned().document() == nothing
    lines = "schedule: fri 09:00\nholidays: {country: DE, state: SN, on: next}\n"
    practices.write(FILE, MAILING + lines)
    practices.write("mailings/kaputt.yaml", MAILING + "schedule: nie\n")
    go_to(practices, "2026-03-30 10:00")
    found = practice.planned(10)
    assert [(one.mailing, one.due, one.moved_from) for one in found.planned] == [
        ("einladung", "2026-04-07", ("2026-04-03",)),
    ]
    assert found.planned[0].at == at("2026-04-07 09:00")
    assert [(one.day, one.name, one.to) for one in found.holidays] == [
        ("2026-04-03", "Good Friday", "2026-04-07"),
    ]
    assert [(one.mailing, one.exit) for one in found.waiting] == [("kaputt", Exit.REFUSED)]
    assert found.exit is Exit.REFUSED


def test_what_has_come_and_what_was_sent_is_shown(
    practices: Practices, scheduled: Practice
) -> None:
    go_to(practices, "2026-03-02 12:05")
    first, second = scheduled.planned(1).planned
    assert (first.due, first.run) == ("2026-03-02", None)
    run = prepared(scheduled, due=at("2026-03-02 12:00").date())
    released(run)
    first, second = scheduled.planned(1).planned
    assert (first.run, second.run) == (run.id, None)


@pytest.mark.parametrize("days", [0, 367])
def test_the_days_ahead_are_limited(practice: Practice, days: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 366"):
        practice.planned(days)
