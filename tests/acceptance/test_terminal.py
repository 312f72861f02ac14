"""What a person sees and types: 80 columns, names of rows, reasons, times, answers."""

from __future__ import annotations

import csv
import os
import pty
import re
import sqlite3
import sys
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from forked import popen

from serienpost import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Post, Practice

YEAR = 365 * 86_400 * 1_000_000
TABLE = """\
title: Probe
source: table
select:
  file: liste.csv
  columns: {Vorname: vorname, Nachname: nachname, Titel: titel, Mail: email}
  consent_column: ok
account: mail
purpose: information
subject: Probe
text: "{{Praxis}}: {{Titel}} {{Vorname}}"
"""
PEOPLE = """\
Vorname;Nachname;Titel;Mail;ok
Eva;Klein;;eva@example.org;ja
;Groß;Dr.;gross@example.org;ja
;Weit;Dr.;weit@example.org;ja
;Breit;Dr.;breit@example.org;ja
Ada;Haus;Dr.;haus@example.org;ja
Max;Haus;Dr.;haus@example.org;ja
"""


@pytest.fixture
def table(few: Practice) -> Practice:
    """A run over a CSV whose rows have no id of their own."""
    (few.folder / "liste.csv").write_text(PEOPLE, "utf-8")
    (few.folder / "mailings" / "probe.yaml").write_text(TABLE, "utf-8")
    few.run = few.json("prepare", "probe", "--summary")["run"]
    return few


def on_a_terminal(practice: Practice, *args: str, typed: str = "", columns: int = 80) -> str:
    """What a command writes to a terminal of so many columns, where somebody types."""
    outer, inner = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if columns != 80:
        environment["COLUMNS"] = str(columns)
    else:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment["TERM"] = "dumb"
    with popen(environment)(
        [sys.executable, "-m", "serienpost", "-C", str(practice.folder), *args],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=environment,
    ):
        os.close(inner)
        os.write(outer, typed.encode())
        written = b""
        while chunk := _read(outer):
            written += chunk
    os.close(outer)
    return re.sub(r"\x1b\[[0-9;]*m", "", written.decode()).replace("\r\n", "\n")


def _read(outer: int) -> bytes:
    try:
        return os.read(outer, 4096)
    except OSError:  # the other side is closed
        return b""


def rows_of(practice: Practice) -> dict[str, dict[str, object]]:
    return {row["row"]: row for row in practice.json("review", practice.run)["recipients"]}


def marked(practice: Practice) -> set[str]:
    return {row for row, one in rows_of(practice).items() if one["marked"]}


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_review_fits_the_terminal_and_ids_are_whole(table: Practice, columns: int) -> None:
    ids = list(rows_of(table))
    assert len(ids[0]) > 15
    for args in (
        ["review", table.run],
        ["show", table.run],
        ["show", table.run, "--manifest"],
        ["runs"],
        ["review", table.run, "--explain", ids[0]],
        ["prepare", "probe"],
    ):
        shown = on_a_terminal(table, *args, columns=columns)
        lines = [line for line in shown.splitlines() if not line.startswith("plan ")]
        assert max(map(len, lines)) <= columns, (args, shown)
        if args[0] in ("review", "show") and "--manifest" not in args:
            assert all(one in shown for one in ids if "--explain" not in args), shown
    shown = on_a_terminal(table, "review", table.run)
    assert "the macro Titel is empty" in shown


def test_reasons_are_counted_by_what_they_say(table: Practice) -> None:
    for args in (("review", table.run), ("review", table.run, "--summary"), ("prepare", "probe")):
        lines = [line.split(maxsplit=1) for line in table(*args).out.splitlines()]
        assert ["1", "the macro Titel is empty"] in lines
        assert ["3", "the macro Vorname is empty"] in lines


def test_a_row_is_named_by_how_its_id_begins(table: Practice) -> None:
    ids = list(rows_of(table))
    ada, maxi = (one for one in ids if one in marked(table))
    short = ada.rpartition("-")[2]
    table.json("review", table.run, "--exclude", short)
    assert marked(table) == {maxi}
    table.json("review", table.run, "--include", ada.partition(":")[2])
    assert marked(table) == {ada, maxi}
    assert table.json("show", table.run, "--recipient", short)["messages"][0]["row"] == ada
    assert table.json("preview", table.run, "--recipient", short)["files"][0]["row"] == ada
    assert table.json("test", table.run, "--to", "ich@example.org", "--recipient", short)
    (problem,) = table.refused("show", table.run, "--recipient", "table:")
    assert "several people" in problem["message"]
    assert problem["hint"].startswith(ids[0])


