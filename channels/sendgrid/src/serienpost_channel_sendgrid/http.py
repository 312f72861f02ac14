"""HTTP with SendGrid: one client per slot, and what is certain when a request fails.

The only module that knows httpx. A client slows down when many requests share it, so each slot
has one of its own.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

import httpx  # noqa: TID253  # this module is imported when an account is opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

LARGEST_REPLY = 16 * 1024 * 1024
"""Octets; a template's versions hold up to three parts of one megabyte each."""

_CONNECT_SECONDS = 15.0
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class NotSentError(Exception):
    """The request has certainly not reached the provider.

    Args:
        text: what happened, without anything of the request.
        certificate: the server could not prove who it is.
    """

    def __init__(self, text: str, *, certificate: bool = False) -> None:
        self.certificate = certificate
        super().__init__(text)


class LostError(Exception):
    """The request may have reached the provider; its answer did not come."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401
        """The document in the body; None where there is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Client:
    """A connection to one host that is kept open.

    Uses the transport of httpx without its client: redirects, cookies and logins, which nobody
    needs here, take a third of the time of a request.
    """

    def __init__(
        self, transport: httpx.AsyncHTTPTransport, url: httpx.URL, key: str, patience: float
    ) -> None:
        self._transport = transport
        self._url = url
        self._known: dict[str, httpx.URL] = {}
        self._headers = httpx.Headers(
            {
                "Host": url.netloc.decode("ascii"),
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "serienpost",
            }
        )
        timeout = httpx.Timeout(patience, connect=_CONNECT_SECONDS)
        self._extensions = {"timeout": timeout.as_dict()}

    async def post(self, path: str, body: bytes) -> Reply:
        """Send a JSON document.

        Raises:
            NotSentError, LostError: there is no answer.
        """
        return await self._ask("POST", path, content=body)

    async def get(self, path: str, **params: str | int) -> Reply:
        """Read.

        Raises:
            NotSentError, LostError: there is no answer.
        """
        return await self._ask("GET", path, params=params)

    async def _ask(self, method: str, path: str, **what: Any) -> Reply:  # noqa: ANN401
        url = self._known.get(path) or self._known.setdefault(path, self._url.join(path))
        request = httpx.Request(
            method, url, headers=self._headers, extensions=self._extensions, **what
        )
        try:
            answer = await self._transport.handle_async_request(request)
            try:
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST_REPLY:
                        raise LostError("the answer is too large")
            finally:
                await answer.aclose()
            return Reply(answer.status_code, answer.headers, body)
        except _NEVER_SENT as error:
            raise NotSentError(_described(error), certificate=_is_about_trust(error)) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise LostError(_described(error)) from None


@asynccontextmanager
async def clients(
    url: str, key: str, *, count: int, patience: float
) -> AsyncIterator[list[Client]]:
    """Open clients of their own for so many slots; they connect with the first request.

    Args:
        url: scheme and host.
        key: the API key.
        count: how many.
        patience: seconds to wait for an answer.
    """
    host = httpx.URL(url)
    local = host.scheme == "http"
    trust: Any = False if local else httpx.create_ssl_context()
    opened = [
        httpx.AsyncHTTPTransport(
            verify=trust,
            proxy=None if local else _proxy(host.host),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=5.0),
        )
        for _ in range(count)
    ]
    try:
        yield [Client(each, host, key, patience) for each in opened]
    finally:
        for each in opened:
            await each.aclose()


def _proxy(host: str) -> str | None:
    """The proxy that the environment names for this host (HTTPS_PROXY, NO_PROXY)."""
    named = getproxies()
    return None if proxy_bypass(host) else named.get("https") or named.get("all")


def _described(error: Exception) -> str:
    """The kind of failure alone: texts of errors may hold addresses or the URL."""
    return {
        "ConnectError": "cannot connect",
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ReadError": "the connection broke before the answer",
        "RemoteProtocolError": "the server closed the connection without an answer",
    }.get(type(error).__name__, type(error).__name__)


def _is_about_trust(error: BaseException | None) -> bool:
    while error is not None:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
