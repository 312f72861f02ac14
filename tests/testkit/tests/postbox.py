"""A small third-party channel: SMS that go to a folder, and the fake that reads them there."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from serienpost import (
    Accepted,
    AccountProblem,
    AccountSettings,
    Capabilities,
    Content,
    Cost,
    Deferred,
    NotStarted,
    Processor,
    QuotaReached,
    Refused,
    Rejected,
    Unknown,
)
from serienpost_testkit.suites import Arrived

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from pathlib import Path

    from serienpost import Channel, Context, Draft, Go, Message, Outcome, Sender


class PostboxAccount(AccountSettings):
    folder: str = Field(default="postbox", description="Where messages are put.")


REFUSALS: dict[str, Outcome] = {
    "connection": Deferred("connection", "there is no postbox", connection=True),
    "login": AccountProblem("key", "the key does not fit"),
    "quota": QuotaReached("full", "the postbox is full"),
    "recipient": Rejected("unknown", "nobody of this name"),
    "message": Rejected("thick", "does not fit the slot", scope="message"),
    "later": Deferred("busy", "somebody else is posting"),
    "lost_request": Unknown("slot", "fell beside it"),
}


def play(folder: Path, fault: str | None) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "fault").unlink(missing_ok=True)
    if fault:
        (folder / "fault").write_text(fault)


class PostboxSender:
    slots = 2
    batch = 3

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        return [messages[at : at + self.batch] for at in range(0, len(messages), self.batch)]

    async def ready(self, slot: int) -> None:
        pass

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        fault = self.folder / "fault"
        played = fault.read_text() if fault.exists() else ""
        if played == "connection":
            return [REFUSALS[played] for _ in call]
        if not await go():
            return [NotStarted() for _ in call]
        if played in REFUSALS:
            return [self.refused(played, message) for message in call]
        for message in call:
            self.put(message)
        if played:
            return [Unknown("answer", "the flap was shut") for _ in call]
        return [Accepted(message.ref) for message in call]

    def refused(self, fault: str, message: Message) -> Outcome:
        return REFUSALS[fault]

    def put(self, message: Message) -> None:
        letter = {
            "ref": message.ref,
            "address": message.content.address,
            "text": message.content.text,
            "send_at": message.send_at.isoformat() if message.send_at else None,
        }
        (self.folder / f"{message.ref}.json").write_text(json.dumps(letter))


class PostboxChannel:
    name = "postbox"
    title = "Ein Ordner"
    kind = "sms"
    capabilities = Capabilities(scheduling=True, longest_text=500)
    account = PostboxAccount
    repeatable = True
    longest_call = 10.0
    sender = PostboxSender

    def processor(self, account: AccountSettings) -> Processor | None:
        return Processor("Postbox GmbH", "Sachsen")

    def compose(
        self, context: Context, account: AccountSettings, draft: Draft
    ) -> Content | Refused:
        if draft.subject or draft.html is not None or draft.attachments:
            return Refused("text_only", "a postbox takes text only")
        if len(draft.text) > 500:
            return Refused("too_long", "a postbox takes 500 characters")
        return Content(draft.kind, account.sender, draft.address, "", draft.text)

    def cost(self, account: AccountSettings, content: Content) -> Cost | None:
        return Cost("messages", 1)

    def preview(self, account: AccountSettings, message: Message) -> Mapping[str, bytes]:
        return {".txt": message.content.text.encode()}

    @asynccontextmanager
    async def open(self, context: Context, account: AccountSettings) -> AsyncIterator[Sender]:
        assert isinstance(account, PostboxAccount)
        folder = context.path(account.folder)
        folder.mkdir(exist_ok=True)
        yield self.sender(folder)


def arrived(folder: Path) -> list[Arrived]:
    letters = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    return [
        Arrived(
            letter["ref"],
            letter["address"],
            letter["text"],
            send_at=datetime.fromisoformat(letter["send_at"]) if letter["send_at"] else None,
        )
        for letter in letters
    ]


def channel() -> Channel:
    return PostboxChannel()
