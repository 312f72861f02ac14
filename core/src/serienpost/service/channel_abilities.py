"""What messages of an account are made of and can do, for a face that has a form for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serienpost.contracts.channels import HasBalance, HasForecast, HasLayout
from serienpost.contracts.providers import HasTemplates
from serienpost.documents import Record
from serienpost.run.prepare.people import configured

if TYPE_CHECKING:
    from serienpost.service.opened import OpenedPractice

_SIGNATURE = "Signatur"


@dataclass(frozen=True, slots=True)
class Abilities(Record):
    """What the channel of an account says of itself.

    Args:
        kind: of message.
        channel: what people call the channel.
        subject: messages have a subject.
        attachments: files go with them.
        signature: somebody signs them below the text.
        is_counted: they cost credits or pages, by their length.
        has_balance: the provider keeps an account of credits.
        is_held: the provider holds what is to go out later.
        is_printed: nothing leaves the machine; what comes of them is a file to print.
        has_templates: the provider keeps templates.
    """

    kind: str
    channel: str
    subject: bool
    attachments: bool
    signature: bool
    is_counted: bool
    has_balance: bool
    is_held: bool
    is_printed: bool
    has_templates: bool


def abilities(practice: OpenedPractice, account: str) -> Abilities:
    """What messages of this account can do.

    Raises:
        ConfigError: there is no such account.
    """
    context = practice.context
    settings = configured(context.config.accounts, account, "account")
    channel = context.registry.channels[settings.channel]
    can, has_balance = channel.capabilities, isinstance(channel, HasBalance)
    sets = channel.layout_macros if isinstance(channel, HasLayout) else frozenset()
    kind = context.registry.kind(channel)
    return Abilities(
        kind=kind.name,
        channel=channel.title,
        subject=can.subject,
        attachments=can.attachments,
        signature=can.html or _SIGNATURE in sets,
        is_counted=has_balance or isinstance(channel, HasForecast),
        has_balance=has_balance,
        is_held=can.scheduling,
        is_printed=channel.repeatable,
        has_templates=isinstance(channel, HasTemplates),
    )
