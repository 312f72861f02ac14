"""Permission from a column of a list: for which purposes, and which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Post, Practice

MAILING = """\
source: table
select:
  file: listen/probe.csv
  columns: {Anrede: anrede, Nachname: nachname, E-Mail: email}
  consent_column: Einwilligung
account: mail
purpose: PURPOSE
signature: u
subject: Probe
text: "{{Briefanrede}} guten Tag. {{Praxis}} Wenn Sie nichts mehr möchten: {{Abmelde_Link}}"
"""
WORDS = ["ja", "nein", "", "x", "vielleicht", "12.03.2026", "ja, bis 2027", "WAHR", "0", "2"]


@pytest.fixture
def practice(list_practice: Practice) -> Practice:
    """A practice with a list in which people answered in many ways."""
    rows = [f"Frau;Abel{n};a{n}@example.org;{word}" for n, word in enumerate(WORDS)]
    text = "\n".join(["Anrede;Nachname;E-Mail;Einwilligung", *rows])
    (list_practice.folder / "listen/probe.csv").write_text(text, "utf-8")
    return list_practice


def mailing(practice: Practice, purpose: str, keys: str = "") -> None:
    text = MAILING.replace("PURPOSE", purpose).replace("account:", f"{keys}account:")
    (practice.folder / "mailings/probe.yaml").write_text(text, "utf-8")


def test_only_a_yes_is_one_and_what_is_neither_is_named(practice: Practice, post: Post) -> None:
    mailing(practice, "event")
    document = practice.json("prepare", "probe")
    rows = document["recipients"]
    assert [row["marked"] for row in rows] == [word in ("ja", "x", "WAHR") for word in WORDS]
    codes = [
        next((one["code"] for one in row["consent"] if one["verdict"] == "deny"), None)
        for row in rows
    ]
    clear = {"ja": None, "x": None, "WAHR": None}
    clear |= dict.fromkeys(("nein", "", "0"), "column_not_yes")
    assert codes == [clear.get(word, "column_unclear") for word in WORDS]
    for number, row in enumerate(rows, start=2):
        reasons = [one["reason"] for one in row["consent"] if one["code"] == "column_unclear"]
        assert all(f"(row {number})" in reason for reason in reasons)
    practice.json("send", document["run"], "--yes")
    sent = sorted(to for to, _ in post.mails().values())
    assert sent == ["a0@example.org", "a3@example.org", "a7@example.org"]


@pytest.mark.parametrize("purpose", ["marketing", "survey"])
@pytest.mark.parametrize("command", ["check", "prepare"])
def test_a_bare_yes_never_covers_marketing(practice: Practice, purpose: str, command: str) -> None:
    mailing(practice, purpose)
    (problem,) = practice.refused(command, "probe")
    assert purpose in problem["message"]
    assert f"column_purposes: [{purpose}]" in problem["hint"]
    assert problem["key"] == "purpose"
    assert practice.json("runs")["runs"] == []


def test_who_agreed_to_just_that_gets_it(practice: Practice, post: Post) -> None:
    mailing(practice, "marketing", "  column_purposes: [marketing]\n")
    practice.json("check", "probe")
    run = practice.json("prepare", "probe", "--summary")["run"]
    practice.json("send", run, "--yes")
    assert len(post.mails()) == 3
    mailing(practice, "event", "  column_purposes: [marketing]\n")
    (problem,) = practice.refused("check", "probe")
    assert "column_purposes: [event]" in problem["hint"]


def test_a_purpose_of_the_practices_own_must_be_named(practice: Practice) -> None:
    practice.edit("serienpost.yaml", "plugins:", "purposes: [newsletter]\nplugins:")
    mailing(practice, "newsletter")
    (problem,) = practice.refused("check", "probe")
    assert "column_purposes: [newsletter]" in problem["hint"]
    mailing(practice, "newsletter", "  column_purposes: [newsletter, event]\n")
    practice.json("check", "probe")


def test_what_is_changed_to_a_no_does_not_leave(practice: Practice, post: Post) -> None:
    mailing(practice, "event", "  key: E-Mail\n")
    run = practice.json("prepare", "probe", "--summary")["run"]
    practice.edit("listen/probe.csv", "a0@example.org;ja", "a0@example.org;widerrufen")
    practice.json("send", run, "--yes")
    assert sorted(to for to, _ in post.mails().values()) == ["a3@example.org", "a7@example.org"]