def test_a_number_is_no_beginning_and_an_override_needs_the_whole_id(few: Practice) -> None:
    rows = rows_of(few)
    assert "patient:12" in rows
    few.json(
        "review", few.run, "--only", "patient:9, 12", "--only", str(rows["patient:13"]["number"])
    )
    assert marked(few) == {"patient:9", "patient:12", "patient:13"}
    history = few.json("review", few.run, "--history")["changes"]
    assert "only" in {one["action"] for one in history}
    few.refused("show", few.run, "--recipient", "patient:0")
    few.refused("show", few.run, "--recipient", "patient:41")
    denied = next(row for row, one in rows.items() if one["reachable"] and not one["allowed"])
    number = denied.partition(":")[2]
    few.refused("review", few.run, "--override", number, "--reason", "weil")
    (problem,) = few.refused("show", few.run, "--recipient", "patient:")
    assert problem["hint"].startswith("patient:1, patient:2")


def test_people_at_one_address_are_pointed_out(table: Practice) -> None:
    done = table("review", table.run)
    shared = table.json("review", table.run)["shared"]
    assert [(one["what"], one["groups"], len(one["examples"][0])) for one in shared] == [
        ("address", 1, 2)
    ]
    assert "1 address belongs to several people" in " ".join(done.out.split())


def test_appointments_are_pointed_out_and_those_left_out_named(demo: Practice) -> None:
    path = demo.folder / "mailings" / "terminerinnerung.yaml"
    text = path.read_text("utf-8")
    demo.change("UPDATE termin SET patient_id = 1")
    run = demo.json("prepare", "terminerinnerung", "--summary")
    assert [one["what"] for one in run["shared"]] == ["person"]
    path.write_text(f"{text}\nsame_address: one\n", "utf-8")
    done = demo("prepare", "terminerinnerung", "--summary")
    assert "same_address: one leaves out" in " ".join(done.out.split())


@pytest.mark.parametrize("typed", ["j", "ja", "y", "YES"])
def test_yes_is_said_in_either_language(few: Practice, post: Post, typed: str) -> None:
    shown = on_a_terminal(few, "send", few.run, typed=f"vielleicht\n{typed}\n")
    assert "[y/N]" in shown
    assert few.states()["accepted"] == len(post.mails()) > 0


@pytest.mark.parametrize("typed", ["n", "nein", "no", ""])
def test_anything_else_sends_nothing(few: Practice, post: Post, typed: str) -> None:
    assert "not approved; nothing was sent" in on_a_terminal(
        few, "send", few.run, typed=f"{typed}\n"
    )
    assert post.mails() == {}


def test_a_scheduled_run_says_when_everywhere(null: Practice) -> None:
    null.env["SERIENPOST_LANG"] = "en"  # as it is laid out in English
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    tomorrow = now + timedelta(days=1)
    when = f"scheduled for {tomorrow.day} {tomorrow:%b %Y} 09:00"
    sent = null("send", null.run, "--yes", "--at", "morgen 9:00")
    assert sent.code == 75
    assert when in sent.err
    assert when in " ".join(sent.out.split())
    for args in (("runs",), ("show", null.run), ("report", null.run), ("resume", "--due")):
        shown = " ".join(null(*args).out.split())
        assert when in shown, shown
    story = null("show", null.run, "--recipient", "1").out
    moment = Texts("serienpost")("{day}", day=(now + timedelta(days=1)).date())
    assert f"scheduled for  {moment} 09:00" in story
    assert "\nsent " not in story
    status = null.json("show", null.run)
    assert (
        status["scheduled_for"].endswith("T09:00:00+01:00") or "T09:00" in (status["scheduled_for"])
    )
    assert "not resume" in status["ends"]["how"]
    assert "approved - by" not in null("cancel", null.run).out


def test_a_run_that_nobody_approved_names_nobody(null: Practice) -> None:
    out = null("cancel", null.run).out
    assert "approved" not in out
    assert "by -" not in out


