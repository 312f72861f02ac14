"""A form that is sent twice, by a double click or the back button, does once what it does."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING

from serienpost_web.table import Answer, Moved, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# Seconds for which the second waits for the first.
WAIT_SECONDS = 60.0


class Once:
    """Remembers where forms led to, and pages that say what was done; what led nowhere may be sent
    again.

    Args:
        most: so many forms are remembered, the oldest are forgotten first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = Lock()
        self._known: OrderedDict[Hashable, Future[Answer]] = OrderedDict()

    def answer(self, key: Hashable, does: Callable[[], Answer]) -> Answer:
        """The answer to a form.

        Args:
            key: the session and the key of the form.
            does: what the form does; called for the first of those with one key.
        """
        with self._lock:
            first = self._known.get(key)
            if first is None:
                mine = self._known[key] = Future()
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
        if first is not None:
            try:
                return first.result(WAIT_SECONDS)
            except (LookupError, TimeoutError):  # it led nowhere
                return does()
        return self._first(key, mine, does)

    def _first(self, key: Hashable, mine: Future[Answer], does: Callable[[], Answer]) -> Answer:
        answer: Answer | None = None
        try:
            answer = does()
        finally:
            if isinstance(answer, Moved) or (isinstance(answer, Shown) and answer.is_final):
                mine.set_result(answer)
            else:
                with self._lock:
                    self._known.pop(key, None)
                mine.set_exception(LookupError())
        return answer
