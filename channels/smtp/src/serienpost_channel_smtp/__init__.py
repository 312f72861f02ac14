"""E-mail by SMTP: one account of a mail provider, driven command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    from serienpost import Channel
    from serienpost_channel_smtp.account import SmtpAccount


@hookimpl
def serienpost_channels() -> list[Channel[SmtpAccount]]:
    """Register the channel `smtp`."""
    from serienpost_channel_smtp.channel import SmtpChannel

    return [SmtpChannel()]
