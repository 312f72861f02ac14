"""A process is stopped between the claim and the first octet, or a server does not greet, while
what it holds is forbidden: nothing leaves that may not up to the last look, after it at most the
one call in hand, nothing twice."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from command_line import is_stopped, wait_until
from fault_harness.invariants import assert_clean, snapshot
from fault_harness.practice import ROWS
from fault_harness.providers import PROVIDERS, SmtpProvider
from relay import Relay

if TYPE_CHECKING:
    import subprocess
    from collections import Counter
    from collections.abc import Callable

    import pytest
    from conftest import Figures
    from fault_harness.practice import Practice

# The points on the way of a message from its claim to its first octet, in their order.
WAY = (
    "claim.after_commit",
    "wire.ready",
    "recheck.read",
    "commit.after_commit",
    "wire.before",
    "wire.look",
)
# Points in which a stopped process holds the lock of a SQLite ledger; commands would wait for it.
LOCKED = ("claim.before_commit", "commit.before_commit")
# Source and consent are read after these.
BEFORE_READ = ("claim.before_commit", "claim.after_commit", "wire.ready")
# Further ones in the code of a channel, all before the last look there.
OWN = {"smtp": ("smtp.envelope",), "letter": ("letter.written",)}
AFTER = "wire.go"
CHANNELS = ("null", "smtp", "smscreator", "sendgrid", "sendgridtemplate", "letter")

# Seconds: longer than the ledger's state may be old and shorter than a look at consent; longer than
# both. Beyond the lease: its end is put into the past.
SECOND = 1.1
LONGER = 2.2
BEYOND_LEASE = "beyond the lease"
STOPS = (SECOND, LONGER, BEYOND_LEASE)


@dataclass(frozen=True)
class Attack:
    """What happens while a process is stopped.

    Args:
        name: in words.
        do: does it.
        in_ledger: the ledger is written.
        whom: the numbers of those who may get nothing from then on.
    """

    name: str
    do: Callable[[Practice], object]
    in_ledger: bool = True
    whom: range = range(1, ROWS + 1)

    def __str__(self) -> str:
        return self.name

    def forbidden(self, practice: Practice) -> set[str]:
        """References of messages that may not leave."""
        rows = practice.messages()
        return {rows[f"patient:{number}"]["ref"] for number in self.whom}


def withdraw(practice: Practice) -> None:
    lines = [json.dumps({"id": f"patient:{n}", "verdict": "deny"}) for n in range(1, ROWS + 1)]
    practice.write("consent.jsonl", "\n".join(lines) + "\n")


def die(practice: Practice) -> None:
    gone = {f"patient:{n}": "is dead" for n in range(1, ROWS + 1)}
    practice.write("gone.json", json.dumps(gone))


def suppress(practice: Practice) -> None:
    provider = practice.provider
    practice.must("suppress", "add", provider.address(1), "--kind", provider.kind)


def cancel(practice: Practice) -> None:
    practice.must("cancel", practice.run)


def pause(practice: Practice) -> None:
    practice.must("pause", practice.run)


def take_over(practice: Practice) -> None:
    """Another process goes on with everything; a person has what is in doubt sent again."""
    end_lease(practice)
    practice.must("resume", practice.run, codes=(0, 5))
    doubts = [row for row, m in practice.messages().items() if m["state"] == "in_doubt"]
    if doubts:
        chosen = [word for row in doubts for word in ("--recipient", row)]
        practice.must("resolve", practice.run, *chosen, "--as", "resend")
        practice.must("resume", practice.run)


def end_lease(practice: Practice) -> None:
    practice.change("UPDATE message SET lease_until = 1 WHERE state IN ('claimed', 'sending')")
    practice.change("UPDATE worker SET lease_until = 1")


WITHDRAWAL = Attack("withdrawal", withdraw, in_ledger=False)
DEATH = Attack("death", die, in_ledger=False)
SUPPRESSION = Attack("suppression", suppress, whom=range(1, 2))
CANCEL = Attack("cancel", cancel)
PAUSE = Attack("pause", pause)
TAKEOVER = Attack("takeover", take_over)
FORBIDDING = (WITHDRAWAL, DEATH, SUPPRESSION, CANCEL)


Case: TypeAlias = tuple[str, str, str, Attack, float | str]


def stopped_cases() -> list[Case]:
    """Every channel, point and attack; every time with each attack on two channels, with
    withdrawals on the others; on PostgreSQL the null channel."""
    return [
        (backend, channel, point, attack, stop)
        for backend, channels in (("sqlite", CHANNELS), ("postgresql", CHANNELS[:1]))
        for channel in channels
        for point in (*WAY, *OWN.get(channel, ()), *LOCKED)
        for attack in (*FORBIDDING, PAUSE, TAKEOVER)
        for stop in STOPS
        if is_possible(channel, point, attack, stop)
        and (stop == LONGER or attack in (WITHDRAWAL, TAKEOVER) or channel in CHANNELS[:2])
    ]


def is_possible(channel: str, point: str, attack: Attack, stop: float | str) -> bool:
    if attack is TAKEOVER and stop != BEYOND_LEASE:
        return False
    if point in LOCKED and (attack.in_ledger or stop == BEYOND_LEASE):
        return False
    return not (channel == "letter" and attack is SUPPRESSION)


# Each channel, each attack, the points on both sides of the intent.
FIRST: list[Case] = [
    ("sqlite", "null", "commit.before_commit", DEATH, LONGER),
    ("sqlite", "null", "wire.before", SUPPRESSION, LONGER),
    ("sqlite", "null", "recheck.read", PAUSE, SECOND),
    ("sqlite", "smtp", "wire.look", CANCEL, SECOND),
    ("sqlite", "smtp", "smtp.envelope", WITHDRAWAL, LONGER),
    ("sqlite", "smtp", "wire.before", TAKEOVER, BEYOND_LEASE),
    ("sqlite", "smscreator", "wire.look", DEATH, LONGER),
    ("sqlite", "sendgrid", "commit.after_commit", CANCEL, BEYOND_LEASE),
    ("sqlite", "sendgridtemplate", "wire.look", TAKEOVER, BEYOND_LEASE),
    ("sqlite", "letter", "letter.written", WITHDRAWAL, LONGER),
]
EVERY_AFTER = [
    (channel, attack)
    for channel in CHANNELS
    for attack in FORBIDDING
    if is_possible(channel, AFTER, attack, LONGER)
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A small passage; thoroughly all cases."""
    thorough = metafunc.config.getoption("thorough", default=False)
    name = metafunc.definition.name
    if name == "test_stopped_on_the_way":
        cases = stopped_cases() if thorough else FIRST
        metafunc.parametrize("backend, channel, point, attack, stop", cases, ids=str)
    elif name == "test_stopped_after_the_last_look":
        after = EVERY_AFTER if thorough else [("sendgridtemplate", WITHDRAWAL)]
        metafunc.parametrize("channel, attack", after, ids=str)
    elif name == "test_a_server_that_is_slow_to_greet":
        attacks = FORBIDDING if thorough else (WITHDRAWAL, CANCEL)
        metafunc.parametrize("attack", attacks, ids=str)


