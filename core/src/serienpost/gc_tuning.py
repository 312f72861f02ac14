"""How often Python looks for reference cycles while rows stream through."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# More than a batch of rows holds, so that batches are gone before anybody looks.
_YOUNG_OBJECTS = 50_000

_lock = threading.Lock()
# The settings that come back when the last of those ends that run at the same time.
_before: list[tuple[int, int, int]] = []


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for reference cycles seldom, and never in what is there already.

    Rows and what is found out about them hold no cycles and are freed as soon as they are used.
    The default is to look after each 700 new objects, several times for each batch. Reviewing
    alone then took half as much time again (24 instead of 16 microseconds a row, 200,000 rows) and
    found nothing; where rows are rendered too, the share is smaller.
    """
    with _lock:
        _before.append(gc.get_threshold())
        if len(_before) == 1:
            gc.freeze()
            gc.set_threshold(_YOUNG_OBJECTS, *_before[0][1:])
    try:
        yield
    finally:
        with _lock:
            first = _before[0]
            _before.pop()
            if not _before:
                gc.set_threshold(*first)
                gc.unfreeze()
