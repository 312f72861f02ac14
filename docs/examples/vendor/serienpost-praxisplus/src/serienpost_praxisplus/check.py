"""The consent check `praxisplus-dsgvo`: signatures in the table DSGVO."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from serienpost import Abstain, Allow, Deny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serienpost import ConsentQuestion, Context, FieldValue, Verdict

# The vendor's own rule: how long a signature counts.
VALID = timedelta(days=5 * 365)

_FIELDS = ("kontaktart", "erteilt_am", "widerrufen_am")
_PURPOSES = frozenset({"appointment", "recall", "information"})
_REMEDY = "Eine neue Unterschrift einholen und in PraxisPlus erfassen."


class Signature(NamedTuple):
    """A line of DSGVO, in the order of `_FIELDS`."""

    kind: FieldValue
    given: FieldValue
    withdrawn: FieldValue


class SignatureCheck:
    """Reads the table at each call, through serienpost's read-only access to the database."""

    name = "praxisplus-dsgvo"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Allow what was signed, is not withdrawn and not too old; deny everything else."""
        from serienpost_practice_db.database import PracticeDb

        if not questions:
            return []
        people = [question.consenting_id for question in questions]
        signed = PracticeDb.of(context).records("einwilligung", people, _FIELDS)
        today = datetime.now(context.zone).date()
        return [
            _verdict(question, [Signature(*record[2:]) for record in records], today)
            for question, records in zip(questions, signed, strict=True)
        ]


def _verdict(question: ConsentQuestion, records: Sequence[Signature], today: date) -> Verdict:
    if question.purpose not in _PURPOSES:
        return Abstain()
    signed = [each for each in records if each.kind == question.kind]
    if not signed:
        return Deny("not_signed", "Es gibt keine Unterschrift für diese Kontaktart.", _REMEDY)
    last = max(signed, key=lambda each: str(each.given))
    if last.withdrawn:
        return Deny("withdrawn", "Die Unterschrift wurde widerrufen.", _REMEDY)
    since = last.given
    if not isinstance(since, date) or today - since > VALID:
        return Deny("too_old", "Die Unterschrift ist älter als fünf Jahre.", _REMEDY)
    return Allow(f"{question.consenting_id} DSGVO {since.isoformat()}")
