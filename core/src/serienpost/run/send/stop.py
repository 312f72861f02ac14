"""How others ask a delivery to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Stop:
    """Asks the loop to stop: once after the calls under way, twice at once.

    `wake` is the loop's own; `others` are those who are to be asked as well.
    """

    wake: Callable[[], None] = lambda: None
    requests: int = 0
    others: list[Callable[[], None]] = field(default_factory=list)

    def request(self) -> None:
        self.requests += 1
        self.wake()
        for ask in self.others:
            ask()
