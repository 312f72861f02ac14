"""Serves the desk until it is asked to stop; a client that says nothing is not waited for."""

from __future__ import annotations

import logging
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeGuard

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from serienpost import SerienpostError, Texts
from serienpost_web.app import make_app
from serienpost_web.doors import ALWAYS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from serienpost_web.doors import Entrance

_ = Texts(__name__)

# Seconds in which the head of a request has to come (Slowloris).
HEAD_SECONDS = 10.0
# Seconds in which a client has to take something of an answer that lies ready for it.
READ_SECONDS = 30.0
# Connections at the same time, of a practice with some dozens of browsers; half of the files that a
# process may usually have open.
MOST_CONNECTIONS = 500
# Seconds between two requests over one connection.
_IDLE_SECONDS = 15
# Octets of the head of a request.
_MOST_HEAD = 32 * 1024
# Seconds that answers under way get when it is asked to stop.
_STOP_SECONDS = 10


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that closes a connection whose request does not come to the end of its head, or
    whose answer nobody reads.

    What uvicorn answers by itself has the headers of every other answer. Where there are too many
    connections none is refused for those that say nothing: of these the oldest gives way.
    """

    _deadline: asyncio.TimerHandle | None = None
    _reader: asyncio.TimerHandle | None = None
    _began = 0.0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  # as above it
        """Wait for the first request, but not for long."""
        super().connection_made(transport)
        self._began = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            waiting = [one for one in self.connections if _is_waiting(one)]
            longest = min(waiting, key=lambda one: (one.cycle is not None, one._began))
            self.connections.discard(longest)
            longest.transport.abort()
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Whatever came: either a whole head, or the rest of it in time."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._expect_head()
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        for one in (self._deadline, self._reader):
            if one is not None:
                one.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless something was answered already."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        own = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
        headers = [(name.encode(), value.encode()) for name, value in {**ALWAYS, **own}.items()]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=msg.encode("ascii")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Everything is written, which does not mean that anybody reads it."""
        super().on_response_complete()
        if left := self.transport.get_write_buffer_size():
            self._expect_reading(left)

    def _expect_reading(self, left: int) -> None:
        if self._reader is None:
            self._reader = self.loop.call_later(READ_SECONDS, self._look_whether_read, left)

    def _look_whether_read(self, left: int) -> None:
        """Let a client go that took nothing of what lies ready; closing would wait for it."""
        self._reader = None
        still = self.transport.get_write_buffer_size()
        if still >= left:
            self.transport.abort()
        elif still:
            self._expect_reading(still)

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _is_waiting(connection: object) -> TypeGuard[PatientProtocol]:
    """Whether a connection has no request that is worked on."""
    if not isinstance(connection, PatientProtocol):
        return False
    return connection.cycle is None or connection.cycle.response_complete


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        SerienpostError: the port is taken, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise SerienpostError(
            _(
                "cannot listen on {server}: {reason}",
                server=f"{host}:{port}",
                reason=error.strerror or "",
            ),
            hint=_("choose another with --host and --port"),
        ) from error
    return listening


def serve(
    folder: Path,
    entrance: Entrance,
    listening: socket.socket,
    *,
    tls: tuple[Path, Path] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve the desk of one practice until SIGINT or SIGTERM.

    Args:
        folder: of the practice.
        entrance: how browsers reach it.
        listening: from `listen`.
        tls: certificate and key.
        ready: is called when the first request may come.

    Raises:
        SerienpostError: certificate and key cannot be used.
    """
    server = make_server(folder, entrance, tls=tls)
    # uvicorn hands a signal on to whoever had it before; that the command ends is all they want.
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        ready()
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        listening.close()


def make_server(
    folder: Path,
    entrance: Entrance,
    *,
    tls: tuple[Path, Path] | None = None,
    with_worker: bool = True,
) -> uvicorn.Server:
    """A server that is ready to run; see `serve` and `app.Desk`.

    Raises:
        SerienpostError: certificate and key cannot be used.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        make_app(folder, entrance, with_worker=with_worker),
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        h11_max_incomplete_event_size=_MOST_HEAD,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise SerienpostError(
            _("certificate and key cannot be used: {why}", why=error.strerror or str(error)),
            hint=_("both as PEM, the key without a password"),
        ) from error
    return uvicorn.Server(config)