def test_stopped_on_the_way(
    new: Callable[..., Practice],
    figures: Figures,
    backend: str,
    channel: str,
    point: str,
    attack: Attack,
    stop: float | str,
) -> None:
    practice = new(backend, channel)
    arrived = arrived_after(practice, point, attack, stop)
    figures.add("processes stopped on the way to the first octet")
    if attack in FORBIDDING and has_grown_old(point, attack, stop):
        left = attack.forbidden(practice) & arrived.keys()
        assert left == set(), "it left although it was forbidden before the last look"
    if attack in (PAUSE, TAKEOVER):
        assert len(arrived) == ROWS


def arrived_after(
    practice: Practice, point: str, attack: Attack, stop: float | str
) -> Counter[str]:
    """What arrived, and how often, where a process was stopped meanwhile; nothing twice."""
    before = snapshot(practice)
    sleeper = stopped_at(practice, point)
    keep_stopped(practice, attack, stop)
    awake(practice, sleeper)
    settle(practice)
    assert_clean(practice, before)
    arrived = practice.oracle()
    assert max(arrived.values(), default=0) <= 1, "sent twice"
    return arrived


def has_grown_old(point: str, attack: Attack, stop: float | str) -> bool:
    """Whether what was read before the stop must be read again; a second is within the bound."""
    return point in BEFORE_READ or attack is CANCEL or stop != SECOND


def test_stopped_after_the_last_look(
    new: Callable[..., Practice], figures: Figures, ledger: str, channel: str, attack: Attack
) -> None:
    """The call in hand still leaves, once; nothing else does."""
    practice = new(ledger, channel)
    arrived = arrived_after(practice, AFTER, attack, LONGER)
    figures.add("processes stopped after the last look")
    assert len(attack.forbidden(practice) & arrived.keys()) <= PROVIDERS[channel].one_call


def test_a_server_that_is_slow_to_greet(
    new: Callable[..., Practice], figures: Figures, ledger: str, attack: Attack
) -> None:
    """Forbidden while the connection is made: nothing leaves when the server says something."""
    practice = new(ledger, "smtp")
    provider = practice.provider
    assert isinstance(provider, SmtpProvider)
    before = snapshot(practice)
    with Relay(provider.port) as relay:
        practice.configure(port=relay.port)
        sending = practice.start("send", practice.run, "--yes")
        relay.wait_for_client()
        attack.do(practice)
        figures.add("runs forbidden before the server's greeting")
        relay.open()
        assert practice.finish(sending, "send").code in (0, 4, 75)
        settle(practice)
    assert_clean(practice, before)
    assert attack.forbidden(practice) & practice.oracle().keys() == set()


def stopped_at(practice: Practice, point: str) -> subprocess.Popen[str]:
    """A process that sends and stops itself at the first passage of a point."""
    sleeper = practice.start("send", practice.run, "--yes", fault=f"{point}:1:stop")
    wait_until(lambda: sleeper.poll() is not None or is_stopped(sleeper.pid))
    assert sleeper.returncode is None, f"{point} was never passed"
    return sleeper


def keep_stopped(practice: Practice, attack: Attack, stop: float | str) -> None:
    """Let the attack happen, and so much time pass; the time is what is tried, not awaited."""
    begun = time.monotonic()
    attack.do(practice)
    if stop == BEYOND_LEASE:
        end_lease(practice)
        stop = LONGER
    assert isinstance(stop, float)
    time.sleep(max(0.0, begun + stop - time.monotonic()))


def awake(practice: Practice, sleeper: subprocess.Popen[str]) -> None:
    sleeper.send_signal(signal.SIGCONT)
    assert practice.finish(sleeper, "send").code in (0, 4, 5, 75)


def settle(practice: Practice) -> None:
    """What a person does next: cancel again what was cancelled, go on with everything else."""
    if practice.state() == "cancelled":
        practice.must("cancel", practice.run)
    else:
        practice.resume("--confirm")
