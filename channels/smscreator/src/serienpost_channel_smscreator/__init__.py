"""SMS through smsCreator: one order per recipient, by the HTTP form binding of its gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import Channel
    from serienpost_channel_smscreator.account import SmsCreatorAccount


@hookimpl
def serienpost_channels() -> list[Channel[SmsCreatorAccount]]:
    """Register the channel `smscreator`."""
    from serienpost_channel_smscreator.channel import SmsCreatorChannel

    return [SmsCreatorChannel()]
