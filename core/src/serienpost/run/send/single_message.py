"""One message to an own address, beside all runs: a test, or a mail that tells of a failure."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from serienpost.contracts.outcomes import NotStarted, ProviderAnswer
from serienpost.errors import SerienpostError
from serienpost.run.send.outcomes import checked
from serienpost.translation import Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime, tzinfo

    from serienpost.contracts.channels import Sender
    from serienpost.contracts.content import Message

_ = Texts(__name__)


async def send_alone(
    opened: AbstractAsyncContextManager[Sender],
    message: Message,
    forbidden: Callable[[], str | None],
) -> ProviderAnswer:
    """Send one message from an account; its permit is taken already.

    Args:
        opened: the account.
        message: what leaves.
        forbidden: the last look: why it may leave no more, None where it may.

    Raises:
        SerienpostError: it may leave no more.
    """
    why: str | None = None

    async def go() -> bool:
        nonlocal why
        why = why or await asyncio.to_thread(forbidden)
        return why is None

    async with opened as sender:
        with suppress(Exception):
            await sender.ready(0)
        (call,) = sender.calls([message])
        answer = await sender.send(call, 0, go)
        (outcome,) = checked(answer, 1, held_back=why is not None)
    if isinstance(outcome, NotStarted):
        raise SerienpostError(_("{why}; nothing was sent", why=why or ""))
    return outcome


def used_up(zone: tzinfo, free_at: datetime | None) -> str:
    """That there is no permit for it now."""
    if free_at is None:
        return _("the account's rate is used up")
    return _(
        "the account's rate is used up until {time}", time=f"{free_at.astimezone(zone):%H:%M:%S}"
    )
