"""Unattended, "unavailable" is not "no": nobody is left out for what could not answer."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from serienpost import open_practice
from serienpost.errors import StillOpenError
from serienpost.ledger.due import taken_up
from serienpost.service import Answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"


def today() -> str:
    """The practice's day, as of this test."""
    return datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()


@pytest.fixture
def unattended(null: Practice) -> Practice:
    """The null practice, whose mailing may be sent unattended."""
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: recipient\npurpose:")
    return null


def away(practice: Practice) -> None:
    practice.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, default: raise")


def back(practice: Practice) -> None:
    practice.edit("serienpost.yaml", "default: raise", "default: allow")


def due(practice: Practice) -> dict[str, Any]:
    """The one due date that the ledger holds."""
    (row,) = practice.ledger("SELECT * FROM due")
    return dict(row)


def change(practice: Practice, statement: str) -> None:
    """Change the ledger, to let time pass."""
    with closing(sqlite3.connect(practice.folder / "versandbuch.db")) as db, db:
        assert db.execute(statement).rowcount == 1


def put_off(practice: Practice) -> None:
    away(practice)
    practice.json("run", "einladung", "--yes", code=75)


def test_a_check_that_cannot_answer_puts_the_due_date_off(unattended: Practice) -> None:
    away(unattended)
    runs = unattended.json("runs")["runs"]
    done = unattended("run", "einladung", "--yes", "--json")
    document = unattended.document(done, ["run"], 75)
    (problem,) = document["problems"]
    (line,) = done.err.splitlines()
    assert problem["message"] in line
    assert "null-consent" in line
    assert "resume --due" in line

    listed = unattended.json("runs")
    assert listed["runs"] == runs
    (date_,) = listed["due"]
    assert (date_["mailing"], date_["due"], date_["state"]) == ("einladung", today(), "open")
    assert "null-consent" in date_["reason"]
    assert date_["put_off_by"].startswith("os:")
    midnight = datetime.combine(
        date.fromisoformat(today()) + timedelta(days=1), datetime.min.time()
    )
    assert datetime.fromisoformat(date_["until"]).replace(tzinfo=None) == midnight
    assert "not sent" in unattended("runs").out
    assert unattended.ledger("SELECT 1 FROM message WHERE state = 'suppressed'") == []
    (found,) = [
        c for c in unattended.json("doctor", code=3)["checks"] if c["name"] == f"due date {today()}"
    ]
    assert not found["ok"]
    assert unattended.oracle() == {}


def test_it_is_prepared_again_for_the_same_due_date_and_sent(unattended: Practice) -> None:
    put_off(unattended)
    still = unattended("resume", "--due", "--json")
    (open_,) = unattended.document(still, ["resume", "--due"], 75)["due"]
    assert (open_["tries"], open_["exit"]) == (2, 75)
    assert "null-consent" in still.err

    back(unattended)
    resumed = unattended.json("resume", "--due")
    (run,) = resumed["runs"]
    assert (run["exit"], run["state"], resumed["due"]) == (0, "finished", [])
    unattended.run = run["run"]
    assert unattended.states() == {"accepted": 40}
    (row,) = unattended.ledger("SELECT due, approved_by FROM run WHERE id = ?", run["run"])
    assert tuple(row) == (today(), "schedule:einladung")
    assert (due(unattended)["state"], due(unattended)["run"]) == ("done", run["run"])
    assert unattended.json("resume", "--due")["due"] == []
    assert sum(unattended.oracle().values()) == 40


def test_the_next_call_of_the_same_line_is_a_retry_too(unattended: Practice) -> None:
    put_off(unattended)
    back(unattended)
    sent = unattended.json("run", "einladung", "--yes")
    assert sent["counts"] == {"accepted": 40}
    assert due(unattended)["state"] == "done"
    assert unattended.json("resume", "--due")["runs"] == []
    assert sum(unattended.oracle().values()) == 40


def test_a_person_who_sends_it_ends_it(unattended: Practice) -> None:
    unattended.edit("mailings/einladung.yaml", "once_per: recipient", "once_per: none")
    put_off(unattended)
    back(unattended)
    run = unattended.json("prepare", "einladung", "--summary")["run"]
    unattended.json("send", run, "--yes")
    assert (due(unattended)["state"], due(unattended)["run"]) == ("done", run)
    assert unattended.json("resume", "--due") == {**unattended.json("resume", "--due"), "runs": []}
    assert sum(unattended.oracle().values()) == 40


