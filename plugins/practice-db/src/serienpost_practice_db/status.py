"""The consent check `status`: nobody who is dead or blocked, whatever else allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import NO_WORDS, Abstain, Deny, SourceError
from serienpost_practice_db.mapping import PERSONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from serienpost import AddressOwner, ConsentQuestion, Context, FieldValue, Verdict

_NOTHING = Abstain()
_NOT_SET = NO_WORDS | {""}

_DENIALS = {
    "verstorben": Deny(
        "deceased",
        "Die Person ist als verstorben eingetragen.",
        "Den Eintrag „verstorben“ in den Stammdaten berichtigen, falls er falsch ist.",
    ),
    "gesperrt": Deny(
        "blocked",
        "Die Person ist für Nachrichten gesperrt.",
        "Die Sperre in den Stammdaten aufheben.",
    ),
}
_OF_REPRESENTATIVE = {
    "verstorben": Deny(
        "representative_deceased",
        "Die vertretungsberechtigte Person ist als verstorben eingetragen.",
        "In den Stammdaten eine andere vertretungsberechtigte Person hinterlegen.",
    ),
    "gesperrt": Deny(
        "representative_blocked",
        "Die vertretungsberechtigte Person ist für Nachrichten gesperrt.",
        "Die Sperre der vertretungsberechtigten Person in den Stammdaten aufheben.",
    ),
}


class StatusCheck:
    """Denies the dead and the blocked, and minors whose representative is; else abstains.

    Any entry other than empty, 0 or "nein" counts, a date of death too. None of it can be
    overridden.
    """

    name = "status"
    persons = frozenset(PERSONS)

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Answer from the master data of the person and of who consents."""
        from serienpost_practice_db.database import PracticeDb

        people = [question.person_id for question in questions]
        people += [q.consenting_id for q in questions if q.consenting_id != q.person_id]
        marked = PracticeDb.of(context).lookup(people, _DENIALS, unless=_NOT_SET)
        if not marked:
            return [_NOTHING] * len(questions)
        return [_verdict(question, marked) for question in questions]

    def owners(
        self, context: Context, kind: str, addresses: Sequence[str], judged_on: date
    ) -> list[list[AddressOwner]]:
        """Whose an address is in the master data, however it is written there."""
        from serienpost_practice_db.database import PracticeDb

        contact = context.kind(kind)
        if contact is None:
            raise SourceError(f"there is no kind of contact {kind}")
        return PracticeDb.of(context).owners(contact, addresses, judged_on)


def _verdict(question: ConsentQuestion, known: Mapping[str, Mapping[str, FieldValue]]) -> Verdict:
    person = known.get(question.person_id, {})
    representative = known.get(question.consenting_id, {})
    for fields, denials in ((person, _DENIALS), (representative, _OF_REPRESENTATIVE)):
        for field, denial in denials.items():
            if _is_set(fields.get(field)):
                return denial
    return _NOTHING


def _is_set(value: FieldValue) -> bool:
    return value is not None and str(value).strip().lower() not in _NOT_SET
