"""A plugin that holds all processes of a practice, so that no test depends on which is faster.

Files beside the plugin hold them for as long as they lie there: `hold` before they read who is
still to be written to, `stay` before their calls.
"""

GATE = """
import asyncio
import time
from pathlib import Path

from serienpost_testkit.null.source import NullSource
from serienpost_testkit.null.wire import NullSender

hold, stay = (Path(__file__).with_name(name) for name in ("hold", "stay"))
current, send = NullSource.current, NullSender.send


def current_when_it_may(self, *args):
    while hold.exists():
        time.sleep(0.01)
    return current(self, *args)


async def send_when_it_may(self, *args):
    while stay.exists():
        await asyncio.sleep(0.01)
    return await send(self, *args)


NullSource.current, NullSender.send = current_when_it_may, send_when_it_may
"""
