"""An open account: one order per call, one call at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import HeldBackError, NotStarted, Outcome, Rejected
from serienpost_channel_smscreator.composition import order, refused_length
from serienpost_channel_smscreator.gateway import WireError
from serienpost_channel_smscreator.outcomes import of_failure, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from serienpost import Go, Message
    from serienpost_channel_smscreator.account import SmsCreatorAccount
    from serienpost_channel_smscreator.gateway import Gateway


class SmsCreatorSender:
    """Sends one `SendSimpleSMS` per message, since texts differ."""

    slots = 1
    batch = 1

    def __init__(self, account: SmsCreatorAccount, gateway: Gateway) -> None:
        self._account = account
        self._gateway = gateway

    def calls(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        return [[message] for message in messages]

    async def ready(self, slot: int) -> None:
        """Nothing: httpx connects with a request, and asks `go` when the connection stands."""

    async def send(
        self,
        call: Sequence[Message],
        slot: int,  # noqa: ARG002
        go: Go,
    ) -> Sequence[Outcome]:
        return [await self._send_one(message, go) for message in call]

    async def _send_one(self, message: Message, go: Go) -> Outcome:
        refused = refused_length(self._account, message.content.text)
        if refused:
            return Rejected(refused.code, refused.reason, "message")
        fields = order(self._account, message)
        try:
            reply = await self._gateway.ask("Send", "SendSimpleSMS", fields, go=go)
        except HeldBackError:
            return NotStarted()
        except WireError as error:
            return of_failure(error)
        number = message.content.address.lstrip("+")
        known = (number, fields["Recipient"], fields["SMSText"], *self._gateway.secrets)
        return outcome_of(reply, fields["Caption"], known)
