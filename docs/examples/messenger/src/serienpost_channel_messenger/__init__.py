"""Messages through Apprise: the channel, its kind of contact and its consent check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import Channel, ConsentCheck


@hookimpl
def serienpost_channels() -> list[Channel[Any]]:
    """The channel `messenger`."""
    from serienpost_channel_messenger.channel import MessengerChannel

    return [MessengerChannel()]


@hookimpl
def serienpost_consent_checks() -> list[ConsentCheck]:
    """The check `messenger-list`."""
    from serienpost_channel_messenger.consent import MessengerList

    return [MessengerList()]
