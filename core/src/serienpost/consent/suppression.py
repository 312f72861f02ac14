"""The suppression list: addresses that must not be written to, kept as keyed hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost.contracts.consent import Abstain, Deny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost.context import Context
    from serienpost.contracts.consent import ConsentQuestion, Verdict

_REASONS = {
    "bounce": "die Adresse nimmt keine Nachrichten an",
    "complaint": "Beschwerde über eine frühere Nachricht",
    "unsubscribe": "abgemeldet",
    "manual": "von der Praxis gesperrt",
}


class SuppressionCheck:
    """Denies addresses on the practice's suppression list; never overridable."""

    name = "suppression"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """One batched look-up by keyed hash of kind and address."""
        from serienpost.ledger.schema import suppression
        from serienpost.ledger.store import open_ledger

        ledger = open_ledger(context)
        hashes = [ledger.address_hash(q.kind, q.address) for q in questions]
        with ledger.read() as tx:
            found = {
                (row.kind, row.address_hash): row.reason
                for row in tx.all(
                    tx.select(suppression).where(suppression.c.address_hash.in_(set(hashes)))
                )
            }
        return [
            _verdict(found.get((question.kind, key)))
            for question, key in zip(questions, hashes, strict=True)
        ]


def _verdict(reason: str | None) -> Verdict:
    if reason is None:
        return Abstain()
    return Deny(
        f"suppressed_{reason}",
        f"auf der Sperrliste: {_REASONS.get(reason, reason)}",
        "serienpost suppress remove, wenn die Person es ausdrücklich wünscht",
    )
