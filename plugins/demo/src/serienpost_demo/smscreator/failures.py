"""What the made-up provider does wrong on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

Deed: TypeAlias = Literal[
    "status", "order_status", "http", "drop_before", "drop_after", "hang_after", "garbled_after"
]


@dataclass
class Rule:
    """One deed for operations and recipients that match, `times` more times."""

    deed: Deed
    recipient: str = "*"
    operation: str = "Send*"
    text: str = ""
    code: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    times: int | None = None


@dataclass
class Failures:
    """How the provider misbehaves. Of several rules that fit, the earliest is used.

    Recipients and operations are shell patterns; `times` limits how often a rule is used.
    """

    rules: list[Rule] = field(default_factory=list)

    def status(self, code: str, *, operation: str = "*", times: int | None = None) -> None:
        """Answer with this call-level `StatusCode`; nothing is kept."""
        self.rules.append(Rule("status", operation=operation, text=code, times=times))

    def order_status(self, status: str, recipient: str = "*", *, times: int | None = None) -> None:
        """Answer `Ok` with this `Value/Status`; the order is not kept."""
        self.rules.append(Rule("order_status", recipient, text=status, times=times))

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
        made = Rule("http", "*", operation, text, code, headers or {}, times)
        self.rules.append(made)

    def drop(
        self,
        recipient: str = "*",
        *,
        when: Literal["before", "after"],
        operation: str = "Send*",
        times: int | None = None,
    ) -> None:
        """Close the connection without an answer, before or after the order is kept."""
        deed: Deed = "drop_before" if when == "before" else "drop_after"
        self.rules.append(Rule(deed, recipient, operation, times=times))

    def hang(self, recipient: str = "*", *, times: int | None = None) -> None:
        """Keep the order and never answer."""
        self.rules.append(Rule("hang_after", recipient, times=times))

    def garble(self, text: str, recipient: str = "*", *, times: int | None = None) -> None:
        """Keep the order and answer 200 with this text instead of an answer."""
        self.rules.append(Rule("garbled_after", recipient, text=text, times=times))

    def clear(self) -> None:
        """Behave well again."""
        self.rules.clear()

    def take(self, operation: str, recipient: str) -> Rule | None:
        """Use up one rule that fits."""
        for rule in self.rules:
            if rule.times == 0:
                continue
            if fnmatchcase(operation, rule.operation) and fnmatchcase(recipient, rule.recipient):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None
