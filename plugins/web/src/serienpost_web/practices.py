"""Opened practices of one folder, each used by one thread at a time in the name of one person."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from serienpost import open_practice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from serienpost import Practice

# Opening costs about 40 ms, so a practice is kept for the next request; what its files say is
# never older than this.
KEPT_SECONDS = 60.0
# So many that nobody uses are kept.
MOST_IDLE = 8

_FILE = "serienpost.yaml"


class _Kept(NamedTuple):
    practice: Practice
    actor: str
    opened_at: float
    stamp: tuple[int, int] | None


class Practices:
    """Opens a practice folder as often as it is needed at the same time.

    Args:
        folder: of the practice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._idle: list[_Kept] = []
        self._is_closed = False

    @contextmanager
    def acting(self, actor: str) -> Iterator[Practice]:
        """The practice, opened for who acts.

        Raises:
            SerienpostError: its files are not as they should be.
        """
        kept = self._take(actor) or self._open(actor)
        try:
            yield kept.practice
        except BaseException:
            kept.practice.close()  # whatever it was may have left something half-way
            raise
        self._put_back(kept)

    def close(self) -> None:
        """Close what nobody uses; what is in use is closed when it is given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.practice.close()

    def _open(self, actor: str) -> _Kept:
        stamp = self._stamp()
        return _Kept(open_practice(self._folder, actor=actor), actor, time.monotonic(), stamp)

    def _take(self, actor: str) -> _Kept | None:
        with self._lock:
            old = [one for one in self._idle if not self._is_fresh(one)]
            for one in old:
                self._idle.remove(one)
            found = next((one for one in reversed(self._idle) if one.actor == actor), None)
            if found:
                self._idle.remove(found)
        for one in old:
            one.practice.close()
        return found

    def _put_back(self, kept: _Kept) -> None:
        with self._lock:
            surplus = kept if self._is_closed else None
            if surplus is None:
                self._idle.append(kept)
                if len(self._idle) > MOST_IDLE:
                    surplus = self._idle.pop(0)
        if surplus:
            surplus.practice.close()

    def _is_fresh(self, kept: _Kept) -> bool:
        is_young = time.monotonic() - kept.opened_at < KEPT_SECONDS
        return is_young and kept.stamp == self._stamp()

    def _stamp(self) -> tuple[int, int] | None:
        with suppress(OSError):
            found = (self._folder / _FILE).stat()
            return found.st_mtime_ns, found.st_size
        return None
