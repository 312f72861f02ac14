"""The desk as an ASGI application: from a request to the page that its route names.

Nothing here knows what is on a page. The order is that of `_answer`: the route, who asks, whether
they may, what they sent, then the page, in a thread of a small pool, in the user's language.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serienpost import LedgerUnavailableError, SerienpostError, UnavailableError, speaking
from serienpost.service import ensure_worker
from serienpost_web.doors import Doors, Entrance, place_of
from serienpost_web.forms import (
    BROKEN,
    NO_ROOM,
    TOO_LARGE,
    NoRoomError,
    read_form,
    refuse_unread,
    said_in,
    throw_away,
)
from serienpost_web.once import Once
from serienpost_web.pages import ROUTES
from serienpost_web.pages.entrance import kept_form
from serienpost_web.practices import Practices
from serienpost_web.rendering import Pages
from serienpost_web.sessions import (
    KNOWN,
    LANGUAGE,
    SESSION,
    kept_awake,
    known_language,
    only_cookie,
    visitor_of,
)
from serienpost_web.table import (
    Asked,
    BrokenFormError,
    Field,
    Moved,
    NotFoundError,
    Sent,
    Shown,
    TooLargeError,
    path_to,
)

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from serienpost import Practice
    from serienpost_web.sessions import Visitor
    from serienpost_web.table import Answer, Route

_log = logging.getLogger(__name__)

# Requests that are worked on at the same time; each may hold an opened practice.
AT_ONCE = 4
# Seconds between two looks whether a worker is there.
_WORKER_SECONDS = 60.0
# Nobody in particular: before a login, and to look a session up.
_NOBODY = "serienpost"
# Characters of the name under which a file is kept.
_LONGEST_NAME = 150
# A year, for what stays when the browser is closed.
_KEPT_SECONDS = 365 * 24 * 3600
# After so long a program asks again for what could not be answered (RFC 9110, 10.2.3).
_RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class _Found:
    route: Route
    parts: dict[str, str]


class Desk:
    """The application inside the doors.

    Args:
        folder: of the practice.
        entrance: how the desk is reached.
        with_worker: see that a worker is there, which does what is asked for here.
    """

    def __init__(self, folder: Path, entrance: Entrance, *, with_worker: bool = True) -> None:
        self.routes = ROUTES
        self._folder = folder
        self._with_worker = with_worker
        self._entrance = entrance
        self._practices = Practices(folder)
        self._pages = Pages()
        self._once = Once()
        self._limiter: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        request = Request(scope, receive)
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        async with AsyncExitStack() as sent:
            form = Field()
            if request.method == "POST":
                form = await self._sent(request, sent)
            work = partial(self._respond, request, form)
            response = await anyio.to_thread.run_sync(work, limiter=self._limiter)
        await response(scope, receive, send)

    async def _sent(self, request: Request, sent: AsyncExitStack) -> Field:
        """What a form holds; what is none is told by a word of ours. A file is read, a piece at a
        time, from those alone who may give one."""
        found = self._find("POST", request.scope["path"])
        takes_file = found is not None and found.route.takes_file
        if found and takes_file:
            may = partial(self._admits, request, found)
            if not await anyio.to_thread.run_sync(may, limiter=self._limiter):
                await throw_away(request)
                return Field()
        try:
            return await read_form(request, sent, takes_file=takes_file)
        except BrokenFormError:
            return Field({"": (BROKEN,)})
        except TooLargeError:
            return Field({"": (TOO_LARGE,)})
        except NoRoomError:
            return Field({"": (NO_ROOM,)})

    def _admits(self, request: Request, found: _Found) -> bool:
        """Whether somebody may use a route, asked before a large body is read."""
        try:
            with self._practices.acting(_NOBODY) as nobody:
                visitor = visitor_of(nobody, only_cookie(request, self._entrance.cookie(SESSION)))
            if visitor is not None and _is_kept(found, visitor):
                return True
            return visitor is not None and self._not_allowed(found, visitor, request) is None
        except SerienpostError:
            return False

    def takes_file(self, path: str) -> bool:
        """Whether a file may be sent to a path."""
        found = self._find("POST", path)
        return found is not None and found.route.takes_file

    async def _live(self, receive: Receive, send: Send) -> None:
        """From the start of the server to its end."""
        await receive()
        async with anyio.create_task_group() as tasks:
            if self._with_worker:
                tasks.start_soon(self._keep_worker)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            tasks.cancel_scope.cancel()
        self._practices.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_worker(self) -> None:
        """See each minute that a worker is there; the first page says where none is at work."""
        while True:
            try:
                await anyio.to_thread.run_sync(ensure_worker, self._folder)
            except SerienpostError as error:
                _log.warning("%s", error.sentence)
            except Exception as error:  # noqa: BLE001  # such as no memory for it; later there may be
                _log.error("no worker: %s", place_of(error))
            await anyio.sleep(_WORKER_SECONDS)

    def _respond(self, request: Request, form: Field) -> Response:
        """The response, made in a thread; whatever goes wrong is a page that says so."""
        chosen = only_cookie(request, self._entrance.cookie(LANGUAGE))
        found = self._find(request.method, request.scope["path"])
        try:
            with self._practices.acting(_NOBODY) as nobody:
                language = known_language(chosen, nobody)
                zone = nobody.context.zone
                with speaking(language, zone):
                    return self._asked(request, form, found, nobody, language)
        except SerienpostError as error:  # the practice itself cannot be opened
            with speaking(known_language(chosen, None)):
                return self._page(self._refused(error), None, None)
        except Exception as error:  # noqa: BLE001  # a bug; the next request is not hurt by it
            number = secrets.token_hex(4)
            path = found.route.path if found else "no route"
            _log.error("%s %s failed (%s): %s", request.method, path, number, place_of(error))
            with speaking(known_language(chosen, None)):
                return self._page(Shown("bug", {"number": number}, 500), None, None)

    def _find(self, method: str, path: str) -> _Found | None:
        wanted = "GET" if method == "HEAD" else method
        for route in self.routes:
            parts = route.match(path) if route.method == wanted else None
            if parts is not None:
                return _Found(route, parts)
        return None

    def _asked(
        self, request: Request, form: Field, found: _Found | None, nobody: Practice, language: str
    ) -> Response:
        token = only_cookie(request, self._entrance.cookie(SESSION))
        visitor = visitor_of(nobody, token)
        if found is None:
            return self._page(Shown("missing", status=404), visitor, None)
        if visitor is not None and _is_kept(found, visitor):
            kept = kept_form(form, request.scope["path"])
            return self._page(kept, visitor, None)
        if (elsewhere := self._not_allowed(found, visitor, request)) is not None:
            return self._as_response(elsewhere, visitor, None)
        asked = Asked(
            practice=nobody,
            visitor=visitor,
            parts=found.parts,
            query=Field(parse_qs(_query(request), keep_blank_values=True)),
            form=form,
            route=found.route,
            path=request.scope["path"],
            origin=self._client(request),
            token=token,
            known=(only_cookie(request, self._entrance.cookie(KNOWN)) or "")[:2000],
            language=language,
            goes_to=self._own_page,
        )
        if visitor is None:
            return self._as_response(self._does(asked), None, asked)
        if not found.route.is_polled and not visitor.is_locked:
            visitor = kept_awake(nobody, visitor) or visitor
        with self._practices.acting(visitor.name) as practice:
            asked = replace(asked, practice=practice, visitor=visitor)
            return self._as_response(self._does(asked), visitor, asked)

    def _not_allowed(
        self, found: _Found, visitor: Visitor | None, request: Request
    ) -> Answer | None:
        """Where to instead, or the refusal; None where the visitor may."""
        route = found.route
        if route.needs == "nobody" or (route.needs == "session" and visitor):
            return None
        door = "login" if visitor is None else "locked" if visitor.is_locked else None
        if door and route.is_polled:
            return Sent(b"", "text/plain", headers={"x-desk": door})
        if door:
            return Moved(f"/{door}?next={quote(_page_of(found, request), safe='')}")
        if visitor and not visitor.may(route.needs):
            return Shown("forbidden", {"needs": route.needs}, 403)
        return None

    def _does(self, asked: Asked) -> Answer:
        """The answer of the page, or the page that says why there is none."""
        try:
            refuse_unread(asked.form)
            if asked.route.method == "GET" or asked.route.needs in ("nobody", "session"):
                return asked.route.does(asked)
            digest = hashlib.sha256((asked.token or "").encode()).digest()
            # Whoever goes back and changes something wants something else.
            key = digest, asked.form.some("form", 50), asked.path, said_in(asked.form)
            return self._once.answer(key, lambda: asked.route.does(asked))
        except TooLargeError:
            return Shown("large", status=413)
        except NotFoundError:
            return Shown("missing", status=404)
        except BrokenFormError:
            return Shown("broken", status=400)
        except SerienpostError as error:
            return self._refused(error)

    def _refused(self, error: SerienpostError) -> Shown:
        passes = isinstance(error, (LedgerUnavailableError, UnavailableError))
        status = 503 if passes else 409
        return Shown("refused", {"problems": error.problems}, status)

    def _own_page(self, wanted: str) -> str:
        """Where to after a login: a page of ours, else the first one."""
        path = wanted.partition("?")[0]
        found = self._find("GET", path)
        is_ours = found is not None and found.route.needs not in ("nobody", "session")
        is_plain = wanted.isascii() and wanted.isprintable() and len(wanted) < 1000
        return wanted if is_ours and is_plain and found and not found.route.is_polled else "/"

    def _client(self, request: Request) -> str:
        if self._entrance.is_behind_proxy:
            # Some proxies write a line of their own below what the client sent.
            lines = request.headers.getlist("x-forwarded-for")
            said = lines[-1].rpartition(",")[2].strip() if lines else ""
            if said:
                return said[:100]
        return request.client.host if request.client else ""

    def _as_response(
        self, answer: Answer, visitor: Visitor | None, asked: Asked | None
    ) -> Response:
        if isinstance(answer, Shown):
            return self._page(answer, visitor, asked)
        if isinstance(answer, Sent):
            response = Response(answer.body, media_type=answer.media_type)
            response.headers.update(answer.headers)
            if answer.file:
                response.headers["content-disposition"] = _kept_as(answer.file)
            return response
        sign = "&" if "?" in answer.to else "?"
        to = f"{answer.to}{sign}said={answer.said}" if answer.said else answer.to
        moved = RedirectResponse(to, status_code=303)
        for name, value in answer.cookies.items():
            self._set_cookie(moved, name, value)
        return moved

    def _set_cookie(self, response: Response, name: str, value: str | None) -> None:
        """A cookie of this host alone that no script reads; a session is gone with the browser."""
        response.set_cookie(
            self._entrance.cookie(name),
            value or "",
            max_age=0 if value is None else None if name == SESSION else _KEPT_SECONDS,
            secure=self._entrance.is_encrypted,
            httponly=True,
            samesite="strict",
        )

    def _page(self, shown: Shown, visitor: Visitor | None, asked: Asked | None) -> Response:
        text = self._pages.render(shown, visitor, asked, self.routes)
        headers = {"retry-after": str(_RETRY_SECONDS)} if shown.status == 503 else None
        return Response(text, shown.status, headers, media_type="text/html")


def _is_kept(found: _Found, visitor: Visitor) -> bool:
    """Whether what was written is carried through the lock."""
    route = found.route
    return route.keeps_text and visitor.is_locked and visitor.may(route.needs)


def _page_of(found: _Found, request: Request) -> str:
    """The page that was asked for, or that a form stands on."""
    if request.method == "POST":
        return path_to(found.route.back or "/", found.parts)
    query = _query(request)
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


def _kept_as(name: str) -> str:
    """A file to be kept under a name (RFC 6266, 4), without what leads elsewhere or ends a header;
    programs that do not know `filename*` get letters of ASCII."""
    plain = re.sub(r"[^\w .,()+@~-]", "_", name).lstrip(" .")[-_LONGEST_NAME:] or "_"
    ascii_name = plain.encode("ascii", "replace").decode().replace("?", "_")
    kept = f'attachment; filename="{ascii_name}"'
    return kept if plain.isascii() else f"{kept}; filename*=UTF-8''{quote(plain, safe='')}"


def _query(request: Request) -> str:
    return str(request.scope["query_string"].decode("latin-1"))


def make_app(folder: Path, entrance: Entrance, *, with_worker: bool = True) -> ASGIApp:
    """The whole desk of one practice, doors included; see `Desk`."""
    desk = Desk(folder, entrance, with_worker=with_worker)
    return Doors(desk, entrance, desk.takes_file)
