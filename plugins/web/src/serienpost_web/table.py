"""The words in which a page of the desk is written: routes, what is asked, what is answered.

A page is a function from `Asked` to an `Answer`, and a `Route` with the right that it needs; its
module in `pages/` lists its routes, `pages/__init__.py` lists the modules. There is no other way
for a route into the desk.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from serienpost import SerienpostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from serienpost import Practice, Text
    from serienpost.service import Draft, Run
    from serienpost_web.sessions import Visitor

T = TypeVar("T")

# `nobody`: without a login; `session`: a login, locked or not; else a right of the user.
Need: TypeAlias = Literal["nobody", "session", "read", "prepare", "approve", "administer"]

_PARAMETER = re.compile(r"\{(\w+)\}")
# Ids of runs and rows, and names of files; nothing that leads anywhere.
_SEGMENT = r"[A-Za-z0-9_.:@~-]{1,200}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, from a template and its values.

    Args:
        template: of `templates/`, by its name.
        values: that it names.
        status: of HTTP.
        is_final: something was done, and this is what came of it: who sends the form again gets
            the same page.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """To another page, after something was done: POST, redirect, GET.

    Args:
        to: path and query within the desk.
        said: a key of `wording.SAID`: what was done, said there.
        cookies: to be set, or removed where the value is None.
    """

    to: str
    said: str | None = None
    cookies: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """Octets: a file to keep, or what a page or the script asks for."""

    body: bytes
    media_type: str
    file: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = "Shown | Moved | Sent"


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the desk.

    Args:
        path: with `{name}` for one part of it.
        does: makes the answer; called in a thread.
        needs: who may.
        method: `GET` changes nothing.
        tab: its place in the navigation, where it has one.
        back: of a `POST`, the page it stands on, with the same parts; where a login leads to.
        is_polled: asked by the script, which keeps nobody logged in.
        takes_file: one file may come with the form, larger than any form.
        keeps_text: what was written is carried through the lock of the desk.
    """

    path: str
    does: Callable[[Asked], Answer]
    needs: Need
    method: Literal["GET", "POST"] = "GET"
    tab: str | None = None
    back: str | None = None
    is_polled: bool = False
    takes_file: bool = False
    keeps_text: bool = False

    def match(self, path: str) -> dict[str, str] | None:
        """The parts of a path that this route is for; None where it is not."""
        pattern = _PARAMETER.sub(lambda found: f"(?P<{found[1]}>{_SEGMENT})", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of *Verwaltung*, as its overview names it.

    Args:
        route: of the page; who may not open it does not see the entry.
        title: what it is called.
        about: what can be done there, in one sentence.
    """

    route: Route
    title: Text
    about: Text


def path_to(pattern: str, parts: Mapping[str, str]) -> str:
    """The path with its parts filled in."""
    return _PARAMETER.sub(lambda found: parts[found[1]], pattern)


class NotFoundError(Exception):
    """There is no such page, run or row."""


class BrokenFormError(Exception):
    """A form lacks what our own page would have sent."""


class TooLargeError(Exception):
    """What was sent is larger than any file that is taken."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that came with a form: what the browser calls it, and its bytes to be read."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Field:
    """What a form sent: names that may come several times."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: SentFile | None = None

    def one(self, name: str, most: int = 1000) -> str:
        """The value of a field; empty where there is none. Longer ones are no field of ours."""
        found = self.values.get(name, ("",))
        if len(found) != 1 or len(found[0]) > most:
            raise BrokenFormError
        return found[0]

    def some(self, name: str, most: int = 1000) -> str:
        """The value of a field that our own page always sends.

        Raises:
            BrokenFormError: it is not there.
        """
        if not (found := self.one(name, most)):
            raise BrokenFormError
        return found

    def password(self) -> str:
        """A password as it was typed; the core says which are too long."""
        return self.one("password", 4096)

    def all(self, name: str) -> Sequence[str]:
        """All values of a field."""
        return self.values.get(name, ())

    def text(self, name: str, most: int) -> str:
        """What somebody wrote, its lines ended as everywhere else than in a form (RFC 9110 leaves
        that to HTML, which sends CR LF)."""
        return self.one(name, most).replace("\r\n", "\n")

    def number(self, name: str, default: int) -> int:
        """A whole number from 1; the default where something else stands there."""
        found = self.one(name)
        is_number = found.isascii() and found.isdigit() and len(found) < 7
        return max(1, int(found)) if is_number else default


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as a page has to know.

    Args:
        practice: opened for the user; for nobody, before a login.
        visitor: who is logged in.
        parts: those of the path.
        query: of the address; ids and numbers, never a name.
        form: of a `POST`.
        route: what was matched.
        path: as it was asked for.
        origin: where the client is, for delays after wrong passwords.
        token: of the session, where the browser has one.
        known: what the last log in of this browser left there.
    """

    practice: Practice
    visitor: Visitor | None
    parts: Mapping[str, str]
    query: Field
    form: Field
    route: Route
    path: str
    origin: str
    token: str | None
    known: str
    language: str
    goes_to: Callable[[str], str]

    @property
    def user(self) -> Visitor:
        """Who is logged in, where the route needs somebody."""
        assert self.visitor is not None  # noqa: S101  # the table says so
        return self.visitor

    def draft(self) -> Draft:
        """The draft of the path, as it was saved last.

        Raises:
            NotFoundError: there is none.
        """
        return self.found(self.practice.draft, "draft")

    def run(self) -> Run:
        """The run of the path.

        Raises:
            NotFoundError: there is none.
        """
        return self.found(self.practice.run, "run")

    def found(self, find: Callable[[str], T], part: str) -> T:
        """What a part of the path names, looked for by its id.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return find(self.parts[part])
        except SerienpostError as error:
            raise NotFoundError from error


def new_form_key() -> str:
    """A key by which a form that is sent twice is known again."""
    return secrets.token_urlsafe(12)
