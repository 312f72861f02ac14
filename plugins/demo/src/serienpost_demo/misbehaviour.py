"""What the catcher does wrong on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Deed: TypeAlias = Literal["refuse_rcpt", "refuse_data", "before_dot", "after_dot", "delay"]


@dataclass
class Misdeed:
    """One deed for recipients that match, `times` more times."""

    deed: Deed
    recipient: str
    reply: str = ""
    seconds: float = 0.0
    times: int | None = None


@dataclass
class Script:
    """How the catcher misbehaves. Misdeeds are for recipients that match a shell pattern.

    They may be added while the catcher runs. `times` limits how often one happens, None is for
    ever; of several that fit, the earliest is used.
    """

    _misdeeds: list[Misdeed] = field(default_factory=list)
    _limit: tuple[int, str] | None = None

    def refuse(
        self,
        recipient: str = "*",
        reply: str = "550 5.1.1 no such user",
        *,
        at: Literal["rcpt", "data"] = "rcpt",
        times: int | None = None,
    ) -> None:
        """Answer RCPT, or the final dot, with this reply line; the message is not kept."""
        self._misdeeds.append(
            Misdeed("refuse_rcpt" if at == "rcpt" else "refuse_data", recipient, reply, times=times)
        )

    def disconnect(
        self,
        recipient: str = "*",
        *,
        when: Literal["before_dot", "after_dot"],
        times: int | None = None,
    ) -> None:
        """Drop the connection: after DATA was answered with 354 (nothing is kept), or after the
        final dot without any reply (the message is kept: the client cannot know)."""
        self._misdeeds.append(Misdeed(when, recipient, times=times))

    def delay(self, seconds: float, recipient: str = "*", *, times: int | None = None) -> None:
        """Wait so long with the reply to the final dot; the message is kept before."""
        self._misdeeds.append(Misdeed("delay", recipient, seconds=seconds, times=times))

    def stop_after(self, messages: int, reply: str = "421 4.7.0 too many messages") -> None:
        """Answer MAIL with this reply and close once a connection brought so many messages."""
        self._limit = (messages, reply)

    def clear(self) -> None:
        """Behave well again."""
        self._misdeeds.clear()
        self._limit = None

    def limit_reply(self, messages: int) -> str | None:
        """The reply for a connection that brought so many messages and has reached its limit."""
        return self._limit[1] if self._limit and messages >= self._limit[0] else None

    def take(self, deed: Deed, recipients: Sequence[str]) -> Misdeed | None:
        """Use up one misdeed of this sort that fits one of the recipients."""
        for one in self._misdeeds:
            if one.deed != deed or one.times == 0:
                continue
            if any(fnmatchcase(recipient, one.recipient) for recipient in recipients):
                if one.times is not None:
                    one.times -= 1
                return one
        return None
