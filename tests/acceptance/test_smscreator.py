"""SMS through smsCreator by the command line: lengths, credits, balance, schedule, reports."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway
from serienpost_demo.smscreator.gateway import ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Practice

ROWS = 12
FILES = {
    "serienpost.yaml": """\
practice: {id: sonnenschein, name: "Praxis Null"}
plugins: [serienpost-testkit, serienpost-channel-smscreator]
ledger: sqlite:///versandbuch.db
accounts:
  sms: {channel: smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",
        sender: "03511234567", rate: [1000/second], spread: false, timeout: 2, base_url: "URL"}
"null": {consent: consent.jsonl, gone: gone.json}
""",
    "mailings/einladung.yaml": f"""\
source: "null"
select: {{count: {ROWS}}}
account: sms
once_per: none
purpose: event
text: "{{{{Null_Name}}}}, bis bald & <alles Gute>! Praxis Null"
""",
}


@pytest.fixture
def fake() -> Iterator[FakeSmsCreator]:
    with FakeSmsCreator(Gateway({"praxis": Account("praxis", "geheim", credits=100)})) as running:
        yield running


@pytest.fixture
def sms(null: Practice, fake: FakeSmsCreator) -> Practice:
    """A practice with a mailing to 12 people; nothing is prepared."""
    null.env |= {"SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    for name, text in FILES.items():
        (null.folder / name).write_text(text.replace("URL", fake.base_url), "utf-8")
    return null


def prepare(practice: Practice, *options: str) -> dict[str, Any]:
    document = practice.json("prepare", "einladung", *options)
    practice.run = document["run"]
    return document


def in_days(days: int, hour: str = "10:00") -> str:
    return time.strftime(f"%Y-%m-%dT{hour}", time.localtime(time.time() + days * 86400))


def test_lengths_credits_and_balance_are_foretold(sms: Practice, fake: FakeSmsCreator) -> None:
    sms.edit("mailings/einladung.yaml", 'text: "', f'text: "{"ž" * 70}')
    sms.edit("mailings/einladung.yaml", "purpose: event", "purpose: event\ntransliterate: never")
    review = prepare(sms)
    assert review["cost"] == {"unit": "credits", "total": 2.0 * ROWS, "balance": 100}
    costs = [row["cost"] for row in review["recipients"]]
    assert costs == [{"segments": 2, "encoding": "UCS-2", "credits": 2.0}] * ROWS
    assert review["costly_signs"] == [{"sign": "ž", "messages": ROWS}]
    shown = sms("review", sms.run, "--summary").out
    assert "24 credits" in shown
    assert "ž in 12" in shown


def test_what_was_accepted_arrived_as_written(sms: Practice, fake: FakeSmsCreator) -> None:
    prepare(sms)
    sent = sms.json("send", sms.run, "--yes")
    assert (sent["state"], sent["counts"]) == ("finished", {"accepted": ROWS})
    messages = sms.messages()
    assert Counter(job.caption for job in fake.gateway.jobs) == Counter(
        message["ref"] for message in messages.values()
    )
    first = next(job for job in fake.gateway.jobs if job.caption == messages["patient:1"]["ref"])
    assert first.text == "Bülent Böhm, bis bald & <alles Gute>! Praxis Null"
    assert first.number == messages["patient:1"]["address"]


def test_a_balance_that_is_too_low_refuses(sms: Practice, fake: FakeSmsCreator) -> None:
    fake.gateway.accounts["praxis"].credits = ROWS - 0.5
    prepare(sms)
    told = " ".join(sms("review", sms.run, "--summary").out.split())
    assert "send will refuse it" in told
    (problem,) = sms.refused("send", sms.run, "--yes")
    assert "costs 12 credits, the account holds only 11.5 credits" in problem["message"]
    assert "--ignore-balance" in problem["hint"]
    assert fake.gateway.jobs == []
    (problem,) = sms.refused("run", "einladung", "--yes")
    assert "holds only 11.5 credits" in problem["message"]
    assert fake.gateway.jobs == []
    assert sms.json("send", sms.run, "--yes", "--ignore-balance")["counts"] == {"accepted": ROWS}


def test_a_balance_that_nobody_tells_stops_nothing(sms: Practice, fake: FakeSmsCreator) -> None:
    fake.failures.http(500, operation="QueryAccountBalance")
    assert prepare(sms)["cost"]["balance"] is None
    done = sms("send", sms.run, "--yes", "--json")
    assert sms.document(done, ["send"], 0)["counts"] == {"accepted": ROWS}
    assert "the balance of account sms is not known" in done.err


def test_orders_lie_in_the_portal_until_their_time(sms: Practice, fake: FakeSmsCreator) -> None:
    prepare(sms)
    when = in_days(2)
    sent = sms.json("send", sms.run, "--yes", "--at", when)
    assert (sent["state"], sent["counts"]) == ("finished", {"accepted": ROWS})
    assert len(fake.gateway.queued()) == ROWS
    berlin = {job.send_at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M") for job in fake.gateway.jobs}
    assert berlin == {when}
    assert sms.json("resume", "--due")["runs"] == []

    another = sms.json("prepare", "einladung", "--summary")
    assert another["cost"]["balance"] == 100 - ROWS

    (problem,) = sms.refused("cancel", sms.run)
    moment = datetime.fromisoformat(when)
    until = f"{moment.day} {moment:%b %Y %H:%M}"
    assert f"lie in the provider's portal until {until}" in problem["message"]
    assert "withdraw them there" in problem["message"]

    (sms.folder / "gone.json").write_text('{"patient:3": "abgesagt"}', "utf-8")
    (due,) = sms.json("resume", "--due", code=75)["runs"]
    assert (due["run"], due["exit"], due["state"]) == (sms.run, 75, "finished")
    ref = sms.messages()["patient:3"]["ref"]
    assert due["withdraw"] == [
        {"row": "patient:3", "ref": ref, "code": "gone", "reason": "abgesagt"}
    ]
    told = sms("resume", "--due")
    assert told.code == 75
    assert f"withdraw them there: {ref} (patient:3: abgesagt)" in " ".join(told.out.split())

    fake.gateway.withdraw(ref)
    fake.gateway.forward(timedelta(days=3))
    assert len(fake.gateway.sent()) == ROWS - 1


def test_due_keeps_orders_here_until_their_time(sms: Practice, fake: FakeSmsCreator) -> None:
    sms.edit("mailings/einladung.yaml", "purpose: event", "purpose: event\nhand_over: due")
    prepare(sms)
    sent = sms.json("send", sms.run, "--yes", "--at", in_days(2), "--no-wait", code=75)
    assert (sent["state"], sent["reason"]) == ("paused", "schedule")
    assert fake.gateway.jobs == []
    assert sms.json("cancel", sms.run)["state"] == "cancelled"


def test_a_time_in_the_quiet_hours_is_refused(sms: Practice, fake: FakeSmsCreator) -> None:
    sms.edit("serienpost.yaml", "accounts:", 'quiet: {sms: "20:00-08:00"}\naccounts:')
    prepare(sms)
    (problem,) = sms.refused("send", sms.run, "--yes", "--at", in_days(2, "21:30"))
    assert "no sms goes out at 21:30: quiet hours 20:00-08:00" in problem["message"]
    assert problem["hint"].startswith(f"--at {in_days(3, '08:00')}")
    assert fake.gateway.jobs == []
    sent = sms.json("send", sms.run, "--yes", "--at", in_days(2))
    assert sent["counts"] == {"accepted": ROWS}


def test_reports_come_later(sms: Practice, fake: FakeSmsCreator) -> None:
    prepare(sms)
    refused, unknown, lost = (sms.messages()[f"patient:{n}"]["address"][-5:] for n in (2, 4, 6))
    fake.gateway.report_states.update({f"*{refused}": "UNDELIV", f"*{unknown}": "Neues Wort"})
    fake.failures.drop(f"*{lost}", when="after")
    assert sms.json("send", sms.run, "--yes", code=5)["counts"] == {
        "accepted": ROWS - 1,
        "in_doubt": 1,
    }
    taken = sms.json("events", "sms")["accounts"]
    assert taken == [{"account": "sms", "new": ROWS, "changed": ROWS - 1, "suppressed": 0}]
    assert sms.states() == {"delivered": ROWS - 2, "bounced": 1, "accepted": 1}
    assert sms.messages()["patient:6"]["state"] == "delivered"
    again = sms.json("events", "sms")["accounts"]
    assert again == [{"account": "sms", "new": 0, "changed": 0, "suppressed": 0}]
    old = 'base_url: "'
    sms.edit("serienpost.yaml", old, f'delivered_status: [DELIVRD, "Neues Wort"], {old}')
    assert sms.json("events", "sms")["accounts"][0]["changed"] == 1
    assert sms.states() == {"delivered": ROWS - 1, "bounced": 1}


@pytest.mark.parametrize("state", ["UNDELIV", "EXPIRED", "REJECTD"])
def test_what_is_not_delivered_suppresses_nobody_and_asks_a_person(
    sms: Practice, fake: FakeSmsCreator, state: str
) -> None:
    """No report of a network says that a number is wrong for good."""
    for number in range(3):
        prepare(sms)
        address = sms.messages()["patient:2"]["address"]
        fake.gateway.report_states[f"*{address[-5:]}"] = state
        sms.json("send", sms.run, "--yes")
        (polled,) = sms.json("events", "sms")["accounts"]
        assert (polled["new"], polled["suppressed"]) == (ROWS, 0)
        assert sms.messages()["patient:2"]["state"] == "bounced"
        checks = json.loads(sms("doctor", "--json").out)["checks"]
        named = [one["name"] for one in checks if one["name"].startswith("patient:")]
        assert named == (["patient:2"] if number == 2 else [])
        with sqlite3.connect(sms.folder / "versandbuch.db") as db:
            db.execute("UPDATE event SET at = at - ?", (8 * 86400 * 1_000_000,))
            db.execute("UPDATE message SET sent_at = sent_at - ?", (8 * 86400 * 1_000_000,))
    assert all(row["allowed"] for row in prepare(sms)["recipients"])


TROUBLE: dict[str, tuple[Callable[[FakeSmsCreator], object], int, dict[str, int], str | None]] = {
    "wrong login": (
        lambda f: f.failures.status("InvalidUser", operation="SendSimpleSMS"),
        75,
        {"pending": ROWS},
        "account",
    ),
    "IP lock": (
        lambda f: f.failures.status("IPLock", operation="SendSimpleSMS"),
        75,
        {"pending": ROWS},
        "account",
    ),
    "database error": (
        lambda f: f.failures.status("DatabaseError", operation="SendSimpleSMS", times=1),
        75,
        {"accepted": ROWS - 1, "pending": 1},
        "deferral",
    ),
    "bad recipient": (
        lambda f: f.failures.order_status("NoRecipientFound", times=2),
        4,
        {"accepted": ROWS - 2, "failed": 2},
        None,
    ),
    "unheard of": (
        lambda f: f.failures.order_status("Guthaben", times=1),
        4,
        {"accepted": ROWS - 1, "failed": 1},
        None,
    ),
    "lost answer": (
        lambda f: f.failures.drop(when="after", times=1),
        5,
        {"accepted": ROWS - 1, "in_doubt": 1},
        None,
    ),
    "no answer": (
        lambda f: f.failures.hang(times=1),
        5,
        {"accepted": ROWS - 1, "in_doubt": 1},
        None,
    ),
    "nobody there": (lambda f: f.web.close(), 75, {"pending": ROWS}, "connection"),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_trouble_leads_to_its_state(sms: Practice, fake: FakeSmsCreator, what: str) -> None:
    spoil, code, counts, reason = TROUBLE[what]
    prepare(sms)
    spoil(fake)
    sent = sms.json("send", sms.run, "--yes", "--no-wait", code=code)
    assert (sent["counts"], sent["reason"]) == (counts, reason)


@pytest.mark.parametrize("lookup", [False, True])
def test_a_lost_answer_is_looked_up_only_if_the_account_says_so(
    sms: Practice, fake: FakeSmsCreator, lookup: bool
) -> None:
    sms.edit("serienpost.yaml", "timeout: 2", f"timeout: 2, caption_lookup: {str(lookup).lower()}")
    prepare(sms)
    fake.failures.drop(when="after", times=1)
    sent = sms.json("send", sms.run, "--yes", code=0 if lookup else 5)
    assert sent["counts"].get("in_doubt", 0) == (not lookup)
    assert len(fake.gateway.jobs) == ROWS


def test_a_text_too_long_for_one_sms_is_refused_before_anyone_is_read(
    sms: Practice, fake: FakeSmsCreator
) -> None:
    sms.edit("serienpost.yaml", 'sender: "03511234567"', "sms_type: HighQuality")
    sms.edit("mailings/einladung.yaml", "bis bald", "a" * 161)
    for command in (("check", "einladung"), ("prepare", "einladung")):
        (problem,) = sms.refused(*command)
        assert "takes 2 SMS (GSM-7); HighQuality carries one SMS" in problem["message"]


def test_signs_outside_of_the_alphabet_are_asked_about(sms: Practice, fake: FakeSmsCreator) -> None:
    sms.edit("mailings/einladung.yaml", "bis bald", f"bis bald – „gern“ {'a' * 50}")
    assert sms.json("check", "einladung")["notes"] == [
        'transliterate: ask asks about – -> - (1), „ -> " (1), “ -> " (1)'
    ]
    (problem,) = sms.refused("prepare", "einladung")
    assert "– -> - (1)" in problem["message"]
    assert problem["hint"] == "add transliterate: always (or never) to the mailing"

    unattended = sms("run", "einladung", "--yes", "--json")
    assert sms.document(unattended, ["run"], 0)["counts"] == {"accepted": ROWS}
    assert "They stay" in unattended.err
    assert all("–" in job.text for job in fake.gateway.jobs)

    fake.gateway.jobs.clear()
    sms.edit("mailings/einladung.yaml", "purpose: event", "purpose: event\ntransliterate: always")
    assert {row["cost"]["encoding"] for row in prepare(sms)["recipients"]} == {"GSM-7"}
    sms.json("send", sms.run, "--yes")
    assert all('bis bald - "gern"' in job.text for job in fake.gateway.jobs)
    assert not any("ř" in job.text for job in fake.gateway.jobs)


@pytest.mark.parametrize(
    ("text", "unicode", "sent"),
    [
        (
            "Bitte 1½ Stunden Zeit, Fläche 5 m², bei 37,5 °C „nüchtern“ bleiben und anrufen",
            "send",
            'Bitte 1 1/2 Stunden Zeit, Fläche 5 m2, bei 37,5 Grad C "nüchtern" bleiben und anrufen',
        ),
        *(
            (same, "send", same)
            for same in (
                "„Bitte“ keine 5² und höchstens ≤ 3 Tabletten nehmen und gleich hier anrufen",
                "kurz: „Ja“",
            )
        ),
        ("kurz: „Ja“", "refuse", 'kurz: "Ja"'),
    ],
)
def test_what_is_rewritten_means_the_same_and_is_needed(
    sms: Practice, fake: FakeSmsCreator, text: str, unicode: str, sent: str
) -> None:
    sms.edit("serienpost.yaml", "timeout: 2", f"timeout: 2, unicode: {unicode}")
    sms.edit("mailings/einladung.yaml", "purpose: event", "purpose: event\ntransliterate: always")
    sms.edit("mailings/einladung.yaml", "bis bald & <alles Gute>", text)
    prepare(sms)
    sms.json("send", sms.run, "--yes")
    assert len(fake.gateway.jobs) == ROWS
    assert all(sent in job.text for job in fake.gateway.jobs)


@pytest.mark.parametrize(("answer", "expected"), [("y\n", "GSM-7"), ("n\n", "UCS-2")])
def test_a_person_answers_at_the_terminal(sms: Practice, answer: str, expected: str) -> None:
    sms.edit("mailings/einladung.yaml", "bis bald", f"bis bald – {'a' * 50}")
    mine, theirs = pty.openpty()
    command = ["-C", str(sms.folder), "prepare", "einladung", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "serienpost", *command],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **sms.env},
    )
    os.close(theirs)
    os.write(mine, answer.encode())
    out, err = process.communicate(timeout=60)
    os.close(mine)
    assert process.returncode == 0, err
    assert "Rewrite them?" in " ".join(err.split())
    encodings = {row["cost"]["encoding"] for row in json.loads(out)["recipients"]}
    assert expected in encodings


def test_doctor_looks_at_login_balance_and_assumptions(sms: Practice, fake: FakeSmsCreator) -> None:
    sms.edit("serienpost.yaml", "timeout: 2", "timeout: 2, balance_warning: 500")
    told = " ".join(sms("doctor").out.split())
    for line in ("login accepted", "100 credits are left, fewer than", "balance 100", "assumed"):
        assert line in told
    fake.gateway.accounts["praxis"].password = "anders"
    assert "InvalidUser" in sms("doctor").out


def test_nothing_of_the_login_or_of_people_is_told(sms: Practice, fake: FakeSmsCreator) -> None:
    fake.failures.order_status("Kaputt 0049152200000", times=3)
    prepare(sms)
    done = sms("send", sms.run, "--yes")
    log = sms.folder / "serienpost.log"
    told = done.out + done.err + (log.read_text("utf-8") if log.exists() else "")
    numbers = [message["address"][3:] for message in sms.messages().values()]
    assert [word for word in ("geheim", "Bülent", "bis bald", *numbers) if word in told] == []
    assert {(method, str(query)) for method, _, query in fake.requests} == {("POST", "{}")}
