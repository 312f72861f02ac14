"""An SMTP server on loopback that keeps what it gets and misbehaves on request.

It speaks real SMTP (aiosmtpd) in a thread of its own, so that a test or the `demo` command talks to
it as to any mail server. Nothing is passed on.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from serienpost import SerienpostError, Texts, write_private
from serienpost_demo.misbehaviour import Script

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from serienpost_demo.mailserver import Connection

_ = Texts(__name__)

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Caught:
    """A message for which the final dot arrived: the envelope, the bytes, when (UTC)."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    at: datetime


class Catcher:
    """A running SMTP server; use it in a `with` statement.

    Args:
        folder: where each message is also written as `000001.eml`, readable by the owner alone;
            made with the first message, its parent exists.
        port: 0 takes a free one; `.port` tells which.

    Attributes:
        messages: what arrived, in order. Grows while the catcher runs.
        script: how to misbehave.
    """

    def __init__(self, folder: Path | None = None, port: int = 0) -> None:
        self.port = port
        self.messages: list[Caught] = []
        self.script = Script()
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="smtp-catcher", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            SerienpostError: the port is taken.
        """
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise SerienpostError(
                _(
                    "cannot listen on {server}: {reason}",
                    server=f"{HOST}:{self.port}",
                    reason=self._error.strerror or "",
                ),
                hint=_("choose another port, 0 takes a free one"),
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop all connections and stop listening."""
        assert self._loop is not None  # noqa: S101  set before __enter__ returned
        assert self._stop is not None  # noqa: S101
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def keep(self, sender: str, recipients: Sequence[str], data: bytes) -> int:
        """Keep a message; says how many there are now."""
        caught = Caught(sender, tuple(recipients), data, datetime.now(UTC))
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{len(self.messages) + 1:06d}.eml"
            write_private(path, data)
        self.messages.append(caught)
        return len(self.messages)

    def connection(self) -> Connection:
        """What serves a client that just came."""
        from serienpost_demo.mailserver import Connection

        return Connection(self.script, self.keep)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(self.connection, HOST, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
