"""An SMTP server on loopback that keeps what it gets and misbehaves on request.

It speaks real SMTP (aiosmtpd) in a thread of its own, so that a test or the `demo` command talks to
it as to any mail server. Nothing is passed on.
"""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

from serienpost.errors import SerienpostError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

HOST = "127.0.0.1"
Deed: TypeAlias = Literal["refuse_rcpt", "refuse_data", "before_dot", "after_dot", "delay"]


@dataclass(frozen=True, slots=True)
class Caught:
    """A message for which the final dot arrived: the envelope, the bytes, when (UTC)."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    at: datetime


@dataclass
class _Rule:
    deed: Deed
    recipient: str
    reply: str = ""
    seconds: float = 0.0
    times: int | None = None


@dataclass
class Script:
    """How the catcher misbehaves. Rules hold for recipients that match a shell pattern.

    Rules may be added while the catcher runs. `times` limits how often a rule is used, None is for
    ever; of several rules that fit, the earliest is used.
    """

    _rules: list[_Rule] = field(default_factory=list)
    _limit: tuple[int, str] | None = None

    def refuse(
        self,
        recipient: str = "*",
        reply: str = "550 5.1.1 no such user",
        *,
        at: Literal["rcpt", "data"] = "rcpt",
        times: int | None = None,
    ) -> None:
        """Answer RCPT, or the final dot, with this reply line; the message is not kept."""
        self._rules.append(
            _Rule("refuse_rcpt" if at == "rcpt" else "refuse_data", recipient, reply, times=times)
        )

    def disconnect(
        self,
        recipient: str = "*",
        *,
        when: Literal["before_dot", "after_dot"],
        times: int | None = None,
    ) -> None:
        """Drop the connection: after DATA was answered with 354 (nothing is kept), or after the
        final dot without any reply (the message is kept: the client cannot know)."""
        self._rules.append(_Rule(when, recipient, times=times))

    def delay(self, seconds: float, recipient: str = "*", *, times: int | None = None) -> None:
        """Wait so long with the reply to the final dot; the message is kept before."""
        self._rules.append(_Rule("delay", recipient, seconds=seconds, times=times))

    def stop_after(self, messages: int, reply: str = "421 4.7.0 too many messages") -> None:
        """Answer MAIL with this reply and close once a connection brought so many messages."""
        self._limit = (messages, reply)

    def clear(self) -> None:
        """Behave well again."""
        self._rules.clear()
        self._limit = None

    def limit_reply(self, messages: int) -> str | None:
        """The reply for a connection that brought so many messages and has reached its limit."""
        return self._limit[1] if self._limit and messages >= self._limit[0] else None

    def take(self, deed: Deed, recipients: Sequence[str]) -> _Rule | None:
        """Use up one rule of this sort that fits one of the recipients."""
        for rule in self._rules:
            if rule.deed != deed or rule.times == 0:
                continue
            if any(fnmatchcase(recipient, rule.recipient) for recipient in recipients):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None


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
                f"cannot listen on {HOST}:{self.port}: {self._error.strerror}",
                hint="choose another port, 0 takes a free one",
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

    def keep(self, sender: str, recipients: Sequence[str], data: bytes) -> None:
        """Keep a message; called by the server."""
        self.messages.append(Caught(sender, tuple(recipients), data, datetime.now(UTC)))
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{len(self.messages):06d}.eml"
            flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(data)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        from serienpost_demo.mailserver import Connection

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: Connection(self), HOST, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
