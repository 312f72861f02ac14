"""A browser of few means: it opens pages, fills in their forms, goes where it is led, and can do
the last thing once more as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, TypeAlias
from urllib.parse import urlsplit

import html5lib
import httpx  # noqa: TID253  # a test

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from xml.etree.ElementTree import Element

Said: TypeAlias = "str | list[str]"
# Name, content.
File: TypeAlias = "tuple[str, bytes]"


@dataclass(frozen=True)
class Form:
    """A form of a page, filled in as it stands there, without what a button says."""

    action: str
    takes_file: bool
    fields: dict[str, list[str]]


@dataclass(frozen=True)
class Page:
    """What a browser shows.

    Args:
        path: where it was led, with the query.
    """

    path: str
    status: int
    text: str
    headers: Mapping[str, str]

    def form(self, action: str = "") -> Form:
        """The one form of the page that is sent to a path; to the page's own unless given."""
        wanted = action or urlsplit(self.path).path
        tree = html5lib.parse(self.text, namespaceHTMLElements=False)
        forms = [one for one in tree.iter("form") if one.get("action") == wanted]
        assert len(forms) == 1, (wanted, self.path, self.text)
        (found,) = forms
        return Form(wanted, found.get("enctype") == "multipart/form-data", _fields(found))


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    data: dict[str, Said] | None = None
    file: File | None = None
    takes_file: bool = False


class Browser:
    """Whoever asks loses the connection with it: `httpx.TransportError`."""

    def __init__(self, url: str) -> None:
        # A connection each, so that none is of a server that is gone.
        self._client = httpx.Client(
            base_url=url,
            headers={"sec-fetch-site": "same-origin"},
            timeout=120,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._last = _Request("GET", "/")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def open(self, path: str) -> Page:
        """Open a page."""
        return self._go(_Request("GET", path))

    def log_in(self, user: str, password: str) -> Page:
        """Log in; the page that comes then."""
        return self.send(self.open("/login").form(), name=user, password=password)

    def send(self, form: Form, file: File | None = None, **said: Said) -> Page:
        """Send a form with this written over what stands in it."""
        data: dict[str, Said] = {**form.fields, **said}
        return self._go(_Request("POST", form.action, data, file, form.takes_file))

    def send_to(self, action: str, form: Form, **said: Said) -> Page:
        """Send a form by a button that leads elsewhere (`formaction`)."""
        return self.send(replace(form, action=action), **said)

    def again(self) -> Page:
        """The last request once more, as it was."""
        return self._go(self._last)

    def _go(self, request: _Request) -> Page:
        while True:
            self._last = request
            found = self._answer(request)
            if not found.is_redirect:
                return Page(request.path, found.status_code, found.text, found.headers)
            request = _Request("GET", found.headers["location"])

    def _answer(self, request: _Request) -> httpx.Response:
        if not request.takes_file:
            return self._client.request(request.method, request.path, data=request.data)
        # A field for a file that nobody chose is sent without a name.
        files = {"file": request.file or ("", b"")}
        return self._client.request(request.method, request.path, data=request.data, files=files)


def _fields(form: Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in form.iter():
        name = one.get("name")
        if not name or one.get("disabled") is not None:
            continue
        if one.tag == "textarea":
            found.setdefault(name, []).append("".join(one.itertext()))
        elif one.tag == "select":
            options = [*one.iter("option")]
            chosen = [each for each in options if each.get("selected") is not None] or options[:1]
            found.setdefault(name, []).extend(each.get("value") or "" for each in chosen)
        elif one.tag == "input" and one.get("type") not in ("file", "submit", "button"):
            is_sent = one.get("type") not in ("radio", "checkbox") or one.get("checked") is not None
            if is_sent:
                found.setdefault(name, []).append(one.get("value") or "")
    return found
