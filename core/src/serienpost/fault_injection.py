"""Named points at which a test can kill or stop the process; nothing at all otherwise."""

from __future__ import annotations

import os
import signal
from collections import Counter

_ARMED = os.environ.get("SERIENPOST_FAULT")
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
