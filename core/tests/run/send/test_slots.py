"""Slots that are connected before they are given a call."""

from __future__ import annotations

import asyncio
from typing import Any

from serienpost.run.send.slots import Slots


class Line:
    """An account with four slots that connect at once."""

    slots = 4

    def __init__(self) -> None:
        self.connected: list[int] = []

    async def ready(self, slot: int) -> None:
        self.connected.append(slot)


def test_slots_that_had_no_time_to_connect_end() -> None:
    line: Any = Line()

    async def ended() -> Slots:
        slots = Slots(line, 60, lambda: None)
        slots.open(2)
        await slots.end()
        return slots

    slots = asyncio.run(ended())
    assert (line.connected, slots.free) == ([], [])


def test_as_many_slots_connect_as_are_wanted() -> None:
    line: Any = Line()

    async def opened() -> Slots:
        woken = asyncio.Semaphore(0)
        slots = Slots(line, 60, woken.release)
        slots.open(3)
        await slots.one_is_free()
        slots.open(3)
        for _ in range(3):
            await woken.acquire()
        return slots

    slots = asyncio.run(opened())
    assert sorted(line.connected) == sorted(slots.free)
    assert (len(slots.free), slots.at_rest) == (3, 4)