def test_the_cause_of_a_pause_stands_everywhere(null: Practice) -> None:
    null.edit("serienpost.yaml", "consent: consent.jsonl", "consent: consent.jsonl, default: raise")
    sent = null("send", null.run, "--yes")
    assert sent.code == 75
    null.edit("serienpost.yaml", "default: raise", "default: allow")
    (null.folder / "consent.jsonl").unlink()
    (null.folder / "consent.jsonl").mkdir()
    null.json("resume", null.run, code=75)
    text = null.json("show", null.run)["reason_text"]
    assert text in " ".join(null("show", null.run).out.split())
    assert text.endswith("IsADirectoryError: Is a directory")
    assert null.json("show", null.run)["ends"]["by"] == "time"


def test_a_suppressed_person_is_told_why(null: Practice) -> None:
    row = list(null.messages())[2]
    (null.folder / "gone.json").write_text(f'{{"{row}": "abgesagt"}}', "utf-8")
    null.json("send", null.run, "--yes")
    shown = null("show", null.run, "--recipient", row).out
    assert null.messages()[row]["state"] == "suppressed"
    assert "why " in shown
    assert "abgesagt" in shown


def test_the_csv_names_everybody_who_did_not_get_it(null: Practice, tmp_path: Path) -> None:
    rules = (
        "outcomes: [{position: 1, outcome: rejected}, {position: 2, outcome: unknown}, "
        "{position: 9, outcome: account_problem}], slots: 1, "
    )
    null.edit("serienpost.yaml", "null-email, ", f"null-email, {rules}")
    null.edit(
        "serienpost.yaml",
        'oracle: oracle.tsv, slots: 4, sender: "Praxis Null <n',
        'oracle: oracle.tsv, sender: "Praxis Null <n',
    )
    row = list(null.messages())[2]
    null.json("review", null.run, "--exclude", row)
    null.json("send", null.run, "--yes", code=75)
    for _ in range(2):
        file = tmp_path / "fehlt.csv"
        null.json("report", null.run, "--csv", str(file))
        with file.open(encoding="utf-8", newline="") as opened:
            lines = {line["row"]: line for line in csv.DictReader(opened, delimiter=";")}
        expected = {r: m["state"] for r, m in null.messages().items() if m["state"] != "accepted"}
        assert {one: line["state"] for one, line in lines.items()} == expected
        assert all(line["reason"] and line["id"] for line in lines.values())
        null.json("cancel", null.run)


def test_one_reason_is_one_line_of_the_report_with_its_rows(demo: Practice) -> None:
    """Was: a block for each row, since the sentence names the row that goes out."""
    demo.change("UPDATE patient SET email = 'haus@example.org', vertreter_id = NULL WHERE id > 3")
    demo.edit("mailings/information.yaml", "select: {}", "select: {}\nsame_address: one")
    demo.change("UPDATE patient SET email = 'hof@example.org' WHERE id > 9")
    run = demo.json("prepare", "information", "--summary")["run"]
    demo.json("send", run, "--yes")
    document = demo.json("report", run)
    shared = [one for one in document["reasons"] if "same address" in (one["text"] or "")]
    assert len(shared) == 1
    assert shared[0]["messages"] > 1
    assert shared[0]["rows"]
    told = " ".join(demo("report", run).out.split())
    assert told.count("same address as another person: patient:") == 1
    assert sum(one["messages"] for one in document["reasons"]) == document["counts"]["suppressed"]


def test_values_that_were_removed_as_planned_are_no_fault(null: Practice) -> None:
    """Was: rows without names and addresses, and no word about it."""
    null.json("send", null.run, "--yes")
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as ledger, ledger:
        for column in ("created_at", "finished_at", "progress_at"):
            ledger.execute(f"UPDATE run SET {column} = {column} - {YEAR}")
    null.json("purge")
    for args in (("show", null.run), ("review", null.run), ("show", null.run, "--recipient", "3")):
        told = " ".join(null(*args).out.split())
        assert "values, names and addresses were removed as planned" in told, args
        assert "retention:" in told


def test_the_list_of_runs_has_the_same_columns_whatever_there_is(null: Practice) -> None:
    """Was: state, why and ends in columns or under the row, as wide as the widest was."""

    def head() -> str:
        return null("runs").out.splitlines()[0]

    before = head()
    null("send", null.run, "--yes", "--at", "morgen 9:00")
    assert head() == before
    null.json("cancel", null.run)
    other = null.json("prepare", "einladung", "--summary")["run"]
    assert head() == before
    assert before.split() == ["run", "due", "mailing"]
    _, first, *_ = null("runs").out.splitlines()
    assert re.fullmatch(rf"{other}  \d+ [A-Z][a-z]+ \d{{4}} +einladung", first)
