"""E-mail by SendGrid (Twilio): texts rendered here, or transactional templates kept there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import hookimpl

if TYPE_CHECKING:
    import click

    from serienpost import Channel
    from serienpost_channel_sendgrid.account import SendGridAccount


@hookimpl
def serienpost_channels() -> list[Channel[SendGridAccount]]:
    """Register the channel `sendgrid`."""
    from serienpost_channel_sendgrid.channel import SendGridChannel

    return [SendGridChannel()]


@hookimpl
def serienpost_commands() -> list[click.Command]:
    """Add `sendgrid templates ACCOUNT`."""
    from serienpost_channel_sendgrid.commands import sendgrid_group

    return [sendgrid_group]
