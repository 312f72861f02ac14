"""The contract of a channel's sender right before the first octet: `ready` and `go`."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from serienpost import Accepted, Deferred, NotStarted
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.faults import FAULTS
from serienpost_testkit.suites.messages import message
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import AccountSettings, Channel, Context, Message, Outcome
    from serienpost_testkit.suites.faults import Play
    from serienpost_testkit.suites.wire import Arrivals, Compose


class LastLookSuite(Suite):
    """The part of `ChannelSuite` about the last look; not inherited alone."""

    def test_nothing_leaves_after_a_no(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        several: list[Message],
        arrived: Arrivals,
    ) -> None:
        """`go` says no: the provider gets nothing, and each message is `NotStarted`.

        When it fails: `if not await go(): return [NotStarted() for _ in call]`, before the first
        octet. An HTTP client asks in its `trace`, see `serienpost.asking`.
        """
        look = _Look(False)
        outcomes = asyncio.run(_send(channel, context, settings, several, look))
        assert look.asked, "`go` was never asked"
        assert list(arrived()) == []
        assert {type(outcome) for outcome in outcomes} == {NotStarted}

    def test_nothing_leaves_before_it_is_asked(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        several: list[Message],
        arrived: Arrivals,
    ) -> None:
        """When `go` is asked for a call, the provider has none of its messages.

        When it fails: ask before writing, not after it; for each call and not once for all.
        """
        seen: list[set[str]] = []

        async def go() -> bool:
            seen.append({each.ref for each in arrived()})
            return True

        async def each_alone() -> None:
            async with channel.open(context, settings) as sender:
                for call in sender.calls(several):
                    before = len(seen)
                    await sender.send(call, 0, go)
                    assert len(seen) > before, "`go` was not asked for this call"
                    refs = {message.ref for message in call}
                    assert [ref for ref in refs if ref in seen[before]] == []

        asyncio.run(each_alone())
        assert len(arrived()) == len(several)

    def test_it_is_asked_when_the_connection_stands(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        play: Play,
    ) -> None:
        """Nobody can be reached: `go` is not asked, since its answer would grow old.

        When it fails: connect and log in first, here or in `ready`, then ask.
        """
        if "connection" in getattr(type(self), "impossible", {}):
            return
        play("connection")
        look = _Look(True)
        one = [message(1, compose())]
        (outcome,) = asyncio.run(_send(channel, context, settings, one, look))
        assert isinstance(outcome, Deferred), outcome
        assert look.asked == 0, "`go` was asked before there was a connection"

    def test_after_a_no_it_works_again(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        several: list[Message],
        arrived: Arrivals,
    ) -> None:
        """What was held back is sent by the same opening, once.

        When it fails: keep nothing of a call that was held back; bring the connection back to
        where a message can begin, or make a new one.
        """

        async def no_then_yes() -> list[Outcome]:
            outcomes: list[Outcome] = []
            async with channel.open(context, settings) as sender:
                for call in sender.calls(several):
                    await sender.send(call, 0, _Look(False))
                    await sender.ready(0)
                    outcomes += await sender.send(call, 0, yes)
            return outcomes

        outcomes = asyncio.run(no_then_yes())
        assert {type(outcome) for outcome in outcomes} == {Accepted}
        assert Counter(each.ref for each in arrived()) == Counter(each.ref for each in several)

    def test_getting_ready_sends_nothing(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        arrived: Arrivals,
    ) -> None:
        """`ready` may be called often, on every slot; a message after it is sent as ever.

        When it fails: connect and log in there, and nothing else; do nothing where that is done.
        """

        async def often() -> Sequence[Outcome]:
            async with channel.open(context, settings) as sender:
                for _ in range(2):
                    await asyncio.gather(*(sender.ready(slot) for slot in range(sender.slots)))
                assert list(arrived()) == []
                (call,) = sender.calls([message(1, compose())])
                return await sender.send(call, sender.slots - 1, yes)

        (outcome,) = asyncio.run(often())
        assert isinstance(outcome, Accepted), outcome
        assert len(arrived()) == 1

    def test_what_fails_in_getting_ready_is_said_by_the_call(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        play: Play,
        fault: str,
    ) -> None:
        """`ready` does not raise; a fault that it meets is the outcome of the next call, and no
        fault is remembered longer than that.

        When it fails: keep what went wrong for the next `send` on this slot, or let that meet it.
        """

        async def both() -> tuple[Outcome, Outcome]:
            async with channel.open(context, settings) as sender:
                await sender.ready(0)
                (call,) = sender.calls([message(1, compose())])
                (first,) = await sender.send(call, 0, yes)
                play(None)
                await sender.ready(0)
                (call,) = sender.calls([message(2, compose())])
                (second,) = await sender.send(call, 0, yes)
                return first, second

        play(fault)
        first, second = asyncio.run(both())
        assert not isinstance(first, Accepted), first
        assert FAULTS[fault].is_final or isinstance(second, Accepted), second


class _Look:
    """A last look that always answers the same, and counts."""

    def __init__(self, answer: bool) -> None:
        self.asked = 0
        self._answer = answer

    async def __call__(self) -> bool:
        self.asked += 1
        return self._answer


async def _send(
    channel: Channel[Any],
    context: Context,
    settings: AccountSettings,
    messages: Sequence[Message],
    go: _Look,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    async with channel.open(context, settings) as sender:
        for call in sender.calls(messages):
            await sender.ready(0)
            outcomes += await sender.send(call, 0, go)
    return outcomes
