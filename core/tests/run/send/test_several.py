"""Several processes deliver one run: here threads, each with an owner and connections."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import Accepted, NotStarted, Rejected
from serienpost.ledger.connections import take_share
from serienpost.ledger.owners import ownership
from serienpost.ledger.schema import attempt, worker
from serienpost.run.send import company
from serienpost.run.send.session import Options, continue_run
from serienpost.run.send.slots import Slots
from serienpost.run.send.stop import Stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from serienpost import Go, Message, Outcome

    Office = Any

pytestmark = pytest.mark.timeout(120)
COUNT = 300
LEASE = timedelta(minutes=5)
CALL_SECONDS = 0.01


@dataclass
class Provider:
    """What a provider sees of all processes."""

    slots: int = 4
    connected: set[tuple[int, int]] = field(default_factory=set)
    most: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    senders: list[Line] = field(default_factory=list)
    answer: Callable[[Line], Awaitable[Outcome]] | None = None

    @asynccontextmanager
    async def open(self, *_account: object) -> AsyncIterator[Line]:
        line = Line(self, len(self.senders), self.slots)
        self.senders.append(line)
        try:
            yield line
        finally:
            self.connected -= {one for one in self.connected if one[0] == line.number}


@dataclass
class Line:
    """An open account of one process."""

    provider: Provider
    number: int
    slots: int
    batch: int = 1
    count: int = 0

    def calls(self, messages: Sequence[Message]) -> list[Sequence[Message]]:
        return [[message] for message in messages]

    async def ready(self, slot: int) -> None:
        self.provider.connected.add((self.number, slot))
        self.provider.most = max(self.provider.most, len(self.provider.connected))

    async def disconnect(self, slot: int) -> None:
        self.provider.connected.discard((self.number, slot))

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        assert (self.number, slot) in self.provider.connected
        if not await go():
            return [NotStarted()]
        self.count += 1
        self.provider.sent[call[0].ref] += 1
        await asyncio.sleep(CALL_SECONDS)
        return [await self.provider.answer(self) if self.provider.answer else Accepted()]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""
    while not holds():  # noqa: ASYNC110  # it happens in another thread
        await asyncio.sleep(0.005)


@pytest.fixture
def provider(office: Office, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Connections are shared out often, so that the second one soon has some."""
    monkeypatch.setattr(company, "SHARE_SECONDS", 0.05)
    made = Provider()
    office.pigeon.open = made.open
    return made


@pytest.fixture
def run(office: Office, provider: Provider) -> Iterator[str]:
    office.add(*(f"Name{number}" for number in range(COUNT)))
    yield office.approved()
    assert office.rows(worker) == []
    assert provider.connected == set()


