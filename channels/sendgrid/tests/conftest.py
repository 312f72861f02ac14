"""A fake SendGrid, and the channel with an account there."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from serienpost import Content, Context, Draft, FilledTemplate, Message, Outcome
from serienpost_channel_sendgrid.account import SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_demo.sendgrid import FakeSendGrid, Template, Version
from serienpost_testkit.suites.wire import yes

SENDER = "Praxis Dr. Sonnenschein <praxis@example.org>"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSendGrid]:
    monkeypatch.setenv("MAIL_SENDGRID_API", "SG.fake")
    version = Version("{{{Vorname}}}", "<p>{{Vorname}}</p>", "{{{Vorname}}}")
    with FakeSendGrid(templates=[Template("Einladung", [version])], keep_requests=True) as running:
        yield running
    assert running.refused == [], "a request did not fit the schema"


@pytest.fixture
def account(fake: FakeSendGrid) -> SendGridAccount:
    return SendGridAccount.model_validate(
        {
            "channel": "sendgrid",
            "api_key": "secret:MAIL_SENDGRID_API",
            "base_url": fake.url,
            "sender": SENDER,
            "batch": 1000,
        }
    )


@pytest.fixture
def deliver(
    context: Context, account: SendGridAccount
) -> Callable[..., tuple[list[int], list[Outcome]]]:
    """Sends messages; returns the sizes of the calls and the outcomes by position."""

    def run(messages: Sequence[Message], **changes: object) -> tuple[list[int], list[Outcome]]:
        own = account.model_copy(update=changes)
        return asyncio.run(_deliver(context, own, messages))

    return run


async def _deliver(
    context: Context, account: SendGridAccount, messages: Sequence[Message]
) -> tuple[list[int], list[Outcome]]:
    channel = SendGridChannel()
    has_template = messages[0].content.template is not None
    opening = channel.open_for_template if has_template else channel.open
    found: dict[int, Outcome] = {}
    async with opening(context, account) as sender:
        calls = list(sender.calls(messages))
        for number, call in enumerate(calls):
            outcomes = await sender.send(call, number % sender.slots, yes)
            found |= {m.position: o for m, o in zip(call, outcomes, strict=True)}
    return [len(call) for call in calls], [found[m.position] for m in messages]


@pytest.fixture
def messages(fake: FakeSendGrid) -> Callable[..., list[Message]]:
    """Messages with the template, one per address."""

    def make(*addresses: str) -> list[Message]:
        template = fake.templates[0]
        assert template.current
        made = []
        for number, address in enumerate(addresses):
            data = {"Vorname": f"Person {number}"}
            sent = FilledTemplate(template.id, template.current.id, data)
            content = Content("email", SENDER, address, "", "", template=sent)
            made.append(Message(f"REF{number:09d}", "run-1", number, content))
        return made

    return make


@pytest.fixture
def rendered(messages: Callable[..., list[Message]]) -> Callable[..., list[Message]]:
    """Messages with texts of their own."""

    def make(*addresses: str) -> list[Message]:
        return [
            replace(
                message,
                content=replace(
                    message.content,
                    subject=f"Betreff {message.position}",
                    text=f"Text {message.position}",
                    html=f"<p>Text {message.position}</p>",
                    template=None,
                ),
            )
            for message in messages(*addresses)
        ]

    return make


@pytest.fixture
def draft() -> Draft:
    return Draft("email", "de", "erika@example.net", "Grüße", "Guten Tag", "<p>Guten Tag</p>", {})
