"""Runs a plugin's blocking code with a time limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from serienpost.translation import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ = Texts(__name__)

T = TypeVar("T")


class LateError(TimeoutError):
    """A plugin's code did not come back in time; its sentence is ours, so it names no person."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of a function: its result, or what it raised."""

    result: T | None = None
    error: BaseException | None = None


def within(seconds: float, what: str, function: Callable[[], T]) -> T:
    """Call `function` in a thread of its own and wait for it at most `seconds`.

    The thread of a function that does not come back is left behind as a daemon.

    Raises:
        LateError: naming `what`.
    """
    (outcome,) = each_within(seconds, [(what, function)])
    if outcome.error is not None:
        raise outcome.error
    return cast("T", outcome.result)


def each_within(seconds: float, jobs: Sequence[tuple[str, Callable[[], T]]]) -> list[Outcome[T]]:
    """Call functions one after the other in a thread, each for at most `seconds`.

    A function that does not come back is left behind with the thread, which begins nothing more;
    its error is a `LateError` that names it, and another thread goes on with the next.

    Args:
        seconds: for each.
        jobs: what each is, which becomes the name of the thread, and the function.
    """
    outcomes: list[Outcome[T]] = []
    while len(outcomes) < len(jobs):
        rest = jobs[len(outcomes) :]
        found: SimpleQueue[Outcome[T]] = SimpleQueue()
        left = threading.Event()
        threading.Thread(target=_work, args=(rest, found, left), daemon=True).start()
        for what, _function in rest:
            try:
                outcomes.append(found.get(timeout=seconds))
            except Empty:
                left.set()
                late = _(
                    "{what} did not answer within {seconds} seconds",
                    what=what,
                    seconds=f"{seconds:g}",
                )
                outcomes.append(Outcome(error=LateError(late)))
                break
    return outcomes


def _work(
    jobs: Sequence[tuple[str, Callable[[], T]]],
    found: SimpleQueue[Outcome[T]],
    left: threading.Event,
) -> None:
    for what, function in jobs:
        if left.is_set():
            return
        threading.current_thread().name = str.__str__(what)
        try:
            outcome = Outcome(function())
        except BaseException as error:  # noqa: BLE001  # handed to the caller
            outcome = Outcome(error=error)
        found.put(outcome)
