"""A call on its way: one request, or several where SendGrid refuses it for some of its messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from serienpost import Accepted, AccountProblem, Deferred, Unknown
from serienpost_channel_sendgrid.replies import Named, Split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import Message, Outcome
    from serienpost_channel_sendgrid.replies import Verdict

BUDGET = 240.0
"""Seconds after which a call begins no further request."""

HOPELESS = 10
"""So many single messages refused without one accepted: the fault is not theirs."""


class Ask(Protocol):
    """Sends one request and says what its answer means."""

    async def __call__(self, messages: Sequence[Message]) -> Verdict: ...


class Division:
    """Parts that are still to be sent, and what is known of each message."""

    def __init__(self, ask: Ask, call: Sequence[Message]) -> None:
        self._ask = ask
        self._call = call
        self._parts: list[Sequence[Message]] = [call]
        self._known: dict[str, Outcome] = {}
        self._refused = 0
        self._accepted = False

    async def outcomes(self) -> list[Outcome]:
        """Send until each message has its outcome; in the order of the call."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUDGET
        while self._parts:
            part = self._parts.pop()
            if loop.time() > deadline:
                self._stop(part, Deferred("time", "the call took too long; not sent yet", 1.0))
                break
            try:
                found = await self._ask(part)
            except asyncio.CancelledError:
                if not self._known:
                    raise
                self._settle(part, Unknown("reply", "stopped while waiting for the answer"))
                self._stop([], Deferred("stopped", "not sent yet", 1.0))
                break
            self._take(part, found)
        return [self._known[message.ref] for message in self._call]

    def _take(self, part: Sequence[Message], found: Verdict) -> None:
        if isinstance(found, Named):
            for index, rejected in found.rejected.items():
                self._settle([part[index]], rejected)
            rest = [m for index, m in enumerate(part) if index not in found.rejected]
            if rest:
                self._parts.append(rest)
        elif isinstance(found, Split):
            self._divide(part, found)
        elif isinstance(found, Accepted):
            self._accepted = True
            self._settle(part, found)
        elif isinstance(found, Unknown):
            self._settle(part, found)
            self._stop([], Deferred("stopped", "not sent yet, after a lost answer", 1.0))
        else:
            self._stop(part, found)

    def _divide(self, part: Sequence[Message], split: Split) -> None:
        if len(part) > 1:
            half = len(part) // 2
            self._parts += [part[half:], part[:half]]
            return
        self._settle(part, split.alone)
        self._refused += 1
        if self._refused >= HOPELESS and not self._accepted:
            everybody = AccountProblem(split.alone.code, f"everybody refused: {split.alone.text}")
            self._stop([], everybody)

    def _stop(self, part: Sequence[Message], outcome: Outcome) -> None:
        """Nothing more is sent by this call."""
        for left in (part, *self._parts):
            self._settle(left, outcome)
        self._parts = []

    def _settle(self, part: Sequence[Message], outcome: Outcome) -> None:
        self._known |= dict.fromkeys((message.ref for message in part), outcome)
