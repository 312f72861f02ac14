"""The process is killed at each write, then goes on: nothing is lost, nobody gets it twice."""

from __future__ import annotations

import re
import signal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import serienpost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conftest import Post, Practice

KILLED = -signal.SIGKILL
SLOTS = 4
WAITING = ("planned", "pending", "claimed", "sending")
ARRIVED = ("accepted", "delivered", "bounced", "complained", "in_doubt")

BEFORE_SENDING = ("batch.before_commit", "freeze.before_commit", "freeze.after_commit")
WHILE_SENDING = (
    "approve.before_commit",
    "approve.after_commit",
    "begin.before_commit",
    "claim.before_commit",
    "claim.before_commit:3",
    "claim.after_commit",
    "commit.before_commit",
    "commit.before_commit:2",
    "commit.after_commit",
    "commit.after_commit:2",
    "commit.after_commit:9",
    "wire.before",
    "wire.before:30",
    "wire.after",
    "wire.after:7",
    "wire.after:40",
    "release.before_commit",
    "finish.before_commit",
    "finish.after_commit",
)
WHILE_TAKING_OVER = ("takeover.before_commit", "takeover.after_commit")
WHILE_LOOKING_UP = ("lookup.before_commit", "lookup.after_commit")

KNOWING_CHANNEL = """
from serienpost import Accepted, Rejected, hookimpl
from serienpost_testkit.null.channels import NullChannel, null_email


class Knowing(NullChannel):
    async def lookup(self, context, account, messages):
        oracle = context.path(account.oracle).read_text()
        return [
            Accepted(f"null-{message.ref}")
            if message.ref in oracle
            else Rejected("unknown", "the provider never saw it", "message")
            for message in messages
        ]


@hookimpl
def serienpost_channels():
    null = null_email()
    return [Knowing("knowing", null.title, null.kind, null.capabilities, null.account)]
"""


def test_every_point_exists() -> None:
    sources = [path.read_text("utf-8") for path in Path(serienpost.__file__).parent.rglob("*.py")]
    writes = re.compile(r"\.begin\(\"(.+?)\"\)")
    passed = re.compile(r"^ +faultpoint\(\"(.+?)\"\)", re.MULTILINE)
    names = {name for text in sources for name in writes.findall(text)}
    points = {f"{name}.{when}_commit" for name in names for when in ("before", "after")}
    points |= {name for text in sources for name in passed.findall(text)}
    tested = {*BEFORE_SENDING, *WHILE_SENDING, *WHILE_TAKING_OVER, *WHILE_LOOKING_UP}
    assert {name.partition(":")[0] for name in tested} <= points


def kill(practice: Practice, point: str, *args: str) -> None:
    assert practice(*args, fault=point).code == KILLED, "the point was never passed"


def resume(practice: Practice, code: int = 0) -> None:
    """Go on; a run that was never released is released now. A second time changes nothing."""
    state, _ = practice.state()
    args = ("send", practice.run, "--yes") if state == "prepared" else ("resume", practice.run)
    first = practice(*args)
    assert first.code in {code, 0}, first.err
    after, arrived = practice.contents(), practice.oracle()
    assert practice("resume", practice.run).code == first.code
    assert practice.contents() == after
    assert practice.oracle() == arrived


def assert_invariants(
    practice: Practice,
    before: Mapping[str, dict[str, Any]],
    *,
    repeatable: bool = False,
    workers: int = 1,
) -> None:
    """What holds after a clean resume, against what the provider itself knows."""
    oracle, messages = practice.oracle(), practice.messages()
    assert practice.state() == ("finished", None)
    assert practice.ledger("PRAGMA integrity_check")[0][0] == "ok"
    assert set(messages) == set(before)
    for row, message in messages.items():
        ref, state = message["ref"], message["state"]
        assert state not in WAITING, row
        assert state in ARRIVED, row
        assert state != "accepted" or oracle[ref], row
        assert oracle[ref] <= (2 if repeatable else 1), row
        same = ("ref", "content_hash", "message_id", "address_hash")
        assert [message[key] for key in same] == [before[row][key] for key in same], row
        assert message["fence"] > before[row]["fence"], row
        assert message["owner"] is None, row
    assert set(oracle) <= {message["ref"] for message in messages.values()}
    doubtful = sum(message["state"] == "in_doubt" for message in messages.values())
    assert doubtful <= (0 if repeatable else SLOTS * workers)
    attempts = practice.ledger("SELECT * FROM attempt ORDER BY no, attempt")
    assert [a["no"] for a in attempts if a["outcome"] is None] == []
    assert [
        later["no"]
        for earlier, later in pairwise(attempts)
        if earlier["no"] == later["no"] and earlier["fence"] >= later["fence"]
    ] == []


