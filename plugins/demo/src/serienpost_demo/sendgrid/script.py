"""How the fake SendGrid misbehaves: the next requests are answered otherwise, in this order."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from serienpost_demo.webserver import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Fault:
    """One fault of mail send, for requests with a recipient that matches, `times` more times.

    Args:
        status: of the answer; 202 takes the messages first.
        message: of the error document; None for none.
        field: of the error, None for null.
        recipient: a shell pattern.
        times: None for ever.
        lost: close the connection instead of answering.
        takes: whether the messages are taken all the same; None: with 202 only.
        delay: seconds before the answer.
        reset: seconds until the limit ends, for 429.
        headers: further ones.
    """

    status: int = 202
    message: str | None = None
    field: str | None = None
    recipient: str = "*"
    times: int | None = 1
    lost: bool = False
    takes: bool | None = None
    delay: float = 0.0
    reset: float | None = None
    headers: dict[str, str] = dataclass_field(default_factory=dict)

    @property
    def keeps(self) -> bool:
        """Whether the messages of the request are taken."""
        return self.status == 202 if self.takes is None else self.takes

    def answer(self, taken: Answer) -> Answer:
        """What the client gets instead of, or after, this answer."""
        headers = {**taken.headers, **self.headers}
        if self.reset is not None:
            headers |= limits(0, time.time() + self.reset)
        if self.status == 202:
            return Answer(202, taken.body, headers, self.delay, self.lost)
        body = error_document([(self.message, self.field)]) if self.message is not None else b""
        return Answer(self.status, body, headers, self.delay, self.lost)


class Script:
    """Faults still to happen; the earliest that fits is used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Plan faults."""
        with self._lock:
            self._faults += faults

    def refuse(self, recipient: str = "*", *, times: int | None = None) -> None:
        """Refuse an address as invalid, naming its place in the request."""
        self.add(
            Fault(400, "Does not contain a valid address.", "personalizations.{}.to", recipient,
                  times)
        )  # fmt: skip

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._faults = []

    def take(self, recipients: Sequence[str]) -> Fault | None:
        """The fault of this request, with the place of its first recipient filled in."""
        with self._lock:
            for fault in self._faults:
                if fault.times == 0:
                    continue
                places = [
                    place
                    for place, each in enumerate(recipients)
                    if fnmatchcase(each, fault.recipient)
                ]
                if places:
                    if fault.times is not None:
                        fault.times -= 1
                    return _placed(fault, places)
        return None


def _placed(fault: Fault, places: list[int]) -> Fault:
    if not fault.field or "{}" not in fault.field:
        return fault
    made = Fault(**{**vars(fault), "field": fault.field.format(places[0])})
    made.headers = dict(fault.headers)
    return made


def error_document(errors: Sequence[tuple[str | None, str | None]]) -> bytes:
    """Errors as SendGrid writes them."""
    listed = [{"message": text, "field": name, "help": None} for text, name in errors]
    return json.dumps({"errors": listed}).encode()


def limits(remaining: int, reset: float, limit: int = 10_000) -> dict[str, str]:
    """The three headers about the rate; `reset` is in seconds since 1970."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(reset + 0.999)),
    }
