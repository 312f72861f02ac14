"""The null plugins keep the contracts that the suites describe."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from serienpost import ConsentQuestion, Content
from serienpost_testkit.null.channels import null_email, null_letter, null_sms
from serienpost_testkit.null.consent import NullConsent
from serienpost_testkit.null.macros import NullName, NullNumber
from serienpost_testkit.null.settings import NullSettings
from serienpost_testkit.null.source import NullSource
from serienpost_testkit.null.wire import NullSender
from serienpost_testkit.suites import (
    Arrived,
    ChannelSuite,
    ConsentCheckSuite,
    MacroSuite,
    SourceSuite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from serienpost import Channel, Context, Macro
    from serienpost_testkit.contexts import MakeContext


class TestNullSource(SourceSuite):
    @pytest.fixture
    def source(self) -> NullSource:
        return NullSource()

    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"count": 7, "start": 40}


class TestNullSourceWithOccasions(TestNullSource):
    @pytest.fixture
    def selection(self) -> dict[str, object]:
        return {"count": 5, "occasion": True}


class TestNullConsent(ConsentCheckSuite):
    questions = (
        ConsentQuestion("patient:1", "patient:1", "email", "event", "null-1@example.org"),
        ConsentQuestion("patient:2", "patient:2", "email", "event", "null-2@example.org"),
        ConsentQuestion("patient:2", "patient:2", "sms", "event", "+4915220000002"),
        ConsentQuestion("patient:3", "patient:1", "email", "event", "null-1@example.org"),
        ConsentQuestion("patient:4", "patient:4", "email", "event", "null-4@example.org"),
    )

    @pytest.fixture
    def consent_check(self) -> NullConsent:
        return NullConsent()

    @pytest.fixture
    def context(self, make_context: MakeContext, practice_folder: Path) -> Context:
        lines = [
            {"id": "patient:1", "kind": "email", "verdict": "allow"},
            {"id": "patient:2", "kind": "sms", "verdict": "allow"},
            {"id": "patient:2", "kind": "email", "verdict": "deny"},
            {"id": "patient:4", "verdict": "abstain"},
        ]
        (practice_folder / "consent.jsonl").write_text("\n".join(map(json.dumps, lines)))
        settings = NullSettings(consent="consent.jsonl", default="deny")
        return make_context(claimed={"null": settings})


class TestNullMacros(MacroSuite):
    @pytest.fixture(params=[NullName(), NullNumber()], ids=lambda macro: macro.name)
    def macro(self, request: pytest.FixtureRequest) -> Macro:
        macro: Macro = request.param
        return macro


class TestNullChannels(ChannelSuite):
    @pytest.fixture(
        params=[null_email(), null_sms(), null_letter()], ids=lambda channel: channel.name
    )
    def channel(self, request: pytest.FixtureRequest) -> Channel:
        channel: Channel = request.param
        return channel

    @pytest.fixture
    def account(self) -> dict[str, object]:
        return {"oracle": "oracle.tsv", "batch": 3}

    @pytest.fixture
    def arrived(
        self, context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], Sequence[Arrived]]:
        """The oracle keeps no texts, so the contents are noted where they are handed over."""
        contents: dict[str, Content] = {}
        accept = NullSender._accept

        def noted(sender: NullSender, messages: Sequence[object]) -> None:
            contents.update((each.ref, each.content) for each in messages)  # type: ignore[attr-defined]
            accept(sender, messages)  # type: ignore[arg-type]

        monkeypatch.setattr(NullSender, "_accept", noted)

        def read() -> list[Arrived]:
            lines = [
                line.split("\t") for line in context.path("oracle.tsv").read_text().splitlines()
            ]
            for ref, _, hashed, _ in lines:
                address = contents[ref].address
                assert hashed == hashlib.sha256(address.encode()).hexdigest()[:16]
            return [
                Arrived(ref, contents[ref].address, contents[ref].text, contents[ref].subject)
                for ref, *_ in lines
            ]

        return read
