"""The consent check `register`."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny
from serienpost_consent_register.addresses import is_bound_elsewhere
from serienpost_consent_register.records import OPTIONAL, REQUIRED, record_of, terms_of
from serienpost_consent_register.settings import register_settings
from serienpost_consent_register.standing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import ConsentQuestion, Context, FieldValue, Verdict
    from serienpost_consent_register.records import Record

ENTITY = "einwilligung"

_NOTHING = Abstain()
_VERSION = re.compile(r"[\w.-]{1,32}")
_KINDS = {"email": "E-Mail", "sms": "SMS", "letter": "Brief"}


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
    if record.given is None or record.given > today:
        since = f"ab {_german(record.given)}" if record.given else "ohne Datum"
        return Deny(
            "not_yet_valid",
            f"{_what(question)} gilt noch nicht ({ENTITY}:{record.id}, {since}).",
            "Das Datum der Einwilligung prüfen, oder bis dahin warten.",
            overridable=True,
        )
    if record.address and is_bound_elsewhere(
        context, question.kind, record.address, question.address
    ):
        return Deny(
            "other_address",
            f"{_what(question)} gilt für eine andere Adresse ({_dated(record)}).",
            "Eine Einwilligung für die jetzige Adresse einholen und eintragen.",
            overridable=True,
        )
    if wordings is not None and record.wording not in wordings:
        return Deny(
            "other_wording",
            f"{_what(question)} hat einen Wortlaut, der nicht mehr gilt ({_dated(record)}).",
            "Eine Einwilligung mit dem jetzigen Wortlaut einholen und eintragen.",
            overridable=True,
        )
    return None


def _other_purpose(question: ConsentQuestion, records: Sequence[Record]) -> Deny:
    ids = ", ".join(map(_dated, records))
    return Deny(
        "other_purpose",
        f"Im Register steht für {_label(question)} keine Einwilligung zum Zweck"
        f" {question.purpose}, nur zu anderem ({ids}).",
        "Eine Einwilligung für diesen Zweck einholen und eintragen.",
        overridable=True,
    )


def _dated(record: Record) -> str:
    when = f" vom {_german(record.given)}" if record.given else ""
    return f"{ENTITY}:{record.id}{when}"


def _withdrawn(question: ConsentQuestion, record: Record) -> Deny:
    readable = record.withdrawn not in {None, date.max}
    when = f" am {_german(record.withdrawn)}" if readable and record.withdrawn else ""
    return Deny(
        "withdrawn",
        f"{_what(question)} wurde widerrufen ({ENTITY}:{record.id}{when}).",
        "Nur eine neue Einwilligung, die nach dem Widerruf erteilt ist.",
    )


def _evidence(question: ConsentQuestion, record: Record) -> str:
    version = record.wording and _VERSION.fullmatch(record.wording)
    wording = f" Wortlaut {record.wording}" if version else ""
    document = "" if record.document else " ohne Dokument"
    signed = f"{ENTITY}:{record.id} erteilt {_iso(record.terms.given)}"
    return f"{question.consenting_id} {signed}{wording}{document}"


def _what(question: ConsentQuestion) -> str:
    return f"Die Einwilligung für {_label(question)}"


def _label(question: ConsentQuestion) -> str:
    return _KINDS.get(question.kind, question.kind)


@lru_cache(maxsize=4096)
def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


@lru_cache(maxsize=4096)
def _german(day: date) -> str:
    return f"{day:%d.%m.%Y}"
