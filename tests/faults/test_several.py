"""Several processes deliver one run: each may die, stop or be frozen, and the others go on.

On SQLite two, on PostgreSQL three. CI tries a sample on SQLite, `make faults` all of it on both.
"""

from __future__ import annotations

import random
import secrets
import signal
import time
from typing import TYPE_CHECKING

import pytest
from command_line import is_stopped, wait_until
from fault_harness.invariants import assert_always, assert_clean, snapshot
from fault_harness.practice import KILLED, ROWS
from fault_harness.providers import SLOTS, TeamSmtpProvider
from fault_harness.scenarios import SCENARIOS, SEND, points
from fault_harness.team import SIZES, Team, approve

from serienpost.ledger.schema import run as run_table
from serienpost.ledger.schema import worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Collection

    from conftest import Figures
    from fault_harness.practice import Practice

# What only a process passes that releases a run.
NOT_JOINING = ("approve",)
POINTS = [
    point
    for name, found in points().items()
    if SCENARIOS[name].command == SEND and name not in NOT_JOINING
    for point in found
]
# These every member passes that has something to do.
PASSED = ("begin", "share", "claim", "commit", "wire", "recheck")
# The run is over, and its messages are still to be stored in records.
AFTER_THE_RUN = ("finish.after_commit", "archive.")
LATER = [
    "claim.before_commit:2",
    "commit.before_commit:3",
    "commit.after_commit:4",
    "wire.before:4",
]
SAMPLE = ["wire.after:2"]
RUNS = 20


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A sample of the points, or thoroughly all; random kills each with a seed of its own."""
    thorough = metafunc.config.getoption("thorough", default=False)
    if "point" in metafunc.fixturenames:
        every = [f"{point}:1" for point in POINTS] + LATER
        metafunc.parametrize("point", every if thorough else SAMPLE)
    if "chance" in metafunc.fixturenames:
        seed = metafunc.config.getoption("seed", default=None)
        if seed is None:
            session = getattr(metafunc.config, "workerinput", {}).get("testrunuid")
            seed = int(str(session or secrets.token_hex(4))[:8], 16)
        metafunc.parametrize("chance", [f"{seed}/{n}" for n in range(RUNS if thorough else 1)])


@pytest.fixture
def practice(new: Callable[..., Practice], ledger: str) -> Practice:
    """A practice whose run is released."""
    made = new(ledger, "team")
    approve(made)
    return made


@pytest.fixture
def posting(new: Callable[..., Practice], ledger: str) -> Practice:
    """The same with a mail server that counts connections."""
    made = new(ledger, "teamsmtp")
    approve(made)
    return made


@pytest.fixture
def size(ledger: str) -> int:
    """How many processes."""
    return SIZES[ledger]


def over(practice: Practice, before: object, dead: Collection[int] = ()) -> None:
    """The run is over, and nobody has anything of it; a further process finds nothing to do.

    Args:
        dead: numbers of processes that were killed: the row of one that died last stays until the
            next delivery by the account.
    """
    assert_clean(practice, before)  # type: ignore[arg-type]
    assert {int(row["owner"].split("-")[0]) for row in practice.rows(worker)} <= set(dead)
    assert practice.rows(run_table)[0]["owner"] is None
    tables, oracle = practice.tables(), practice.oracle()
    practice.must("resume", practice.run, codes=(0, 4, 5))
    assert practice.tables() == tables
    assert practice.oracle() == oracle


def shared(practice: Practice) -> set[str]:
    """The owners that began attempts."""
    return {attempt["owner"] for attempt in practice.attempts()}


def test_all_of_them_deliver(posting: Practice, figures: Figures, size: int) -> None:
    """Each has its part, and together they keep to the account's connections."""
    before, team = snapshot(posting), Team(posting, size)
    team.start()
    assert {one.code for one in team.finish()} == {0}
    assert len(shared(posting)) == size
    assert posting.states() == {"accepted": ROWS}
    assert isinstance(posting.provider, TeamSmtpProvider)
    assert posting.provider.most_connected == SLOTS
    over(posting, before)
    figures.add("runs by several processes")


def test_one_is_killed_at(practice: Practice, figures: Figures, size: int, point: str) -> None:
    """The others bring the run to its end; what the dead one had on the wire is in doubt."""
    before, team = snapshot(practice), Team(practice, size)
    team.start({size - 1: point})
    codes = [done.code for done in team.finish()]
    if point.startswith(PASSED) and point.endswith(":1"):
        assert codes[-1] == KILLED, f"{point} was never passed"
    assert codes[-1] in (KILLED, 0, 5)
    assert set(codes[:-1]) <= {0, 5}, [done.err for done in practice.said[-size:]]
    assert practice.state() == "finished"
    if point.startswith(AFTER_THE_RUN):  # the next command stores what waits
        practice.resume()
    over(practice, before, {team.processes[-1].pid} if codes[-1] == KILLED else ())
    figures.add("members of a team that were killed", codes[-1] == KILLED)


