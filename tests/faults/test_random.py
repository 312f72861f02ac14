"""Processes killed at random moments, several times in a row, until the run is over."""

from __future__ import annotations

import random
import secrets
import time
from typing import TYPE_CHECKING

from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.practice import KILLED
from fault_harness.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from conftest import Figures
    from fault_harness.practice import Practice

ALL = [
    (ledger, channel)
    for ledger in ("sqlite", "postgresql")
    for channel, provider in PROVIDERS.items()
    if "send" in provider.can
]
# A command starts, delivers 24 messages and ends within about this time.
FIRST_SECONDS = 1.6


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ten kills, thoroughly 200; each with a seed of its own, drawn from the session's."""
    if "kill" not in metafunc.fixturenames:
        return
    thorough = metafunc.config.getoption("thorough", default=False)
    seed = metafunc.config.getoption("seed", default=None)
    if seed is None:
        worker = getattr(metafunc.config, "workerinput", {})
        seed = int(str(worker.get("testrunuid", secrets.token_hex(4)))[:8], 16)
    kills = [
        (f"{seed}/{n}", *(ALL[n % len(ALL)] if thorough else ALL[0]))
        for n in range(200 if thorough else 10)
    ]
    metafunc.parametrize(("kill", "backend", "channel"), kills)


def test_killed_at_a_random_moment(
    new: Callable[..., Practice], figures: Figures, kill: str, backend: str, channel: str
) -> None:
    chance = random.Random(kill)
    practice = new(backend, channel)
    before = snapshot(practice)
    command = ["send", practice.run, "--yes"]
    for _ in range(chance.choice([1, 1, 2])):
        process = practice.start(*command)
        time.sleep(chance.uniform(0.15, FIRST_SECONDS))
        process.kill()
        done = practice.finish(process, *command)
        assert done.code in (KILLED, 0, 5), done.err
        figures.add("random kills", done.code == KILLED)
        assert_always(practice, before)
        if practice.state() != "prepared":
            command = ["resume", practice.run]
    practice.must(*command, codes=(0, 5))
    assert_clean(practice, before)
    tables, oracle = practice.tables(), practice.oracle()
    practice.must("resume", practice.run, codes=(0, 5))
    assert practice.tables() == tables
    assert practice.oracle() == oracle
