"""One notification per message through Apprise."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from serienpost import Accepted, NotStarted, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost import Go, Message, Outcome

# Loggers that write addresses with tokens, recipients and texts, at some levels.
_TALKATIVE = ("apprise", "urllib3", "requests")


def silence() -> None:
    """Let nothing of these loggers through."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def title(message: Message) -> str:
    """Who writes, and the reference by which a message is found again."""
    return f"{message.content.sender} [{message.ref}]"


class MessengerSender:
    """An open account; `address` is an Apprise address with `{to}` in it."""

    slots = 4
    batch = 1

    def __init__(self, address: str) -> None:
        self._address = address

    def is_usable(self) -> bool:
        """Whether Apprise can make something of the address."""
        return "{to}" in self._address and self._service("somebody") is not None

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        """One message per notification."""
        return [[message] for message in messages]

    async def ready(self, slot: int) -> None:
        """Nothing: Apprise connects for each notification."""

    async def send(self, call: Sequence[Message], slot: int, go: Go) -> Sequence[Outcome]:
        """Send; never raise."""
        return [await self._one(message, go) for message in call]

    async def _one(self, message: Message, go: Go) -> Outcome:
        """Apprise says yes or no. It does not say whether a no came before or after the service
        took the message, so a no is `Unknown`."""
        try:
            service = self._service(message.content.address)
            if not await go():
                return NotStarted()
            is_sent = service is not None and await service.async_notify(
                body=message.content.text, title=title(message), body_format="text"
            )
        except Exception as error:
            return Unknown("notify", type(error).__name__)
        return Accepted() if is_sent else Unknown("notify", "the service did not say yes")

    def _service(self, recipient: str) -> Any:
        from apprise import Apprise

        address = self._address.replace("{to}", quote(recipient, safe=""))
        return Apprise.instantiate(address, suppress_exceptions=True)
