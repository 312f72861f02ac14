"""The consent check `flags`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from serienpost import ConsentQuestion, Context, FieldValue, Verdict

FLAGS = MappingProxyType(
    {"email": "kontakt_email", "sms": "kontakt_sms", "letter": "kontakt_brief"}
)
"""Kind of contact -> the field that says whether the person wants it."""

_LABELS = {"email": "E-Mail", "sms": "SMS", "letter": "Brief"}


class FlagsCheck:
    """Answers from "Kontakt erlaubt" of the person whose permission counts.

    `nein` and an empty or unknown entry deny every purpose, and nobody can override that; `ja`
    allows the purposes of `consent.flags_purposes` and says nothing to others. A kind without a
    flag and a person who is not in the master data are none of its business.
    """

    name = "flags"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Answer from the master data, read in batches by id."""
        from serienpost_practice_db.database import PracticeDb

        asked = [question for question in questions if question.kind in FLAGS]
        if not asked:
            return [Abstain() for _ in questions]
        people = {question.consenting_id for question in asked}
        fields = {FLAGS[question.kind] for question in asked}
        known = PracticeDb.of(context).lookup(people, fields)
        purposes = frozenset(context.config.consent.flags_purposes)
        return [_verdict(question, known, purposes) for question in questions]


def _verdict(
    question: ConsentQuestion,
    known: Mapping[str, Mapping[str, FieldValue]],
    purposes: Collection[str],
) -> Verdict:
    flag = FLAGS.get(question.kind, "")
    person = known.get(question.consenting_id, {})
    if flag not in person:
        return Abstain()
    entry = str(person[flag] or "").strip().lower()
    if entry == "ja":
        evidence = f"{question.consenting_id} {flag}=ja"
        return Allow(evidence) if question.purpose in purposes else Abstain()
    label = _LABELS[question.kind]
    if entry == "nein":
        return Deny(
            "flag_no",
            f"In den Stammdaten steht „Kontakt erlaubt“ für {label} auf nein.",
            f"Die Person fragen und „Kontakt erlaubt“ für {label} auf ja setzen.",
        )
    return Deny(
        "flag_unknown",
        f"In den Stammdaten fehlt die Angabe „Kontakt erlaubt“ für {label}.",
        f"Die Person fragen und „Kontakt erlaubt“ für {label} eintragen.",
    )
