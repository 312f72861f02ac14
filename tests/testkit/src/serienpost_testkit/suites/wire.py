"""The contract of a channel's sender: what happens on the wire."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from serienpost import (
    Accepted,
    AccountProblem,
    Attachment,
    Deferred,
    NotStarted,
    QuotaReached,
    Rejected,
    Unknown,
)
from serienpost_testkit.suites.base import Suite
from serienpost_testkit.suites.messages import (
    LOOKS_LIKE_CODE,
    UNICODE,
    message,
    secrets_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import AccountSettings, Channel, Content, Context, Message, Outcome, Sender
    from serienpost_testkit.canary import CanaryLog

    Answers = list[tuple[Sequence[Message], Sequence[Outcome]]]
    Arrivals = Callable[[], "Sequence[Arrived]"]
    Compose = Callable[..., Content]
    Deliver = Callable[[Sequence[Message]], Answers]

_VOCABULARY = {Accepted, Rejected, Deferred, Unknown, AccountProblem, QuotaReached, NotStarted}
_SEND_AT = datetime(2030, 1, 7, 9, 0, tzinfo=UTC)
_MESSAGES = 7


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as the author's fake provider got it.

    Args:
        ref: the message's reference, where the channel puts it (Message-ID, caption ...).
        address: whom it is for.
        text: the text part; how its words are set in lines does not matter.
        subject: the subject line, decoded, where the channel has one.
        send_at: when the provider is to send it, where the channel can schedule.
        html: the formatted part, where the provider gets one beside the text.
        attachments: name and bytes of each file that came with it.
    """

    ref: str
    address: str
    text: str
    subject: str = ""
    send_at: datetime | None = None
    html: str | None = None
    attachments: tuple[tuple[str, bytes], ...] = ()


