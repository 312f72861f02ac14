"""Named points at which a test can kill the process; nothing at all otherwise."""

from __future__ import annotations

import os
import signal
from collections import Counter

_ARMED = os.environ.get("SERIENPOST_FAULT")
_seen: Counter[str] = Counter()


def faultpoint(name: str) -> None:
    """Die by SIGKILL here if `SERIENPOST_FAULT` is `name:n` and this is the n-th passage."""
    if _ARMED is None:
        return
    wanted, _, nth = _ARMED.partition(":")
    if wanted == name:
        _seen[name] += 1
        if _seen[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
