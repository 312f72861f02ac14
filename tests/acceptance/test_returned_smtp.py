"""Mail by SMTP that comes back: published reports of real servers in the mailbox for bounces."""

from __future__ import annotations

import json
import sqlite3
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from imap_server import ImapServer, serving
from test_published_replies import FILES as PUBLISHED
from test_published_replies import published

from serienpost.ledger.store import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Post, Practice
    from test_published_replies import Published

REPORTS = [row for name in PUBLISHED for row in published(name) if row.where == "report"]
# Of real servers, at the dot and before it; each is answered to one person among others.
REPLIES = [
    row
    for name in PUBLISHED
    for row in published(name)
    if row.where in ("rcpt", "dot") and row.fault == "address" == row.judged
]
PEOPLE = len(REPORTS) + 20
DAYS = 86400 * 1_000_000
FILES = {
    "serienpost.yaml": """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden}
plugins: [serienpost-testkit, serienpost-channel-smtp]
ledger: sqlite:///versandbuch.db
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: PORT, security: none, rate: [1000/second],
         spread: false, sender: "Praxis Null <n@example.org>", imap_host: 127.0.0.1,
         imap_port: IMAP, imap_security: none, imap_username: praxis, imap_password: "secret:BOX"}
"null": {consent: consent.jsonl, gone: gone.json}
""",
    "mailings/einladung.yaml": """\
source: "null"
select: {count: COUNT}
account: mail
purpose: event
once_per: none
subject: Einladung
text: "Guten Tag {{Null_Name}}, hier schreibt Praxis Null, Lindenallee 5, Dresden."
""",
}
# RFC 3464, as a mail server writes it.
REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: n@example.org
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <{number}@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=="

--==
Content-Type: text/plain

Your message could not be delivered.
--==
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}

--==
Content-Type: text/rfc822-headers

From: Praxis Null <n@example.org>
To: {address}
Message-ID: {sent}
--==--
"""


@pytest.fixture
def mailbox() -> Iterator[ImapServer]:
    with serving(ImapServer()) as server:
        yield server


@pytest.fixture
def practice(null: Practice, post: Post, mailbox: ImapServer) -> Practice:
    """A practice that sends by SMTP and looks for bounces in a mailbox."""
    null.env["BOX"] = "geheim"
    values = {"PORT": post.catcher.port, "IMAP": mailbox.port, "COUNT": PEOPLE}
    for name, text in FILES.items():
        for word, value in values.items():
            text = text.replace(word, str(value))  # noqa: PLW2901
        (null.folder / name).write_text(text, "utf-8")
    return null


def sent(practice: Practice, post: Post) -> dict[str, tuple[str, str]]:
    """Send to everybody; who has it: row -> address and Message-ID."""
    before = len(post.catcher.messages)
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]
    practice.json("send", practice.run, "--yes")
    mails = list(post.mails().items())[before:]
    ids = {address: message_id for message_id, (address, _) in mails}
    messages = practice.messages().items()
    return {
        row: (message["address"], ids[message["address"]])
        for row, message in messages
        if message["state"] == "accepted"
    }


def returned(mailbox: ImapServer, to: tuple[str, str], status: str, words: str) -> None:
    """Let a report about a message come into the mailbox."""
    address, sent_as = to
    mail = REPORT.format(
        date=format_datetime(utc_now()),
        number=len(mailbox.mails),
        address=address,
        status=status,
        words=" ".join(words.split()),
        sent=sent_as,
    )
    mailbox.mails.append(mail.replace("\n", "\r\n").encode())


def suppressed(practice: Practice) -> set[str]:
    """Rows of people who are on the list now."""
    again = practice.json("prepare", "einladung")["recipients"]
    return {row["row"] for row in again if not row["allowed"]}


def named_by_doctor(practice: Practice) -> set[str]:
    checks = json.loads(practice("doctor", "--json").out)["checks"]
    return {one["name"] for one in checks if one["name"].startswith("patient:")}


def is_known_mistake(row: Published) -> bool:
    """Bears the code of a mailbox that does not exist, and no reason."""
    return row.judged == "address" and "example.com (in reply to RCPT TO" in row.text


def test_published_reports_suppress_wrong_addresses_alone(
    practice: Practice, post: Post, mailbox: ImapServer
) -> None:
    """Nobody who can be reached, and (nearly) everybody who cannot."""
    who = dict(zip(sent(practice, post).items(), REPORTS, strict=False))
    assert len(who) == len(REPORTS) >= 150
    for (_, to), report in who.items():
        returned(mailbox, to, report.code, report.text)
    (polled,) = practice.json("events", "mail")["accounts"]
    assert polled["new"] == polled["changed"] == len(REPORTS)

    wrong = {row for (row, _), report in who.items() if report.fault == "address"}
    mistakes = {row for (row, _), report in who.items() if is_known_mistake(report)}
    found = suppressed(practice)
    assert found <= wrong | mistakes
    # Of one the words speak of time, too: it is told, and nothing is lost by writing once more.
    assert len(wrong - found) <= 1
    assert len(mistakes) <= 1
    assert polled["suppressed"] == len(found)

    told = practice.json("report", practice.run)["reasons"]
    assert all(reason["advice"] for reason in told)


def test_three_soft_ones_over_two_weeks_ask_a_person(
    practice: Practice, post: Post, mailbox: ImapServer
) -> None:
    soft = {
        "time": ("5.2.2", "552 5.2.2 mailbox full"),
        "account": ("5.7.1", "554 5.7.1 client host [192.0.2.7] blocked using zen.example.net"),
        "message": ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied"),
        "no code": ("5.0.0", "could not be delivered"),
    }
    practice.edit("mailings/einladung.yaml", f"count: {PEOPLE}", "count: 9")
    for number in range(3):
        people = sent(practice, post)
        rows = list(people)[: len(soft)]
        for row, (status, words) in zip(rows, soft.values(), strict=True):
            returned(mailbox, people[row], status, words)
        practice.json("events", "mail")
        assert practice.json("suppress", "list")["entries"] == []
        assert named_by_doctor(practice) == (set(rows) if number == 2 else set())
        with sqlite3.connect(practice.folder / "versandbuch.db") as db:
            db.execute("UPDATE event SET at = at - ?", (8 * DAYS,))
            db.execute("UPDATE message SET sent_at = sent_at - ?", (8 * DAYS,))


def test_addresses_that_servers_refuse_at_once_stop_no_run(practice: Practice, post: Post) -> None:
    """However many in a row: they failed, and all others have it."""
    practice.edit("mailings/einladung.yaml", f"count: {PEOPLE}", f"count: {len(REPLIES) + 20}")
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]
    marked = [m["address"] for m in practice.messages().values() if m["marked"]]
    for address, reply in zip(marked, REPLIES, strict=False):
        at = "data" if reply.where == "dot" else "rcpt"
        post.script.refuse(address, " ".join(f"{reply.code} {reply.text}".split()), at=at)
    done = practice.json("send", practice.run, "--yes", code=4)
    assert (done["state"], done["counts"]["failed"]) == ("finished", len(REPLIES))
    assert len(post.mails()) == len(marked) - len(REPLIES)
