"""What a request must be before anything of the desk looks at it, and what every answer says.

An ASGI application around the desk's own: the host is one of ours, an unsafe request comes from one
of our pages (Fetch Metadata, OWASP Cross-Site Request Forgery Prevention Cheat Sheet), the body is
small and comes in time. Headers stand on every answer, refusals included.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

# Octets of a form without a file.
MOST_BODY = 256 * 1024
# Octets of one with a file: the largest that the core takes, and the form around it.
MOST_UPLOAD = 20_000_000 + 2 * MOST_BODY
# Octets that are read and thrown away of what is larger: a browser that is cut off in the middle
# shows no answer.
MOST_THROWN = 100_000_000
# Seconds in which the body of a request has to come; one with a file over a slow line.
BODY_SECONDS = 20.0
UPLOAD_SECONDS = 600.0

_SAFE = ("GET", "HEAD")
_TOO_LARGE = 413
# Digits of a length that is a number at all.
_LONGEST_LENGTH = 12

# A page takes scripts, styles and images from here alone and stands in nobody's frame.
PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
# A preview is somebody's HTML: no script, no form, nothing fetched, an origin of its own.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
# A file may be anybody's: it is kept or shown as an image, and does nothing where it is opened.
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

ALWAYS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": PAGE_POLICY,
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# What stands on a preview instead: it is shown within a page of ours.
PREVIEW: Mapping[str, str] = {
    "content-security-policy": PREVIEW_POLICY,
    "cross-origin-opener-policy": "unsafe-none",
    "x-frame-options": "SAMEORIGIN",
}
# What stands on a file instead.
FILE: Mapping[str, str] = {"content-security-policy": FILE_POLICY}
_STRICT_TRANSPORT = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class Entrance:
    """How the desk is reached.

    Args:
        origins: such as `https://desk.example.org`; the first is where to send people.
        is_behind_proxy: the last address of `X-Forwarded-For` is that of the client.
    """

    origins: tuple[str, ...]
    is_behind_proxy: bool = False

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers come by TLS."""
        return all(one.startswith("https:") for one in self.origins)

    @property
    def hosts(self) -> frozenset[str]:
        """What the header `Host` may say."""
        return frozenset(urlsplit(one).netloc for one in self.origins)

    def cookie(self, name: str) -> str:
        """The name of a cookie. `__Host-` (RFC 6265bis, 4.1.3.2) keeps it to this host, by TLS
        alone; cookies know no ports, so a desk without TLS puts its port into the name."""
        if self.is_encrypted:
            return f"__Host-{name}"
        return f"{name}-{urlsplit(self.origins[0]).port or 80}"


def is_own(headers: Mapping[str, str], entrance: Entrance) -> bool:
    """Whether an unsafe request comes from one of our own pages.

    Browsers say it in `Sec-Fetch-Site`; `Origin` is `null` for a form of a page that sends no
    referrer, and counts alone where the browser is too old to say more.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is None:
        return origin in entrance.origins
    return site == "same-origin" and origin in (None, "null", *entrance.origins)


class Doors:
    """Refuses what does not come from our own pages; puts the headers on every answer.

    Args:
        desk: the application inside.
        entrance: how it is reached.
        takes_file: whether a file may come to a path. Such a body is not read here: the desk does,
            a piece at a time, once it knows who sends it.
    """

    def __init__(
        self, desk: ASGIApp, entrance: Entrance, takes_file: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._desk = desk
        self._entrance = entrance
        self._takes_file = takes_file
        self._headers = dict(ALWAYS)
        if entrance.is_encrypted:
            self._headers["strict-transport-security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; refusals are one plain line."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._desk(scope, receive, send)
            return

        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                message["headers"] = self._with_ours(message.get("headers", ()))
            await send(message)

        refusal = self._refusal(scope)
        is_upload = scope["method"] == "POST" and self._takes_file(scope["path"])
        is_read_later = is_upload and refusal is None
        if refusal != _TOO_LARGE and scope["method"] not in _SAFE and not is_read_later:
            # Also of what is refused: closing on what nobody read would reset the connection, and
            # the refusal with it.
            body = await _body(receive)
            if isinstance(body, int):
                refusal = refusal or body
            else:
                receive = _once(body, receive)
        if refusal is not None:
            await _refuse(refusal, send_on)
            return
        try:
            await self._desk(scope, receive, send_on)
        except Exception as error:  # noqa: BLE001  # a bug; the server would log its words
            _log.error("%s failed: %s", scope["method"], place_of(error))
            if not has_begun:
                await _refuse(500, send_on)

    def _refusal(self, scope: Scope) -> int | None:
        """The status of a request that is refused; None where it may pass."""
        headers = _headers(scope)
        if headers is None or headers.get("host", "") not in self._entrance.hosts:
            return 421  # Misdirected Request (RFC 9110, 15.5.20)
        if scope["method"] not in (*_SAFE, "POST"):
            return 405
        if scope["method"] not in _SAFE and not is_own(headers, self._entrance):
            return 403
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or len(length) > _LONGEST_LENGTH:
            return _TOO_LARGE
        most = MOST_THROWN if self._takes_file(scope["path"]) else MOST_BODY
        return _TOO_LARGE if int(length) > most else None

    def _with_ours(self, theirs: object) -> list[tuple[bytes, bytes]]:
        """The headers of an answer: what it says itself goes before what is always said."""
        own = [(name.lower(), value) for name, value in theirs]  # type: ignore[attr-defined]
        said = {name for name, _ in own}
        ours = ((name.encode(), value.encode()) for name, value in self._headers.items())
        return [*own, *((name, value) for name, value in ours if name not in said)]


def _headers(scope: Scope) -> MutableMapping[str, str] | None:
    """The headers by name; None where one that decides stands there twice."""
    found: dict[str, str] = {}
    for raw_name, value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        decides = name in ("host", "origin", "sec-fetch-site", "content-length")
        if decides and name in found:
            return None
        found[name] = value.decode("latin-1")
    return found


async def _body(receive: Receive) -> bytes | int:
    """The whole body; or the status where it is too long, too slow, or broken off."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return 400
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MOST_BODY:
                    return _TOO_LARGE
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return 408


def place_of(error: Exception) -> str:
    """Kind and place of a bug; its words may hold somebody's data."""
    frames = [f"{Path(one.filename).name}:{one.lineno}" for one in extract_tb(error.__traceback__)]
    return " ".join([type(error).__name__, *frames])


def _once(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what follows."""
    given = False

    async def read() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read


# For programs and people who come by a wrong door; pages explain themselves in two languages.
_LINES = {
    400: b"broken off\n",
    403: b"this request does not come from a page of this desk\n",
    405: b"no such method\n",
    408: b"too slow\n",
    _TOO_LARGE: b"too large\n",
    421: b"this desk is not known by that name\n",
    500: b"something went wrong here\n",
}


async def _refuse(status: int, send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _LINES[status]})
