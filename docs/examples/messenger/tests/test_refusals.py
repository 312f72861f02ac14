"""What Apprise cannot tell, and what is refused before it is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from serienpost_channel_messenger.channel import MessengerChannel
from serienpost_channel_messenger.kind import MessengerKind

from serienpost import Accepted, Content, Message, Outcome, SerienpostError, Unknown
from serienpost_testkit.suites.wire import yes

if TYPE_CHECKING:
    from fake_service import FakeService

    from serienpost import Context

CONTENT = Content("messenger", "Praxis", "@kim:example.org", "", "Guten Tag")


def send(context: Context) -> Outcome:
    channel = MessengerChannel()
    account = channel.account(
        channel="messenger", service="secret:MESSENGER_SERVICE", processor="example.org"
    )

    async def one() -> Outcome:
        async with channel.open(context, account) as sender:
            (outcome,) = await sender.send([Message("T00000000001", "run", 1, CONTENT)], 0, yes)
            return outcome

    return asyncio.run(one())


def test_each_no_is_in_doubt(context: Context, service: FakeService) -> None:
    service.play("refused")
    assert isinstance(send(context), Unknown)
    service.stop()
    assert isinstance(send(context), Unknown)


def test_a_yes_is_accepted(context: Context, service: FakeService) -> None:
    assert send(context) == Accepted()
    assert service.messages == [("@kim:example.org", "Praxis [T00000000001]", "Guten Tag")]


@pytest.mark.parametrize("address", ["json://127.0.0.1/", "nonsense {to}", "nothing://x/{to}"])
def test_a_secret_that_is_no_address_is_refused_without_showing_it(
    context: Context, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MESSENGER_SERVICE", address)
    with pytest.raises(SerienpostError, match="MESSENGER_SERVICE is no Apprise address") as caught:
        send(context)
    assert address not in str(caught.value)


@pytest.mark.parametrize(
    ("entered", "found"),
    [
        (" @kim:example.org ", "@kim:example.org"),
        ("+4915228817386", "+4915228817386"),
        ("kim_1", "kim_1"),
        ("a/b?c=d", "invalid"),
        ("@kim\n:x", "invalid"),
        ("", "missing"),
        (None, "missing"),
    ],
)
def test_handles(entered: str | None, found: str) -> None:
    address = MessengerKind().address({"messenger": entered})
    assert getattr(address, "value", None) or address.code == found
