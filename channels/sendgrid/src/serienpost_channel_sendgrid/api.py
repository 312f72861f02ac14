"""Reading from SendGrid: templates and suppressions, page by page, with errors for people."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from serienpost import SerienpostError
from serienpost_channel_sendgrid.http import LostError, NotSentError, clients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from serienpost import Context
    from serienpost_channel_sendgrid.account import SendGridAccount
    from serienpost_channel_sendgrid.http import Client


class Api:
    """What may be read with an account's key."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, path: str, **params: str | int) -> Any:  # noqa: ANN401
        """The document at a path; None where there is none.

        Raises:
            SerienpostError: SendGrid refuses or cannot be reached.
        """
        try:
            reply = await self._client.get(path, **params)
        except (NotSentError, LostError) as error:
            raise SerienpostError(f"SendGrid cannot be read: {error}") from None
        if reply.status == 404:
            return None
        if reply.status in (401, 403):
            raise SerienpostError(
                f"SendGrid refuses the API key for {path} ({reply.status})",
                hint="check the key, its rights and the region of base_url",
            )
        document = reply.json()
        if reply.status != 200 or document is None:
            raise SerienpostError(f"SendGrid answers {reply.status} for {path}", hint="try later")
        return document


@asynccontextmanager
async def reading(context: Context, account: SendGridAccount, url: str) -> AsyncIterator[Api]:
    """Open one client for reading.

    Raises:
        SecretError: the key is in no store.
    """
    import asyncio

    key = await asyncio.to_thread(context.secret, account.api_key)
    async with clients(url, key, count=1, patience=account.timeout) as (client,):
        yield Api(client)
