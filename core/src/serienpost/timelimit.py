"""Runs a plugin's blocking code with a time limit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def within(seconds: float, what: str, function: Callable[[], T]) -> T:
    """Call `function` in a thread of its own and wait for it at most `seconds`.

    The thread of a function that does not come back is left behind as a daemon.

    Raises:
        TimeoutError: naming `what`.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=call, name=what, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"{what} did not answer within {seconds:g} seconds")
    if errors:
        raise errors[0]
    return results[0]
