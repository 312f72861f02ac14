"""A server that is slow to greet: connections are accepted at once and served when told."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_PIECE = 65_536


class Relay:
    """Listens before a server on loopback; use it in a `with` statement.

    Args:
        port: of the server.

    Attributes:
        port: where it listens.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connected = threading.Event()
        self._opened = threading.Event()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Self:
        """Accept connections; say nothing."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop all connections."""
        self._opened.set()
        for each in (self._listener, *self._sockets):
            each.close()

    def wait_for_client(self, seconds: float = 120.0) -> None:
        """Wait until somebody has connected."""
        assert self._connected.wait(seconds), "nobody connects"

    def open(self) -> None:
        """Serve all connections from now on."""
        self._opened.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                self._connected.set()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._opened.wait()
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._server))
            self._sockets.append(server)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
