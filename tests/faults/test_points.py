"""The process is killed at every write, then goes on at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.practice import KILLED
from fault_harness.providers import PROVIDERS
from fault_harness.scenarios import DONE_AGAIN, SCENARIOS, fill_in, go_on, points, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from conftest import Figures
    from fault_harness.practice import Practice

POINTS = [(name, point) for name, found in points().items() for point in found]
# Points in the code of a channel, tried with that channel alone.
OWN_POINTS = [
    (name, point, channel)
    for channel, provider in PROVIDERS.items()
    for package in provider.packages
    for name, found in points(package).items()
    for point in found
]

# Later passages in the middle and at the end of a run, with calls before and behind them.
LATER = [
    ("claim", "claim.before_commit", "null", 3),
    ("commit", "commit.before_commit", "null", 2),
    ("commit", "commit.after_commit", "null", 2),
    ("commit", "commit.after_commit", "null", 5),
    ("wire", "wire.before", "null", 18),
    ("wire", "wire.after", "null", 7),
    ("wire", "wire.after", "null", 24),
    ("commit", "commit.after_commit", "letter", 2),
    ("wire", "wire.before", "letter", 3),
    ("wire", "wire.after", "letter", 3),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each point; thoroughly also its second passage, on all channels."""
    if "point" not in metafunc.fixturenames:
        return
    thorough = metafunc.config.getoption("thorough", default=False)
    cases = [
        (name, point, channel)
        for name, point in POINTS
        for channel in SCENARIOS[name].channels
        if thorough or channel == SCENARIOS[name].channels[0]
    ]
    passages = [
        (*case, nth) for case in cases + OWN_POINTS for nth in ([1, 2] if thorough else [1])
    ]
    metafunc.parametrize(("name", "point", "channel", "nth"), list(dict.fromkeys(passages + LATER)))


def test_every_write_has_its_scenario() -> None:
    assert set(points()) == set(SCENARIOS)
    assert len(POINTS) > 40


def test_killed_at(
    new: Callable[..., Practice],
    figures: Figures,
    ledger: str,
    name: str,
    point: str,
    channel: str,
    nth: int,
) -> None:
    asked = scenario(name)
    practice = new(ledger, channel)
    asked.set_up(practice)
    before = snapshot(practice)
    command = fill_in(practice, asked.command)
    done = practice(*command, fault=f"{point}:{nth}")
    if nth == 1 or (name, point, channel, nth) in LATER:
        assert done.code == KILLED, f"{point} was never passed\n{done.err}"
        figures.add("points at which a process was killed")
    elif done.code == KILLED:
        figures.add("points at which a process was killed a second time")
    else:
        assert done.code in DONE_AGAIN, done.err
    if name not in ("erase", "purge"):
        assert_always(practice, before)

    go_on(practice, command)
    if name not in ("erase", "purge"):
        assert_clean(practice, before)
    tables, oracle = practice.tables(), practice.oracle()
    again = "cancel" if practice.state() == "cancelled" else "resume"
    if again == "resume" and name != "purge":
        practice.must("resume", practice.run, codes=(0, 4, 5))
        assert practice.tables() == tables
    assert practice.oracle() == oracle
