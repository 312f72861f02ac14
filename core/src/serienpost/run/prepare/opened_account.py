"""Opens an account of a channel, for the messages of a run or for one beside all runs."""

from __future__ import annotations

import inspect
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from serienpost.contracts.providers import HasTemplates
from serienpost.errors import PluginError
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serienpost.context import PracticeContext
    from serienpost.contracts.accounts import AccountSettings
    from serienpost.contracts.channels import Channel, Sender

_ = Texts(__name__)


@asynccontextmanager
async def open_account(
    context: PracticeContext,
    channel: Channel[Any],
    account: AccountSettings,
    *,
    by_template: bool = False,
) -> AsyncIterator[Sender]:
    """Open an account; `by_template`: for messages that a template of the provider makes.

    Raises:
        PluginError: the channel knows no last look before the first octet.
    """
    if by_template and isinstance(channel, HasTemplates):
        answer = channel.open_for_template(context, account)
    else:
        answer = channel.open(context, account)
    opened: AbstractAsyncContextManager[Sender] = context.registry.answered(
        "channels", channel.name, "open", answer, AbstractAsyncContextManager
    )
    async with opened as sender:
        if not _knows_last_look(sender):
            raise PluginError(
                _(
                    "the channel {channel} was written for another serienpost: its sender has"
                    " no `ready`, or its `send` takes no `go`",
                    channel=channel.name,
                ),
                hint=_("tell who maintains it"),
            )
        yield sender


def _knows_last_look(sender: Sender) -> bool:
    try:
        inspect.signature(sender.ready).bind(0)
        inspect.signature(sender.send).bind((), 0, None)
    except (AttributeError, TypeError):
        return False
    return True
