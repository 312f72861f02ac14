"""Told by mail when something fails that runs unattended (`notify:`), by a real mail server."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from sqlite3 import connect
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from serienpost import Answers, SerienpostError, UnavailableError, open_practice
from serienpost.service import worker
from serienpost.service.worker import Worker
from serienpost.translation import Text

if TYPE_CHECKING:
    from email.message import EmailMessage

    from conftest import Post, Practice
    from moved_clock import Clock

OWN = "praxis@example.org"
SECOND = "edv@example.org"
POST = (
    "  post: {{channel: smtp, host: 127.0.0.1, port: {port}, security: none,"
    ' sender: "Praxis Null <n@example.org>"}}\n'
)
NOTIFY = f"language: en\nnotify: {{account: post, to: {OWN}}}\n"


@pytest.fixture
def told(null: Practice, post: Post) -> Practice:
    """The null practice, told by mail; its mailing may be sent unattended."""
    null.edit("mailings/einladung.yaml", "purpose:", "once_per: recipient\npurpose:")
    null.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, smtp-channel]")
    null.edit("serienpost.yaml", "smtp-channel", "serienpost-channel-smtp")
    null.edit("serienpost.yaml", "accounts:\n", "accounts:\n" + POST.format(port=post.catcher.port))
    null.edit("serienpost.yaml", '"null":', NOTIFY + '"null":')
    return null


def away(practice: Practice) -> None:
    practice.edit("serienpost.yaml", "gone: gone.json", "gone: gone.json, default: raise")


def mails(post: Post) -> list[EmailMessage]:
    """What arrived, in order."""
    caught = list(post.catcher.messages)
    return [message_from_bytes(one.data, policy=policy.default) for one in caught]  # type: ignore[misc]


def text_of(mail: EmailMessage) -> str:
    """Its one part, in one line."""
    assert mail.get_content_type() == "text/plain"
    return " ".join(mail.get_content().split())


def today() -> date:
    return datetime.now(ZoneInfo("Europe/Berlin")).date()


def give_up(practice: Practice) -> None:
    """Put a due date off and let its time pass."""
    away(practice)
    assert practice("run", "einladung", "--yes").code == 75
    change(practice, "UPDATE due SET until = put_off_at")


def change(practice: Practice, statement: str) -> None:
    with closing(connect(practice.folder / "versandbuch.db")) as db, db:
        assert db.execute(statement).rowcount > 0


def test_what_cannot_be_prepared_is_told_once_then_that_it_is_given_up(
    told: Practice, post: Post, clock: Clock
) -> None:
    clock.set(today())  # an hour later it is the same day
    away(told)
    assert told("run", "einladung", "--yes").code == 75
    (mail,) = mails(post)
    assert (mail["To"], mail["From"]) == (OWN, "Praxis Null <n@example.org>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    day = str(Text("", "{day}", {"day": today()}))
    assert mail["Subject"] == f"Praxis Null: einladung for {day} cannot be prepared now"
    assert "serienpost runs says why" in text_of(mail)
    assert "null-consent" not in text_of(mail)
    clock.ahead += timedelta(minutes=61)
    told("resume", "--due")
    assert len(mails(post)) == 1

    change(told, "UPDATE due SET until = put_off_at")
    assert told("resume", "--due").code == 4
    (_, mail) = mails(post)
    assert f"einladung for {day} was not sent and is given up" in text_of(mail)
    assert f"serienpost cancel einladung --due {today()}" in text_of(mail)
    clock.ahead += timedelta(minutes=59)
    assert told("resume", "--due").code == 0
    assert len(mails(post)) == 2
    clock.ahead += timedelta(minutes=1)
    assert told("resume", "--due").code == 0
    assert [mail["Subject"] for mail in mails(post)[1:]] == [mail["Subject"]] * 2
    clock.ahead += timedelta(hours=2)
    told("cancel", "einladung", "--due", today().isoformat())
    told("resume", "--due")
    assert len(mails(post)) == 3


def test_german_is_the_language_of_a_practice(told: Practice, post: Post) -> None:
    told.edit("serienpost.yaml", "language: en\n", "")
    give_up(told)
    told("resume", "--due")
    _, mail = mails(post)
    assert f"einladung für den {today():%d.%m.%Y} wurde nicht versandt" in mail["Subject"]
    assert "Diese E-Mail schrieb serienpost" in text_of(mail)
    assert "serienpost runs sagt, warum" in text_of(mail)


def test_a_rate_without_room_lets_it_wait(told: Practice, post: Post, clock: Clock) -> None:
    told.edit("serienpost.yaml", "security: none", "security: none, rate: [1/hour]")
    away(told)
    told("run", "einladung", "--yes")
    assert len(mails(post)) == 1
    change(told, "UPDATE due SET until = put_off_at")
    done = told("resume", "--due")
    assert done.code == 4
    assert "did not leave: the account's rate is used up until" in done.err
    clock.ahead += timedelta(minutes=59)
    told("resume", "--due")
    assert len(mails(post)) == 1
    clock.ahead += timedelta(minutes=1)
    told("resume", "--due")
    assert len(mails(post)) == 2


def test_two_processes_at_once_send_one_mail(told: Practice, post: Post) -> None:
    away(told)
    told("run", "einladung", "--yes")
    change(told, "UPDATE due SET until = put_off_at")
    ends = [told.finish(one) for one in [told.start("resume", "--due") for _ in range(4)]]
    assert {end.code for end in ends} <= {0, 4}
    assert ["given up" in mail["Subject"] for mail in mails(post)] == [False, True]


def test_where_the_server_is_away_a_line_says_so_and_an_hour_later_it_is_tried_again(
    told: Practice, post: Post, clock: Clock
) -> None:
    line = f"port: {post.catcher.port}"
    away(told)
    told("run", "einladung", "--yes")
    change(told, "UPDATE due SET until = put_off_at")
    told.edit("serienpost.yaml", line, "port: 9")
    done = told("resume", "--due")
    assert done.code == 4
    assert "the mail about this (notify:) did not leave: " in done.err
    told.edit("serienpost.yaml", "port: 9", line)
    assert told("resume", "--due").err == ""
    assert len(mails(post)) == 1
    clock.ahead += timedelta(hours=1)
    told("resume", "--due")
    assert len(mails(post)) == 2


@pytest.mark.parametrize("point", ["notify.after_commit:2", "notify.before_commit:3"])
def test_a_mail_that_a_dead_process_owed_is_sent_after_an_hour(
    told: Practice, post: Post, clock: Clock, point: str
) -> None:
    """After the claim it may be lost, after the mail it may come again; never within the hour."""
    away(told)
    before = 1 if point.endswith("3") else 0
    assert told("run", "einladung", "--yes", fault=point).code < 0
    told("resume", "--due")
    assert len(mails(post)) == before
    clock.ahead += timedelta(hours=1)
    told("resume", "--due")
    assert len(mails(post)) == before + 1


def test_who_has_no_notify_gets_nothing_and_keeps_nothing(told: Practice, post: Post) -> None:
    told.edit("serienpost.yaml", NOTIFY, "")
    give_up(told)
    told("resume", "--due")
    assert mails(post) == []
    assert told.ledger("SELECT * FROM notification") == []


def test_several_addresses_get_one_each_and_purge_forgets(
    told: Practice, post: Post, clock: Clock
) -> None:
    told.edit("serienpost.yaml", f"to: {OWN}", f"to: [{OWN}, {SECOND}]")
    away(told)
    told("run", "einladung", "--yes")
    assert [mail["To"] for mail in mails(post)] == [OWN, SECOND]
    assert len(told.ledger("SELECT * FROM notification")) == 2
    assert "example" not in str([tuple(row) for row in told.ledger("SELECT * FROM notification")])
    clock.ahead += timedelta(hours=23)
    told("purge")
    assert len(told.ledger("SELECT * FROM notification")) == 2
    clock.ahead += timedelta(hours=2)
    told("purge")
    assert told.ledger("SELECT * FROM notification") == []


def test_an_older_ledger_gives_no_mail_and_one_line(told: Practice, post: Post) -> None:
    away(told)
    change_all = "DROP TABLE notification"
    with closing(connect(told.folder / "versandbuch.db")) as db, db:
        db.execute(change_all)
    done = told("run", "einladung", "--yes")
    assert done.code == 75
    assert done.err.count("the ledger is an older one") == 1
    assert mails(post) == []


@pytest.mark.parametrize(
    ("break_", "command", "subject", "remedy"),
    [
        (
            ("mailings/einladung.yaml", "purpose: event", "purpose: nothing"),
            ("run", "einladung", "--yes"),
            "einladung cannot be sent as its files are",
            "serienpost check einladung says why",
        ),
        (
            ("mailings/einladung.yaml", "account: mail", "account: mail"),
            ("run", "einladung"),
            "nobody was there to answer a question",
            "serienpost run einladung --for",
        ),
        (
            ("consent.jsonl", "", ""),
            ("run", "einladung", "--yes", "--for", "2026-01-31"),
            "was refused; nothing was sent",
            "serienpost run einladung --for 2026-01-31",
        ),
    ],
)
def test_what_is_refused_is_told(
    told: Practice,
    post: Post,
    break_: tuple[str, str, str],
    command: tuple[str, ...],
    subject: str,
    remedy: str,
    clock: Clock,
) -> None:
    if break_[1]:
        told.edit(*break_)
    else:
        away(told)
    assert told(*command).code == 3
    assert told(*command).code == 3
    (mail,) = mails(post)
    assert subject in mail["Subject"]
    assert remedy in text_of(mail)
    clock.ahead += timedelta(hours=2)  # it may be mended by now
    told("resume", "--due")
    assert len(mails(post)) == 1


def outcomes(practice: Practice, rules: str) -> None:
    """What the provider of the run answers."""
    before = practice.folder / "rules.json"
    if not before.exists():
        practice.edit("serienpost.yaml", "null-email,", "null-email, outcomes: rules.json,")
    before.write_text(rules)


def test_a_run_that_needs_a_person_is_told_each_hour_until_somebody_comes(
    told: Practice, post: Post, clock: Clock
) -> None:
    outcomes(told, '[{"outcome": "account_problem"}]')
    assert told("run", "einladung", "--yes").code == 75
    (mail,) = mails(post)
    told.run = told.json("runs")["runs"][0]["run"]
    assert mail["Subject"] == f"Praxis Null: run {told.run} of einladung is paused: the account"
    assert "mend the account, then serienpost resume" in text_of(mail)
    assert "40 waiting" in text_of(mail)
    for hours, count in ((0, 1), (1, 2), (2, 3)):
        clock.ahead = timedelta(hours=hours)
        told("resume", "--due")
        assert len(mails(post)) == count
    outcomes(told, "[]")
    told.json("resume", told.run)
    clock.ahead = timedelta(hours=3)
    told("resume", "--due")
    assert len(mails(post)) == 3


def test_a_run_that_a_person_paused_is_no_failure(told: Practice, post: Post) -> None:
    told.json("send", told.run, "--yes", "--at", "23:59", code=75)
    told.json("pause", told.run, code=0)
    assert told("resume", "--due").code == 75
    assert mails(post) == []


@pytest.mark.parametrize(
    ("rules", "code", "said"),
    [
        ('{"position": [1, 2], "outcome": "rejected"}', 4, "2 failed"),
        ('{"position": 1, "outcome": "unknown"}', 5, "resolve"),
    ],
)
def test_a_run_that_did_not_reach_everybody_is_told_once(
    told: Practice, post: Post, clock: Clock, rules: str, code: int, said: str
) -> None:
    outcomes(told, f"[{rules}]")
    assert told("run", "einladung", "--yes").code == code
    (mail,) = mails(post)
    assert "not everybody got the message of run" in mail["Subject"]
    assert said in text_of(mail)
    clock.ahead += timedelta(hours=2)
    told("resume", "--due")
    assert len(mails(post)) == 1


def test_what_a_worker_delivers_is_told(told: Practice, post: Post) -> None:
    """Once, by whoever of its threads sees it."""
    outcomes(told, '[{"position": 1, "outcome": "rejected"}]')
    release(told)
    serving = Worker(told.folder, "os:test", lambda _: None)
    serving.continue_run(told.run)
    (mail,) = mails(post)
    assert mail["Subject"] == (
        f"Praxis Null: not everybody got the message of run {told.run} of einladung"
    )
    assert "1 failed" in text_of(mail)
    serving.continue_run(told.run)
    serving.round()
    serving.continue_run("nobody")
    assert len(mails(post)) == 1


def test_what_a_worker_cannot_deliver_is_told(told: Practice, post: Post) -> None:
    release(told)
    told.edit("serienpost.yaml", "mail: {channel", "post2: {channel")
    Worker(told.folder, "os:test", lambda _: None).continue_run(told.run)
    (mail,) = mails(post)
    assert f"run {told.run} of einladung cannot go on" in mail["Subject"]


def release(practice: Practice) -> None:
    """Release the prepared run; nobody delivers it."""
    with open_practice(practice.folder, actor="desk:eva") as opened:
        opened.run(practice.run).approve(Answers(release=True))


@pytest.mark.parametrize(
    ("error", "subject"),
    [
        (SerienpostError("Muster, Max"), "what is done each day was refused: purge"),
        (KeyError("Muster"), "a bug in serienpost: KeyError"),
        (UnavailableError("Muster"), None),
    ],
)
def test_a_chore_that_fails_is_told(
    told: Practice,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    subject: str | None,
) -> None:
    def failing() -> None:
        raise error

    monkeypatch.setattr(worker, "chores", lambda _: [("purge", failing)])
    Worker(told.folder, "os:test", lambda _: None).round()
    assert [mail["Subject"] for mail in mails(post)] == (
        [f"Praxis Null: {subject}"] if subject else []
    )
    assert "Muster" not in str([text_of(mail) for mail in mails(post)])


FAULTY = '''\
"""The null source, which fails in the words of a file `fails`."""

from serienpost import SerienpostError, hookimpl
from serienpost_testkit.null.source import NullSource


class Source(NullSource):
    name = "faulty"

    def rows(self, context, selection, request):
        kind = context.path("fails").read_text()
        raise (SerienpostError if kind == "refused" else AttributeError)(
            "Muster, Max, max@example.org, 0171 2345678"
        )

    def offers(self, context, selection):
        if context.path("fails").read_text() == "bug":
            raise BaseExceptionGroup("Muster", [KeyError("Max Muster")])
        return super().offers(context, selection)


@hookimpl
def serienpost_sources():
    return [Source()]
'''


@pytest.mark.parametrize("fails", ["refused", "put off", "bug"])
def test_what_a_plugin_says_is_in_no_mail(told: Practice, post: Post, fails: str) -> None:
    told.install("faulty-plugin", FAULTY)
    told.edit("serienpost.yaml", "[serienpost-testkit,", "[serienpost-testkit, faulty-plugin,")
    told.edit("mailings/einladung.yaml", 'source: "null"', "source: faulty")
    (told.folder / "fails").write_text(fails)
    assert told("run", "einladung", "--yes").code in (1, 3, 75)
    (mail,) = mails(post)
    assert not {"Muster", "Max", "max@example.org", "2345678"} & set(
        (text_of(mail) + mail["Subject"]).replace(",", " ").split()
    )


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ("{account: nobody, to: a@example.org}", "there is no account 'nobody'"),
        ("{account: brief, to: a@example.org}", "the account 'brief' sends no e-mails"),
        ("{account: mail, to: nobody}", "must be one e-mail address"),
        ("{account: mail, to: [a@example.org, b]}", "must be one e-mail address"),
        ("{account: mail, to: []}", "must not be empty"),
        ("{account: mail}", "is missing"),
    ],
)
def test_a_wrong_notify_is_one_line_with_its_place(null: Practice, notify: str, said: str) -> None:
    line = null.edit("serienpost.yaml", '"null":', f'notify: {notify}\n"null":')
    for command in (("check", "einladung"), ("doctor",)):
        done = null(*command, "--json")
        assert done.code == 3
        assert said in done.out
    (problem,) = null.refused("check", "einladung")
    assert (problem["line"], said in problem["message"]) == (line, True)
    assert problem["file"].endswith("serienpost.yaml")