def test_it_is_given_up_loudly_and_once(unattended: Practice) -> None:
    put_off(unattended)
    back(unattended)
    change(unattended, f"UPDATE due SET until = {NOW} - 1000000")
    done = unattended("resume", "--due", "--json")
    document = unattended.document(done, ["resume", "--due"], 4)
    (given_up,), (problem,) = document["due"], document["problems"]
    assert "given up" in problem["message"]
    assert (given_up["state"], given_up["exit"]) == ("given_up", 4)
    assert [line for line in done.err.splitlines() if "given up" in line] == done.err.splitlines()
    assert len(done.err.splitlines()) == 1
    assert "null-consent" in done.err

    quiet = unattended("resume", "--due")
    assert (quiet.code, quiet.err) == (0, "")
    assert unattended.oracle() == {}
    assert [one["state"] for one in unattended.json("runs")["due"]] == ["given_up"]
    unattended.json("doctor", code=3)
    taken = unattended.json("cancel", "einladung", "--due", today())
    assert taken["due"]["state"] == "removed"
    assert unattended.json("runs")["due"] == []


def test_a_person_takes_it_off(unattended: Practice) -> None:
    put_off(unattended)
    back(unattended)
    unattended.json("cancel", "einladung", "--due", today())
    assert unattended.json("resume", "--due")["runs"] == []
    assert unattended.oracle() == {}
    (problem,) = unattended.refused("cancel", "einladung", "--due", today())
    assert "runs" in problem["hint"]
    unattended.edit("serienpost.yaml", "default: allow", "default: raise")
    unattended.json("run", "einladung", "--yes", code=75)  # the next outage puts it off again
    assert (due(unattended)["state"], due(unattended)["tries"]) == ("open", 1)


def test_an_appointment_gives_up_at_its_start(unattended: Practice) -> None:
    unattended.edit("mailings/einladung.yaml", "count: 40", "count: 40, occasion: true")
    unattended.edit("mailings/einladung.yaml", "once_per: recipient\n", "")
    put_off(unattended)
    (date_,) = unattended.json("runs")["due"]
    first = datetime.combine(
        date.fromisoformat(today()) + timedelta(days=1), datetime.min.time(), UTC
    ) + timedelta(hours=7)
    assert datetime.fromisoformat(date_["until"]) == first


def test_a_person_in_the_review_sees_a_deny(unattended: Practice) -> None:
    away(unattended)
    prepared = unattended.json("prepare", "einladung")
    assert prepared["counts"]["allowed"] == 0
    assert prepared["recipients"][0]["consent"][-1]["code"] == "check_failed"
    assert unattended.json("runs")["due"] == []


def test_a_mailing_that_is_broken_meanwhile_is_told_and_sent_when_mended(
    unattended: Practice,
) -> None:
    put_off(unattended)
    back(unattended)
    unattended.edit("mailings/einladung.yaml", "account: mail", "account: nobody")
    done = unattended("resume", "--due", "--json")
    (open_,) = unattended.document(done, ["resume", "--due"], 75)["due"]
    assert "nobody" in open_["reason"]
    unattended.edit("mailings/einladung.yaml", "account: nobody", "account: mail")
    unattended.json("resume", "--due")
    assert sum(unattended.oracle().values()) == 40


def test_what_is_wrong_for_good_is_not_put_off(unattended: Practice) -> None:
    unattended.edit("mailings/einladung.yaml", "{{Null_Nr}}", "{{Nul_Nr}}")
    unattended.refused("run", "einladung", "--yes")
    assert unattended.json("runs")["due"] == []


def test_a_due_date_that_is_over_is_refused(unattended: Practice) -> None:
    away(unattended)
    done = unattended("run", "einladung", "--yes", "--for", "2026-01-31", "--json")
    unattended.document(done, ["run"], 3)
    assert "null-consent" in done.err
    assert unattended.json("runs")["due"] == []


@pytest.mark.parametrize(
    "point",
    ["due.before_commit", "due.after_commit", "approve.before_commit", "approve.after_commit"],
)
def test_killed_while_it_is_tried_again(unattended: Practice, point: str) -> None:
    unattended.edit("mailings/einladung.yaml", "once_per: recipient", "once_per: none")
    put_off(unattended)
    back(unattended)
    assert unattended("resume", "--due", fault=point).code < 0
    unattended.json("resume", "--due")
    unattended.json("resume", "--due")
    assert due(unattended)["state"] == "done"
    assert sum(unattended.oracle().values()) == 40


