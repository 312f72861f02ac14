"""The channel `messenger` as the core sees it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pydantic import Field

from serienpost import (
    AccountSettings,
    Capabilities,
    Content,
    Cost,
    Processor,
    Refused,
    SecretRef,
    SerienpostError,
)
from serienpost_channel_messenger.kind import MessengerKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from serienpost import Context, Draft, Message, Sender

# Characters that the services have in common.
LONGEST = 1000


class MessengerAccount(AccountSettings):
    """A service of Apprise."""

    service: SecretRef = Field(
        description="Name of the secret that holds the Apprise address, with {to} in it."
    )
    processor: str = Field(min_length=1, description="Who runs the service, for the manifest.")
    region: str = Field(default="unknown", description="Where, for the manifest.")


class MessengerChannel:
    """Plain text to one handle per call."""

    name = "messenger"
    title = "Messenger (Apprise)"
    kind = MessengerKind()
    capabilities = Capabilities(longest_text=LONGEST)
    account = MessengerAccount
    repeatable = False
    longest_call = 300.0

    def processor(self, account: MessengerAccount) -> Processor | None:
        """As the practice named it."""
        return Processor(account.processor, account.region)

    def compose(
        self, context: Context, account: MessengerAccount, draft: Draft
    ) -> Content | Refused:
        """Text alone; the title names who writes."""
        if draft.subject or draft.html is not None or draft.attachments:
            return Refused("text_only", "messages by messenger are text only")
        if len(draft.text) > LONGEST:
            return Refused("too_long", f"messages by messenger have {LONGEST} characters at most")
        sender = account.sender or context.practice.name
        return Content(draft.kind, sender, draft.address, "", draft.text)

    def cost(self, account: MessengerAccount, content: Content) -> Cost | None:
        """Nothing."""
        return None

    def preview(self, account: MessengerAccount, message: Message) -> Mapping[str, bytes]:
        """Title and text."""
        from serienpost_channel_messenger.wire import title

        return {".txt": f"{title(message)}\n\n{message.content.text}".encode()}

    @contextlib.asynccontextmanager
    async def open(self, context: Context, account: MessengerAccount) -> AsyncIterator[Sender]:
        """Read the address of the service; each call makes its own connection.

        Raises:
            SerienpostError: the secret is no Apprise address, or has no place for a recipient.
        """
        from serienpost_channel_messenger.wire import MessengerSender, silence

        silence()
        sender = MessengerSender(context.secret(account.service))
        if not sender.is_usable():
            raise SerienpostError(
                f"the secret {account.service.name} is no Apprise address with {{to}} in it",
                hint="write it as in matrixs://user:password@matrix.example.org/{to}",
            )
        yield sender
