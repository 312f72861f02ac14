"""An account's fault is not the recipients': refusals that are alike pause the run."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from serienpost.run.send.breaker import AT_THE_END, IN_A_ROW
from serienpost_demo.sendgrid import FakeSendGrid, Fault
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Post, Practice

FILES = {
    "serienpost.yaml": """\
practice: {id: sonnenschein, name: "Praxis Null", street: "Lindenallee 5", city: Dresden}
plugins: [serienpost-testkit, serienpost-channel-smtp]
ledger: sqlite:///versandbuch.db
accounts:
  mail: {channel: smtp, host: 127.0.0.1, port: PORT, security: none, connections: 1,
         rate: [1000/second], spread: false, sender: "Praxis Null <n@example.org>"}
"null": {consent: consent.jsonl, gone: gone.json}
""",
    "mailings/einladung.yaml": """\
source: "null"
select: {count: 24}
account: mail
purpose: event
subject: Einladung
text: "Guten Tag {{Null_Name}}, hier schreibt Praxis Null, Lindenallee 5, Dresden."
""",
}

# Hour and day of the ledger's clock, for a time that has gone by.
HOUR = 3600 * 1_000_000
WORDS = "The allotment of your tariff is gone, reference 4711"


@pytest.fixture
def mail(null: Practice, post: Post) -> Practice:
    """A practice that writes to 24 people by SMTP, one after the other; its server is `post`."""
    for name, text in FILES.items():
        (null.folder / name).write_text(text.replace("PORT", str(post.catcher.port)), "utf-8")
    null.run = null.json("prepare", "einladung", "--summary")["run"]
    return null


def marked(practice: Practice) -> list[str]:
    return [row for row, message in practice.messages().items() if message["marked"]]


def refuse(practice: Practice, post: Post, rows: Sequence[str], reply: str) -> None:
    """Refuse these people after the final dot; each reply holds another id."""
    messages = practice.messages()
    for number, row in enumerate(rows):
        said = f"{reply} (id 1rX{number:03}-0004Ab-Cd, {messages[row]['address']})"
        post.script.refuse(messages[row]["address"], said, at="data")


def hours_go_by(practice: Practice, hours: int) -> None:
    """As if all that is in the ledger had happened so much earlier."""
    with sqlite3.connect(practice.folder / "versandbuch.db") as db:
        db.execute(f"UPDATE run SET until = until - {hours * HOUR}")
        db.execute(
            "UPDATE attempt SET started_at = started_at - ?, finished_at = finished_at - ?",
            (hours * HOUR, hours * HOUR),
        )


@pytest.mark.parametrize("connections", [1, 4])
def test_a_limit_in_words_that_nobody_knows_burns_nobody(
    mail: Practice, post: Post, connections: int
) -> None:
    mail.edit("serienpost.yaml", "connections: 1", f"connections: {connections}")
    rows = marked(mail)
    refuse(mail, post, rows[3:], f"554 5.7.0 {WORDS}")
    sent = mail.json("send", mail.run, "--yes", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "refused")
    failed = sent["counts"]["failed"]
    assert IN_A_ROW <= failed < IN_A_ROW + connections
    assert sent["counts"]["accepted"] == 3
    shown = " ".join(mail("show", mail.run).out.split())
    assert f"serienpost resume {mail.run}" in shown
    assert "The allotment of your tariff" in shown
    assert "until" in shown

    due = mail.json("resume", "--due", code=75)  # its time has not come
    assert mail.states()["failed"] == failed, due
    again = mail.json("resume", mail.run, code=75)  # nothing was mended: nobody is lost
    assert (again["reason"], again["counts"]["accepted"]) == ("refused", 3)

    post.script.clear()
    done = mail.json("resume", mail.run)
    assert (done["state"], done["counts"]["accepted"]) == ("finished", len(rows))
    assert len(post.mails()) == len(rows)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("554 5.7.0 The number of outgoing messages allowed was exceeded. Try later.", "quota"),
        ("550 Domain praxis.example has exceeded the max emails per hour (99/99)", "quota"),
        ("554 5.7.1 Reached address outgoing limits for n@example.org", "quota"),
        ("554 5.2.252 SendAsDenied; not allowed to send as n@example.org", "account"),
        ("550 Requested action not taken: mailbox unavailable", "refused"),
        ("550 5.4.6 Strange goings-on. Come back after sometime", "refused"),
    ],
)
def test_no_words_of_a_provider_burn_a_run(
    mail: Practice, post: Post, reply: str, reason: str
) -> None:
    rows = marked(mail)
    for row in rows[3:]:
        post.script.refuse(mail.messages()[row]["address"], reply, at="data")
    sent = mail.json("send", mail.run, "--yes", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", reason)
    post.script.clear()
    with sqlite3.connect(mail.folder / "versandbuch.db") as db:
        db.execute("UPDATE run SET until = until - ?", (30 * HOUR,))
    assert mail.json("resume", mail.run)["counts"] == {"accepted": len(rows)}
    assert len(post.mails()) == len(rows)


def test_time_releases_it_too_and_after_a_day_a_person_is_asked(mail: Practice, post: Post) -> None:
    rows = marked(mail)
    refuse(mail, post, rows[3:], f"550 {WORDS}")
    said = mail("send", mail.run, "--yes")
    assert "refused several times in a row" in said.err
    assert "allotment" not in said.err
    hours_go_by(mail, 2)
    mail.json("resume", "--due", code=75)
    assert mail.state() == ("paused", "refused")
    assert mail.messages()[rows[3]]["attempts"] == 2
    assert mail.states()["failed"] == IN_A_ROW

    hours_go_by(mail, 23)
    said = mail("resume", "--due")
    assert "run " in said.err  # a log, which holds no words of a provider about people
    assert "allotment" not in said.out + said.err
    assert mail.state() == ("paused", "account")
    assert "allotment" in mail("report", mail.run).out
    tried = mail.messages()[rows[3]]["attempts"]
    hours_go_by(mail, 2)
    post.script.clear()
    mail.json("resume", "--due", code=75)
    assert mail.messages()[rows[3]]["attempts"] == tried
    assert mail.json("resume", mail.run)["counts"]["accepted"] == len(rows)


def test_three_that_end_a_run_pause_it_and_two_do_not(mail: Practice, post: Post) -> None:
    rows = marked(mail)
    refuse(mail, post, rows[-AT_THE_END:], f"554 {WORDS}")
    sent = mail.json("send", mail.run, "--yes", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "refused")

    post.script.clear()
    refuse(mail, post, rows[-2:], f"554 {WORDS}")
    sent = mail.json("resume", mail.run, code=4)
    assert (sent["state"], sent["counts"]["failed"]) == ("finished", 2)


def test_an_acceptance_between_ends_a_series(mail: Practice, post: Post) -> None:
    rows = marked(mail)
    bad = [row for number, row in enumerate(rows) if number % 5 and number < len(rows) - 2]
    refuse(mail, post, bad, f"554 {WORDS}")
    sent = mail.json("send", mail.run, "--yes", code=4)
    assert (sent["state"], sent["counts"]["failed"]) == ("finished", len(bad))


def test_what_is_refused_for_other_reasons_is_no_series(mail: Practice, post: Post) -> None:
    rows = marked(mail)
    other = ("554 5.6.0 strange header", "550 5.7.0 odd parcel", "554 quaint letter")
    for number, row in enumerate(rows[2:-3]):
        refuse(mail, post, [row], other[number % 3])
    sent = mail.json("send", mail.run, "--yes", code=4)
    assert sent["counts"]["failed"] == len(rows) - 5


def test_addresses_that_do_not_exist_neither_count_nor_end_a_series(
    mail: Practice, post: Post
) -> None:
    rows = marked(mail)
    gone = rows[:8]
    refuse(mail, post, gone, "550 5.1.1 user unknown")
    refuse(mail, post, rows[8:12], f"554 {WORDS}")
    refuse(mail, post, rows[12:14], "550 5.1.1 user unknown")
    refuse(mail, post, rows[14:15], f"554 {WORDS}")
    sent = mail.json("send", mail.run, "--yes", code=75)
    assert (sent["reason"], sent["counts"]["failed"]) == ("refused", 8 + 4 + 2 + 1)
    assert "accepted" not in sent["counts"]

    post.script.clear()
    sent = mail.json("resume", mail.run, code=4)
    assert sent["counts"]["failed"] == 10
    assert sent["counts"]["accepted"] == len(rows) - 10


def test_a_person_may_leave_them_refused(mail: Practice, post: Post) -> None:
    rows = marked(mail)
    refuse(mail, post, rows[:IN_A_ROW], f"550 {WORDS}")
    mail.json("send", mail.run, "--yes", code=75)
    sent = mail.json("resume", mail.run, "--leave-refused", code=4)
    assert sent["counts"]["failed"] == IN_A_ROW
    assert sent["counts"]["accepted"] == len(rows) - IN_A_ROW


def test_giving_up_after_temporary_refusals_counts_too(null: Practice) -> None:
    null.edit(
        "serienpost.yaml",
        'slots: 4, sender: "Praxis Null <n@',
        'slots: 1, outcomes: [{outcome: deferred, code: "451", retry_after: 0}],'
        ' sender: "Praxis Null <n@',
    )
    null.edit("mailings/einladung.yaml", "purpose: event", "purpose: event\nmax_attempts: 2")
    null.run = null.json("prepare", "einladung", "--summary")["run"]
    sent = null.json("send", null.run, "--yes", code=75)
    assert sent["reason"] == "refused"
    assert sent["counts"]["failed"] <= IN_A_ROW + 1


@pytest.mark.parametrize("point", ["commit.after_commit", "settle.before_commit"])
def test_a_killed_process_loses_nobody(mail: Practice, post: Post, point: str) -> None:
    rows = marked(mail)
    refuse(mail, post, rows[1:], f"554 {WORDS}")
    count = 7 if point.startswith("commit") else 1
    assert mail("send", mail.run, "--yes", fault=f"{point}:{count}").code < 0
    assert mail.state()[0] == "sending"
    mail.json("resume", "--due", code=75)
    assert mail.state() == ("paused", "refused")
    post.script.clear()
    done = mail.json("resume", mail.run, code=5 if point.startswith("commit") else 0)
    doubts = done["counts"].get("in_doubt", 0)  # one was on the wire
    assert done["counts"]["accepted"] == len(rows) - doubts == len(post.mails())
    assert doubts <= 1


def by(practice: Practice, plugin: str, account: str) -> None:
    """Let the practice write through another channel."""
    practice.edit("serienpost.yaml", "serienpost-channel-smtp", plugin)
    text = (practice.folder / "serienpost.yaml").read_text("utf-8")
    begin, end = text.index("  mail: "), text.index('"null":')
    whole = f"{text[:begin]}  mail: {account}\n{text[end:]}"
    (practice.folder / "serienpost.yaml").write_text(whole, "utf-8")
    practice.run = practice.json("prepare", "einladung", "--summary")["run"]


def test_sendgrid_says_the_same_to_everybody(mail: Practice) -> None:
    rights = frozenset({"mail.send", "suppression.read"})
    mail.env["GRID"] = "SG.key"
    with FakeSendGrid({"SG.key": rights}) as fake:
        account = (
            f'{{channel: sendgrid, api_key: "secret:GRID", base_url: "{fake.url}",'
            ' sender: "Praxis Null <n@example.org>", disclaimer: {accepted_by: Dr. Null,'
            ' accepted_on: "2026-11-01"}}'
        )
        by(mail, "serienpost-channel-sendgrid", account)
        fake.script.add(Fault(400, "your plan does not cover this", None, times=None))
        sent = mail.json("send", mail.run, "--yes", code=75)
        assert sent["reason"] == "refused"
        assert "accepted" not in sent["counts"]
        fake.script.clear()
        assert mail.json("resume", mail.run)["counts"] == {"accepted": 24}
        assert len(fake.mails) == 24


def test_sendgrid_does_not_take_one_address(mail: Practice) -> None:
    """A request names who is wrong in it: definite faults of addresses are no series."""
    mail.env["GRID"] = "SG.key"
    with FakeSendGrid({"SG.key": frozenset({"mail.send"})}) as fake:
        account = (
            f'{{channel: sendgrid, api_key: "secret:GRID", base_url: "{fake.url}",'
            ' sender: "Praxis Null <n@example.org>", disclaimer: {accepted_by: Dr. Null,'
            ' accepted_on: "2026-11-01"}}'
        )
        by(mail, "serienpost-channel-sendgrid", account)
        for row in marked(mail)[:8]:
            fake.script.refuse(mail.messages()[row]["address"])
        sent = mail.json("send", mail.run, "--yes", code=4)
        assert sent["counts"] == {"accepted": 16, "failed": 8}


def test_smscreator_says_the_same_to_everybody(mail: Practice) -> None:
    mail.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    gateway = Gateway({"praxis": Account("praxis", "geheim", credits=100)})
    with FakeSmsCreator(gateway) as fake:
        account = (
            '{channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",'
            ' sender: "03511234567", rate: [1000/second], spread: false, timeout: 2,'
            f' base_url: "{fake.base_url}"}}'
        )
        mail.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
        by(mail, "serienpost-channel-smscreator", account)
        fake.failures.order_status("TariffEnded")
        sent = mail.json("send", mail.run, "--yes", code=75)
        assert (sent["reason"], sent["counts"]["failed"]) == ("refused", IN_A_ROW)
        fake.failures.clear()
        fake.failures.order_status("NoRecipientFound", times=7)
        sent = mail.json("resume", mail.run, code=4)
        assert sent["counts"] == {"accepted": 17, "failed": 7}
