"""Ledgers that commit 7d463c1 wrote: what was sent stays readable, what is open is not sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pypdfium2
from old_practice import ENDED, OPEN, changed, keep

from serienpost.ledger.engine import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from old_practice import Done, Practice, Providers

NOT_OVER = {"planned", "pending", "claimed", "sending"}
BY_PERSON = {"account", "content_changed", "template_changed", "stale", "person"}
OLDER = re.compile(r"prepared by an older serienpost.*prepare (?:it|the mailing) again")


def refused_as_older(done: Done, run: str) -> bool:
    """Whether a command was refused with one line about this run, and nothing else."""
    lines = done.err.splitlines()
    return (
        (done.code, done.out, len(lines)) == (3, "", 1)
        and run in lines[0]
        and OLDER.search(lines[0]) is not None
    )


def pages_of(path: Path) -> int:
    """How many pages a PDF has."""
    document = pypdfium2.PdfDocument(path)
    try:
        return len(document)
    finally:
        document.close()


def test_every_answer_is_what_it_was(practice: Practice, providers: Providers) -> None:
    """The SMS provider is away, as it was then, and tells no balance."""
    providers.sms.web.close()
    before = practice.contents()
    assert changed(practice, practice.expected.answers) == {}
    assert practice.contents() == before


def test_every_state_is_among_them(practice: Practice) -> None:
    runs = {row["state"] for row in practice.rows("SELECT DISTINCT state FROM run")}
    assert runs == {"preparing", "prepared", "finished", "cancelled", *OPEN}
    messages = {row["state"] for row in practice.rows("SELECT DISTINCT state FROM message")}
    assert messages == {
        *NOT_OVER, "accepted", "delivered", "in_doubt", "failed", "bounced", "complained",
        "suppressed", "cancelled",
    }  # fmt: skip
    channels = {row["channel"] for row in practice.rows("SELECT DISTINCT channel FROM run")}
    assert channels == {"smtp", "sendgrid", "smscreator", "letter"}


def test_open_runs_are_to_be_prepared_again(practice: Practice, providers: Providers) -> None:
    expected = practice.expected
    asked = [
        (label, command)
        for label in expected.labelled("prepared", *OPEN)
        for command in (["send", "--yes"], ["resume"], ["retry", "--failed"])
        if command[0] == "send"
        or (command[0] == "resume" and expected.state(label) != "prepared")
        or expected.state(label) in ("sending", "paused")
    ]
    before = practice.contents()
    commands = [[name, practice.run(label), *options] for label, (name, *options) in asked]
    answers = practice.each(commands)
    wrong = [
        (label, command, one)
        for (label, command), one in zip(asked, answers, strict=True)
        if not refused_as_older(one, practice.run(label))
    ]
    assert wrong == []
    assert providers.taken() == 0
    assert practice.contents() == before


def test_the_document_of_a_refusal_names_the_run(practice: Practice) -> None:
    run = practice.run("mail-sending")
    done = practice("resume", run, "--json")
    assert done.code == 3
    (problem,) = done.json()["problems"]
    assert run in problem["message"]
    assert OLDER.search(f"{problem['message']} {problem['hint']}")


def test_by_itself_nothing_old_is_sent(practice: Practice, providers: Providers) -> None:
    found = practice.rows(f"SELECT * FROM run WHERE state IN {OPEN} ORDER BY id")
    messages = practice.rows(
        "SELECT * FROM message WHERE run IN"
        f" (SELECT id FROM run WHERE state IN {OPEN}) ORDER BY run, no"
    )
    done = practice("resume", "--due")
    assert done.code == 75, done.err
    assert providers.taken() == 0
    now = datetime.now(UTC).timestamp() * 1_000_000
    for row in found:
        if row["reason"] not in BY_PERSON and (row["until"] or 0) < now:
            lines = [line for line in done.err.splitlines() if row["id"] in line]
            older = [line for line in lines if OLDER.search(line)]
            assert len(older) == 1, (row["mailing"], done.err)
    assert practice.rows(f"SELECT * FROM run WHERE state IN {OPEN} ORDER BY id") == found
    assert messages == practice.rows(
        "SELECT * FROM message WHERE run IN"
        f" (SELECT id FROM run WHERE state IN {OPEN}) ORDER BY run, no"
    )


def test_what_is_open_can_be_cancelled(practice: Practice, providers: Providers) -> None:
    labels = practice.expected.labelled("prepared", *OPEN)
    before = {label: practice.states(label) for label in labels}
    for done in practice.each(["cancel", practice.run(label), "--json"] for label in labels):
        assert (done.code, done.json()["state"]) == (0, "cancelled")
    for label in labels:
        after = practice.states(label)
        assert not NOT_OVER & set(after.values()), label
        kept = {row: state for row, state in before[label].items() if state not in NOT_OVER}
        assert kept.items() <= after.items(), label
    assert practice.states("mail-sending") == {
        "patient:43": "accepted",
        "patient:44": "accepted",
        "patient:45": "in_doubt",
        "patient:46": "in_doubt",
        "patient:47": "cancelled",
        "patient:48": "cancelled",
    }
    assert providers.taken() == 0


def test_letters_that_were_made_are_not_lost_with_their_run(practice: Practice) -> None:
    run = practice.run("letter-sending")
    made = sum(state == "accepted" for state in practice.states("letter-sending").values())
    done = practice("cancel", run)
    assert done.code == 0
    file = practice.folder / "briefe" / f"{run}.pdf"
    parts = list(practice.folder.glob(f"briefe/.teile/{run}/*.pdf"))
    told = f"run {run} is cancelled, but" in done.err
    printed = pages_of(file) if file.exists() else 0
    assert printed == made or (parts and told), done.err


def test_a_mailing_is_prepared_again_and_sent(practice: Practice, providers: Providers) -> None:
    """Beside the old runs that are still open, and after they are cancelled."""
    for revision in ("0003", HEAD):
        before = providers.taken()
        again = practice.must("prepare", "mail-paused", "--summary")["run"]
        assert practice.must("send", again, "--yes")["counts"]["accepted"] == 3
        assert providers.taken() == before + 3
        assert practice.revision() == revision
        if revision == "0003":
            practice.cancel_open()


def test_a_person_still_decides_about_doubt(practice: Practice) -> None:
    decisions = [
        ("mail-doubt", "patient:45", "accepted"),
        ("mail-doubt", "patient:46", "failed"),
        ("grid-doubt", "patient:43", "failed"),
        ("sms-doubt", "patient:43", "accepted"),
        ("mail-stopped", "patient:45", "accepted"),
        ("mail-stopped", "patient:46", "failed"),
    ]
    expected = {label: practice.states(label) for label, _, _ in decisions}
    answers = practice.each(
        ["resolve", practice.run(label), "--recipient", row, "--as", decision, "--json"]
        for label, row, decision in decisions
    )
    for (label, row, decision), done in zip(decisions, answers, strict=True):
        assert (done.code, done.json()["state"]) == (0, practice.expected.state(label))
        assert expected[label][row] == "in_doubt"
        expected[label][row] = decision
    assert {label: practice.states(label) for label in expected} == expected
    (story,) = practice.must("show", practice.run("sms-doubt"), "--recipient", "patient:43")[
        "messages"
    ]
    assert story["basis"] == "person"
    assert story["decisions"][-1]["action"] == "resolve accepted"


def test_nothing_old_is_sent_again(practice: Practice, providers: Providers) -> None:
    before = practice.contents()
    resend = ["--recipient", "patient:43", "--as", "resend"]
    asked = [
        ["resolve", practice.run("mail-doubt"), *resend[:1], "patient:45", *resend[2:]],
        ["resolve", practice.run("grid-doubt"), *resend],
        ["resolve", practice.run("sms-doubt"), *resend],
        ["retry", practice.run("mail-failed"), "--failed"],
    ]
    answers = practice.each(asked)
    wrong = [
        (command, one)
        for command, one in zip(asked, answers, strict=True)
        if not refused_as_older(one, command[1])
    ]
    assert wrong == []
    assert providers.taken() == 0
    assert practice.contents() == before


def test_letters_print_from_the_records(practice: Practice) -> None:
    pages = practice.expected.pages
    assert pages.keys() >= {"letter", "letter-retried", "letter-purged", "letter-stopped"}
    answers = practice.each(
        ["letters", "print", "--run", practice.run(label), "--out", f"{label}.pdf"]
        for label in pages
    )
    assert {one.code for one in answers} == {0}, answers
    printed = {label: pages_of(practice.folder / f"{label}.pdf") for label in pages}
    assert printed == pages


def test_an_erased_person_is_gone(practice: Practice) -> None:
    person, name = "patient:21", "Hübner"
    told = practice.must("export-person", person)
    assert len(told["messages"]) == 2
    counts = practice.must("show", practice.run("mail"))["counts"]
    assert practice.must("erase-person", person, "--yes")["messages"] == 2
    assert practice("export-person", person).code == 3
    assert practice.must("show", practice.run("mail"))["counts"] == counts
    assert practice.states("mail-prepared").keys() & {person} == set()
    assert practice.must("review", practice.run("mail-prepared"))["plan_hash"]
    assert [row for row in practice.rows("SELECT * FROM message") if row["person"] == person] == []
    assert f"Jana {name}" not in repr(practice.contents())


def test_values_are_purged(practice: Practice) -> None:
    keep(practice, values="1 s")
    expected = practice.expected
    ended = set(expected.labelled(*ENDED))
    has_values = ended - {"mail-purged", "letter-purged", "letter-waiting"}
    done = practice.must("purge")
    assert {name: done[name] for name in ("values", "unapproved", "messages")} == {
        "values": len(has_values),
        "unapproved": 0,
        "messages": 0,
    }
    runs = ", ".join(f"'{practice.run(label)}'" for label in has_values)
    kept = practice.rows(f"SELECT name, address, macro_values FROM message WHERE run IN ({runs})")
    assert {value for row in kept for value in row.values()} == {None}
    assert practice.rows(f"SELECT * FROM asset WHERE run IN ({runs})") == []
    shown = [f"show {practice.run(label)} --json" for label in ended]
    for command, one in zip(shown, practice.each(map(str.split, shown)), strict=True):
        assert one.json()["counts"] == expected.answers[command]["counts"]
    run = practice.run("letter")
    practice.must("letters", "print", "--run", run, "--out", "again.pdf")
    assert pages_of(practice.folder / "again.pdf") == expected.pages["letter"]


def test_runs_are_purged(practice: Practice) -> None:
    keep(practice, messages="1 s", unapproved="1 s")
    expected = practice.expected
    done = practice.must("purge")
    ended = len(expected.labelled(*ENDED))
    never = len(expected.labelled("preparing", "prepared"))
    assert (done["messages"], done["unapproved"]) == (ended, never)
    left = {one["run"] for one in practice.must("runs", "--limit", "100")["runs"]}
    assert left == {practice.run(label) for label in expected.labelled(*OPEN)}
    assert practice.rows("SELECT * FROM once") != []


def test_the_tables_stay_while_a_run_is_open_and_follow_then(
    practice: Practice, providers: Providers
) -> None:
    providers.sms.web.close()
    practice.must("runs")
    assert practice.revision() == "0003"
    assert "attachments" in practice.rows("SELECT * FROM message LIMIT 1")[0]
    *labels, last = practice.expected.labelled(*OPEN)
    for done in practice.each(["cancel", practice.run(label)] for label in labels):
        assert done.code == 0
    practice.must("runs")
    assert practice.revision() == "0003", "one run is still open"
    practice.must("cancel", practice.run(last))
    practice.must("runs")
    assert practice.revision() == HEAD
    assert "attachments" not in practice.rows("SELECT * FROM message LIMIT 1")[0]

    touched = {practice.run(label) for label in practice.expected.labelled(*OPEN)}
    asked = [
        command
        for command in practice.expected.answers
        if command.split()[0] in ("show", "report", "review", "suppress")
        and command.split()[1] not in touched
    ]
    assert changed(practice, asked) == {}
