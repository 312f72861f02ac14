"""How many processes are of use for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.run.send.finish import count_open

if TYPE_CHECKING:
    from serienpost.ledger.store import Ledger
    from serienpost.run.prepare.renderer import RunRenderer

# A process takes a second or two to start; one delivers so many messages in less than ten.
MESSAGES_EACH = 2000

# Messages per second that one process delivers on any machine.
SLOW_RATE = 50.0

# With fewer connections each, processes wait for answers only.
CONNECTIONS_EACH = 2


def useful_workers(renderer: RunRenderer, ledger: Ledger, run_id: str) -> int:
    """How many processes have enough to do, each, for a run; at least 1.

    Letters are made by processes of their own; where the rate is the limit, or the connections,
    more processes gain nothing.
    """
    account = renderer.account
    rates = [rate.count / rate.seconds for rate in account.rate]
    if renderer.channel.repeatable or min(rates, default=SLOW_RATE) < SLOW_RATE:
        return 1
    with ledger.read() as tx:
        useful = 1 + count_open(tx, run_id) // MESSAGES_EACH
    # Channels that have a number of connections keep it under this key.
    connections = getattr(account, "connections", None)
    if isinstance(connections, int):
        useful = min(useful, connections // CONNECTIONS_EACH)
    return max(1, useful)
