from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from command_line import run_in

if TYPE_CHECKING:
    from email.message import EmailMessage

    from conftest import Post, Practice


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def greeted(patient: dict[str, Any], everybody: dict[str, dict[str, Any]]) -> str:
    """Words that the text must hold: the surname, for a minor that of the representative; neutral
    where neither first name nor gender is known."""
    if patient["vertreter_id"]:
        born = datetime.fromisoformat(patient["geburtsdatum"])
        today = datetime.now(ZoneInfo("Europe/Berlin"))
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if age < 18:
            patient = everybody[f"patient:{patient['vertreter_id']}"]
    if not (patient["vorname"] or patient["geschlecht"]):
        return "Sehr geehrte Damen und Herren"
    return " ".join(patient["nachname"].split())


def test_exactly_the_marked_get_their_own_message_once(demo: Practice, post: Post) -> None:
    review = demo.json("review", demo.run)
    rows = {row["row"]: row for row in review["recipients"]}
    marked = {row for row, shown in rows.items() if shown["marked"]}
    patients = demo.patients()
    assert set(rows) == set(patients)
    assert review["counts"]["selected"] == 300
    assert review["counts"]["marked"] == len(marked) > 100
    assert review["cost"] == {"unit": "messages", "total": len(marked), "balance": None}

    sent = demo.json("send", demo.run, "--plan", review["plan_hash"], "--yes")
    assert sent["state"] == "finished"
    assert sent["counts"] == {"accepted": len(marked), "suppressed": 300 - len(marked)}
    assert "messages" not in sent

    shown = demo.json("show", demo.run)
    mails = post.mails()
    accepted = {m["row"]: m for m in shown["messages"] if m["state"] == "accepted"}
    assert set(accepted) == marked
    assert {m["message_id"] for m in accepted.values()} == set(mails)
    for row, message in accepted.items():
        recipient, mail = mails[message["message_id"]]
        assert message["message_id"] == f"<{message['ref']}@example.org>"
        assert recipient == rows[row]["address"] == mail["To"]
        assert greeted(patients[row], patients) in text_of(mail), row


def test_a_finished_run_is_not_sent_again(few: Practice, post: Post) -> None:
    few.json("send", few.run, "--yes")
    arrived, ledger = len(post.mails()), few.contents()
    assert arrived > 5

    again = few.json("send", few.run, "--yes")
    assert again["state"] == "finished"
    assert few.json("resume", few.run)["counts"] == again["counts"]
    assert len(post.mails()) == arrived
    assert few.contents() == ledger


def test_another_plan_is_refused_and_nothing_changes(demo: Practice, post: Post) -> None:
    before = demo.contents()
    (problem,) = demo.refused("send", demo.run, "--plan", "0" * 64, "--yes")
    assert "plan" in problem["message"]
    assert "review" in problem["hint"]
    assert demo.contents() == before
    assert post.mails() == {}


def test_a_changed_mark_makes_another_plan(demo: Practice, post: Post) -> None:
    before = demo.json("review", demo.run, "--summary")
    after = demo.json("review", demo.run, "--exclude", "patient:1", "--summary")
    assert after["plan_hash"] != before["plan_hash"]
    assert after["counts"]["marked"] == before["counts"]["marked"] - 1

    demo.refused("send", demo.run, "--plan", before["plan_hash"], "--yes")
    assert post.mails() == {}

    again = demo.json("review", demo.run, "--include", "patient:1", "--summary")
    assert again["plan_hash"] == before["plan_hash"]


def test_without_a_terminal_the_question_names_its_option(demo: Practice, post: Post) -> None:
    (problem,) = demo.refused("send", demo.run)
    assert "--yes" in problem["hint"]
    assert demo.state() == ("prepared", None)
    assert post.mails() == {}


def test_an_own_column_of_a_list_goes_through_all_commands(few: Practice) -> None:
    (few.folder / "kurs.csv").write_text("id;Kurs\npatient:2;Yoga\npatient:7;Qigong\n", "utf-8")
    few.edit("mailings/information.yaml", "source: patients", "source: table")
    columns = "{Kurs: {field: kurs, class: plain}}"
    select = f"select: {{file: kurs.csv, columns: {columns}}}"
    few.edit("mailings/information.yaml", "select: {}", select)
    assert few.json("check", "information")["problems"] == []
    few.run = few.json("prepare", "information", "--summary")["run"]
    rows = few.json("review", few.run)["recipients"]
    assert {row["row"] for row in rows} == {"patient:2", "patient:7"}


def test_a_plan_does_not_depend_on_how_its_folder_is_named(null: Practice) -> None:
    elsewhere = null.copy(null.folder.parent / "anderswo" / "praxis")
    named = [["-C", str(null.folder)], ["-C", "praxis"], ["-C", str(elsewhere.folder)]]
    hashes = set()
    for head in named:
        done = run_in(null.folder.parent, [*head, "prepare", "einladung", "--json"], {})
        hashes.add(json.loads(done.out)["plan_hash"])
    assert len(hashes) == 1
