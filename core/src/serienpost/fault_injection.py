"""Named points at which a test can kill or stop the process; nothing at all otherwise."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAULT = "SERIENPOST_FAULT"
_HELPER_FAULT = "SERIENPOST_HELPER_FAULT"
_ARMED = os.environ.get(_FAULT)
_seen: Counter[str] = Counter()


def faultpoint(name: str) -> None:
    """Die by SIGKILL here if `SERIENPOST_FAULT` is `name:n` and this is the n-th passage; stop by
    SIGSTOP if it is `name:n:stop`."""
    if _ARMED is None:
        return
    wanted, nth, deed = (*_ARMED.split(":"), "", "")[:3]
    if wanted == name:
        _seen[name] += 1
        if _seen[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGSTOP if deed == "stop" else signal.SIGKILL)


def environment_of_helper(number: int, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the n-th helper process that a command starts, from 1; one that stands in
    for another has a number of its own.

    `SERIENPOST_FAULT` is meant for the command itself and does not reach its helpers;
    `SERIENPOST_HELPER_FAULT=2/name:n` is a fault of the second helper alone.
    """
    found = {name: value for name, value in environment.items() if name != _FAULT}
    whose, _, fault = found.pop(_HELPER_FAULT, "").partition("/")
    if fault and whose == str(number):
        found[_FAULT] = fault
    return found
