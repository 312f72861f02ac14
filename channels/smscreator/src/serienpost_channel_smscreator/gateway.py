"""One request to the gateway, and how it ended."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import AsyncClient

    from serienpost import Context
    from serienpost_channel_smscreator.account import SmsCreatorAccount

CONNECT_SECONDS = 10.0
KEEP_SECONDS = 3.0
"""A connection that rested longer is not used again: the provider may be closing it just then,
which looks like a lost answer."""

LARGEST_ANSWER = 100_000
LARGEST_LIST = 16_000_000
"""Bytes of an answer, and of one with 5000 reports."""

Stage: TypeAlias = Literal["connect", "certificate", "request", "reply"]


class WireError(Exception):
    """No answer. `stage` says where certainty ended: only after `connect` and `certificate` is it
    certain that nothing was sent."""

    def __init__(self, stage: Stage, text: str) -> None:
        super().__init__(text)
        self.stage = stage
        self.text = text


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Gateway:
    """The gateway with the account's login. Use it in an `async with` statement.

    Every request is a POST of a form: no URL holds anything of the login or of people.
    """

    def __init__(self, account: SmsCreatorAccount, user: str, password: str) -> None:
        import httpx

        self._base = account.base_url
        self._login = {"User": user, "Password": password}
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(account.timeout, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=2, keepalive_expiry=KEEP_SECONDS),
            headers={"Accept-Encoding": "identity", "User-Agent": "serienpost"},
            follow_redirects=False,
            trust_env=not account.is_local,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen in anything that is shown."""
        return tuple(self._login.values())

    async def ask(
        self,
        service: Literal["Send", "Information"],
        operation: str,
        fields: Mapping[str, str],
        largest: int = LARGEST_ANSWER,
    ) -> Reply:
        """Call an operation.

        Raises:
            WireError: there is no answer, or one that is larger than `largest` bytes.
        """
        url = f"{self._base}/{service}.asmx/{operation}"
        return await _post(self._client, url, {**self._login, **fields}, largest)


async def _post(client: AsyncClient, url: str, form: Mapping[str, str], largest: int) -> Reply:
    import httpx

    try:
        async with client.stream("POST", url, data=dict(form)) as response:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > largest:
                    raise WireError("reply", f"the answer is longer than {largest} bytes")
    except _before_the_request() as error:
        bad = _certificate_problem(error)
        if bad:
            raise WireError("certificate", bad) from None
        raise WireError("connect", type(error).__name__) from None
    except (httpx.WriteError, httpx.WriteTimeout) as error:
        raise WireError("request", type(error).__name__) from None
    except httpx.HTTPError as error:
        raise WireError("reply", type(error).__name__) from None
    return Reply(response.status_code, body, response.headers.get("Retry-After"))


def _before_the_request() -> tuple[type[Exception], ...]:
    """Failures after which nothing was sent for certain."""
    import httpx

    connecting = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    return (*connecting, httpx.ProxyError, httpx.UnsupportedProtocol)


def _certificate_problem(error: BaseException) -> str | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return str(seen.verify_message)
        seen = seen.__cause__ or seen.__context__
    return None


async def open_gateway(context: Context, account: SmsCreatorAccount) -> Gateway:
    """The gateway with the login read from the secret stores.

    Raises:
        SecretError: no store knows the user or the password.
    """
    import asyncio

    user = await asyncio.to_thread(context.secret, account.user)
    password = await asyncio.to_thread(context.secret, account.password)
    return Gateway(account, user, password)
