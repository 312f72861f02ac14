"""What a mail server answers, and what people do about it afterwards."""

from __future__ import annotations

import csv
import json
import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conftest import Post, Practice

PASSING = ("Date", "Received")


def marked(practice: Practice) -> list[str]:
    return [row for row, message in practice.messages().items() if message["marked"]]


def without_passing(data: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Headers except those that differ by nature, and everything after them as it is."""
    mail = message_from_bytes(data, policy=policy.compat32)
    headers = [(name, value) for name, value in mail.items() if name not in PASSING]
    return headers, data.replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def addresses(practice: Practice, rows: Iterable[str]) -> list[str]:
    messages = practice.messages()
    return [messages[row]["address"] for row in rows]


def test_preview_is_what_was_sent(demo: Practice, post: Post, tmp_path: Path) -> None:
    files = demo.json("preview", demo.run, "--all", "--out", str(tmp_path / "vorschau"))["files"]
    assert [file["row"] for file in files] == marked(demo)
    before = demo.contents()
    demo.json("preview", demo.run, "--recipient", "patient:1")
    assert demo.contents() == before

    demo.json("send", demo.run, "--yes")
    arrived = {}
    for caught in post.catcher.messages:
        headers, body = without_passing(caught.data)
        arrived[dict(headers)["Message-ID"]] = headers, body
    ids = {row: message["message_id"] for row, message in demo.messages().items()}
    for file in files:
        shown = without_passing(Path(file["file"]).read_bytes())
        assert shown == arrived[ids[file["row"]]], file["row"]


def test_a_test_message_changes_nothing_of_the_plan(demo: Practice, post: Post) -> None:
    plan = demo.json("review", demo.run, "--summary")["plan_hash"]
    before = demo.messages()
    demo.json("test", demo.run, "--to", "praxis@example.org")
    demo.json("test", demo.run, "--to", "praxis@example.org", "--recipient", "patient:2")
    (made_up, mail), (real, mail_of_patient) = post.mails().values()
    assert made_up == real == "praxis@example.org"
    assert mail["Subject"].startswith("TEST: ")
    name = demo.patients("id = 2")["patient:2"]["nachname"]
    assert name in mail_of_patient.get_body(("plain",)).get_content()
    assert name not in mail.get_body(("plain",)).get_content()

    assert demo.messages() == before
    assert demo.json("review", demo.run, "--summary")["plan_hash"] == plan
    demo.refused("test", demo.run, "--to", "praxis@example.org", "--recipient", "patient:14")
    demo.refused("test", demo.run, "--to", "nobody")
    assert len(post.mails()) == 2


def test_failed_messages_are_tried_again(few: Practice, post: Post) -> None:
    rows = marked(few)
    for address in addresses(few, rows[:3]):
        post.script.refuse(address, "550 5.1.1 no such user")
    sent = few.json("send", few.run, "--yes", code=4)
    failed = [row for row, message in few.messages().items() if message["state"] == "failed"]
    assert set(rows[:3]) <= set(failed)
    assert sent["counts"]["failed"] == len(failed)
    assert few.json("resume", few.run, code=4)["counts"] == sent["counts"]

    post.script.clear()
    assert few.json("retry", few.run, "--failed")["counts"]["accepted"] == len(rows)
    assert len(post.mails()) == len(rows)
    again = few.contents()
    few.json("resume", few.run)
    assert few.contents() == again


def test_a_person_decides_about_doubt(few: Practice, post: Post) -> None:
    rows = marked(few)
    arrived, again, gone = rows[1], rows[2], rows[5]
    for address in addresses(few, (arrived, again, gone)):
        post.script.disconnect(address, when="after_dot", times=1)
    assert few.json("send", few.run, "--yes", code=5)["counts"]["in_doubt"] == 3
    assert few.json("resume", few.run, code=5)["counts"]["in_doubt"] == 3

    few.json("resolve", few.run, "--recipient", arrived, "--as", "accepted")
    few.json("resolve", few.run, "--recipient", gone, "--as", "failed")
    few.refused("resolve", few.run, "--recipient", rows[0], "--as", "resend")
    few.json("resolve", few.run, "--recipient", again, "--as", "resend")
    few.json("resume", few.run, code=4)

    messages = few.messages()
    assert {row: (messages[row]["state"], messages[row]["basis"]) for row in (arrived, gone)} == {
        arrived: ("accepted", "person"),
        gone: ("failed", "person"),
    }
    assert messages[again]["state"] == "accepted"
    ids = [dict(without_passing(c.data)[0])["Message-ID"] for c in post.catcher.messages]
    assert [one for one in set(ids) if ids.count(one) > 1] == [messages[again]["message_id"]]
    assert max(map(ids.count, ids)) == 2


def test_a_deferral_is_left_for_later(few: Practice, post: Post) -> None:
    rows = marked(few)
    (address,) = addresses(few, rows[:1])
    post.script.refuse(address, "450 4.2.1 mailbox busy", times=1)
    sent = few.json("send", few.run, "--yes", "--no-wait", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "deferral")
    assert sent["counts"]["pending"] == 1
    due = few.json("resume", "--due", code=75)
    assert [(r["run"], r["exit"]) for r in due["runs"]] == [(few.run, 75)]
    assert len(post.mails()) == len(rows) - 1


def test_a_report_as_page_and_table(few: Practice, post: Post, tmp_path: Path) -> None:
    page, table = tmp_path / "bericht.html", tmp_path / "bericht.csv"
    rows = marked(few)
    (address,) = addresses(few, rows[:1])
    post.script.refuse(address, "550 5.1.1 no such user")
    few.json("send", few.run, "--yes", code=4)
    report = few.json("report", few.run, "--html", str(page), "--csv", str(table))
    assert report["counts"] == few.states()
    assert sum(reason["messages"] for reason in report["reasons"]) == 40 - few.states()["accepted"]

    html = page.read_text("utf-8")
    assert few.run in html
    assert "Neue Sprechzeiten" in html
    assert "<script" not in html
    assert re.findall(r"https?:", html.replace("http://www.w3.org/2000/svg", "")) == []
    with table.open(encoding="utf-8", newline="") as file:
        lines = {line["row"]: line for line in csv.DictReader(file, delimiter=";")}
    assert set(lines) == set(few.messages()) - {
        row for row, message in few.messages().items() if message["state"] == "accepted"
    }
    assert lines[rows[0]]["state"] == "failed"
    assert all(line["reason"] for line in lines.values())


def counted(practice: Practice, code: str) -> dict[str, int]:
    """The reasons of this code: sentence without an id -> how many."""
    reasons = practice.json("report", practice.run)["reasons"]
    found = [one for one in reasons if one["code"] == code]
    assert sum(one["messages"] for one in found) >= len(found) > 0
    return {one["text"].partition(" id=")[0]: one["messages"] for one in found}


def test_refusals_that_nobody_understands_are_counted_by_what_is_said(
    few: Practice, post: Post
) -> None:
    """One code stands for many things: none is counted under another one's words."""
    said = ["554 no thanks id=a1b2c3", "554 no thanks id=d4e5f6", "554 not in this way"]
    for address, reply in zip(addresses(few, marked(few)[::4]), said, strict=False):
        post.script.refuse(address, reply)
    few.json("send", few.run, "--yes", code=4)
    assert counted(few, "554") == {"no thanks": 2, "not in this way": 1}


def test_who_is_left_out_is_counted_by_the_sentence_that_is_read(null: Practice) -> None:
    gone = {
        "patient:10": "ist weggezogen",
        "patient:11": "ist woanders",
        "patient:12": "ist weggezogen",
    }
    (null.folder / "gone.json").write_text(json.dumps(gone), "utf-8")
    null.json("send", null.run, "--yes")
    assert counted(null, "gone") == {"ist weggezogen": 2, "ist woanders": 1}
