"""Settings, processor data, disclaimer, `doctor`."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from serienpost import (
    Context,
    HasDisclaimer,
    HasEvents,
    HasProbe,
    HasTemplates,
    ProbeResult,
    Processor,
)
from serienpost_channel_sendgrid import serienpost_channels
from serienpost_channel_sendgrid.account import EU, SendGridAccount
from serienpost_channel_sendgrid.channel import SendGridChannel
from serienpost_demo.sendgrid import FakeSendGrid

PLAIN = {"channel": "sendgrid", "api_key": "secret:KEY", "sender": "Praxis <praxis@example.org>"}


def made(**changes: object) -> SendGridAccount:
    return SendGridAccount.model_validate({**PLAIN, **changes})


def test_defaults_are_careful() -> None:
    account = made()
    assert account.base_url == EU
    assert (account.batch, account.connections) == (100, 8)
    assert (account.click_tracking, account.open_tracking, account.sandbox) == (False,) * 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_key": "SG.geheim"}, "secret:NAME"),
        ({"base_url": "http://api.sendgrid.com"}, "https"),
        ({"base_url": "https://api.sendgrid.com/v3"}, "host alone"),
        ({"base_url": "https://u:p@api.sendgrid.com"}, "host alone"),
        ({"base_url": "api.sendgrid.com"}, "host alone"),
        ({"templates_url": "http://127.0.0.1:1"}, "both on this machine"),
        ({"sender": "Praxis; Müller <a@example.org>"}, "semicolon"),
        ({"sender": "Praxis"}, "valid"),
        ({"batch": 1001}, "1000"),
        ({"batch": 0}, "1"),
        ({"categories": ["ä"]}, "ASCII"),
        ({"categories": ["a", "a"]}, "twice"),
        ({"categories": [str(n) for n in range(11)]}, "10"),
        ({"processor": {"contract_date": "1.2.2026"}}, "year-month-day"),
        ({"disclaimer": {"accepted_by": "A"}}, "accepted_on"),
        ({"disclaimer": {"accepted_by": "A", "accepted_on": "gestern"}}, "year-month-day"),
    ],
)
def test_wrong_settings(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(**changes)


def test_the_processor_is_shown_unless_it_is_this_machine() -> None:
    channel = SendGridChannel()
    assert channel.processor(made()) == Processor("Twilio Inc. (SendGrid)", "EU")
    assert channel.processor(made(base_url="https://api.sendgrid.com")) == Processor(
        "Twilio Inc. (SendGrid)", "US"
    )
    data = {"name": "X", "country": "IE", "contract_date": "2026-01-31", "attestation": "C5"}
    assert channel.processor(made(processor=data)) == Processor("X", "IE", "2026-01-31", "C5")
    assert channel.processor(made(base_url="http://127.0.0.1:1")) is None


def test_the_disclaimer_is_in_both_languages_and_may_be_accepted_in_the_account() -> None:
    found = SendGridChannel().disclaimer(made())
    assert found
    assert "Haftungsausschluss" in found.german
    assert "Disclaimer" in found.english
    assert found.accepted_by is None
    accepted = {"accepted_by": "Dr. Sonnenschein", "accepted_on": "2026-11-01"}
    found = SendGridChannel().disclaimer(made(disclaimer=accepted))
    assert found
    assert (found.accepted_by, found.accepted_on) == ("Dr. Sonnenschein", "2026-11-01")


def test_registers_one_channel_with_all_that_it_can() -> None:
    (channel,) = serienpost_channels()
    for protocol in (HasTemplates, HasDisclaimer, HasEvents, HasProbe):
        assert isinstance(channel, protocol)


def probe(context: Context, account: SendGridAccount) -> Sequence[ProbeResult]:
    return asyncio.run(SendGridChannel().probe(context, account))


def test_doctor_tries_key_sender_and_templates(
    fake: FakeSendGrid, context: Context, account: SendGridAccount
) -> None:
    sending, templates = probe(context, account)
    assert (sending.ok, sending.text) == (True, "key and sender are accepted")
    assert templates.text == "1 template can be read"
    assert fake.mails == []


@pytest.mark.parametrize(
    ("key", "senders", "text"),
    [
        ("SG.alt", None, "401"),
        ("SG.liest", None, "403"),
        ("SG.fake", frozenset({"andere@example.org"}), "403"),
    ],
)
def test_doctor_names_what_is_refused(
    fake: FakeSendGrid,
    context: Context,
    account: SendGridAccount,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    senders: frozenset[str] | None,
    text: str,
) -> None:
    fake.keys["SG.liest"] = frozenset({"templates.read"})
    fake.senders = senders
    monkeypatch.setenv("MAIL_SENDGRID_API", key)
    (found,) = probe(context, account)
    assert not found.ok
    assert found.text.startswith(text)
    assert found.remedy


def test_doctor_warns_of_what_is_not_known_of_the_processor() -> None:
    from serienpost_channel_sendgrid.probe import duties

    warnings = [each.text for each in duties(made())]
    assert len(warnings) == 2
    assert "contract" in warnings[0]
    known = {"contract_date": "2026-01-31", "attestation": "C5"}
    assert list(duties(made(processor=known))) == []
    (found,) = duties(made(processor=known, base_url="https://api.sendgrid.com"))
    assert "US" in found.text
