"""The connections of an account among the processes that deliver with it."""

from __future__ import annotations

import random
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost.ledger.connections import Share, deliverers, leave, take_share
from serienpost.ledger.owners import ownership
from serienpost.ledger.schema import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    Desk = Any

TOTAL = 10
LEASE = timedelta(minutes=5)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def share(desk: Desk, owner: str, open_now: int = 0, run: str = "r", total: int = TOTAL) -> Share:
    with desk.ledger.begin() as tx:
        return take_share(tx, owner, run, "post", total, open_now, lease=LEASE)


def test_one_alone_has_all(desk: Desk, stack: ExitStack) -> None:
    owner = stack.enter_context(ownership(desk.ledger))
    assert share(desk, owner) == Share(10, 10, 1)
    assert share(desk, owner, 10) == Share(10, 10, 1)


def test_who_comes_waits_until_the_others_have_closed_theirs(desk: Desk, stack: ExitStack) -> None:
    first, second = (stack.enter_context(ownership(desk.ledger)) for _ in range(2))
    share(desk, first)
    assert share(desk, second) == Share(0, 5, 2)
    assert share(desk, first, 10) == Share(5, 5, 2)
    assert share(desk, second) == Share(0, 5, 2)
    share(desk, first, 7)
    assert share(desk, second) == Share(3, 5, 2)
    share(desk, first, 5)
    assert share(desk, second, 3) == Share(5, 5, 2)


def test_a_dead_process_leaves_its_share(desk: Desk, stack: ExitStack) -> None:
    first = stack.enter_context(ownership(desk.ledger))
    with ownership(desk.ledger) as second:
        share(desk, first)
        share(desk, first, 5)
        share(desk, second)
        assert share(desk, first, 5) == Share(5, 5, 2)
    assert share(desk, first, 5) == Share(10, 10, 1)
    assert [row["owner"] for row in desk.rows(worker)] == [first]


def test_runs_of_one_account_share_it(desk: Desk, stack: ExitStack) -> None:
    first, second = (stack.enter_context(ownership(desk.ledger)) for _ in range(2))
    share(desk, first)
    share(desk, second, run="other")
    assert share(desk, first, 4) == Share(5, 5, 1)
    with desk.ledger.read() as tx:
        assert (deliverers(tx, "r"), deliverers(tx, "other")) == ([first], [second])


def test_of_more_processes_than_connections_the_first_have_them(
    desk: Desk, stack: ExitStack
) -> None:
    # Of those that came at the same moment, the first by name.
    owners = sorted(stack.enter_context(ownership(desk.ledger)) for _ in range(3))
    found = [share(desk, owner, total=2) for owner in owners for _ in range(2)][1::2]
    assert [one.fair for one in found] == [2, 1, 0]
    share(desk, owners[0], total=2, open_now=1)
    assert [share(desk, owner, total=2).open for owner in owners] == [1, 1, 0]
    with desk.ledger.begin() as tx:
        leave(tx, owners[0])
    assert [share(desk, owner, total=2).open for owner in owners[1:]] == [1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_never_more_than_the_account_has(desk: Desk, seed: int) -> None:
    """Processes come, die, open and close as they like within what they were given."""
    chance = random.Random(seed)
    living: dict[str, ExitStack] = {}
    may: dict[str, int] = {}
    opened: dict[str, int] = {}
    for _ in range(200):
        what = chance.random()
        if what < 0.1 and len(living) < 6:
            stack = ExitStack()
            owner = stack.enter_context(ownership(desk.ledger))
            living[owner], opened[owner] = stack, 0
            may[owner] = share(desk, owner).open
        elif what < 0.15 and living:
            owner = chance.choice(list(living))
            living.pop(owner).close()
            opened.pop(owner)
            may.pop(owner)
        elif living:
            owner = chance.choice(list(living))
            may[owner] = share(desk, owner, opened[owner]).open
            # It opens as many as it may; what it has too many it closes one by one.
            surplus = opened[owner] - may[owner]
            opened[owner] = may[owner] if surplus <= 0 else opened[owner] - chance.randint(0, 1)
        assert sum(opened.values()) <= TOTAL
    for owner in living:  # all have what they are to have, after two rounds at most
        opened[owner] = min(opened[owner], share(desk, owner, opened[owner]).fair)
    for _ in range(2):
        shares = [share(desk, owner, opened[owner]) for owner in living]
    assert all(one.open == one.fair for one in shares)
    for stack in living.values():
        stack.close()


def test_a_frozen_process_keeps_its_connections_for_its_lease(desk: Desk, stack: ExitStack) -> None:
    frozen, other = (stack.enter_context(ownership(desk.ledger)) for _ in range(2))
    share(desk, frozen)
    desk.clock.forward(LEASE.total_seconds() - 1)
    assert share(desk, other) == Share(0, 5, 2)
    desk.clock.forward(2)
    assert share(desk, other) == Share(10, 10, 1)
    with desk.ledger.read() as tx:
        assert deliverers(tx, "r") == [other]
    assert share(desk, frozen, 10) == Share(0, 5, 2)  # awake again