def test_what_another_process_sends_meanwhile_is_not_sent_again(unattended: Practice) -> None:
    unattended.edit("mailings/einladung.yaml", "once_per: recipient", "once_per: none")
    others: list[int] = []

    def overtaken(_: int) -> None:
        if not others:
            others.append(unattended.finish(unattended.start("run", "einladung", "--yes")).code)

    with (
        open_practice(unattended.folder, actor="somebody") as practice,
        pytest.raises(StillOpenError, match="another process released run") as refused,
    ):
        practice.run_mailing("einladung", answers=Answers(release=True), counting=overtaken)
    assert refused.value.exit_code == 75
    assert [one["state"] for one in unattended.json("runs")["runs"][:2]] == [
        "finished",
        "cancelled",
    ]
    assert others == [0]
    assert sum(unattended.oracle().values()) == 40


@pytest.mark.parametrize("point", ["due.after_commit:1", "due.before_commit:2"])
def test_killed_while_it_is_given_up(unattended: Practice, point: str) -> None:
    """Whenever it dies, somebody hears of it."""
    put_off(unattended)
    change(unattended, f"UPDATE due SET until = {NOW} - 1000000")
    killed = unattended("resume", "--due", fault=point)
    assert killed.code < 0
    again = unattended("resume", "--due")
    assert re.findall("given up", killed.err + again.err)
    assert due(unattended)["state"] == "given_up"


def test_two_processes_at_once_send_once(unattended: Practice) -> None:
    unattended.edit("mailings/einladung.yaml", "once_per: recipient", "once_per: none")
    put_off(unattended)
    back(unattended)
    lines = [("resume", "--due"), ("run", "einladung", "--yes"), ("resume", "--due")]
    ends = [unattended.finish(one) for one in [unattended.start(*line) for line in lines]]
    assert {end.code for end in ends} <= {0, 75}
    unattended.json("resume", "--due")
    assert due(unattended)["state"] == "done"
    released = unattended.ledger(
        "SELECT created_at, finished_at FROM run WHERE approved_at IS NOT NULL ORDER BY approved_at"
    )
    # A process that begins when all is over sends again: `once_per: none` says so.
    assert all(later[0] >= one[1] for one, later in pairwise(released))
    assert sum(unattended.oracle().values()) == 40 * len(released)


@pytest.mark.parametrize("key", [2**31 + 7, 1234567890123456789, 2**63 - 1])
def test_large_keys_of_the_practice_are_keys(few: Practice, key: int) -> None:
    """Of the check, too: it finds the person, and the person is written to."""
    marked = [one["id"] for one in few.json("review", few.run)["recipients"] if one["marked"]]
    first = marked[0].removeprefix("patient:")
    few.change("UPDATE patient SET id = ? WHERE id = ?", key, first)
    few.edit("mailings/information.yaml", "select: {}", f'select: {{ids: ["patient:{key}"]}}')
    sent = few.json("run", "information", "--yes")
    few.run = sent["run"]
    assert [(m["row_id"], m["state"]) for m in few.messages().values()] == [
        (f"patient:{key}", "accepted")
    ]


OUTAGE = '''\
"""The null source, away while a file `away` is there."""

from serienpost import hookimpl
from serienpost_testkit.null.source import NullSource


class Source(NullSource):
    name = "outage"

    def rows(self, context, selection, request):
        if context.path("away").exists():
            raise ConnectionError("a canary that nobody may read")
        yield from super().rows(context, selection, request)


@hookimpl
def serienpost_sources():
    return [Source()]
'''


def test_a_known_start_is_kept_where_the_source_cannot_say_it_any_more(
    unattended: Practice,
) -> None:
    unattended.install("outage-plugin", OUTAGE)
    unattended.edit(
        "serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, outage-plugin]"
    )
    unattended.edit("mailings/einladung.yaml", '"null"', "outage")
    unattended.edit("mailings/einladung.yaml", "count: 40", "count: 40, occasion: true")
    unattended.edit("mailings/einladung.yaml", "once_per: recipient\n", "")
    put_off(unattended)
    known = due(unattended)["until"]
    (unattended.folder / "away").touch()
    unattended.json("resume", "--due", code=75)
    assert (due(unattended)["until"], due(unattended)["tries"]) == (known, 2)
    unattended.json("run", "einladung", "--yes", code=75)
    assert (due(unattended)["until"], due(unattended)["tries"]) == (known, 3)
    first = datetime.fromisoformat(unattended.json("runs")["due"][0]["until"])
    assert first.astimezone(UTC).hour == 7  # the first appointment, not midnight


