"""Letters: laid out by DIN 5008, checked, merged into one PDF that is ready to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import Channel
    from serienpost_channel_letter.account import LetterAccount


@hookimpl
def serienpost_channels() -> list[Channel[LetterAccount]]:
    """Register the channel `letter`."""
    from serienpost_channel_letter.channel import LetterChannel

    return [LetterChannel()]
