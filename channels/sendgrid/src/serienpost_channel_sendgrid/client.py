"""SendGrid's API over HTTP: one client per slot, and what is certain when a request fails.

The only module that knows httpx. A client slows down when many requests share it, so each slot
has one of its own.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

import httpx  # noqa: TID253  # this module is imported when an account is opened

from serienpost import (
    SerienpostError,
    Texts,
    asking,
    no_answer,
    no_connection,
    server_of,
    tls_cause,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from serienpost import Context, Go
    from serienpost_channel_sendgrid.account import SendGridAccount

_ = Texts(__name__)

# Octets; a template's versions hold up to three parts of one megabyte each.
LARGEST_REPLY = 16 * 1024 * 1024

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
        self.text = text
        self.certificate = certificate
        super().__init__(text)


class LostError(Exception):
    """The request may have reached the provider; its answer did not come.

    Args:
        text: what happened, without anything of the request.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class ApiReply:
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

    async def post(self, path: str, body: bytes, go: Go | None = None) -> ApiReply:
        """Send a JSON document; one that sends a message asks `go` when the connection stands.

        Raises:
            HeldBackError: `go` said no.
            NotSentError, LostError: there is no answer.
        """
        extensions = {"trace": asking(go)} if go else {}
        return await self._ask("POST", path, extensions, content=body)

    async def disconnect(self) -> None:
        """Close the connection; the next request makes another."""
        await self._transport.aclose()

    async def get(self, path: str, **params: str | int) -> ApiReply:
        """Read.

        Raises:
            NotSentError, LostError: there is no answer.
        """
        return await self._ask("GET", path, {}, params=params)

    async def _ask(
        self,
        method: str,
        path: str,
        extensions: Mapping[str, Any],
        **what: Any,  # noqa: ANN401
    ) -> ApiReply:
        url = self._known.get(path) or self._known.setdefault(path, self._url.join(path))
        request = httpx.Request(
            method,
            url,
            headers=self._headers,
            extensions={**self._extensions, **extensions},
            **what,
        )
        try:
            answer = await self._transport.handle_async_request(request)
            try:
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST_REPLY:
                        raise LostError(_("the answer is too large"))
            finally:
                await answer.aclose()
            return ApiReply(answer.status_code, answer.headers, body)
        except _NEVER_SENT as error:
            by_proxy = isinstance(error, httpx.ProxyError)
            why = _("the proxy of the environment refuses") if by_proxy else no_connection(error)
            text = no_answer(server_of(str(self._url)), why, "base_url")
            raise NotSentError(text, certificate=_is_untrusted(error)) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise LostError(_described(error)) from None


@asynccontextmanager
async def clients(
    context: Context, account: SendGridAccount, *, count: int = 1, for_templates: bool = False
) -> AsyncIterator[list[Client]]:
    """Open clients of their own for so many slots; they connect with the first request.

    Args:
        context: where the API key is kept.
        account: the account.
        count: how many.
        for_templates: where templates are read, which may be elsewhere.

    Raises:
        SecretError: the key is in no store.
    """
    key = await asyncio.to_thread(context.secret, account.api_key)
    host = httpx.URL((for_templates and account.templates_url) or account.base_url)
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
        yield [Client(each, host, key, account.timeout) for each in opened]
    finally:
        for each in opened:
            await each.aclose()


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
            raise SerienpostError(
                _("SendGrid cannot be read: {reason}", reason=error.text)
            ) from None
        if reply.status == 404:
            return None
        if reply.status in (401, 403):
            raise SerienpostError(
                _(
                    "SendGrid refuses the API key for {path} ({status})",
                    path=path,
                    status=reply.status,
                ),
                hint=_("check the key, its rights and the region of base_url"),
            )
        document = reply.json()
        if reply.status != 200 or document is None:
            raise SerienpostError(
                _("SendGrid answers {status} for {path}", status=reply.status, path=path),
                hint=_("try later"),
            )
        return document


@asynccontextmanager
async def reading(
    context: Context, account: SendGridAccount, *, for_templates: bool = False
) -> AsyncIterator[Api]:
    """Open one client for reading.

    Raises:
        SecretError: the key is in no store.
    """
    async with clients(context, account, for_templates=for_templates) as (client,):
        yield Api(client)


def _proxy(host: str) -> str | None:
    """The proxy that the environment names for this host (HTTPS_PROXY, NO_PROXY)."""
    named = getproxies()
    return None if proxy_bypass(host) else named.get("https") or named.get("all")


def _described(error: Exception) -> str:
    """The kind of failure alone: texts of errors may hold addresses or the URL."""
    return {
        "ReadTimeout": _("no answer in time"),
        "ReadError": _("the connection broke before the answer"),
        "RemoteProtocolError": _("the server closed the connection without an answer"),
    }.get(type(error).__name__, type(error).__name__)


def _is_untrusted(error: Exception) -> bool:
    """Whether the server could not prove who it is."""
    return isinstance(tls_cause(error), ssl.SSLCertVerificationError)
