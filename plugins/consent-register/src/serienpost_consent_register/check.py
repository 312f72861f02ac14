"""The consent check `register`."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny, Texts
from serienpost_consent_register.addresses import is_bound_elsewhere
from serienpost_consent_register.records import OPTIONAL, REQUIRED, record_of, terms_of
from serienpost_consent_register.settings import register_settings
from serienpost_consent_register.standing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import ConsentQuestion, Context, FieldValue, Verdict
    from serienpost_consent_register.records import Record

_ = Texts(__name__)

ENTITY = "einwilligung"

_NOTHING = Abstain()
_VERSION = re.compile(r"[\w.-]{1,32}")
_KINDS = {"email": _("e-mail"), "sms": "SMS", "letter": _("letter")}


def practice_today(context: Context) -> date:
    """Today in the practice's time zone."""
    return datetime.now(context.zone).date()


class RegisterCheck:
    """Answers from the written consents of the person whose permission counts.

    Without a record for the kind of contact it says nothing. With one, only a consent for this
    purpose (or for all) that was given by today, is not withdrawn and fits address and wording
    allows; everything else denies. A withdrawal, whatever its day, takes back every consent for
    the purpose that was given until that day (Art. 7 (3) GDPR).

    Args:
        today: the day that counts as today.
    """

    name = "register"

    def __init__(self, today: Callable[[Context], date] = practice_today) -> None:
        self._today = today

    def check(self, context: Context, questions: Sequence[ConsentQuestion]) -> Sequence[Verdict]:
        """Answer from the register, read in batches by id."""
        from serienpost_practice_db.database import PracticeDb

        if not questions:
            return []
        people = [question.consenting_id for question in questions]
        signed = PracticeDb.of(context).records(ENTITY, people, REQUIRED, OPTIONAL)
        today = self._today(context)
        wordings = register_settings(context).wordings
        return [
            _verdict(context, question, records, today, wordings.get(question.purpose))
            if records
            else _NOTHING
            for question, records in zip(questions, signed, strict=True)
        ]


def _verdict(
    context: Context,
    question: ConsentQuestion,
    found: Sequence[Sequence[FieldValue]],
    today: date,
    wordings: Sequence[str] | None,
) -> Verdict:
    terms = tuple([terms_of(*values[2:6]) for values in found])
    consents, withdrawal, others = standing(terms, question.kind, question.purpose)
    denial: Deny | None = None
    for position in consents:
        record = record_of(found[position])
        objection = _objection(context, question, record, today, wordings)
        if objection is None:
            return Allow(_evidence(question, record))
        denial = denial or objection
    if withdrawal is not None:
        return _withdrawn(question, record_of(found[withdrawal]))
    if others:
        return _other_purpose(question, [record_of(found[position]) for position in others])
    return denial or _NOTHING


def _objection(
    context: Context,
    question: ConsentQuestion,
    record: Record,
    today: date,
    wordings: Sequence[str] | None,
) -> Deny | None:
    """Why a consent for the purpose that nobody withdrew does not count all the same."""
    kind = _label(question)
    if record.given is None:
        return Deny(
            "not_yet_valid",
            _(
                "The consent to contact by {kind} has no readable date ({record}).",
                kind=kind,
                record=_named(record),
            ),
            _("Enter the date of the consent."),
            overridable=True,
        )
    if record.given > today:
        return Deny(
            "not_yet_valid",
            _(
                "The consent to contact by {kind} counts only from {day} ({record}).",
                kind=kind,
                day=record.given,
                record=_named(record),
            ),
            _("Check the date of the consent, or wait until then."),
            overridable=True,
        )
    if record.address and is_bound_elsewhere(
        context, question.kind, record.address, question.address
    ):
        return Deny(
            "other_address",
            _(
                "The consent to contact by {kind} is for another address ({record}).",
                kind=kind,
                record=_dated(record),
            ),
            _("Ask for a consent for the present address and enter it."),
            overridable=True,
        )
    if wordings is not None and record.wording not in wordings:
        return Deny(
            "other_wording",
            _(
                "The wording of the consent to contact by {kind} no longer counts ({record}).",
                kind=kind,
                record=_dated(record),
            ),
            _("Ask for a consent in the present wording and enter it."),
            overridable=True,
        )
    return None


def _other_purpose(question: ConsentQuestion, records: Sequence[Record]) -> Deny:
    return Deny(
        "other_purpose",
        _(
            "The register has no consent to contact by {kind} for the purpose {purpose}, only for"
            " others ({records}).",
            kind=_label(question),
            purpose=question.purpose,
            records=list(map(_dated, records)),
        ),
        _("Ask for a consent for this purpose and enter it."),
        overridable=True,
    )


def _named(record: Record) -> str:
    return f"{ENTITY}:{record.id}"


def _dated(record: Record) -> str:
    if record.given is None:
        return _named(record)
    return _("{record} of {day}", record=_named(record), day=record.given)


def _withdrawn(question: ConsentQuestion, record: Record) -> Deny:
    kind, remedy = _label(question), _("Only a new consent, given after the withdrawal.")
    if record.withdrawn is None or record.withdrawn == date.max:
        reason = _(
            "The consent to contact by {kind} was withdrawn ({record}).",
            kind=kind,
            record=_named(record),
        )
    else:
        reason = _(
            "The consent to contact by {kind} was withdrawn on {day} ({record}).",
            kind=kind,
            day=record.withdrawn,
            record=_named(record),
        )
    return Deny("withdrawn", reason, remedy)


def _evidence(question: ConsentQuestion, record: Record) -> str:
    version = record.wording and _VERSION.fullmatch(record.wording)
    wording = f" wortlaut={record.wording}" if version else ""
    document = "" if record.document else " dokument=nein"
    signed = f"{_named(record)} erteilt_am={_iso(record.terms.given)}"
    return f"{question.consenting_id} {signed}{wording}{document}"


def _label(question: ConsentQuestion) -> str:
    return _KINDS.get(question.kind, question.kind)


@lru_cache(maxsize=4096)
def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