class Process(threading.Thread):
    """`continue_run` as another process would do it."""

    def __init__(self, office: Office, run: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(daemon=True)
        self.stop, self.raised = Stop(), None
        self._work = office.context, office.ledger, run, Options(join=True, **options)
        self.start()

    def run(self) -> None:
        try:
            continue_run(*self._work, report=lambda _: None, stop=self.stop)
        except Exception as error:  # noqa: BLE001  # raised where it is waited for
            self.raised = error

    def end(self) -> None:
        self.join()
        if self.raised:
            raise self.raised


def all_have(provider: Provider, processes: int, calls: int) -> bool:
    return len(provider.senders) == processes and all(
        line.count >= calls for line in provider.senders
    )


@pytest.mark.parametrize("processes", [2, 3])
def test_they_share_messages_and_connections(
    office: Office, provider: Provider, run: str, processes: int
) -> None:
    async def answer(_: Line) -> Outcome:
        await until(lambda: len(provider.senders) == processes)
        return Accepted()

    provider.answer = answer
    for process in [Process(office, run) for _ in range(processes)]:
        process.end()
    assert office.state(run) == "finished"
    assert office.states(run) == ["accepted"] * COUNT
    assert len(provider.sent) == COUNT
    assert set(provider.sent.values()) == {1}
    assert provider.most <= provider.slots
    assert len({one.owner for one in office.rows(attempt)}) == processes


def test_one_that_is_stopped_does_not_stop_the_others(
    office: Office, provider: Provider, run: str
) -> None:
    first, second = Process(office, run), Process(office, run)
    while not all_have(provider, 2, 1):
        assert first.is_alive()
        time.sleep(0.01)
    first.stop.request()
    first.end()
    second.end()
    assert office.state(run) == "finished"
    assert office.states(run) == ["accepted"] * COUNT


def test_refusals_in_a_row_are_counted_over_all(
    office: Office, provider: Provider, run: str
) -> None:
    """Fewer than five each are enough."""

    async def answer(_line: Line) -> Outcome:
        office.clock.forward(0.001)  # each answer has a time of its own
        if all_have(provider, 2, 1):
            return Rejected("550", "no mail from you", "message")
        return Accepted()

    provider.answer = answer
    for process in [Process(office, run) for _ in range(2)]:
        process.end()
    assert office.state(run) == "paused refused"
    refused = office.states(run).count("failed")
    assert 5 <= refused < COUNT / 2  # what leaves until all have seen it depends on the machine
    provider.answer = None
    process = Process(office, run)
    process.end()
    assert office.states(run) == ["accepted"] * COUNT


def test_who_finds_no_connection_and_may_not_wait_goes_away(
    office: Office, provider: Provider, run: str
) -> None:
    with ownership(office.ledger) as other:
        for _ in range(2):
            with office.ledger.begin() as tx:
                take_share(tx, other, "elsewhere", "post", 1, 1, lease=LEASE)
            office.clock.forward(1)
        provider.slots = 1
        Process(office, run, wait=False).end()
        assert office.state(run) == "paused rate"
        assert provider.sent == Counter()
    Process(office, run).end()
    assert office.states(run) == ["accepted"] * COUNT


def test_what_one_has_in_hand_is_waited_for(office: Office, provider: Provider, run: str) -> None:
    """The last message of one is deferred when the other has nothing left: it is sent again."""
    begun, slow = threading.Event(), threading.Event()

    async def answer(_line: Line) -> Outcome:
        if not begun.is_set():
            begun.set()
            await until(slow.is_set)
            raise RuntimeError("a plugin's bug")
        return Accepted()

    provider.answer = answer
    provider.slots = 2
    first, second = Process(office, run), Process(office, run)
    while sum(provider.sent.values()) < COUNT:
        assert first.is_alive()
        assert second.is_alive()
        time.sleep(0.01)
    slow.set()
    first.end()
    second.end()
    assert office.state(run) == "finished"
    assert Counter(office.states(run)) == {"accepted": COUNT - 1, "in_doubt": 1}


def test_refusals_at_the_end_are_those_of_all(office: Office, provider: Provider) -> None:
    """Two each, and the first has left when the second ends the run."""
    office.add("Ada", "Kim", "Uwe", "Eva")
    run = office.approved()

    async def answer(line: Line) -> Outcome:
        await until(lambda: all_have(provider, 2, 2))
        if line is not provider.senders[0]:
            await until(lambda: not first.is_alive())
        office.clock.forward(0.001)
        return Rejected("550", "no mail from you", "message")

    provider.answer = answer
    first = Process(office, run, wait=False, begun=lambda _: 2)
    while not provider.senders:
        time.sleep(0.01)
    second = Process(office, run)
    first.end()
    second.end()
    assert office.states(run) == ["failed"] * 4
    assert office.state(run) == "paused refused"


def test_a_server_that_does_not_let_go_holds_nobody_up() -> None:
    class Sticky(Line):
        async def disconnect(self, slot: int) -> None:
            await asyncio.sleep(3600)

    async def close() -> int:
        slots = Slots(Sticky(Provider(), 0, 2), 60, lambda: None)
        slots.open(2)
        await until(lambda: len(slots.free) == 2)
        slots.limit = 1
        slots.give_up_surplus()
        await asyncio.sleep(0)
        await slots.end()
        return slots.connected

    assert asyncio.run(close()) == 2
