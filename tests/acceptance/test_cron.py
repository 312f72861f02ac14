"""What runs by itself: cron, rates, schedules."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Post, Practice

BIRTHDAY_TODAY = {"patient:1", "patient:2"}


def test_a_birthday_is_congratulated_once(demo: Practice, post: Post) -> None:
    first = demo.json("run", "geburtstag", "--yes")
    congratulated = len(post.mails())
    assert first["counts"]["accepted"] == congratulated >= len(BIRTHDAY_TODAY)

    second = demo.json("run", "geburtstag", "--yes")
    assert second["run"] != first["run"]
    assert "accepted" not in second["counts"]
    demo.run = second["run"]
    again = list(demo.messages().values())
    assert {message["person"] for message in again} >= BIRTHDAY_TODAY
    assert {message["code"] for message in again if message["marked"]} == {"already_sent"}
    assert len(post.mails()) == congratulated


def test_two_cron_runs_in_the_same_second_remind_once(demo: Practice, post: Post) -> None:
    processes = [demo.start("run", "geburtstag", "--yes", "--json") for _ in range(2)]
    ends = [demo.finish(process) for process in processes]
    for end in ends:  # the later one may find the run under way in the other process
        demo.document(end, ["run"], end.code)
    assert {0} <= {end.code for end in ends} <= {0, 75}
    sent = "SELECT person FROM message WHERE state = 'accepted'"
    people = [row["person"] for row in demo.ledger(sent)]
    assert len(people) == len(set(people)) >= len(BIRTHDAY_TODAY)
    assert len(post.mails()) == len(people)


def test_run_without_a_yes_sends_nothing(demo: Practice, post: Post) -> None:
    (problem,) = demo.refused("run", "geburtstag")
    assert "--yes" in problem["hint"]
    assert post.mails() == {}


def test_a_paused_run_of_yesterday_keeps_nobody_from_todays(null: Practice) -> None:
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: none\npurpose:")
    null.edit("serienpost.yaml", "null-email, ", "null-email, rate: [10/minute], ")
    earlier = null.json("run", "einladung", "--yes", "--for", "2026-01-31", "--no-wait", code=75)
    assert (earlier["state"], earlier["reason"]) == ("paused", "rate")
    null.json("pause", earlier["run"])
    null.edit("serienpost.yaml", "rate: [10/minute], ", "")
    today = null.json("run", "einladung", "--yes")
    assert today["run"] != earlier["run"]
    assert today["counts"] == {"accepted": 40}
    assert null.json("show", earlier["run"])["state"] == "paused"


def test_a_rate_holds_over_restarts(null: Practice) -> None:
    null.edit("serienpost.yaml", "null-email, ", "null-email, rate: [10/second], ")
    stopped = null.json("send", null.run, "--yes", "--no-wait", code=75)
    assert (stopped["state"], stopped["reason"]) == ("paused", "rate")
    assert stopped["counts"] == {"accepted": 10, "pending": 30}
    assert null("resume", null.run, fault="wire.after:5").code < 0

    resumed = null("resume", null.run, "--json")
    counts = null.document(resumed, ["resume"], 5)["counts"]
    assert counts["accepted"] + counts["in_doubt"] == 40
    lines = (null.folder / "oracle.tsv").read_text("ascii").splitlines()
    moments = sorted(float(line.split("\t")[3]) for line in lines)
    assert len(moments) == len(null.oracle())
    spans = [later - earlier for earlier, later in zip(moments, moments[10:], strict=False)]
    assert min(spans) > 0.8


def test_a_run_waits_for_its_time(null: Practice) -> None:
    later = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 3 * 24 * 3600))
    sent = null.json("send", null.run, "--yes", "--at", later, "--no-wait", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "schedule")
    assert [(r["run"], r["exit"]) for r in null.json("resume", "--due", code=75)["runs"]] == [
        (null.run, 75)
    ]
    assert null.json("resume", null.run, "--no-wait", code=75)["counts"] == {"pending": 40}
    assert null.oracle() == {}


def test_a_consent_check_that_fails_loses_nothing(null: Practice) -> None:
    null.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, default: raise")
    sent = null.json("send", null.run, "--yes", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "check_unavailable")
    assert sent["counts"] == {"pending": 40}
    assert null.oracle() == {}

    null.edit("serienpost.yaml", "default: raise", "default: allow")
    assert [(r["run"], r["exit"]) for r in null.json("resume", "--due")["runs"]] == [(null.run, 0)]
    assert null.states() == {"accepted": 40}