@pytest.mark.usefixtures("thorough")
def test_all_are_killed_at(practice: Practice, figures: Figures, size: int, point: str) -> None:
    before, team = snapshot(practice), Team(practice, size)
    team.start(dict.fromkeys(range(size), point))
    codes = [done.code for done in team.finish()]
    assert set(codes) <= {KILLED, 0, 5}
    assert_always(practice, before)
    practice.resume()
    over(practice, before)
    figures.add("members of a team that were killed", codes.count(KILLED))


def test_killed_at_random(
    new: Callable[..., Practice], figures: Figures, ledger: str, size: int, chance: str
) -> None:
    """From the first command on: one sends, the others join as soon as they can."""
    practice, draw = new(ledger, "team"), random.Random(chance)
    before = snapshot(practice)
    team = Team(practice, size)
    team.processes.append(practice.start("send", practice.run, "--yes"))
    wait_until(lambda: practice.state() != "prepared" or team.processes[0].poll() is not None)
    for _ in range(size - 1):
        team.processes.append(practice.start("resume", practice.run, "--join"))
    for process in draw.sample(team.processes, draw.randint(1, size)):
        time.sleep(draw.uniform(0.1, 1.6))
        process.kill()
    codes = [done.code for done in team.finish()]
    assert set(codes) <= {KILLED, 0, 5}, [done.err for done in practice.said[-size:]]
    assert_always(practice, before)
    practice.resume()
    over(practice, before)
    figures.add("members of a team that were killed", codes.count(KILLED))


def test_frozen_beyond_its_lease(practice: Practice, figures: Figures, size: int) -> None:
    """The others take over what it had; awake again it sends none of it."""
    before, team = snapshot(practice), Team(practice, size)
    team.start({0: "wire.after:1:stop"})
    wait_until(lambda: is_stopped(team.processes[0].pid))
    _let_lease_end(practice, team.processes[0], team.owner(0))
    rest = [practice.finish(one, "resume").code for one in team.processes[1:]]
    assert set(rest) == {5}
    assert practice.state() == "finished"
    assert 1 <= practice.states()["in_doubt"] <= SLOTS
    team.processes[0].send_signal(signal.SIGCONT)
    assert practice.finish(team.processes[0], "resume").code in (0, 5, 75)
    assert set(practice.oracle().values()) == {1}
    over(practice, before)
    figures.add("members of a team that were frozen")


