"""A made-up smsCreator on loopback and an account there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from serienpost_channel_smscreator.account import SmsCreatorAccount
from serienpost_channel_smscreator.channel import SmsCreatorChannel
from serienpost_demo.smscreator import Account, FakeSmsCreator, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER, PASSWORD = "praxis-sonnenschein", "kanarien-kennwort-123"


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_USER", USER)
    monkeypatch.setenv("SMS_PASSWORD", PASSWORD)


@pytest.fixture
def fake() -> Iterator[FakeSmsCreator]:
    gateway = Gateway({USER: Account(USER, PASSWORD)})
    with FakeSmsCreator(gateway) as running:
        yield running


@pytest.fixture
def plain(fake: FakeSmsCreator) -> dict[str, Any]:
    """What stands under the account's name."""
    return {
        "user": "secret:SMS_USER",
        "password": "secret:SMS_PASSWORD",
        "sender": "03511234567",
        "base_url": fake.base_url,
        "rate": ["1000/second"],
        "spread": False,
        "timeout": 1,
    }


@pytest.fixture
def account(plain: dict[str, Any]) -> Callable[..., SmsCreatorAccount]:
    """Makes an account with changed settings."""

    def make(**changes: object) -> SmsCreatorAccount:
        return SmsCreatorAccount.model_validate({"channel": "smscreator", **plain, **changes})

    return make


@pytest.fixture
def channel() -> SmsCreatorChannel:
    return SmsCreatorChannel()
