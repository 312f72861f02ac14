"""Mail that came back: who is not written to again, who decides, and how it is taken back."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest

from serienpost_demo.sendgrid import FakeSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

DAYS = 86400 * 1_000_000
FILES = {
    "serienpost.yaml": """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden}
plugins: [serienpost-testkit, serienpost-channel-sendgrid]
ledger: sqlite:///versandbuch.db
accounts:
  mail: {channel: sendgrid, api_key: "secret:GRID", base_url: "URL",
         sender: "Praxis Null <n@example.org>",
         disclaimer: {accepted_by: Dr. Null, accepted_on: "2026-11-01"}}
"null": {consent: consent.jsonl, gone: gone.json}
""",
    "mailings/einladung.yaml": """\
source: "null"
select: {count: 9}
account: mail
purpose: event
once_per: none
subject: Einladung
text: "Guten Tag {{Null_Name}}, hier schreibt Praxis Null, Lindenallee 5, Dresden."
""",
}
# Row -> status and words of the bounce; none of these is the address's fault for good.
SOFT = {
    "patient:1": ("5.2.2", "mailbox full"),
    "patient:2": ("5.7.1", "client host [192.0.2.7] blocked using zen.example.net"),
    "patient:3": ("5.4.7", "delivery time expired"),
    "patient:4": ("5.4.1", "Recipient address rejected: Access denied"),
    "patient:5": ("", "could not be delivered"),
    "patient:6": ("5.1.1", "sent too many messages this hour"),
}
GONE = "patient:7"


@pytest.fixture
def fake() -> Iterator[FakeSendGrid]:
    with FakeSendGrid({"SG.key": frozenset({"mail.send", "suppression.read"})}) as running:
        yield running


@pytest.fixture
def practice(null: Practice, fake: FakeSendGrid) -> Practice:
    null.env["GRID"] = "SG.key"
    for name, text in FILES.items():
        (null.folder / name).write_text(text.replace("URL", fake.url), "utf-8")
    return null


def sent_and_returned(practice: Practice, fake: FakeSendGrid, number: int) -> int:
    """Send to everybody; the mail of these comes back. How many addresses were suppressed."""
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]
    practice.json("send", practice.run, "--yes")
    messages = practice.messages()
    for row, (status, words) in {**SOFT, GONE: ("5.1.1", "user unknown")}.items():
        created = int(time.time()) + number  # never the second of an earlier bounce: its id
        address = messages[row]["address"] or ""
        if messages[row]["state"] == "accepted":
            fake.suppress(address, status=status, reason=words, created=created)
    (polled,) = practice.json("events", "mail")["accounts"]
    return int(polled["suppressed"])


def days_go_by(practice: Practice, days: int) -> None:
    with sqlite3.connect(practice.folder / "versandbuch.db") as db:
        db.execute("UPDATE event SET at = at - ?", (days * DAYS,))
        db.execute("UPDATE message SET sent_at = sent_at - ?", (days * DAYS,))


def named_by_doctor(practice: Practice) -> dict[str, str]:
    """Row -> what doctor says to do about it."""
    document = json.loads(practice("doctor", "--json").out)
    return {
        one["name"]: one["remedy"]
        for one in document["checks"]
        if one["name"].startswith("patient:")
    }


def test_only_a_definite_fault_of_the_address_ends_mail_to_it(
    practice: Practice, fake: FakeSendGrid
) -> None:
    assert sent_and_returned(practice, fake, 0) == 1
    states = {row: message["state"] for row, message in practice.messages().items()}
    assert {row for row, state in states.items() if state == "bounced"} == {*SOFT, GONE}
    (entry,) = practice.json("suppress", "list")["entries"]
    assert entry["reason"] == "bounce"

    report = practice.json("report", practice.run)
    told = {reason["text"]: reason["advice"] for reason in report["reasons"]}
    assert all(told.values())
    assert len(set(told.values())) >= 3
    assert "master data" in next(to_do for text, to_do in told.items() if "unknown" in text)
    assert "suppress remove" in practice("report", practice.run).out

    again = practice.json("prepare", "einladung")["recipients"]
    assert {row["row"] for row in again if not row["allowed"]} == {GONE}


def test_a_person_lifts_what_a_bounce_has_put_on_the_list(
    practice: Practice, fake: FakeSendGrid
) -> None:
    sent_and_returned(practice, fake, 0)
    address = practice.messages()[GONE]["address"]
    assert practice.json("suppress", "remove", address)["removed"] == 1
    (user,) = practice.ledger("SELECT user FROM journal WHERE action = 'suppress remove'")
    assert user["user"].startswith("os:")
    practice.json("events", "mail")
    assert practice.json("suppress", "list")["entries"] == []
    again = practice.json("prepare", "einladung")["recipients"]
    assert all(row["allowed"] for row in again)


def test_three_times_over_two_weeks_ask_a_person(practice: Practice, fake: FakeSendGrid) -> None:
    for number in range(3):
        assert named_by_doctor(practice) == {}
        sent_and_returned(practice, fake, number)
        if number < 2:
            days_go_by(practice, 8)
    named = named_by_doctor(practice)
    assert set(named) == set(SOFT)
    assert "suppress add" in named["patient:1"]
    assert len(practice.json("suppress", "list")["entries"]) == 1

    addresses = {row: message["address"] for row, message in practice.messages().items()}
    practice.json("suppress", "add", addresses["patient:1"])
    practice.json("suppress", "remove", addresses["patient:2"])
    assert set(named_by_doctor(practice)) == set(SOFT) - {"patient:1", "patient:2"}


def test_three_times_within_two_weeks_ask_nobody(practice: Practice, fake: FakeSendGrid) -> None:
    for number in range(3):
        sent_and_returned(practice, fake, number)
        if number < 2:
            days_go_by(practice, 6)
    assert named_by_doctor(practice) == {}
