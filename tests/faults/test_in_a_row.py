"""Kills in a row, half-made runs, a provider that knows, a server that receives meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fault_harness.invariants import assert_clean, snapshot
from fault_harness.practice import KILLED
from fault_harness.providers import SLOTS, SmtpProvider
from fault_harness.scenarios import half_prepared, interrupted

from serienpost.ledger.schema import run as run_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Figures
    from fault_harness.practice import Practice


def test_killed_again_and_again(
    new: Callable[..., Practice], figures: Figures, ledger: str
) -> None:
    """Each process may leave its own calls in doubt, and no more."""
    practice = new(ledger)
    before = snapshot(practice)
    interrupted(practice)
    for point in (
        "takeover.after_commit",
        "claim.after_commit",
        "commit.before_commit:2",
        "wire.before",
    ):
        assert practice("resume", practice.run, fault=point).code == KILLED
        figures.add("points at which a process was killed")
    practice.must("resume", practice.run, codes=(5,))
    assert_clean(practice, before)


def test_a_half_prepared_run_is_never_sent(new: Callable[..., Practice], ledger: str) -> None:
    """And the next one is whole."""
    practice = new(ledger)
    half_prepared(practice)
    (dead,) = (row["id"] for row in practice.rows(run_table) if row["state"] == "preparing")
    for command in (("send", dead, "--yes"), ("resume", dead)):
        refused = practice.must(*command, codes=(3,))
        assert "not possible yet" in refused.err
    assert not practice.oracle()
    practice.prepare()
    assert dead not in {row["id"] for row in practice.rows(run_table)}
    before = snapshot(practice)
    practice.must("send", practice.run, "--yes")
    assert practice.states() == {"accepted": 24}
    assert_clean(practice, {key: row for key, row in before.items() if key[0] == practice.run})


def test_a_provider_that_knows_leaves_no_doubt(new: Callable[..., Practice], ledger: str) -> None:
    practice = new(ledger, "askable")
    before = snapshot(practice)
    interrupted(practice)
    practice.must("resume", practice.run, codes=(0, 4))
    oracle = practice.oracle()
    assert max(oracle.values()) == 1
    for message in practice.messages().values():
        assert message["state"] == ("accepted" if oracle[message["ref"]] else "failed")
    assert "lookup" in {message["basis"] for message in practice.messages().values()}
    assert_clean(practice, before)


@pytest.mark.parametrize("arrived", [1, 9, 19])
def test_killed_while_a_mail_server_receives(
    new: Callable[..., Practice], figures: Figures, ledger: str, arrived: int
) -> None:
    practice = new(ledger, "smtp")
    provider = practice.provider
    assert isinstance(provider, SmtpProvider)
    provider.slow_down(0.05)
    before = snapshot(practice)
    sending = practice.start("send", practice.run, "--yes")
    practice.wait_for(sending, arrived)
    sending.kill()
    assert practice.finish(sending, "send").code == KILLED
    figures.add("processes killed while a server receives")
    resumed = practice.must("resume", practice.run, "--json", codes=(0, 5))
    counts = json.loads(resumed.out)["counts"]
    assert json.loads(practice.must("show", practice.run, "--json").out)["counts"] == counts
    assert counts["accepted"] + counts["in_doubt"] == len(before)
    assert counts["in_doubt"] <= SLOTS
    assert resumed.code == (5 if counts["in_doubt"] else 0)
    assert_clean(practice, before)
