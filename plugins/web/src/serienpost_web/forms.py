"""Forms as browsers send them: fields, and at most one file, which is never whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from serienpost import SerienpostError, Texts
from serienpost_web import doors
from serienpost_web.table import BrokenFormError, Field, SentFile, TooLargeError

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from starlette.types import Message

_ = Texts(__name__)

# What stands in the place of a form that could not be read.
BROKEN, TOO_LARGE, NO_ROOM = "broken", "too large", "no room"

# Fields of one form: a page of rows to be decided about, and what stands around them.
_MOST_FIELDS = 2_000
_PIECE = 1 << 16


class NoRoomError(Exception):
    """What was sent cannot be put aside for as long as it is read."""


def refuse_unread(form: Field) -> None:
    """Refuse what `read_form` could not read.

    Raises:
        BrokenFormError: it is no form.
        TooLargeError: it is too large.
        SerienpostError: this machine has no room for it.
    """
    if form.values.get("") == (TOO_LARGE,):
        raise TooLargeError
    if form.values.get("") == (BROKEN,):
        raise BrokenFormError
    if form.values.get("") == (NO_ROOM,):
        raise SerienpostError(
            _("The file was not taken: this computer has no room for it, or cannot write now."),
            hint=_("Go back: what you wrote still stands there. Save it without the file first."),
        )


async def read_form(request: Request, sent: AsyncExitStack, *, takes_file: bool) -> Field:
    """The fields of a form, and its file where one may come.

    Args:
        request: a `POST`.
        sent: closes the file when the request is answered.
        takes_file: whether a file may come; it is spooled to a nameless file of the system.

    Raises:
        BrokenFormError: it is none, or one that no page of ours sends.
        TooLargeError: it is larger than any file that is taken; it was read to its end.
        NoRoomError: the file cannot be put aside.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise BrokenFormError
    counted = _Counted(request)
    if takes_file:
        request = Request(request.scope, counted.receive)
    try:
        async with asyncio.timeout(doors.UPLOAD_SECONDS if takes_file else None):
            try:
                found = await sent.enter_async_context(
                    request.form(
                        max_files=int(takes_file),
                        max_fields=_MOST_FIELDS,
                        max_part_size=doors.MOST_BODY,
                    )
                )
            except Exception:
                # A parser that ended early leaves the rest.
                if takes_file:
                    await counted.throw_rest()
                raise
    except (MultiPartException, HTTPException, ClientDisconnect, TimeoutError, ValueError) as error:
        raise BrokenFormError from error
    except OSError as error:
        raise NoRoomError from error
    values: dict[str, list[str]] = {}
    file = None
    for name, value in found.multi_items():
        if isinstance(value, UploadFile):
            # A field for a file that nobody chose comes without a name.
            file = SentFile(value.filename, value.file) if value.filename else None
        else:
            values.setdefault(name, []).append(value)
    return Field(values, file)


async def throw_away(request: Request) -> None:
    """Read a body that nobody looks at: a browser hears no answer before it sent everything."""
    with suppress(TimeoutError):
        async with asyncio.timeout(doors.UPLOAD_SECONDS):
            await _Counted(request).throw_rest()


class _Counted:
    """A body that is read up to a size, and thrown away beyond it."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._size = 0
        self._is_over = False

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            TooLargeError: it is one too many.
        """
        message = await self._next()
        if self._size > doors.MOST_UPLOAD:
            raise TooLargeError
        return message

    async def throw_rest(self) -> None:
        """Read what is left, up to a limit."""
        while not self._is_over and self._size < doors.MOST_THROWN:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        self._is_over = not message.get("more_body")
        return message


def said_in(form: Field) -> bytes:
    """A digest of all that a form says."""
    digest = hashlib.sha256(repr(sorted((k, [*v]) for k, v in form.values.items())).encode())
    if form.file:
        digest.update(form.file.name.encode("utf-8", "surrogatepass"))
        while piece := form.file.stream.read(_PIECE):
            digest.update(piece)
        form.file.stream.seek(0)
    return digest.digest()
