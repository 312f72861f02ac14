"""The contracts that every channel and every consent check keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from serienpost_channel_messenger.channel import MessengerChannel
from serienpost_channel_messenger.consent import MessengerList

from serienpost import ConsentQuestion
from serienpost_testkit.suites import Arrived, ChannelSuite, ConsentCheckSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fake_service import FakeService

    from serienpost import Context
    from serienpost_testkit.contexts import MakeContext

YES_OR_NO = "Apprise answers yes or no; each no is Unknown, which test_refusals.py checks"


class TestMessenger(ChannelSuite):
    address = "@kim.kanarie:example.org"
    practice_keys = {"null": {"fields": {"messenger": "@null-{n}:example.org"}}}
    impossible = dict.fromkeys(
        ("connection", "login", "quota", "recipient", "message", "later"), YES_OR_NO
    )

    @pytest.fixture
    def channel(self) -> MessengerChannel:
        return MessengerChannel()

    @pytest.fixture
    def account(self, service: FakeService) -> dict[str, object]:
        return {
            "service": "secret:MESSENGER_SERVICE",
            "processor": "example.org",
            "sender": "Praxis Dr. Sonnenschein",
        }

    @pytest.fixture
    def arrived(self, service: FakeService) -> Callable[[], Sequence[Arrived]]:
        def read() -> list[Arrived]:
            return [
                Arrived(re.search(r"\[(\w+)\]$", title)[1], recipient, text)
                for recipient, title, text in service.messages
            ]

        return read

    @pytest.fixture
    def play(self, service: FakeService) -> Callable[[str | None], None]:
        return service.play

    @pytest.fixture(autouse=True)
    def _evidence(self, practice_folder: Path) -> None:
        """The run of the suite asks the check for the null source's people."""
        lines = [f"patient:{n};@null-{n}:example.org;yes;2026-01-07" for n in range(1, 61)]
        (practice_folder / "messenger.csv").write_text(
            "\n".join(["person;handle;answer;date", *lines]), encoding="utf-8"
        )


class TestMessengerList(ConsentCheckSuite):
    questions = (
        ConsentQuestion("patient:1", "patient:1", "messenger", "event", "@ada:example.org"),
        ConsentQuestion("patient:2", "patient:2", "messenger", "event", "@kim:example.org"),
        ConsentQuestion("patient:3", "patient:1", "messenger", "event", "@ada:example.org"),
        ConsentQuestion("patient:1", "patient:1", "messenger", "event", "@other:example.org"),
        ConsentQuestion("patient:1", "patient:1", "email", "event", "ada@example.org"),
    )

    @pytest.fixture
    def consent_check(self) -> MessengerList:
        return MessengerList()

    @pytest.fixture
    def context(self, make_context: MakeContext, practice_folder: Path) -> Context:
        (practice_folder / "messenger.csv").write_text(
            "person;handle;answer;date\n"
            "patient:1;@ada:example.org;yes;2026-01-07\n"
            "patient:2;@kim:example.org;yes;2026-01-07\n"
            "patient:2;@kim:example.org;no;2026-02-01\n",
            encoding="utf-8",
        )
        return make_context()
