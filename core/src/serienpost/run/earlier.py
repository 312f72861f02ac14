"""`exclude_recipients_of`: who got another mailing is left out of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.config.mailing_file import mailing_names
from serienpost.config.problems import did_you_mean
from serienpost.errors import ConfigError, Problem
from serienpost.ledger.schema import message, run

if TYPE_CHECKING:
    from collections.abc import Collection

    from serienpost.context import Context
    from serienpost.ledger.store import Ledger, Tx

_GOT = ("pending", "claimed", "sending", "in_doubt", "accepted", "delivered", "complained")
"""States of messages that arrived, may have arrived or are on their way; not of those that came
back, so that the others can be reached by another kind of message."""


def refuse_unknown_mailings(context: Context, ledger: Ledger, mailings: Collection[str]) -> None:
    """Make sure that each mailing is known, by its file or by a run.

    Raises:
        ConfigError: one is not, with the nearest name.
    """
    if not mailings:
        return
    with ledger.read() as tx:
        sent = {row.mailing for row in tx.all(tx.select(run, run.c.mailing).distinct())}
    known = sent.union(mailing_names(context))
    problems = [
        Problem(
            f"there is no mailing {name!r}", did_you_mean(name, known), key="exclude_recipients_of"
        )
        for name in mailings
        if name not in known
    ]
    if problems:
        raise ConfigError(*problems)


def unmark_recipients_of(tx: Tx, run_id: str, mailings: Collection[str]) -> None:
    """Unmark everybody who got one of the mailings, on whatever occasion."""
    c = message.c
    runs = tx.select(run, run.c.id).where(run.c.mailing.in_(mailings), run.c.id != run_id)
    reached = tx.select(message, c.person).where(c.run.in_(runs), c.state.in_(_GOT))
    reason = f"hat schon erhalten: {', '.join(mailings)}"
    tx.execute(
        tx.update(message)
        .where(c.run == run_id, c.marked, c.person.in_(reached))
        .values(
            marked=False,
            macro_values=None,
            unmarked={"code": "already_sent", "reason": reason, "includable": False},
            text=reason,
        )
    )
