"""An aiosmtpd server on a free port of loopback, in a thread of its own."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def serve_mail() -> Iterator[Callable[..., int]]:
    """Starts a server: `serve_mail(handler, tls=None, **options of SMTP)` returns its port."""
    with contextlib.ExitStack() as running:

        def serve(handler: object, tls: ssl.SSLContext | None = None, **options: object) -> int:
            return running.enter_context(_server(handler, tls, options))

        yield serve


@contextlib.contextmanager
def _server(
    handler: object, tls: ssl.SSLContext | None, options: dict[str, object]
) -> Iterator[int]:
    from aiosmtpd.smtp import SMTP

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(handler, loop=loop, hostname="catcher", **options),
            "127.0.0.1",
            0,
            ssl=tls,
        )

    async def stop(server: asyncio.Server) -> None:
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)  # who was just let in takes the socket, and closes it when cancelled
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
