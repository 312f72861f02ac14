"""The null plugins keep the contracts that the suites describe."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

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

    from serienpost import Channel, Context, Macro, Message
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


NULL_FAULTS: dict[str, dict[str, object]] = {
    "connection": {"outcome": "deferred", "connection": True},
    "login": {"outcome": "account_problem"},
    "quota": {"outcome": "quota"},
    "recipient": {"outcome": "rejected", "scope": "recipient"},
    "message": {"outcome": "rejected", "scope": "message"},
    "later": {"outcome": "deferred"},
    "lost_request": {"outcome": "unknown"},
    "lost_answer": {"outcome": "unknown", "wire": True},
    "garbled_answer": {"outcome": "unknown", "wire": True},
}


class TestNullChannels(ChannelSuite):
    @pytest.fixture(autouse=True)
    def _accepts_everything(self, play: Callable[[str | None], None]) -> None:
        play(None)

    @pytest.fixture(
        params=[null_email(), null_sms(), null_letter()], ids=lambda channel: channel.name
    )
    def channel(self, request: pytest.FixtureRequest) -> Channel[Any]:
        channel: Channel[Any] = request.param
        return channel

    @pytest.fixture
    def account(self) -> dict[str, object]:
        return {"oracle": "oracle.tsv", "batch": 3, "outcomes": "outcomes.json"}

    @pytest.fixture
    def play(self, context: Context, account: dict[str, object]) -> Callable[[str | None], None]:
        def write(fault: str | None) -> None:
            rules = [{"outcome": "accepted"} if fault is None else NULL_FAULTS[fault]]
            context.path(str(account["outcomes"])).write_text(json.dumps(rules))

        write(None)
        return write

    @pytest.fixture
    def arrived(
        self, channel: Channel[Any], context: Context, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[], Sequence[Arrived]]:
        """The oracle keeps no texts, so the contents are noted where they are handed over; what
        another process handed over is known by its reference alone."""
        contents: dict[str, Content] = {}
        accept = NullSender._accept

        def noted(sender: NullSender, messages: Sequence[Message]) -> None:
            contents.update((each.ref, each.content) for each in messages)
            accept(sender, messages)

        monkeypatch.setattr(NullSender, "_accept", noted)

        def read() -> list[Arrived]:
            oracle = context.path("oracle.tsv")
            lines = oracle.read_text().splitlines() if oracle.exists() else []
            arrivals = [_arrived(line, contents) for line in lines]
            if channel.repeatable:  # a letter made again replaces the first
                arrivals = list({each.ref: each for each in arrivals}.values())
            return arrivals

        return read


def _arrived(line: str, contents: dict[str, Content]) -> Arrived:
    ref, _, hashed, _ = line.split("\t")
    content = contents.get(ref)
    if content is None:
        return Arrived(ref, "", "")
    assert hashed == hashlib.sha256(content.address.encode()).hexdigest()[:16]
    return Arrived(
        ref,
        content.address,
        content.text,
        content.subject,
        html=content.html,
        attachments=tuple((each.filename, each.data) for each in content.attachments),
    )
