"""The consent check `register`."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from serienpost import Abstain, Allow, Deny
from serienpost_consent_register.addresses import is_bound_elsewhere
from serienpost_consent_register.records import OPTIONAL, REQUIRED, Record
from serienpost_consent_register.settings import register_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from serienpost import ConsentQuestion, Context, Verdict

ENTITY = "einwilligung"

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
        db = PracticeDb.of(context)
        mapped = db.entity(ENTITY).fields
        fields = [*REQUIRED, *(field for field in OPTIONAL if field in mapped)]
        known = db.records(ENTITY, {question.consenting_id for question in questions}, fields)
        signed = {person: [*map(Record.of, records)] for person, records in known.items()}
        today = self._today(context)
        wordings = register_settings(context).wordings
        return [
            _verdict(
                context,
                question,
                [r for r in signed.get(question.consenting_id, ()) if r.kind == question.kind],
                today,
                wordings.get(question.purpose),
            )
            for question in questions
        ]


def _verdict(
    context: Context,
    question: ConsentQuestion,
    records: Sequence[Record],
    today: date,
    wordings: Sequence[str] | None,
) -> Verdict:
    if not records:
        return Abstain()
    fitting = [record for record in records if record.is_for(question.purpose)]
    if not fitting:
        return _other_purpose(question, records)
    withdrawals = [record for record in fitting if record.withdrawn]
    last = max((record.withdrawn or date.min for record in withdrawals), default=date.min)
    standing = [
        record
        for record in fitting
        if not record.withdrawn and (record.given is None or record.given > last)
    ]
    if withdrawals and not any(record.given for record in standing):
        return _withdrawn(question, next(r for r in withdrawals if r.withdrawn == last))
    denial: Deny | None = None
    for record in sorted(standing, key=lambda r: r.given or date.min, reverse=True):
        found = _objection(context, question, record, today, wordings)
        if found is None:
            return Allow(_evidence(question, record))
        denial = denial or found
    return denial or Abstain()


def _objection(
    context: Context,
    question: ConsentQuestion,
    record: Record,
    today: date,
    wordings: Sequence[str] | None,
) -> Deny | None:
    """Why a consent for the purpose that nobody withdrew does not count all the same."""
    what, record_id = f"Die Einwilligung für {_label(question)}", f"{ENTITY}:{record.id}"
    if record.given is None or record.given > today:
        since = f"ab {_german(record.given)}" if record.given else "ohne Datum"
        return Deny(
            "not_yet_valid",
            f"{what} gilt noch nicht ({record_id}, {since}).",
            "Das Datum der Einwilligung prüfen, oder bis dahin warten.",
            overridable=True,
        )
    details = f"({record_id} vom {_german(record.given)})"
    if is_bound_elsewhere(context, question.kind, record.address, question.address):
        return Deny(
            "other_address",
            f"{what} gilt für eine andere Adresse {details}.",
            "Eine Einwilligung für die jetzige Adresse einholen und eintragen.",
            overridable=True,
        )
    if wordings is not None and record.wording not in wordings:
        return Deny(
            "other_wording",
            f"{what} hat einen Wortlaut, der nicht mehr gilt {details}.",
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
        f"Die Einwilligung für {_label(question)} wurde widerrufen ({ENTITY}:{record.id}{when}).",
        "Nur eine neue Einwilligung, die nach dem Widerruf erteilt ist.",
    )


def _evidence(question: ConsentQuestion, record: Record) -> str:
    parts = [question.consenting_id, f"{ENTITY}:{record.id}", f"erteilt {record.given}"]
    if _VERSION.fullmatch(record.wording):
        parts.append(f"Wortlaut {record.wording}")
    if not record.document:
        parts.append("ohne Dokument")
    return " ".join(parts)


def _label(question: ConsentQuestion) -> str:
    return _KINDS.get(question.kind, question.kind)


def _german(day: date) -> str:
    return f"{day:%d.%m.%Y}"