@pytest.mark.parametrize("point", WHILE_SENDING)
def test_killed_while_sending(null: Practice, point: str) -> None:
    before = null.messages()
    kill(null, point, "send", null.run, "--yes")
    for row, message in null.messages().items():
        assert message["fence"] >= before[row]["fence"]
        assert not null.oracle()[message["ref"]] or message["state"] in {*ARRIVED, "sending"}
    resume(null, code=5)
    assert_invariants(null, before)


@pytest.mark.parametrize("point", WHILE_TAKING_OVER)
def test_killed_while_taking_over(null: Practice, point: str) -> None:
    before = null.messages()
    kill(null, "wire.after:3", "send", null.run, "--yes")
    kill(null, point, "resume", null.run)
    resume(null, code=5)
    assert_invariants(null, before)
    assert null.states()["in_doubt"] > 0


@pytest.mark.parametrize("point", WHILE_LOOKING_UP)
def test_killed_while_asking_a_provider_that_knows(null: Practice, point: str) -> None:
    null.install("knowing-channel", KNOWING_CHANNEL)
    null.edit("serienpost.yaml", "[serienpost-testkit]", "[serienpost-testkit, knowing-channel]")
    null.edit("serienpost.yaml", "channel: null-email", "channel: knowing")
    null.run = null.json("prepare", "einladung", "--summary")["run"]
    kill(null, "wire.after:3", "send", null.run, "--yes")
    kill(null, point, "resume", null.run)
    resume(null, code=4)
    oracle = null.oracle()
    assert max(oracle.values()) == 1
    for message in null.messages().values():
        assert message["state"] == ("accepted" if oracle[message["ref"]] else "failed")
    assert "lookup" in {message["basis"] for message in null.messages().values()}


def test_killed_again_and_again(null: Practice) -> None:
    """Each process may leave its own calls in doubt, and no more."""
    before = null.messages()
    kill(null, "wire.after:3", "send", null.run, "--yes")
    for point in (
        "takeover.after_commit",
        "claim.after_commit",
        "commit.before_commit:2",
        "wire.before",
    ):
        kill(null, point, "resume", null.run)
    resume(null, code=5)
    assert_invariants(null, before, workers=5)


@pytest.mark.parametrize("point", ["commit.after_commit:2", "wire.before:3", "wire.after:9"])
def test_a_repeatable_channel_leaves_no_doubt(null: Practice, point: str) -> None:
    null.edit("mailings/einladung.yaml", "account: mail", "account: brief")
    null.edit("mailings/einladung.yaml", "subject: Einladung\n", "")
    null.run = null.json("prepare", "einladung", "--summary")["run"]
    before = null.messages()
    kill(null, point, "send", null.run, "--yes")
    resume(null)
    assert_invariants(null, before, repeatable=True)
    assert null.states() == {"accepted": len(before)}


@pytest.mark.parametrize("point", BEFORE_SENDING[:2])
def test_killed_while_preparing(null: Practice, point: str) -> None:
    """Such a run is never sent, and the next one is whole."""
    kill(null, point, "prepare", "einladung")
    (dead,) = null.ledger("SELECT id FROM run WHERE state = 'preparing'")
    for command in (("send", dead["id"], "--yes"), ("resume", dead["id"])):
        (problem,) = null.refused(*command)
        assert "preparing" in problem["message"]
    assert null.oracle() == {}

    null.run = null.json("prepare", "einladung", "--summary")["run"]
    assert null.ledger("SELECT id FROM run WHERE id = ?", dead["id"]) == []
    assert len(null.messages()) == 40


def test_killed_after_freezing(null: Practice) -> None:
    kill(null, "freeze.after_commit", "prepare", "einladung")
    newest = "SELECT id FROM run ORDER BY created_at DESC LIMIT 1"
    null.run = null.ledger(newest)[0]["id"]
    before = null.messages()
    assert len(before) == 40
    null.json("send", null.run, "--yes")
    assert_invariants(null, before)


@pytest.mark.parametrize("arrived", [1, 23, 70])
def test_killed_while_a_mail_server_receives(demo: Practice, post: Post, arrived: int) -> None:
    post.script.delay(0.02)
    marked = {row for row, message in demo.messages().items() if message["marked"]}
    sending = demo.start("send", demo.run, "--yes")
    post.wait_for(arrived)
    sending.kill()
    sending.communicate()

    resumed = demo("resume", demo.run, "--json")
    shown = demo.json("show", demo.run)
    assert demo.document(resumed, ["resume"], resumed.code)["counts"] == shown["counts"]
    mails = post.mails()
    sent = {m["row"]: m for m in shown["messages"] if m["row"] in marked}
    accepted = {m["message_id"] for m in sent.values() if m["state"] == "accepted"}
    doubtful = {m["message_id"] for m in sent.values() if m["state"] == "in_doubt"}
    assert len(accepted) + len(doubtful) == len(marked)
    assert len(doubtful) <= SLOTS
    assert resumed.code == (5 if doubtful else 0)
    assert accepted <= set(mails) <= accepted | doubtful
