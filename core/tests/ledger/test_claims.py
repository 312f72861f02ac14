from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from serienpost.ledger.claims import claim, release, renew, take_over
from serienpost.ledger.connections import deliverers
from serienpost.ledger.delivery import Result, write_intents, write_results
from serienpost.ledger.owners import ownership
from serienpost.ledger.schema import attempt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Row

    Desk = Any

LEASE = timedelta(minutes=5)
DEAD = "999999-DEAD"

_CLAIM_ALL = """
import json, sys
from pathlib import Path
from datetime import timedelta
from serienpost.ledger.claims import claim
from serienpost.ledger.engine import open_engine
from serienpost.ledger.store import Ledger
folder, owner = sys.argv[1:]
ledger = Ledger(open_engine("sqlite:///ledger.db", Path(folder)), "sonnenschein")
print("ready", flush=True)
sys.stdin.readline()
batches = []
while True:
    with ledger.begin() as tx:
        rows = claim(tx, "r", owner, 7, timedelta(minutes=5))
    if not rows:
        break
    batches.append([row.no for row in rows])
print(json.dumps(batches))
ledger.engine.dispose()
"""


class Intent(NamedTuple):
    """What the send loop calls `Ready`."""

    no: int
    fence: int
    attempt: int
    evidence: list[str]


@pytest.fixture
def run(desk: Desk) -> str:
    return desk.add_run("r")  # type: ignore[no-any-return]


def _claim(desk: Desk, owner: str, limit: int = 100) -> Sequence[Row[Any]]:
    with desk.ledger.begin() as tx:
        return claim(tx, "r", owner, limit, LEASE)


def _send(desk: Desk, owner: str, *rows: Row[Any]) -> None:
    with desk.ledger.begin() as tx:
        intents = [Intent(row.no, row.fence, row.attempts + 1, []) for row in rows]
        assert write_intents(tx, "r", owner, intents, LEASE) == intents


