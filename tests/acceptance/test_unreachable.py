"""Nobody answers at the provider's: it is said at once, who and why, and nothing is lost."""

from __future__ import annotations

import re
import socket
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from serienpost_demo.catcher import Catcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Practice

pytestmark = pytest.mark.timeout(300)

MAIL = 'null-email, oracle: oracle.tsv, slots: 4, sender: "Praxis Null <n@example.org>"'
SENDER = 'sender: "Praxis Null <n@example.org>"'
# Account, and what is said of it; PORT is one that nobody listens on.
ACCOUNTS = {
    "refused": (
        f"smtp, host: 127.0.0.1, port: PORT, security: none, connections: 4, {SENDER}",
        "127.0.0.1:PORT does not answer: connection refused (start it, or correct host and port)",
    ),
    "refused at all addresses of a name": (
        f"smtp, host: localhost, port: PORT, security: none, {SENDER}",
        "localhost:PORT does not answer: connection refused",
    ),
    "no such name": (
        f"smtp, host: mail.praxis.invalid, {SENDER}",
        "mail.praxis.invalid:587 does not answer: host name not found",
    ),
    "another service": (
        f"smtp, host: 127.0.0.1, port: OTHER, security: none, {SENDER}",
        "127.0.0.1:OTHER does not answer: the server's reply is not SMTP",
    ),
    "sendgrid": (
        (
            f'sendgrid, api_key: "secret:GRID", base_url: "http://127.0.0.1:PORT", {SENDER},'
            ' disclaimer: {accepted_by: Dr. Null, accepted_on: "2026-11-01"}'
        ),
        "127.0.0.1:PORT does not answer: connection refused (start it, or correct base_url)",
    ),
    "smscreator": (
        (
            'smscreator, user: "secret:SMS_USER", password: "secret:SMS_PASSWORD",'
            ' sender: "03511234567", base_url: "http://127.0.0.1:PORT/gateway"'
        ),
        "127.0.0.1:PORT does not answer: connection refused (start it, or correct base_url)",
    ),
}


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return int(closed.getsockname()[1])


@contextmanager
def other_service() -> Iterator[int]:
    """Something that greets as no mail server does."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def connect(practice: Practice, account: str, lines: str = "once_per: none") -> None:
    """Give the mailing of the null practice this account."""
    plugin = f"serienpost-channel-{account.partition(',')[0]}"
    practice.env |= {"GRID": "SG.x", "SMS_USER": "praxis", "SMS_PASSWORD": "geheim"}
    practice.edit("serienpost.yaml", "serienpost-testkit]", f"serienpost-testkit, {plugin}]")
    practice.edit("serienpost.yaml", MAIL, account)
    practice.edit("mailings/einladung.yaml", "purpose:", f"{lines}\npurpose:")
    practice.edit("mailings/einladung.yaml", "count: 40", "count: 8")
    if account.startswith("smscreator"):
        practice.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
        practice.edit("mailings/einladung.yaml", "Guten Tag", "Praxis Null:")


def untouched(practice: Practice) -> None:
    """Everybody waits as before: nobody failed, was tried or is put off for a minute."""
    found = practice.ledger("SELECT state, attempts, next_attempt_at FROM message WHERE run = ?",
                            practice.run)  # fmt: skip
    assert [tuple(row) for row in found] == [("pending", 0, None)] * 8
    assert practice.ledger("SELECT * FROM attempt") == []


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_first_line_says_who_does_not_answer_and_why(
    null: Practice, port: int, name: str
) -> None:
    account, said = ACCOUNTS[name]
    with other_service() as other:
        account, said = (
            text.replace("PORT", str(port)).replace("OTHER", str(other)) for text in (account, said)
        )
        connect(null, account)
        done = null("run", "einladung", "--yes", "--no-wait", "--json")
    document = null.document(done, ["run"], 75)
    null.run = document["run"]
    said = f"account mail: the server at {said}"
    *before, last = done.err.splitlines()
    (first,) = [line for line in before if "waiting" in line]  # not again and again
    assert re.match(rf"0/8 waiting until [0-9:]+: {re.escape(said)}", first)
    assert said in last
    assert "resume --due" in last
    assert (document["state"], document["reason"]) == ("paused", "connection")
    assert said in document["reason_text"]
    assert document["ends"]["by"] == "time"
    untouched(null)

    (due,) = null.json("resume", "--due", code=75)["runs"]  # before its time it is not tried
    assert (due["run"], due["state"]) == (null.run, "paused")
    assert said in due["reason_text"]
    assert said in null("resume", "--due").err


def test_resume_due_goes_on_by_itself(null: Practice, port: int) -> None:
    connect(null, ACCOUNTS["refused"][0].replace("PORT", str(port)))
    null.run = null.json("run", "einladung", "--yes", "--no-wait", code=75)["run"]
    with closing(sqlite3.connect(null.folder / "versandbuch.db")) as db, db:
        db.execute("UPDATE run SET until = until - 600000000 WHERE id = ?", (null.run,))
    with Catcher(port=port) as catcher:
        (due,) = null.json("resume", "--due")["runs"]
        assert due["state"] == "finished"
        assert len(catcher.messages) == len({m.recipients for m in catcher.messages}) == 8


def test_a_server_that_restarts_costs_no_command(null: Practice, port: int) -> None:
    """The run waits for it in the open, and says so before it is back."""
    null.env["SERIENPOST_LANG"] = "en"  # read while it runs
    connect(null, ACCOUNTS["refused"][0].replace("PORT", str(port)))
    process = null.start("run", "einladung", "--yes")
    assert process.stderr is not None
    first = process.stderr.readline()
    assert f"account mail: the server at 127.0.0.1:{port} does not answer" in first
    with Catcher(port=port) as catcher:
        done = null.finish(process)
        assert (done.code, len(catcher.messages)) == (0, 8)
    assert "does not answer" not in done.err


def test_a_server_that_says_nothing_is_waited_for_in_the_open(null: Practice) -> None:
    """It takes the connection and does not greet: whom it waits for is told before the timeout."""
    null.env["SERIENPOST_LANG"] = "en"  # read while it runs
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        account = ACCOUNTS["refused"][0].replace("PORT", f"{port}, timeout: 120")
        connect(null, account)
        process = null.start("run", "einladung", "--yes")
        assert process.stderr is not None
        assert "waiting for an answer to account mail" in process.stderr.readline()
        process.terminate()
        done = null.finish(process)
    assert done.code == 75
    null.run = null.json("runs")["runs"][0]["run"]
    untouched(null)
