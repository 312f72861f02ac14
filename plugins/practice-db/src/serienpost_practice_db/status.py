"""The consent check `status`: nobody who is dead or blocked, whatever else allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serienpost import NO_WORDS, Abstain, Deny, SourceError, Texts
from serienpost_practice_db.mapping import PERSONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from serienpost import AddressOwner, ConsentQuestion, Context, FieldValue, Verdict

_ = Texts(__name__)

_NOTHING = Abstain()
_NOT_SET = NO_WORDS | {""}

_DENIALS = {
    "verstorben": Deny(
        "deceased",
        _("The master data say that the person is deceased."),
        _("Correct “verstorben” in the master data if that is wrong."),
    ),
    "gesperrt": Deny(
        "blocked",
        _("The person is blocked for messages."),
        _("Take the block off in the master data."),
    ),
}
_OF_REPRESENTATIVE = {
    "verstorben": Deny(
        "representative_deceased",
        _("The master data say that the representative is deceased."),
        _("Enter another representative in the master data."),
    ),
    "gesperrt": Deny(
        "representative_blocked",
        _("The representative is blocked for messages."),
        _("Take the block off the representative in the master data."),
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
            raise SourceError(_("there is no kind of contact {kind}", kind=kind))
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
