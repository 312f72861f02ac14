"""A small HTTP/1.1 server on loopback for fakes of providers: whole requests in, whole answers out.

It runs in threads of its own. An answer may also be late, or not come at all.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from serienpost import SerienpostError, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

_ = Texts(__name__)

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; names of headers are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets; `lost`: the connection is closed instead, without a word."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    lost: bool = False


class WebServer:
    """A running server; use it in a `with` statement.

    Args:
        answer: called for each request, by several threads at once.
        port: 0 takes a free one; `.port` tells which.

    Attributes:
        stopped: set when the server ends, for answers that wait on purpose.

    Raises:
        SerienpostError: the port is taken.
    """

    def __init__(self, answer: Callable[[Request], Answer], port: int = 0) -> None:
        self.stopped = threading.Event()
        self._answer = answer
        try:
            self._server = _Server((HOST, port), _handler(answer))
        except OSError as error:
            raise SerienpostError(
                _(
                    "cannot listen on {server}: {reason}",
                    server=f"{HOST}:{port}",
                    reason=error.strerror or "",
                ),
                hint=_("choose another port, 0 takes a free one"),
            ) from error
        self.port: int = self._server.server_address[1]
        self._thread = self._new_thread()

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        if self._thread.is_alive():
            self.close()

    def close(self) -> None:
        """Take no more connections: the server cannot be reached."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def listen_again(self) -> None:
        """Take connections again on the same port."""
        self._server = _Server((HOST, self.port), _handler(self._answer))
        self._thread = self._new_thread()
        self._thread.start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """A client that went away is nothing to report."""


def _handler(answer: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            given = Request(
                self.command,
                unquote(parts.path),
                {name: values[-1] for name, values in parse_qs(parts.query).items()},
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            reply = answer(given)
            if reply.delay:
                time.sleep(reply.delay)
            if reply.lost:
                self.close_connection = True
                return
            head = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
            head += [f"{name}: {value}" for name, value in reply.headers.items()]
            head += [f"Content-Length: {len(reply.body)}", "", ""]
            self.wfile.write("\r\n".join(head).encode("latin-1") + reply.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Requests hold people's data; they are not printed."""

    return Handler
