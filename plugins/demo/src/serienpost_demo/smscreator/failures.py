"""What the made-up provider does wrong on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

FailureKind: TypeAlias = Literal[
    "status", "order_status", "http", "drop_before", "drop_after", "hang_after", "garbled_after"
]


@dataclass
class Failure:
    """One failure for operations and recipients that match, `times` more times."""

    kind: FailureKind
    recipient: str = "*"
    operation: str = "Send*"
    text: str = ""
    code: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = None


@dataclass
class Failures:
    """How the provider misbehaves. Of several failures that fit, the earliest is used.

    Recipients and operations are shell patterns; `times` limits how often one happens.
    """

    _planned: list[Failure] = field(default_factory=list)

    def status(self, code: str, *, operation: str = "*", times: int | None = None) -> None:
        """Answer with this call-level `StatusCode`; nothing is kept."""
        self._planned.append(Failure("status", operation=operation, text=code, times=times))

    def order_status(self, status: str, recipient: str = "*", *, times: int | None = None) -> None:
        """Answer `Ok` with this `Value/Status`; the order is not kept."""
        self._planned.append(Failure("order_status", recipient, text=status, times=times))

    def http(
        self,
        code: int,
        text: str = "",
        *,
        operation: str = "Send*",
        headers: dict[str, str] | None = None,
        times: int | None = None,
    ) -> None:
        """Answer with this status and plain text; nothing is kept."""
        made = Failure("http", "*", operation, text, code, headers or {}, times)
        self._planned.append(made)

    def drop(
        self,
        recipient: str = "*",
        *,
        when: Literal["before", "after"],
        operation: str = "Send*",
        times: int | None = None,
    ) -> None:
        """Close the connection without an answer, before or after the order is kept."""
        kind: FailureKind = "drop_before" if when == "before" else "drop_after"
        self._planned.append(Failure(kind, recipient, operation, times=times))

    def hang(self, recipient: str = "*", *, times: int | None = None) -> None:
        """Keep the order and never answer."""
        self._planned.append(Failure("hang_after", recipient, times=times))

    def garble(self, text: str, recipient: str = "*", *, times: int | None = None) -> None:
        """Keep the order and answer 200 with this text instead of an answer."""
        self._planned.append(Failure("garbled_after", recipient, text=text, times=times))

    def clear(self) -> None:
        """Behave well again."""
        self._planned.clear()

    def take(self, operation: str, recipient: str) -> Failure | None:
        """Use up one failure that fits."""
        for one in self._planned:
            if one.times == 0:
                continue
            if fnmatchcase(operation, one.operation) and fnmatchcase(recipient, one.recipient):
                if one.times is not None:
                    one.times -= 1
                return one
        return None