@pytest.mark.usefixtures("thorough")
def test_a_frozen_one_keeps_its_connections(posting: Practice, figures: Figures, size: int) -> None:
    """Nobody may open what it has open."""
    before, team = snapshot(posting), Team(posting, size)
    team.start({0: "wire.before:2:stop"})
    wait_until(lambda: is_stopped(team.processes[0].pid))
    frozen = team.owner(0)
    wait_until(lambda: sum(posting.oracle().values()) > ROWS // 2)
    assert 1 <= team.shares()[frozen] <= SLOTS
    team.processes[0].send_signal(signal.SIGCONT)
    assert {done.code for done in team.finish()} <= {0, 5}
    over(posting, before)
    figures.add("members of a team that were frozen")


@pytest.mark.usefixtures("thorough")
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_one_is_asked_to_stop(
    practice: Practice, figures: Figures, size: int, asked: signal.Signals
) -> None:
    """It gives back what it has not begun; the run is not paused."""
    before, team = snapshot(practice), Team(practice, size)
    team.start_and_stay()
    team.processes[0].send_signal(asked)
    team.go_on()
    first, *others = [done.code for done in team.finish()]
    assert first == 75
    assert set(others) == {0}
    assert practice.states() == {"accepted": ROWS}
    over(practice, before)
    figures.add("members of a team that were stopped")


@pytest.mark.usefixtures("thorough")
def test_pause_stops_all(practice: Practice, figures: Figures, size: int) -> None:
    """No call that had not begun is made, whoever holds it."""
    before, team = snapshot(practice), Team(practice, size)
    team.start_and_stay()
    practice.must("pause", practice.run)
    team.go_on()
    assert {done.code for done in team.finish()} == {75}
    assert practice.state() == "paused"
    assert practice.states() == {"pending": ROWS}
    assert practice.rows(worker) == []
    practice.must("resume", practice.run)
    over(practice, before)
    figures.add("runs by several processes")


@pytest.mark.usefixtures("thorough")
def test_cancel_stops_all(practice: Practice, figures: Figures, size: int) -> None:
    before, team = snapshot(practice), Team(practice, size)
    team.start_and_stay()
    practice.must("cancel", practice.run)
    team.go_on()
    for done in team.finish():
        assert done.code in (0, 75), done.err
    assert practice.state() == "cancelled"
    assert practice.states() == {"cancelled": ROWS}
    assert practice.oracle() == {}
    assert_clean(practice, before)
    figures.add("runs by several processes")


@pytest.mark.usefixtures("thorough")
@pytest.mark.parametrize("fault", [None, "commit.after_commit:2", "settle.before_commit:1"])
def test_refusals_in_a_row_pause_the_run(
    practice: Practice, figures: Figures, size: int, fault: str | None
) -> None:
    """Whoever saw them, and whoever dies: all are given back, and nobody is lost."""
    practice.provider.refuse(practice, *range(3, ROWS + 1))
    before, team = snapshot(practice), Team(practice, size)
    team.start({size - 1: fault} if fault else {})
    codes = [done.code for done in team.finish()]
    assert set(codes) <= {75, KILLED}, codes
    if KILLED in codes:
        practice.must("resume", practice.run, codes=(75,))
    assert (practice.state(), practice.rows(run_table)[0]["reason"]) == ("paused", "refused")
    practice.provider.refuse(practice)
    practice.resume()
    states = practice.states()
    assert set(states) <= {"accepted", "in_doubt"}, states
    assert states.total() == ROWS
    over(practice, before)
    figures.add("runs by several processes")


def test_the_rate_and_the_connections_hold(posting: Practice, figures: Figures, size: int) -> None:
    """Over all of them: nothing leaves without a permit, and of these no more than the rate."""
    rate = 8
    posting.configure(rate=f"[{rate}/second]")
    before, team = snapshot(posting), Team(posting, size)
    team.start({size - 1: "commit.after_commit:2"})
    assert {done.code for done in team.finish()} <= {KILLED, 0, 5}
    posting.resume()
    over(posting, before)
    numbers = {message["no"]: message["ref"] for message in posting.messages().values()}
    begun = {numbers[attempt["no"]]: attempt["started_at"] for attempt in posting.attempts()}
    permits = sorted(begun.values())
    spans = [b - a for a, b in zip(permits, permits[rate:], strict=False)]
    assert min(span.total_seconds() for span in spans) >= 1
    provider = posting.provider
    assert isinstance(provider, TeamSmtpProvider)
    arrived = provider.arrived()
    assert all(begun[ref] <= at for ref, at in arrived.items())
    # A server sees permits of one second within less where the first were longer on their way.
    way = max((at - begun[ref]).total_seconds() for ref, at in arrived.items())
    times = sorted(at.timestamp() for at in arrived.values())
    assert all(b - a >= 1 - way for a, b in zip(times, times[rate:], strict=False))
    figures.add("runs under a rate")


@pytest.mark.usefixtures("thorough")
def test_who_is_deferred_is_tried_again(practice: Practice, figures: Figures, size: int) -> None:
    """By whichever process is there then."""
    rule = '[{"position": [2, 5, 9, 14], "attempt": 1, "outcome": "deferred", "retry_after": 1}]'
    practice.write("outcomes.json", rule)
    before, team = snapshot(practice), Team(practice, size)
    team.start()
    assert {done.code for done in team.finish()} == {0}
    tried = [message["attempts"] for message in practice.messages().values()]
    assert sorted(tried) == [1] * (ROWS - 4) + [2] * 4
    over(practice, before)
    figures.add("runs by several processes")


@pytest.mark.usefixtures("thorough")
@pytest.mark.parametrize(
    "fault",
    [
        "wire.before:1",
        "wire.after:1",
        "commit.after_commit:2",
        "finishing.before_commit:1",
        "finish.after_commit:1",
        "",
    ],
)
def test_letters_by_several(
    new: Callable[..., Practice], figures: Figures, ledger: str, size: int, fault: str
) -> None:
    """Each part is whole, the file is made once and has each letter once."""
    practice = new(ledger, "teamletter")
    approve(practice)
    before, team = snapshot(practice), Team(practice, size)
    team.start({size - 1: fault} if fault else {})
    codes = [done.code for done in team.finish()]
    assert set(codes[:-1]) == {0}, [done.err for done in practice.said[-size:]]
    assert codes[-1] in (KILLED, 0)
    assert practice.oracle() == dict.fromkeys(
        (message["ref"] for message in practice.messages().values()), 1
    )
    if fault.startswith(AFTER_THE_RUN):
        practice.resume()
    over(practice, before)
    figures.add("runs by several processes")


def _let_lease_end(practice: Practice, frozen: subprocess.Popen[str], owner: str) -> None:
    """The lease of what a stopped process has ends. Stopped within a write it holds all others on
    SQLite, its lease or not: it goes on until that is over."""
    from sqlalchemy.exc import OperationalError

    mine = f" WHERE state IN ('claimed', 'sending') AND owner = '{owner}'"
    while True:
        try:
            practice.change(f"UPDATE message SET lease_until = 1{mine}")
        except OperationalError:
            frozen.send_signal(signal.SIGCONT)
            time.sleep(0.05)
            frozen.send_signal(signal.SIGSTOP)
            wait_until(lambda: is_stopped(frozen.pid))
        else:
            return
