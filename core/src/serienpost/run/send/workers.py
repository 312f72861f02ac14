"""How many processes are of use for a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from serienpost.run.send.finish import count_open

if TYPE_CHECKING:
    from serienpost.config.models import Workers
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer

# A further process takes a moment to start, so each has so many messages to do.
_MESSAGES_EACH = 2000
# Messages per second that one process sends without effort.
_ONE_IS_ENOUGH = 50.0


def number_of_workers(wanted: Workers, renderer: RunRenderer, ledger: Ledger, run_id: str) -> int:
    """How many processes deliver a run, the one that is asked included.

    Args:
        wanted: the key `workers`. A number is kept to where each has a message and a connection of
            its own, and the channel does not make processes of its own.
        renderer: the run.
        ledger: the practice's ledger.
        run_id: the run.
    """
    if wanted == 1:
        return 1
    if wanted == "auto":
        cores = _cores()
        return min(cores, useful_workers(renderer, ledger, run_id)) if cores > 1 else 1
    if renderer.channel.repeatable:
        return 1
    with ledger.read() as tx:
        still = count_open(tx, run_id)
    connections = _connections(renderer) or wanted
    return max(1, min(wanted, still, connections))


def useful_workers(renderer: RunRenderer, ledger: Ledger, run_id: str) -> int:
    """How many processes are of use for a run, whatever the machine can do: by what is open, what
    the account's rate permits and how many connections it has.

    A channel whose messages may be repeated makes processes of its own.
    """
    rates = renderer.account.rate
    if renderer.channel.repeatable or any(r.count / r.seconds < _ONE_IS_ENOUGH for r in rates):
        return 1
    with ledger.read() as tx:
        useful = count_open(tx, run_id) // _MESSAGES_EACH + 1
    connections = _connections(renderer)
    return max(1, min(useful, connections // 2)) if connections else useful


def _connections(renderer: RunRenderer) -> int | None:
    """How many connections the account may have at once, where its channel counts them."""
    number = getattr(renderer.account, "connections", None)
    return number if isinstance(number, int) else None


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # a system that cannot say
        return os.cpu_count() or 1
