"""One request to the gateway, how it ended, and what its XML says: read safely, and without knowing
more of it than is documented."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from serienpost import Texts, asking, no_answer, no_connection, server_of, tls_cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

    from httpx import AsyncClient

    from serienpost import Context, Go
    from serienpost_channel_smscreator.account import SmsCreatorAccount

_ = Texts(__name__)

CONNECT_SECONDS = 10.0
# A connection that rested longer is not used again: the provider may be closing it just then, which
# looks like a lost answer.
KEEP_SECONDS = 3.0

LARGEST_ANSWER = 100_000
# Bytes of an answer, and of one with 5000 reports.
LARGEST_LIST = 16_000_000

Stage: TypeAlias = Literal["connect", "certificate", "request", "reply"]


class WireError(Exception):
    """No answer. `stage` says where certainty ended: only after `connect` and `certificate` is it
    certain that nothing was sent."""

    def __init__(self, stage: Stage, text: str) -> None:
        super().__init__(text)
        self.stage = stage
        self.text = text


@dataclass(frozen=True, slots=True)
class GatewayReply:
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

    async def __aexit__(self, *_error: object) -> None:
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
        go: Go | None = None,
    ) -> GatewayReply:
        """Call an operation; one that sends asks `go` when the connection stands.

        Raises:
            HeldBackError: `go` said no.
            WireError: there is no answer, or one that is larger than `largest` bytes.
        """
        url = f"{self._base}/{service}.asmx/{operation}"
        extensions = {"trace": asking(go)} if go else {}
        return await _post(self._client, url, {**self._login, **fields}, largest, extensions)


async def _post(
    client: AsyncClient, url: str, form: dict[str, str], largest: int, extensions: dict[str, Any]
) -> GatewayReply:
    import httpx

    try:
        async with client.stream("POST", url, data=form, extensions=extensions) as response:
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > largest:
                    raise WireError("reply", _too_long(largest))
    except _before_the_request() as error:
        cause = tls_cause(error)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise WireError("certificate", cause.verify_message) from None
        text = no_answer(server_of(url), no_connection(error), "base_url")
        raise WireError("connect", text) from None
    except (httpx.WriteError, httpx.WriteTimeout) as error:
        raise WireError("request", _described(error)) from None
    except httpx.HTTPError as error:
        raise WireError("reply", _described(error)) from None
    return GatewayReply(response.status_code, body, response.headers.get("Retry-After"))


_FAILURES = {
    "WriteError": _("the connection broke"),
    "WriteTimeout": _("the request could not be written in time"),
    "ReadError": _("the connection broke before the answer"),
    "ReadTimeout": _("no answer in time"),
    "RemoteProtocolError": _("the server closed the connection without an answer"),
}


def _described(error: Exception) -> str:
    """The kind of failure alone, in words: texts of errors may hold numbers or the login."""
    return _FAILURES.get(type(error).__name__, _("the request failed"))


def _too_long(largest: int) -> str:
    return _.ngettext(
        "the answer is longer than {n} byte", "the answer is longer than {n} bytes", largest
    )


def _before_the_request() -> tuple[type[Exception], ...]:
    """Failures after which nothing was sent for certain."""
    import httpx

    connecting = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    return (*connecting, httpx.ProxyError, httpx.UnsupportedProtocol)


async def open_gateway(context: Context, account: SmsCreatorAccount) -> Gateway:
    """The gateway with the login read from the secret stores.

    Raises:
        SecretError: no store knows the user or the password.
    """
    user = await asyncio.to_thread(context.secret, account.user)
    password = await asyncio.to_thread(context.secret, account.password)
    return Gateway(account, user, password)


class UnreadableError(Exception):
    """An answer that is no XML, holds entities, or lacks what every answer has.

    Args:
        why: in words, or the class of an error.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Answer:
    """A result: `code` is the call's `StatusCode`, `value` its `Value`."""

    code: str
    value: Element | None

    @property
    def status(self) -> str | None:
        """`Status` of an order."""
        return None if self.value is None else field(self.value, "Status")

    @property
    def number(self) -> float:
        """`Value` of the balance.

        Raises:
            UnreadableError: it is no number.
        """
        try:
            return float((self.value.text or "") if self.value is not None else "")
        except ValueError:
            raise UnreadableError(_("the balance is no number")) from None

    def items(self, name: str) -> Iterator[Element]:
        """Elements of this name below `Value`."""
        below = () if self.value is None else self.value.iter()
        return (element for element in below if _local(element) == name)


def parse(data: bytes) -> Answer:
    """Read an answer. Names of the root element and of the namespace do not matter.

    Raises:
        UnreadableError: it is not well formed, defines entities or has no `StatusCode`.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableError(type(error).__name__) from None
    code = _first(root, "StatusCode")
    if code is None:
        raise UnreadableError(_("it has no StatusCode"))
    return Answer((code.text or "").strip(), _first(root, "Value"))


def field(element: Element, name: str) -> str | None:
    """The text of the first child of this name, None where there is none."""
    for child in element:
        if _local(child) == name:
            return (child.text or "").strip()
    return None


def _first(root: Element, name: str) -> Element | None:
    return next((element for element in root.iter() if _local(element) == name), None)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
