"""Access tokens for a login by XOAUTH2 (RFC 6749, 4.4 and 6)."""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from serienpost import Texts

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_ = Texts(__name__)

_TIMEOUT = 30.0
_LARGEST_ANSWER = 64 * 1024
# Seconds before its end from which a token is not used any more.
_EARLY = 60.0

_SHORTEST = 300.0
_LONGEST = 86400.0
_REFUSED = frozenset({400, 401, 403})


class TokenServerError(ConnectionError):
    """The token server does not answer, or nothing that can be used; asked again it may."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class TokenRefusedError(Exception):
    """The provider gives no token to these keys; `text` is its own word for it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _NoRedirect(HTTPRedirectHandler):
    """The keys and the token belong to the address of the account and to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


class Tokens:
    """Gets access tokens and keeps the last one as long as it is good.

    Args:
        url: where the provider gives them out.
        form: what is posted there.
        tls: for the certificate check.
    """

    def __init__(self, url: str, form: Mapping[str, str], tls: ssl.SSLContext | None) -> None:
        self._url = url
        self._form = dict(form)
        self._opener = build_opener(_NoRedirect, HTTPSHandler(context=tls))
        self._token = ""
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def __call__(self) -> str:
        """A token that is good for at least a minute.

        Raises:
            TokenRefusedError: the keys are not accepted.
            ConnectionError: the provider cannot be asked now.
        """
        async with self._lock:
            if time.monotonic() >= self._until:
                self._token, seconds = await asyncio.to_thread(self._ask)
                self._until = time.monotonic() + max(seconds, _SHORTEST) - _EARLY
            return self._token

    def _ask(self) -> tuple[str, float]:
        request = Request(self._url, urlencode(self._form).encode("ascii"))  # noqa: S310  checked
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                found = json.loads(answer.read(_LARGEST_ANSWER))
        except HTTPError as error:
            with error:
                if error.code in _REFUSED:
                    raise TokenRefusedError(_reason(error)) from None
            said = _("the token server answers {status}", status=error.code)
            raise TokenServerError(said) from None
        except (URLError, OSError, ValueError):
            raise TokenServerError(_("the token server does not answer")) from None
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise TokenServerError(_("the token server's answer holds no token"))
        seconds = found.get("expires_in")
        known = isinstance(seconds, int | float) and math.isfinite(seconds)
        return token, min(float(seconds), _LONGEST) if known else _SHORTEST


def _reason(error: HTTPError) -> str:
    """The error's code (RFC 6749, 5.2), without what else the answer may repeat."""
    try:
        code = json.loads(error.read(_LARGEST_ANSWER)).get("error")
    except (ValueError, AttributeError, OSError):
        code = None
    known = isinstance(code, str) and code.replace("_", "").isalpha() and len(code) <= 40
    return str(code) if known else str(error.code)