def test_two_processes_share_the_messages_without_overlap(
    desk: Desk, run: str, tmp_path: Path
) -> None:
    desk.add_messages(run, 400)
    processes = {
        owner: subprocess.Popen(
            [sys.executable, "-c", _CLAIM_ALL, tmp_path, owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for owner in ("first", "second")
    }
    for process in processes.values():
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes.values():
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    taken = {}
    for owner, process in processes.items():
        batches = json.loads(process.communicate(timeout=60)[0])
        assert all(batch == sorted(batch) for batch in batches)
        taken[owner] = [no for batch in batches for no in batch]
    assert sorted(taken["first"] + taken["second"]) == list(range(1, 401))
    owners = {row["no"]: row["owner"] for row in desk.messages(run)}
    assert all(owners[no] == owner for owner, numbers in taken.items() for no in numbers)


def test_claims_come_in_order_with_lease_and_a_higher_fence(desk: Desk, run: str) -> None:
    desk.add_messages(run, 5)
    assert [(row.no, row.fence) for row in _claim(desk, "me", 3)] == [(1, 1), (2, 1), (3, 1)]
    taken = desk.messages(run)[:3]
    assert [(row["state"], row["owner"]) for row in taken] == [("claimed", "me")] * 3
    assert {row["lease_until"] for row in taken} == {desk.clock() + LEASE}
    assert [row.no for row in _claim(desk, "me")] == [4, 5]
    assert _claim(desk, "me") == []


@pytest.mark.parametrize(
    "state",
    [
        "planned",
        "claimed",
        "sending",
        "accepted",
        "delivered",
        "in_doubt",
        "failed",
        "bounced",
        "complained",
        "suppressed",
        "cancelled",
    ],
)
def test_only_pending_messages_are_claimed(desk: Desk, run: str, state: str) -> None:
    desk.add_messages(run, 1, state)
    before = desk.everything()
    assert _claim(desk, "me") == []
    assert desk.everything() == before


def test_a_message_is_claimed_when_its_time_has_come(desk: Desk, run: str) -> None:
    desk.add_messages(run, 1, next_attempt_at=desk.clock() + timedelta(seconds=60))
    desk.clock.forward(59.999)
    assert _claim(desk, "me") == []
    desk.clock.forward(0.001)
    assert len(_claim(desk, "me")) == 1


def test_release_gives_back_what_is_named_or_all_that_is_not_on_the_wire(
    desk: Desk, run: str
) -> None:
    desk.add_messages(run, 6)
    rows = _claim(desk, "me", 4)
    _claim(desk, "other")
    _send(desk, "me", rows[0])
    with desk.ledger.begin() as tx:
        assert release(tx, run, "me", [1, 2, 5]) == 1
    assert desk.states(run) == ["sending", "pending", *["claimed"] * 4]
    with desk.ledger.begin() as tx:
        assert release(tx, run, "me") == 2
    rows = desk.messages(run)
    assert [row["state"] for row in rows] == ["sending", *["pending"] * 3, *["claimed"] * 2]
    assert [row["fence"] for row in rows] == [2, 2, 2, 2, 1, 1]
    assert [row["owner"] for row in rows] == ["me", None, None, None, "other", "other"]


def test_renewing_extends_what_the_owner_holds(desk: Desk, run: str) -> None:
    desk.add_messages(run, 3)
    rows = _claim(desk, "me", 2)
    _send(desk, "me", rows[0])
    _claim(desk, "other")
    desk.clock.forward(100)
    with desk.ledger.begin() as tx:
        assert renew(tx, run, "me", LEASE) == 2
    assert [row["lease_until"] - desk.clock() for row in desk.messages(run)] == [
        LEASE,
        LEASE,
        LEASE - timedelta(seconds=100),
    ]


@pytest.mark.parametrize(("repeatable", "became"), [(False, "in_doubt"), (True, "pending")])
def test_what_a_dead_process_held_is_taken_over_at_once(
    desk: Desk, run: str, repeatable: bool, became: str
) -> None:
    desk.add_messages(run, 3)
    rows = _claim(desk, DEAD, 2)
    _send(desk, DEAD, rows[0])
    assert take_over(desk.ledger, run, repeatable=repeatable) == 2
    assert desk.states(run) == [became, "pending", "pending"]
    sent, claimed, _ = desk.messages(run)
    assert (sent["fence"], claimed["fence"]) == (3, 2)
    assert (sent["owner"], sent["lease_until"], claimed["owner"]) == (None, None, None)
    (made,) = desk.rows(attempt)
    assert (made["outcome"], made["stage"], made["finished_at"]) == (
        "unknown",
        "crash",
        desk.clock(),
    )
    before = desk.everything()
    assert take_over(desk.ledger, run, repeatable=repeatable) == 0
    assert desk.everything() == before


def test_what_a_living_process_holds_stays_within_its_lease(desk: Desk, run: str) -> None:
    desk.add_messages(run, 2)
    with ownership(desk.ledger) as owner:
        rows = _claim(desk, owner)
        _send(desk, owner, rows[0])
        desk.clock.forward(LEASE.total_seconds())
        assert take_over(desk.ledger, run, repeatable=False) == 0
        assert desk.states(run) == ["sending", "claimed"]
        with desk.ledger.read() as tx:
            assert deliverers(tx, run) == [owner]
    with desk.ledger.read() as tx:
        assert deliverers(tx, run) == []


def test_beyond_its_lease_a_living_process_loses_only_what_it_did_not_renew(
    desk: Desk, run: str
) -> None:
    desk.add_messages(run, 3)
    with ownership(desk.ledger) as owner:
        first, second = _claim(desk, owner, 2)
        _send(desk, owner, first)
        desk.clock.forward(LEASE.total_seconds() + 1)
        _claim(desk, owner, 1)
        assert take_over(desk.ledger, run, repeatable=False) == 2
        assert desk.states(run) == ["in_doubt", "pending", "claimed"]
        with desk.ledger.begin() as tx:
            assert (
                write_intents(tx, run, owner, [Intent(second.no, second.fence, 1, [])], LEASE) == []
            )
        with desk.ledger.begin() as tx:
            late = Result(first.no, first.fence + 1, 1, "failed", "rejected", "550")
            write_results(tx, run, owner, [late])
        assert desk.states(run) == ["in_doubt", "pending", "claimed"]


def test_other_runs_are_left_alone(desk: Desk, run: str) -> None:
    desk.add_messages(run, 1)
    desk.add_run("other")
    desk.add_messages("other", 1)
    with desk.ledger.begin() as tx:
        claim(tx, "other", DEAD, 1, LEASE)
    assert take_over(desk.ledger, run, repeatable=False) == 0
    assert desk.states("other") == ["claimed"]
