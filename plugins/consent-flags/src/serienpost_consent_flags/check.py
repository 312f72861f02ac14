"""The consent check `flags`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny, Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from serienpost import ConsentQuestion, Context, Verdict

_ = Texts(__name__)

# Kind of contact -> the field that says whether the person wants it.
FLAGS = MappingProxyType(
    {"email": "kontakt_email", "sms": "kontakt_sms", "letter": "kontakt_brief"}
)

_NOTHING = Abstain()
_LABELS = {"email": _("e-mail"), "sms": "SMS", "letter": _("letter")}


class FlagsCheck:
    """Answers from "Kontakt erlaubt" of the person whose permission counts.

    `nein` and an empty or unknown entry deny every purpose, and nobody can override that; `ja`
    allows the purposes of `consent.flags_purposes` and says nothing to others. A kind without a
    flag and a person who is not in the master data are none of its business.
    """

    name = "flags"

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Answer from the master data, read in batches by id."""
        purposes = context.flag_purposes
        kinds = {question.kind for question in questions}
        if len(kinds) == 1:
            return _of_kind(context, questions, kinds.pop(), purposes)
        verdicts: list[Verdict] = [_NOTHING] * len(questions)
        for kind in kinds:
            places = [i for i, question in enumerate(questions) if question.kind == kind]
            found = _of_kind(context, [questions[i] for i in places], kind, purposes)
            for place, verdict in zip(places, found, strict=True):
                verdicts[place] = verdict
        return verdicts


def _of_kind(
    context: Context, questions: Sequence[ConsentQuestion], kind: str, purposes: Collection[str]
) -> list[Verdict]:
    from serienpost_practice_db.database import PracticeDb
    from serienpost_practice_db.evidence import ABSENT

    flag = FLAGS.get(kind)
    if flag is None:
        return [_NOTHING] * len(questions)
    people = [question.consenting_id for question in questions]
    entries = PracticeDb.of(context).column(people, flag)
    answers = {entry: _denial(entry, kind) for entry in set(entries) - {ABSENT}}
    return [
        answers[entry] or Allow(f"{question.consenting_id} {flag}=ja")
        if entry in answers and (answers[entry] or question.purpose in purposes)
        else _NOTHING
        for question, entry in zip(questions, entries, strict=True)
    ]


def _denial(entry: object, kind: str) -> Deny | None:
    """What an entry other than `ja` says."""
    written = str(entry or "").strip().lower()
    label = _LABELS[kind]
    if written == "ja":
        return None
    if written == "nein":
        return Deny(
            "flag_no",
            _("The master data say no to contact by {kind}.", kind=label),
            _("Ask the person and set “Kontakt erlaubt” for {kind} to yes.", kind=label),
        )
    return Deny(
        "flag_unknown",
        _("The master data do not say whether contact by {kind} is allowed.", kind=label),
        _("Ask the person and fill in “Kontakt erlaubt” for {kind}.", kind=label),
    )