class WireSuite(Suite):
    """The part of `ChannelSuite` that opens the account and sends; not inherited alone."""

    @pytest.fixture
    def several(self, compose: Compose) -> list[Message]:
        """Several messages, each with a content of its own."""
        return [message(number, compose(number=number)) for number in range(_MESSAGES)]

    @pytest.fixture
    def deliver(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> Deliver:
        """Opens the account and sends messages; gives each call with its outcomes."""
        return lambda messages: asyncio.run(_deliver(channel, context, settings, messages))

    def test_sender_has_slots_and_batches(
        self, channel: Channel[Any], context: Context, settings: AccountSettings
    ) -> None:
        """An open account says how many calls may run at once, and how large each may be.

        When it fails: give the sender `slots` and `batch`, both at least 1.
        """

        async def numbers() -> tuple[int, int]:
            async with channel.open(context, settings) as sender:
                return sender.slots, sender.batch

        slots, batch = asyncio.run(numbers())
        assert slots >= 1
        assert batch >= 1

    def test_calls_hold_each_message_once(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        several: list[Message],
    ) -> None:
        """`calls` cuts messages into calls of at most `batch`, none empty, none twice.

        When it fails: look at the last, shorter call, and at messages that are grouped.
        """

        async def cut() -> tuple[int, list[Sequence[Message]], list[Sequence[Message]]]:
            async with channel.open(context, settings) as sender:
                return sender.batch, list(sender.calls(several)), list(sender.calls([]))

        batch, calls, none = asyncio.run(cut())
        assert none == []
        assert [len(call) for call in calls if not 1 <= len(call) <= batch] == []
        assert Counter(each.ref for call in calls for each in call) == Counter(
            each.ref for each in several
        )

    def test_one_outcome_per_message(self, several: list[Message], deliver: Deliver) -> None:
        """Each call is answered with one outcome of the vocabulary per message.

        When it fails: answer for each message of the call, in its order, with an outcome of
        `serienpost`, never with None, a subclass or an exception.
        """
        answers = deliver(several)
        assert [len(outcomes) for _, outcomes in answers] == [len(call) for call, _ in answers]
        kinds = {type(outcome) for _, outcomes in answers for outcome in outcomes}
        assert kinds <= _VOCABULARY

    def test_accepted_means_that_it_arrived(
        self, several: list[Message], deliver: Deliver, arrived: Arrivals
    ) -> None:
        """The fake provider accepts all; all are `Accepted`, and it has each exactly once.

        When it fails: if outcomes are not `Accepted`, look at the account and the fake; if
        messages are missing or double, look at what the outcome is concluded from.
        """
        outcomes = [outcome for _, answer in deliver(several) for outcome in answer]
        assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
        assert len(arrived()) == len(several)

    def test_reference_and_address_are_passed_on(
        self, several: list[Message], deliver: Deliver, arrived: Arrivals
    ) -> None:
        """The provider gets the message's own `ref`, and each message for its own address.

        When it fails: put `message.ref` where the provider keeps a reference and returns it in
        its reports; make none of your own. It is the same over all attempts.
        """
        deliver(several)
        assert Counter((each.ref, each.address) for each in arrived()) == Counter(
            (each.ref, each.content.address) for each in several
        )

    def test_text_arrives_unchanged(
        self, channel: Channel[Any], compose: Compose, deliver: Deliver, arrived: Arrivals
    ) -> None:
        """Umlauts, typographic signs and what looks like code arrive as they were composed.

        When it fails: look at the encoding of the request and at the escaping; look at `arrived`
        too, which must decode what the provider got.
        """
        contents = [compose(UNICODE), compose(LOOKS_LIKE_CODE)]
        messages = [message(number, content) for number, content in enumerate(contents)]
        deliver(messages)
        got = {each.ref: each for each in arrived()}
        for each in messages:
            assert got[each.ref].text.split() == each.content.text.split()
            if channel.capabilities.subject:
                assert got[each.ref].subject == each.content.subject

    def test_the_formatted_part_arrives(
        self, channel: Channel[Any], formatted: Compose, deliver: Deliver, arrived: Arrivals
    ) -> None:
        """A channel that takes a formatted part hands it over, or lays it out itself.

        When it fails: put `content.html` on the wire, or declare `html=False`. `arrived` gives
        it as `html`, or within `text` where the channel makes the layout.
        """
        if channel.capabilities.html:
            deliver([message(1, formatted())])
            (got,) = arrived()
            assert "hervorgehoben" in f"{got.html or ''}{got.text}"

    def test_attachments_arrive(
        self, channel: Channel[Any], formatted: Compose, deliver: Deliver, arrived: Arrivals
    ) -> None:
        """A channel that takes attachments hands them over, by name and octet for octet.

        When it fails: put `content.attachments` on the wire in their encoding, or declare
        `attachments=False`.
        """
        if channel.capabilities.attachments:
            files = (
                Attachment("Plan für Köln.bin", "application/octet-stream", bytes(range(256))),
            )
            deliver([message(1, formatted(attachments=files))])
            (got,) = arrived()
            assert got.attachments == tuple((each.filename, each.data) for each in files)

    def test_a_schedule_is_passed_on(
        self, channel: Channel[Any], compose: Compose, deliver: Deliver, arrived: Arrivals
    ) -> None:
        """A channel that can schedule gives the provider the time, any other the message.

        When it fails: read `message.send_at`, an aware time in UTC, or declare that the channel
        cannot schedule.
        """
        send_at = _SEND_AT if channel.capabilities.scheduling else None
        deliver([message(1, compose(), send_at)])
        assert [each.send_at for each in arrived()] == [send_at]

    def test_the_account_can_be_opened_again(
        self, compose: Compose, deliver: Deliver, arrived: Arrivals
    ) -> None:
        """A run is continued by another opening, in another event loop.

        When it fails: keep connections and locks in the sender, not in the channel.
        """
        for number in range(2):
            deliver([message(number, compose())])
        assert len(arrived()) == 2

    def test_no_task_is_left_behind(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        several: list[Message],
    ) -> None:
        """When the account is closed, nothing of it runs on.

        When it fails: await or cancel every task before `open` ends.
        """

        async def others() -> set[asyncio.Task[object]]:
            await _deliver(channel, context, settings, several)
            return _other_tasks()

        assert asyncio.run(others()) == set()

    def test_cancellation_leaves_no_task(
        self,
        channel: Channel[Any],
        context: Context,
        settings: AccountSettings,
        compose: Compose,
    ) -> None:
        """A call can be cancelled at any await; it ends then, and so does all that it started.

        When it fails: do not catch `CancelledError` (or `BaseException`); close the connection
        in `finally`; start no task that nobody awaits.
        """
        content = compose()

        async def cancelled_after(steps: int) -> set[asyncio.Task[object]]:
            async with channel.open(context, settings) as sender:
                call = next(iter(sender.calls([message(steps, content)])))
                under_way = asyncio.ensure_future(_send(sender, call))
                for _ in range(steps):
                    await asyncio.sleep(0)
                under_way.cancel()
                await asyncio.wait([under_way], timeout=5)
                assert under_way.done(), "the call went on after it was cancelled"
            return _other_tasks()

        for steps in (1, 2, 5):
            assert asyncio.run(cancelled_after(steps)) == set()

    def test_outcomes_hold_no_address(self, compose: Compose, deliver: Deliver) -> None:
        """What the ledger keeps of an answer does not name the recipient.

        When it fails: mask addresses in the provider's words before they become an outcome.
        """
        content = compose()
        answers = deliver([message(1, content)])
        told = [
            line
            for line in content.address.splitlines()
            for _, outcomes in answers
            if line in str(outcomes)
        ]
        assert told == []

    def test_nothing_personal_is_logged(
        self,
        context: Context,
        settings: AccountSettings,
        compose: Compose,
        deliver: Deliver,
        canary_log: CanaryLog,
    ) -> None:
        """Log and output hold no address, no subject, no text, and no secret of the account.

        When it fails: log `ref` and codes only; silence a library that logs whole requests. If
        the test's own fake logs them, name its logger in `foreign_loggers`.
        """
        content = compose("Kanarienvogel, lieber Kim Kanarie")
        canary_log.plant(
            "Kanarienvogel", "Kim Kanarie", content.subject, *content.address.splitlines()
        )
        canary_log.plant(*secrets_of(context, settings))
        deliver([message(1, content)])
        canary_log.check(self.foreign_loggers)


async def yes() -> bool:
    """The last look, which has nothing against it."""
    return True


async def _deliver(
    channel: Channel[Any], context: Context, settings: AccountSettings, messages: Sequence[Message]
) -> Answers:
    answers: Answers = []
    async with channel.open(context, settings) as sender:
        waiting = list(sender.calls(messages))[::-1]

        async def slot(number: int) -> None:
            while waiting:
                call = waiting.pop()
                await sender.ready(number)
                answers.append((call, await sender.send(call, number, yes)))

        await asyncio.gather(*(slot(number) for number in range(sender.slots)))
    return answers


async def _send(sender: Sender, call: Sequence[Message]) -> Sequence[Outcome]:
    return await sender.send(call, 0, yes)


def _other_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
