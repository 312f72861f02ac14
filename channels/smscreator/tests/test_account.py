"""What an account may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serienpost import Rate
from serienpost_channel_smscreator.account import SmsCreatorAccount
from serienpost_channel_smscreator.channel import SmsCreatorChannel


def account(**changes: object) -> SmsCreatorAccount:
    given = {"channel": "smscreator", "user": "secret:A", "password": "secret:B", **changes}
    return SmsCreatorAccount.model_validate(given)


def test_defaults() -> None:
    made = account()
    assert made.base_url == "https://www.smscreator.de/gateway"
    assert (made.sms_type, made.longest) == ("HighQualityLong", 10)
    assert (made.rate, made.spread) == ([Rate(5, 1)], True)
    assert not made.caption_lookup


@pytest.mark.parametrize(
    ("sender", "kept"),
    [
        ("0351 1234567", "03511234567"),
        ("+49 (351) 123-4567", "+493511234567"),
        ("004935112345", "004935112345"),
        ("PRAXIS", "PRAXIS"),
        ("Dr. Sonne-1", "Dr. Sonne-1"),
        ("", ""),
    ],
)
def test_a_sender(sender: str, kept: str) -> None:
    assert account(sender=sender).sender == kept


@pytest.mark.parametrize(
    "sender",
    ["Praxis Dr. Sonnenschein", "Ärztin", "1" * 17, "12", "a\nb", "…", "+49 (0)351 1234567"],
)
def test_no_sender(sender: str) -> None:
    with pytest.raises(ValidationError, match=r"at most 16 digits|without \(0\)"):
        account(sender=sender)


@pytest.mark.parametrize(
    "url",
    [
        "http://www.smscreator.de/gateway",
        "https://user:pass@www.smscreator.de",
        "https://www.smscreator.de/gateway?a=b",
        "ftp://127.0.0.1",
        "www.smscreator.de",
        "https://[::1",
        "",
    ],
)
def test_no_base_url(url: str) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        account(base_url=url)


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "[::1]:8080"])
def test_http_on_this_machine(host: str) -> None:
    made = account(base_url=f"http://{host}/gateway/")
    assert made.base_url == f"http://{host}/gateway"
    assert SmsCreatorChannel().processor(made) is None


def test_the_processor_is_named() -> None:
    found = SmsCreatorChannel().processor(account(region="DE"))
    assert found is not None
    assert (found.name, found.region) == ("smsCreator (www.smscreator.de)", "DE")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sms_type": "Standard", "sender": "PRAXIS"}, "the provider chooses the sender"),
        ({"sms_type": "Flash", "sender": "0351123456"}, "the provider chooses the sender"),
        ({"sms_type": "PSTNFixedLine"}, "sms_type"),
        ({"reply_to": "praxis@example.org"}, "no reply_to"),
        ({"failed_status": ["DELIVRD"]}, "both in delivered_status"),
        ({"time_zone": "Europe/Dresden"}, "a time zone such as"),
        ({"time_zone": "../etc/passwd"}, "a time zone such as"),
        ({"caption_length": 7}, "caption_length"),
        ({"user": "praxis"}, "secret:NAME"),
        ({"password": "geheim"}, "secret:NAME"),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refused:
        account(**changes)
    assert "geheim" not in str(refused.value.errors(include_input=False))
