"""Three channels, one of each kind, whose messages go nowhere."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost import Capabilities, Content, Cost, Refused, Texts
from serienpost_testkit.null.accounts import NullAccount, NullEmailAccount

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from serienpost import Context, Draft, Message, Processor, Sender

_ = Texts(__name__)


@dataclass(frozen=True)
class NullChannel:
    """A channel that accepts messages and keeps none."""

    name: str
    title: str
    kind: str
    capabilities: Capabilities
    account: type[NullAccount] = NullAccount
    repeatable: bool = False
    longest_call: float = 60.0

    def processor(self, account: NullAccount) -> Processor | None:
        """Nobody: nothing leaves the machine."""
        return None

    def compose(self, context: Context, account: NullAccount, draft: Draft) -> Content | Refused:
        """The draft as it is, if the capabilities cover it."""
        can = self.capabilities
        if draft.subject and not can.subject:
            return Refused("subject", _("{channel} has no subject", channel=self.name))
        if draft.html is not None and not can.html:
            return Refused("html", _("{channel} has no formatted part", channel=self.name))
        if draft.attachments and not can.attachments:
            return Refused("attachments", _("{channel} carries no attachments", channel=self.name))
        if can.longest_text is not None and len(draft.text) > can.longest_text:
            most = _(
                "{channel} carries {most} characters", channel=self.name, most=can.longest_text
            )
            return Refused("too_long", most)
        return Content(
            kind=draft.kind,
            sender=account.sender,
            address=draft.address,
            subject=draft.subject,
            text=draft.text,
            html=draft.html,
            attachments=draft.attachments,
        )

    def cost(self, account: NullAccount, content: Content) -> Cost | None:
        """One message."""
        return Cost("messages", 1)

    def preview(self, account: NullAccount, message: Message) -> Mapping[str, bytes]:
        """The message as a text file."""
        content = message.content
        head = [content.sender, content.address, content.subject]
        return {".txt": "\n".join([*filter(None, head), "", content.text]).encode()}

    @asynccontextmanager
    async def open(self, context: Context, account: NullAccount) -> AsyncIterator[Sender]:
        """Open the oracle."""
        from serienpost_testkit.null.wire import NullSender

        with closing(NullSender(context, account)) as sender:
            yield sender


def null_email() -> NullChannel:
    """E-mail with all its parts."""
    return NullChannel(
        "null-email",
        _("E-mail that nobody gets"),
        "email",
        Capabilities(subject=True, html=True, attachments=True),
        NullEmailAccount,
    )


def null_sms() -> NullChannel:
    """SMS of up to ten segments."""
    return NullChannel(
        "null-sms", _("SMS that nobody gets"), "sms", Capabilities(longest_text=1530)
    )


def null_letter() -> NullChannel:
    """Letters; like real ones they may be made again."""
    return NullChannel(
        "null-letter",
        _("Letters that nobody gets"),
        "letter",
        Capabilities(subject=True, html=True),
        repeatable=True,
    )
