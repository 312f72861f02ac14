"""The contract of what a channel may be able to do besides sending."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serienpost import (
    Accepted,
    Event,
    Generation,
    HasBalance,
    HasEvents,
    HasFinish,
    HasLookup,
    HasProbe,
    ProbeResult,
    Rejected,
    Sent,
    Unknown,
)
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.messages import message
from serienpost_testkit.suites.sentences import unsayable

if TYPE_CHECKING:
    from serienpost import AccountSettings, Channel, Context
    from serienpost_testkit.suites.faults import Play
    from serienpost_testkit.suites.wire import Compose, Deliver

_RUN = "run-1"
_KINDS = {"delivered", "bounced", "complained", "unsubscribed", "other"}


class AfterwardsSuite(Suite):
    """The part of `ChannelSuite` about `probe`, `balance`, `lookup`, `events` and `finish`.

    A channel without one of these passes its test: the core does not ask it. Not inherited alone.
    """

    def test_probe_finds_the_account_in_order(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> None:
        """`probe` of an account that works says so, and sends nothing.

        When it fails: return `ProbeResult`s, at least one, each with a sentence; in a package that
        uses `_` it is made by it.
        """
        if isinstance(channel, HasProbe):
            results = asyncio.run(channel.probe(context, settings))
            assert results
            assert {type(result) for result in results} == {ProbeResult}
            assert [result for result in results if not result.ok] == []
            assert all(result.text.strip() for result in results)
            assert unsayable(channel, [result.text for result in results]) == []

    def test_probe_finds_a_refused_login(
        self, channel: Channel[Any], context: Context, settings: AccountSettings, play: Play
    ) -> None:
        """`probe` of an account whose login is refused says so, and what to do.

        When it fails: answer with `ok=False` and a remedy instead of raising; try what a call
        needs, not only whether the provider can be reached. In a package that uses `_` both
        sentences are made by it.
        """
        if isinstance(channel, HasProbe) and "login" not in getattr(self, "impossible", {}):
            play("login")
            results = asyncio.run(channel.probe(context, settings))
            wrong = [result for result in results if not result.ok]
            assert wrong
            assert all(result.text.strip() and result.remedy for result in wrong)
            said = [text for result in results for text in (result.text, result.remedy)]
            assert unsayable(channel, said) == []

    def test_balance_is_a_number(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> None:
        """`balance` is what the account has, in the unit of `cost`.

        When it fails: convert the provider's text into a number that is not infinite.
        """
        if isinstance(channel, HasBalance):
            assert math.isfinite(asyncio.run(channel.balance(context, settings)))

    def test_lookup_tells_sent_from_unsent(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
    ) -> None:
        """`lookup` answers for each message, in order, and never calls sent what was not.

        When it fails: one of `Accepted`, `Rejected`, `Unknown` per message. `Rejected` means
        that it surely did not leave and is sent again, so anything not seen yet is `Unknown`
        unless the provider can exclude it.
        """
        if isinstance(channel, HasLookup):
            sent, unsent = (message(number, compose(number=number)) for number in (1, 2))
            deliver([sent])
            answers = asyncio.run(channel.lookup(context, settings, [unsent, sent]))
            assert len(answers) == 2
            assert {type(answer) for answer in answers} <= {Accepted, Rejected, Unknown}
            assert not isinstance(answers[0], Accepted)
            assert not isinstance(answers[1], Rejected)

    def test_events_are_told_apart(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
    ) -> None:
        """`events` yields well-formed events, the same ones when asked again.

        When it fails: derive `id` from what the provider says, not from the call; give times
        in UTC; name the message by `ref` or `provider_ref`, or the address.
        """
        if isinstance(channel, HasEvents):
            deliver([message(1, compose())])
            first, again = (asyncio.run(_events(channel, context, settings)) for _ in range(2))
            ids = [event.id for event in first]
            assert max(Counter(ids).values(), default=1) == 1
            assert set(ids) <= {event.id for event in again}
            assert [event for event in first if type(event) is not Event] == []
            assert {event.kind for event in first} <= _KINDS
            assert [event.id for event in first if event.at.utcoffset() is None] == []
            assert all(event.ref or event.provider_ref or event.address for event in first)

    def test_finish_is_idempotent(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
    ) -> None:
        """`finish` may be called again after a crash, and then gives the same files.

        When it fails: write to a temporary name and rename; replace what is there.
        """
        if isinstance(channel, HasFinish):
            one = replace(message(1, compose()), run=_RUN, part=1)
            deliver([one])
            sent = [Sent(one.ref, one.position, 1, "patient:1", None, "Ada")]
            generation = Generation(_RUN, 0, "Einladung", "de", sent)
            first, again = (list(channel.finish(context, settings, generation)) for _ in range(2))
            assert first == again
            assert [path for path in first if not (isinstance(path, Path) and path.is_file())] == []


async def _events(
    channel: HasEvents[Any], context: Context, settings: AccountSettings
) -> list[Event]:
    return [event async for event in channel.events(context, settings, None)]