def test_what_to_do_stands_beside_the_cause(demo: Practice) -> None:
    """On the line, in `runs`, in `doctor` and for programs."""
    database = demo.folder / "praxis.db"
    database.rename(demo.folder / "weg.db")
    done = demo("run", "geburtstag", "--yes", "--json")
    (problem,) = demo.document(done, ["run"], 75)["problems"]
    told = "(correct the path, or restore the file)"
    assert told in problem["message"]
    assert told in done.err
    assert told in demo.json("runs")["due"][0]["reason"]
    assert told in " ".join(demo("runs").out.split())
    (found,) = [one for one in demo.json("doctor", code=3)["checks"] if "due date" in one["name"]]
    assert told in found["text"]
    again = demo("resume", "--due")
    assert (again.code, len(again.err.splitlines())) == (75, 1)
    assert told in again.err


def test_a_date_that_another_process_prepares_is_told_in_one_line(unattended: Practice) -> None:
    put_off(unattended)
    with owners(unattended):
        done = unattended("resume", "--due", "--json")
    (one,) = unattended.document(done, ["resume", "--due"], 75)["due"]
    assert "another process" in one["reason"]
    (line,) = done.err.splitlines()
    assert f"einladung for {today()}: another process prepares it now" in line
    assert due(unattended)["tries"] == 1


@contextmanager
def owners(practice: Practice) -> Iterator[None]:
    """Somebody holds the due date, as a process that prepares it."""
    with (
        open_practice(practice.folder, actor="os:test") as opened,
        taken_up(opened.ledger, "einladung", today()),
    ):
        yield


def test_a_run_of_an_older_edition_is_told_once_what_to_do(null: Practice) -> None:
    null.edit("serienpost.yaml", "null-email, ", "null-email, rate: [10/minute], ")
    null.json("send", null.run, "--yes", "--no-wait", code=75)
    (row,) = null.ledger("SELECT header FROM run WHERE id = ?", null.run)
    header = json.loads(row["header"])
    assert header.pop("rendering_edition") > 1  # the first one is not named
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db, db:
        values = json.dumps(header), null.run
        db.execute("UPDATE run SET until = until - 600000000, header = ? WHERE id = ?", values)
    done = null("resume", "--due", "--json")
    (run,) = null.document(done, ["resume", "--due"], 75)["runs"]
    (line,) = done.err.splitlines()
    assert null.run in line
    assert "prepare" in line
    assert "ends by itself" not in line
    assert "resume" not in line
    assert run["ends"] is None


def test_a_list_on_a_drive_that_is_not_there_is_read_when_it_is(unattended: Practice) -> None:
    lists = unattended.folder / "listen"
    lists.mkdir()
    (lists / "a.csv").write_text("Nr;Mail;Ja\n1;kim@example.org;ja\n2;lu@example.org;ja\n", "utf-8")
    columns = "{file: listen/a.csv, key: Nr, columns: {Mail: email}, consent_column: Ja}"
    mailing = "mailings/einladung.yaml"
    unattended.edit(
        mailing, 'source: "null"\nselect: {count: 40}', f"source: table\nselect: {columns}"
    )
    unattended.edit(mailing, "{{Null_Name}}, Ihre Nummer ist {{Null_Nr}}.", "Welt")
    unattended.edit(mailing, "purpose: event", "purpose: information")
    unattended.edit(
        "serienpost.yaml", "[serienpost-testkit", "[serienpost-source-table, serienpost-testkit"
    )
    lists.rename(unattended.folder / "weg")
    done = unattended("run", "einladung", "--yes", "--json")
    assert done.code == 75, done.err
    assert "listen/a.csv: there is no such file" in done.err
    (unattended.folder / "weg").rename(lists)
    (run,) = unattended.json("resume", "--due")["runs"]
    assert run["exit"] == 0
    assert sum(unattended.oracle().values()) == 2
